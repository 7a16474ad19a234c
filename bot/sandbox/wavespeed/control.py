"""The control side, for tests and the demo; the package's docstring describes each call."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, TypeVar

from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .answers import base_url, json_object
from .faults import Fault, Faults
from .worker import Worker
from .world import Prediction, Upload, World, rfc3339

T = TypeVar("T")

LONGEST_WAIT = 25.0
ENDINGS = ("completed", "failed", "cancelled", "timeout")


class Control:
    """What only the people who test can do to the stand-in."""

    def __init__(self, world: World, worker: Worker, faults: Faults) -> None:
        self._world = world
        self._worker = worker
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes under ``/sandbox/``."""
        return [
            Route("/sandbox/settings", self._settings, methods=["GET", "POST"]),
            Route("/sandbox/faults", self._add_fault, methods=["POST"]),
            Route("/sandbox/faults", self._clear_faults, methods=["DELETE"]),
            Route("/sandbox/calls", self._calls, methods=["GET"]),
            Route("/sandbox/calls", self._forget_calls, methods=["DELETE"]),
            Route("/sandbox/predictions", self._predictions, methods=["GET"]),
            Route("/sandbox/predictions/{id}/finish", self._finish, methods=["POST"]),
            Route("/sandbox/uploads", self._uploads, methods=["GET"]),
            Route("/sandbox/webhooks", self._webhooks, methods=["GET"]),
        ]

    async def _settings(self, request: Request) -> Response:
        if request.method == "POST":
            changes = await json_object(request)
            try:
                self._world.change(changes)
            except (TypeError, ValueError) as error:
                return _wrong(error)
            if changes.get("hold") is False:
                self._worker.release_all()
            self._worker.pump()
        return JSONResponse(self._world.described())

    async def _add_fault(self, request: Request) -> Response:
        try:
            self._faults.waiting.append(Fault(**await json_object(request)))
        except (TypeError, ValueError) as error:
            return _wrong(error)
        return JSONResponse({"waiting": len(self._faults.waiting)})

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.waiting.clear()
        return JSONResponse({"waiting": 0})

    async def _calls(self, request: Request) -> Response:
        prefix = request.query_params.get("path", "/")

        def seen() -> list[dict[str, Any]]:
            return [one for one in self._world.calls if one["path"].startswith(prefix)]

        return JSONResponse({"calls": await self._counted(request, seen)})

    async def _forget_calls(self, request: Request) -> Response:
        self._world.calls.clear()
        return JSONResponse({"calls": []})

    async def _predictions(self, request: Request) -> Response:
        status = request.query_params.get("status")

        def seen() -> list[Prediction]:
            return [one for one in self._world.predictions.values() if status in (None, one.status)]

        found = await self._counted(request, seen)
        return JSONResponse({"predictions": [_prediction(one) for one in found]})

    async def _finish(self, request: Request) -> Response:
        prediction = self._world.predictions.get(request.path_params["id"])
        if prediction is None:
            return JSONResponse({"error": "there is no such prediction"}, status_code=404)
        body = await json_object(request)
        status = body.get("status", "completed")
        if status not in ENDINGS:
            return _wrong(ValueError(f"a status is one of {', '.join(ENDINGS)}"))
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
        return JSONResponse({"webhooks": await self._counted(request, lambda: self._world.deliveries)})

    async def _counted(self, request: Request, seen: Callable[[], list[T]]) -> list[T]:
        """Return what is seen, once it is as many as the query's ``count``, or after 25 s."""
        count = request.query_params.get("count", "0")
        least = int(count) if count.isdecimal() else 0
        await self._world.bell.wait_until(lambda: len(seen()) >= least, LONGEST_WAIT)
        return seen()


def _wrong(error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, status_code=400)


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
