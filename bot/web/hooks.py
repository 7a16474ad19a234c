"""Addresses that others post to: who may, how much and how long is decided before a body is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

log = structlog.get_logger(__name__)


class Hook(Protocol):
    """One kind of webhook."""

    @property
    def largest(self) -> int:
        """The most bytes of a body."""
        ...

    def admit(self, token: str, headers: Mapping[str, str]) -> int:
        """The HTTP status for the end of the path and the headers: 200 if the body may be read."""
        ...

    async def take(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a body; the HTTP status to answer."""
        ...


class Open(Protocol):
    """Knows which webhooks are open now."""

    @property
    def open(self) -> Mapping[str, Hook]:
        """By name."""
        ...


def route(name: str, site: Open, seconds: float) -> Route:
    """``POST /<name>/<token>``, for a body that comes within so many seconds.

    It answers 503 while it is not open, 404 or 403 to whom it does not know, 413 and 408 to bodies that
    are too long in bytes or in time.
    """

    async def post(request: Request) -> Response:
        hook, token = site.open.get(name), request.path_params["token"]
        if hook is None:
            return Response(status_code=503)
        status = hook.admit(token, request.headers)
        if status != 200:
            log.info("webhook_refused", webhook=name, status=status)
            return _closing(status)
        try:
            async with asyncio.timeout(seconds):
                body = await _body(request, hook.largest)
        except TimeoutError:
            return _closing(408)
        except ClientDisconnect:
            return _closing(400)
        if body is None:
            log.warning("webhook_too_large", webhook=name, most=hook.largest)
            return _closing(413)
        return Response(status_code=await hook.take(token, request.headers, body))

    return Route(f"/{name}/{{token}}", post, methods=["POST"])


async def _body(request: Request, most: int) -> bytes | None:
    """The body; None as soon as it is longer than that."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:19]) > most:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def _closing(status: int) -> Response:
    # What is left of the body is not read, so the connection can't be used again.
    return Response(status_code=status, headers={"connection": "close"})
