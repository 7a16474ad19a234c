"""The control side, for tests and the demo; the package's docstring describes each call."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .answers import base_url, json_object
from .faults import Faults
from .shared_control import SharedControl, wrong
from .worker import Worker
from .world import Prediction, Upload, World, rfc3339

ENDINGS = ("completed", "failed", "cancelled", "timeout")


class Control(SharedControl):
    """What only the people who test can do to the stand-in."""

    def __init__(self, world: World, worker: Worker, faults: Faults) -> None:
        super().__init__(world, faults)
        self._world = world
        self._worker = worker

    def routes(self) -> list[Route]:
        """Return the routes under ``/sandbox/``."""
        return [
            *super().routes(),
            Route("/sandbox/predictions", self._predictions, methods=["GET"]),
            Route("/sandbox/predictions/{id}/finish", self._finish, methods=["POST"]),
            Route("/sandbox/uploads", self._uploads, methods=["GET"]),
            Route("/sandbox/webhooks", self._webhooks, methods=["GET"]),
        ]

    def changed(self, changes: Mapping[str, Any]) -> None:
        """Let go what was held, and begin what there is room for."""
        if changes.get("hold") is False:
            self._worker.release_all()
        self._worker.pump()

    async def _predictions(self, request: Request) -> Response:
        status = request.query_params.get("status")

        def seen() -> list[Prediction]:
            return [one for one in self._world.predictions.values() if status in (None, one.status)]

        found = await self.counted(request, seen)
        return JSONResponse({"predictions": [_prediction(one) for one in found]})

    async def _finish(self, request: Request) -> Response:
        prediction = self._world.predictions.get(request.path_params["id"])
        if prediction is None:
            return JSONResponse({"error": "there is no such prediction"}, status_code=404)
        body = await json_object(request)
        status = body.get("status", "completed")
        if status not in ENDINGS:
            return wrong(ValueError(f"a status is one of {', '.join(ENDINGS)}"))
        if status != "completed":
            self._worker.end(prediction, status, body.get("code"), body.get("error", ""))
        elif not prediction.ended:
            self._worker.finish(prediction)
        await prediction.done.wait()
        return JSONResponse(_prediction(prediction))

    async def _uploads(self, request: Request) -> Response:
        base = base_url(request)
        return JSONResponse({"uploads": [_upload(one, base) for one in self._world.uploads.values()]})

    async def _webhooks(self, request: Request) -> Response:
        return JSONResponse({"webhooks": await self.counted(request, lambda: self._world.deliveries)})


def _prediction(prediction: Prediction) -> dict[str, Any]:
    return {
        "id": prediction.id,
        "model": prediction.model.id,
        "inputs": prediction.inputs,
        "status": prediction.status,
        "code": prediction.code,
        "error": prediction.error,
        "webhook": prediction.webhook,
        "billed": prediction.micros,
        "deleted": prediction.deleted,
        "created_at": rfc3339(prediction.created_at),
    }


def _upload(upload: Upload, base: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": upload.filename,
        "size": upload.size,
        "content_type": upload.content_type,
        "flow": upload.flow,
        "url": base + upload.path,
        "received": upload.data is not None,
    }
    return told | looked_at(upload.data or b"")


def looked_at(data: bytes) -> dict[str, Any]:
    """Say what the picture is; ``metadata`` names everything in it that is not pixels."""
    nothing: dict[str, Any] = {"format": None, "width": None, "height": None, "exif": False, "metadata": []}
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            harmless = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi", "transparency", "gamma"}
            return {
                "format": picture.format,
                "width": picture.width,
                "height": picture.height,
                "exif": bool(picture.getexif()),
                "metadata": sorted({str(name) for name in picture.info} - harmless),
            }
    except (OSError, ValueError, SyntaxError):
        return nothing
