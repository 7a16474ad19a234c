"""Uploads by ticket and in one step, and what is downloaded: uploaded files and outputs."""

from __future__ import annotations

import secrets
from pathlib import PurePath

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from .answers import base_url, json_object, keyed, number, success
from .checks import Refusal
from .world import Upload, World

MOST_BYTES = 200 * 1024 * 1024
TYPES = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
}
TICKET_SECONDS = 900.0


class Media:
    """The upload endpoints and the file server of one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        """Return the routes; a PUT and the downloads need no key."""
        return [
            Route("/api/v3/media/uploads", keyed(self._world, self._ticket), methods=["POST"]),
            Route("/api/v3/media/upload/binary", keyed(self._world, self._binary), methods=["POST"]),
            Route("/uploads/{name}", self._put, methods=["PUT"]),
            Route("/media/images/{name}", self._uploaded, methods=["GET"]),
            Route("/outputs/{name}", self._output, methods=["GET"]),
        ]

    async def _ticket(self, request: Request) -> Response:
        if not self._world.settings.ticket_uploads:
            raise Refusal(404, "Not Found")
        body = await json_object(request)
        filename = body.get("filename")
        if not isinstance(filename, str) or not filename:
            raise Refusal(400, 'field "filename" is required')
        size = number(body, "size", 0, MOST_BYTES)
        upload = self._register(filename, size, str(body.get("content_type") or ""), "ticket")
        told = self._told(upload, base_url(request))
        told["upload"] = {
            "method": "PUT",
            "url": f"{base_url(request)}/uploads/{PurePath(upload.path).name}?signature={upload.token}",
            "headers": {"Content-Type": upload.content_type, "If-None-Match": "*"},
        }
        return success(told)

    async def _put(self, request: Request) -> Response:
        """Take the bytes as an object store does: only as signed, only once, and without a key."""
        upload = self._world.uploads.get(f"/media/images/{request.path_params['name']}")
        if upload is None or request.query_params.get("signature") != upload.token:
            return PlainTextResponse("SignatureDoesNotMatch", 403)
        if "authorization" in request.headers:
            return PlainTextResponse("InvalidArgument: only one auth mechanism allowed", 400)
        if self._world.now() - upload.created_at > TICKET_SECONDS:
            return PlainTextResponse("AccessDenied: request has expired", 403)
        if request.headers.get("content-type") != upload.content_type:
            return PlainTextResponse("SignatureDoesNotMatch: Content-Type", 403)
        if request.headers.get("if-none-match") != "*":
            return PlainTextResponse("SignatureDoesNotMatch: If-None-Match", 403)
        if upload.data is not None:
            return PlainTextResponse("PreconditionFailed", 412)
        data = await request.body()
        if len(data) != upload.size:
            return PlainTextResponse("BadRequest: size does not match the ticket", 400)
        upload.data = data
        return Response(status_code=200)

    async def _binary(self, request: Request) -> Response:
        try:
            async with request.form() as form:
                file = form.get("file")
                if not isinstance(file, UploadFile):
                    raise Refusal(400, 'field "file" is required')
                data = await file.read()
        except HTTPException as error:
            raise Refusal(400, "invalid file") from error
        upload = self._register(file.filename or "upload", len(data), file.content_type or "", "binary")
        upload.data = data
        return success(self._told(upload, base_url(request)))

    def _register(self, filename: str, size: int, content_type: str, flow: str) -> Upload:
        ending = PurePath(filename).suffix.lstrip(".").lower()
        now = self._world.now()
        name = f"{int(now * 1e9)}_{secrets.token_hex(4)}.{ending or 'bin'}"
        kind = content_type or TYPES.get(ending, "application/octet-stream")
        upload = Upload(f"/media/images/{name}", filename, size, kind, secrets.token_hex(16), now, flow)
        self._world.uploads[upload.path] = upload
        return upload

    def _told(self, upload: Upload, base: str) -> dict[str, object]:
        return {
            "type": upload.content_type.partition("/")[0],
            "download_url": base + upload.path,
            "filename": upload.filename,
            "size": upload.size,
        }

    async def _uploaded(self, request: Request) -> Response:
        upload = self._world.uploads.get(request.url.path)
        if upload is None or upload.data is None or self._world.expired(upload.created_at):
            return PlainTextResponse("NoSuchKey", 404)
        return Response(upload.data, media_type=upload.content_type)

    async def _output(self, request: Request) -> Response:
        name = request.path_params["name"]
        data, created_at = self._world.outputs.get(name, (b"", float("-inf")))
        if self._world.expired(created_at):
            return PlainTextResponse("NoSuchKey", 404)
        return Response(data, media_type=TYPES[name.rpartition(".")[2]])
