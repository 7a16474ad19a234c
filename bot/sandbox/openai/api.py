"""The API itself: edits, generations, and the list of models."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from PIL import Image
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.sandbox.wavespeed.control import looked_at
from bot.sandbox.wavespeed.painter import Painted, encode, render

from . import checks
from .checks import File, Refusal, Wish
from .models import Model
from .world import World

Handler = Callable[[Request], Awaitable[Response]]


class Api:
    """The endpoints over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the routes; only downloads need no key."""
        return [
            Route("/v1/images/edits", self._keyed(self._edit), methods=["POST"]),
            Route("/v1/images/generations", self._keyed(self._generate), methods=["POST"]),
            Route("/v1/models", self._keyed(self._models), methods=["GET"]),
            Route("/outputs/{name}", self._output, methods=["GET"]),
        ]

    def _keyed(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            if request.headers.get("authorization") != f"Bearer {self._world.api_key}":
                raise Refusal(401, "Incorrect API key provided.", "invalid_api_key")
            return await handler(request)

        return checked

    async def _models(self, request: Request) -> Response:
        if not self._world.settings.models_listed:
            raise Refusal(404, "Invalid URL (GET /v1/models)")
        rows = [
            {"id": name, "object": "model", "created": 1745517030, "owned_by": "system"}
            for name in self._world.settings.models
        ]
        return JSONResponse({"object": "list", "data": rows})

    async def _edit(self, request: Request) -> Response:
        fields, files = await _form(request)
        model = self._world.live_model(fields.get("model"))
        wish = checks.check_fields(model, fields, checks.COMMON | checks.ONLY_EDITS)
        pictures = checks.check_pictures(files)
        region = checks.check_mask(files, pictures[0])
        told: dict[str, Any] = {
            "fields": fields,
            "pictures": [_described(file) for file in files if file.field != "mask"],
            "mask": next((_described(file) for file in files if file.field == "mask"), None),
        }
        return await self._paid(request, model, wish, pictures, region, told)

    async def _generate(self, request: Request) -> Response:
        fields = await _json(request)
        model = self._world.live_model(fields.get("model"))
        checks.check_integers(fields)
        wish = checks.check_fields(model, fields, checks.COMMON | checks.ONLY_GENERATIONS)
        told: dict[str, Any] = {"fields": fields, "pictures": [], "mask": None}
        return await self._paid(request, model, wish, [], None, told)

    async def _paid(
        self,
        request: Request,
        model: Model,
        wish: Wish,
        pictures: list[Image.Image],
        region: Image.Image | None,
        told: dict[str, Any],
    ) -> Response:
        """Work, bill and answer: also if the client has gone meanwhile."""
        settings = self._world.settings
        if "[moderated]" in wish.prompt:
            text = "Your request was rejected by the safety system."
            raise Refusal(400, text, "moderation_blocked", kind="image_generation_user_error")
        self._world.admit(wish.n)
        await asyncio.sleep(settings.seconds / settings.speed)
        size = checks.chosen_size(wish, pictures[0] if pictures else None)
        painted = await asyncio.to_thread(_painted, wish, size, pictures, region, settings.drift)
        usage = _usage(model, wish, size, pictures)
        details = usage["input_tokens_details"]
        billed = model.cost(details["text_tokens"], details["image_tokens"], usage["output_tokens"])
        done = {"path": request.url.path, "model": model.id, **told, "usage": usage, "billed": billed}
        self._world.bill(done)
        answer = {
            "created": int(self._world.now()),
            "background": "opaque",
            "data": [self._told(request, painted)] * wish.n,
            "output_format": wish.encoding,
            "quality": "medium" if wish.quality == "auto" else wish.quality,
            "size": f"{size[0]}x{size[1]}",
            "usage": usage,
        }
        return JSONResponse(answer)

    def _told(self, request: Request, painted: Painted) -> dict[str, str]:
        if self._world.settings.answer == "b64_json":
            return {"b64_json": base64.b64encode(painted.data).decode()}
        path = self._world.store(painted.data, painted.format)
        return {"url": str(request.base_url).rstrip("/") + path}

    async def _output(self, request: Request) -> Response:
        found = self._world.outputs.get(request.path_params["name"])
        if found is None:
            return PlainTextResponse("NoSuchKey", 404)
        return Response(found[0], media_type=found[1])


def _painted(
    wish: Wish,
    size: tuple[int, int],
    pictures: list[Image.Image],
    region: Image.Image | None,
    drift: float,
) -> Painted:
    return encode(render(wish.prompt, size, pictures, region, drift), wish.encoding)


def _usage(model: Model, wish: Wish, size: tuple[int, int], pictures: list[Image.Image]) -> dict[str, Any]:
    text = -(-len(wish.prompt.encode()) // 4)
    image = sum(model.picture_tokens(picture.size, wish.fidelity) for picture in pictures)
    output = model.output_tokens(wish.quality, size) * wish.n
    return {
        "input_tokens": text + image,
        "input_tokens_details": {"image_tokens": image, "text_tokens": text},
        "output_tokens": output,
        "output_tokens_details": {"image_tokens": output, "text_tokens": 0},
        "total_tokens": text + image + output,
    }


def _described(file: File) -> dict[str, Any]:
    said = {"field": file.field, "name": file.name, "content_type": file.content_type}
    return {**said, "size": len(file.data), **looked_at(file.data)}


async def _form(request: Request) -> tuple[dict[str, str], list[File]]:
    """Return the fields and the files of a multipart form. Raises `Refusal` (400)."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal(400, "Invalid content type: expected multipart/form-data.", "invalid_content_type")
    fields: dict[str, str] = {}
    files: list[File] = []
    try:
        async with request.form() as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    if name not in checks.PICTURE_FIELDS:
                        raise Refusal(400, f"Unknown parameter: '{name}'.", "unknown_parameter", name)
                    data = await value.read()
                    files.append(File(name, value.filename or "", value.content_type or "", data))
                elif name in fields:
                    raise Refusal(400, f"Duplicate parameter: '{name}'.", "duplicate_parameter", name)
                else:
                    fields[name] = value
    except HTTPException as error:
        raise Refusal(400, "We could not parse the form of your request.") from error
    return fields, files


async def _json(request: Request) -> dict[str, Any]:
    """Return the body, which has to be a JSON object. Raises `Refusal` (400)."""
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise Refusal(400, "We could not parse the JSON body of your request.") from error
    if not isinstance(body, Mapping):
        raise Refusal(400, "We could not parse the JSON body of your request.")
    return {name: value for name, value in body.items() if value is not None}
