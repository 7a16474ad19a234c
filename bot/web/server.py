"""Serves ``/healthz``, so that a supervisor can tell a bot that works from one that only runs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.errors import StartRefused

log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[str | None]]
"""Answers None when all is well, else what is wrong."""


def build(checks: dict[str, Check]) -> Starlette:
    """The application. ``/healthz`` answers 200 or 503, and says which check failed."""

    async def healthz(request: Request) -> JSONResponse:
        problems = {name: problem for name, check in checks.items() if (problem := await check())}
        return JSONResponse({"ok": not problems, **problems}, status_code=503 if problems else 200)

    return Starlette(routes=[Route("/healthz", healthz)])


class _Server(uvicorn.Server):
    """Leaves the signals alone: the program decides when to stop, and in which order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(app: Starlette, port: int, host: str = "0.0.0.0") -> AsyncIterator[int]:  # noqa: S104 - a container's health check and webhooks come from outside it
    """Serve in this loop while the context lasts; yields the port it got.

    Raises:
        StartRefused: the port is taken.
    """
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise StartRefused(
            f"PORT {port} can't be listened on ({error.strerror}): set another one, or 0 for any that is free"
        ) from error
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="web")
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.01)
    got: int = listener.getsockname()[1]
    log.info("listening", port=got)
    try:
        yield got
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
