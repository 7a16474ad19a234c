"""Run a stand-in on a port of this machine, inside the running event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.types import Message, Receive, Scope, Send

_HANG_UP = "sandbox.hang_up"
_LAST_SECONDS = 2.0


@asynccontextmanager
async def serve(app: Starlette, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve ``app`` until the block ends, and yield its base URL.

    ``port=0`` takes a free one. No signal handlers are installed. At the end every request that is
    still open (a long poll) is answered 502, as by a server that restarts. Raises ``OSError`` if the
    port is taken.
    """
    # asyncio turns Nagle's delay (40 ms an answer) off only for sockets that name their protocol.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        guard = _Guard(app)
        config = uvicorn.Config(guard, http="h11", ws="none", log_config=None, access_log=False)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        try:
            yield f"http://{host}:{listener.getsockname()[1]}"
        finally:
            guard.stop()
            await _shut_down(server)
    finally:
        listener.close()


async def _shut_down(server: uvicorn.Server) -> None:
    """Do what uvicorn's own shutdown does, without its fixed delay of 0.1 s: tests do this very often."""
    for listening in server.servers:
        listening.close()
    state = server.server_state
    for connection in list(state.connections):
        connection.shutdown()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_SECONDS):
            while state.connections or state.tasks:  # noqa: ASYNC110 (uvicorn has no event for it)
                await asyncio.sleep(0.001)
    await server.lifespan.shutdown()


async def hang_up(request: Request) -> None:
    """Close the request's connection without an answer. Works under `serve` only."""
    close: Callable[[], None] = request.scope[_HANG_UP]
    close()
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Guard:
    """Gives each request a way to hang up, and ends those that are open when the server stops."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self._open: set[asyncio.Task[Any]] = set()
        self._stopping = False

    def stop(self) -> None:
        self._stopping = True
        for task in self._open:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_HANG_UP] = _closer(send)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (uvicorn runs each request as a task)
        self._open.add(task)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if not self._stopping or started:
                raise
            await _answer_502(send)
        finally:
            self._open.discard(task)


def _closer(send: Send) -> Callable[[], None]:
    # ASGI has no word for "close without an answer"; uvicorn's `send` is a method of the object
    # that holds the connection.
    transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]  # see above
    return transport.close


async def _answer_502(send: Send) -> None:
    body = b'{"ok":false,"error_code":502,"description":"Bad Gateway"}'
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 502, "headers": headers})
    await send({"type": "http.response.body", "body": body})
