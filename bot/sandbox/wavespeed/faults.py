"""Stands before all endpoints: notes each call, and plays the faults that a test asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.sandbox.serve import hang_up

# Whether the call still has its effect although its answer is spoilt.
EFFECTS = {
    "status": False,
    "drop": True,
    "refuse": False,
    "slow": True,
    "garbage": True,
    "empty": True,
    "truncate": True,
    "html": False,
    "drip": True,
    "huge": True,
}
HUGE = 256 * 1024 * 1024
NAMED_PATHS = {
    ("POST", "/api/v3/predictions"): "list",
    ("POST", "/api/v3/predictions/delete"): "delete",
    ("POST", "/api/v3/model/price"): "price",
    ("POST", "/api/v3/model/pricing"): "price",
    ("GET", "/api/v3/models"): "models",
    ("GET", "/api/v3/balance"): "account",
    ("GET", "/api/v3/webhook/secret"): "account",
    ("POST", "/api/v3/billings/search"): "account",
    ("POST", "/api/v3/user/usage_stats"): "account",
}
GATEWAY_PAGE = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"


@dataclass(slots=True)
class Fault:
    """One kind of failure for the next ``count`` calls of ``path`` (see the package's docstring)."""

    path: str
    kind: str
    count: int = 1
    status: int | None = None
    body: Any = None
    retry_after: float | None = None
    seconds: float = 1.0
    effect: bool | None = None

    def __post_init__(self) -> None:
        if self.kind not in EFFECTS:
            raise ValueError(f"a fault's kind is one of {', '.join(EFFECTS)}")
        if self.effect is None:
            self.effect = EFFECTS[self.kind]

    def fits(self, method: str, path: str) -> bool:
        """Whether this call meets the fault."""
        if self.path.startswith("/"):
            return path.startswith(self.path)
        return self.path in ("*", name_of(method, path))


@dataclass(slots=True)
class Faults:
    """The faults still to come, oldest first."""

    waiting: list[Fault] = field(default_factory=list)

    def take(self, method: str, path: str) -> Fault | None:
        """Give the fault that this call meets, if any, and count it off."""
        fault = next((one for one in self.waiting if one.fits(method, path)), None)
        if fault is not None:
            fault.count -= 1
            if fault.count <= 0:
                self.waiting.remove(fault)
        return fault


def name_of(method: str, path: str) -> str:
    """Return the short name by which faults know a call."""
    if (method, path) in NAMED_PATHS:
        return NAMED_PATHS[method, path]
    if path.startswith(("/api/v3/media/upload", "/uploads/")):
        return "upload"
    if path.startswith(("/outputs/", "/media/")):
        return "output"
    return "submit" if method == "POST" else "result"


class Pace(Protocol):
    """The part of a stand-in's settings that faults keep to."""

    speed: float


class Noting(Protocol):
    """A stand-in's world as the gate needs it."""

    @property
    def settings(self) -> Pace: ...

    def now(self) -> float: ...

    def record(self, call: dict[str, Any]) -> None: ...


class Gate:
    """Wraps the application: every call but the control side's passes here."""

    def __init__(self, app: ASGIApp, world: Noting, faults: Faults) -> None:
        self._app = app
        self._world = world
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        call = _noted(request, body, self._world.now())
        self._world.record(call)
        fault = self._faults.take(request.method, request.url.path)
        if fault is None:
            await self._app(scope, _again(body, receive), _watched(call, send))
        else:
            await self._spoil(fault, request, body, call, send)

    async def _spoil(
        self, fault: Fault, request: Request, body: bytes, call: dict[str, Any], send: Send
    ) -> None:
        receive = _again(body, request.receive)
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds / self._world.settings.speed)
            await self._app(request.scope, receive, _watched(call, send))
            return
        answer = _Kept()
        if fault.effect:
            await self._app(request.scope, receive, answer)
        spoilt = _spoilt(fault)
        if spoilt is not None:
            await spoilt(request.scope, receive, _watched(call, send))
        else:
            if fault.kind == "truncate":
                await answer.send_half(send)
            await hang_up(request)


async def _drops(pause: float) -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(pause)


async def _flood() -> AsyncIterator[bytes]:
    for _ in range(HUGE // 65536):
        yield bytes(65536)


def _endless(fault: Fault) -> Response:
    stream = _drops(fault.seconds / 100) if fault.kind == "drip" else _flood()
    return StreamingResponse(stream, fault.status or 200, media_type="application/json")


def _spoilt(fault: Fault) -> Response | None:
    """Return what is answered instead, or None where the connection just closes."""
    if fault.kind in {"drip", "huge"}:
        return _endless(fault)
    if fault.kind == "status":
        status = fault.status or 500
        body = fault.body or {"code": status, "message": HTTPStatus(status).phrase}
        wait = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
        if isinstance(body, str):
            return Response(body, status, wait)
        return JSONResponse(body, status, wait)
    if fault.kind == "html":
        status = fault.status or 502
        return HTMLResponse(GATEWAY_PAGE.format(f"{status} {HTTPStatus(status).phrase}"), status)
    if fault.kind == "garbage":
        return Response('{"code":200,"mess', fault.status or 200, media_type="application/json")
    if fault.kind == "empty":
        return Response(b"", fault.status or 200)
    return None


class _Kept:
    """An answer that is kept back instead of sent."""

    def __init__(self) -> None:
        self._start: Message = {}
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")

    async def send_half(self, send: Send) -> None:
        await send(self._start)
        await send(
            {"type": "http.response.body", "body": self._body[: len(self._body) // 2], "more_body": True}
        )


def _noted(request: Request, body: bytes, at: float) -> dict[str, Any]:
    """Describe a call, without its key. ``status`` stays None where no answer was given."""
    try:
        told = json.loads(body) if body else None
    except ValueError:
        told = None
    return {
        "method": request.method,
        "path": request.url.path,
        "query": dict(request.query_params),
        "json": told,
        "size": len(body),
        "authorized": "authorization" in request.headers,
        "status": None,
        "at": at,
    }


def _again(body: bytes, receive: Receive) -> Receive:
    """Give the body that was already read once more, then what the connection says."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _watched(call: dict[str, Any], send: Send) -> Send:
    """Note the status of the answer that goes out."""

    async def send_noted(message: Message) -> None:
        if message["type"] == "http.response.start":
            call["status"] = message["status"]
        await send(message)

    return send_noted
