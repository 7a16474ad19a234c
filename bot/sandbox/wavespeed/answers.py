"""Reads requests and writes answers the way all of WaveSpeed's endpoints do."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .checks import Refusal
from .world import SUCCESS, World

Handler = Callable[[Request], Awaitable[Response]]


def success(data: Any) -> JSONResponse:
    """Wrap ``data`` in the envelope."""
    return JSONResponse({**SUCCESS, "data": data})


async def refused(request: Request, error: Exception) -> Response:
    """Answer a `Refusal` by envelope with its HTTP status."""
    assert isinstance(error, Refusal)  # noqa: S101 (Starlette's handler type is wider than its use)
    return JSONResponse({"code": error.code, "message": error.message}, status_code=error.status)


async def not_there(request: Request, error: Exception) -> Response:
    """Answer a path or method that is not there by envelope too."""
    assert isinstance(error, HTTPException)  # noqa: S101 (Starlette's handler type is wider than its use)
    body = {"code": error.status_code, "message": error.detail}
    return JSONResponse(body, status_code=error.status_code)


def keyed(world: World, handler: Handler) -> Handler:
    """Let only requests with the account's key through to ``handler``; others get 401."""

    async def checked(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {world.api_key}":
            raise Refusal(401, "invalid authentication")
        return await handler(request)

    return checked


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body, which has to be a JSON object (an empty one counts as ``{}``)."""
    raw = await request.body()
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise Refusal(400, "the request body is not valid JSON") from error
    if not isinstance(body, dict):
        raise Refusal(400, "the request body must be a JSON object")
    return body


def base_url(request: Request) -> str:
    """Return this server's address as the client sees it, without a slash at the end."""
    return str(request.base_url).rstrip("/")


def number(body: dict[str, Any], name: str, default: int, most: int) -> int:
    """Return a whole number from 1 to ``most``."""
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise Refusal(400, f'field "{name}" must be an integer from 1 to {most}')
    return value


def moment(body: dict[str, Any], name: str) -> float | None:
    """Return an RFC 3339 time as seconds since 1970, or None where it is not given."""
    value = body.get(name)
    if value is None or value == "":
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Refusal(400, f'field "{name}" must be an RFC 3339 time') from error
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def page_of(items: list[Any], body: dict[str, Any]) -> tuple[int, list[Any], bool]:
    """Return the asked page's number, its items, and whether more follow."""
    page, size = number(body, "page", 1, 1_000_000), number(body, "page_size", 20, 100)
    return page, items[(page - 1) * size : page * size], len(items) > page * size
