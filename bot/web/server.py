"""Serves webhooks, ``/metrics``, and ``/healthz``: what tells a bot that works from one that only runs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

import h11
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.errors import StartRefused
from bot.web import hooks, metrics

log = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[str | None]]
"""Answers None when all is well, else what is wrong."""


@dataclass(slots=True)
class Site:
    """What is served. Before the bot is ready and after it stopped no webhook is open."""

    checks: Mapping[str, Check] = field(default_factory=dict)
    open: Mapping[str, hooks.Hook] = field(default_factory=dict)
    starting: bool = False
    metrics: metrics.Metrics | None = None
    patience: float = 5.0  # seconds that a check may take

    async def problems(self) -> dict[str, str | None]:
        """What each check says, all asked at once: a supervisor waits for some seconds only."""
        names = list(self.checks)
        said = await asyncio.gather(*(self._asked(self.checks[name]) for name in names))
        return dict(zip(names, said, strict=True))

    async def _asked(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self.patience):
                return await check()
        except TimeoutError:
            return f"no answer for {self.patience:g} s"


def build(
    site: Site,
    webhooks: tuple[str, ...] = (),
    base: str = "",
    seconds: float = 30.0,
    metrics_token: str | None = None,
) -> Starlette:
    """The application. ``/healthz`` answers 200 or 503, and says which check failed.

    Args:
        site: what there is now; it may change at any time.
        webhooks: the names of those there will be, each at ``/<name>/<token>``.
        base: a path that the address on the internet has; a proxy may leave it on or take it off.
        seconds: how long a body may take.
        metrics_token: who shows it reads ``/metrics``; without one there is no such page.
    """

    async def healthz(request: Request) -> JSONResponse:
        problems = {name: problem for name, problem in (await site.problems()).items() if problem}
        state = {"starting": True} if site.starting else {}
        return JSONResponse({"ok": not problems, **state, **problems}, status_code=503 if problems else 200)

    posted: list[BaseRoute] = [hooks.route(name, site, seconds) for name in webhooks]
    below = [Mount(base, routes=posted)] if base and posted else []
    read = [Route("/healthz", healthz), *([metrics.route(site, metrics_token)] if metrics_token else [])]
    return Starlette(routes=[*read, *posted, *below])


class _Prompt(H11Protocol):
    """Closes connections that ask for nothing, or whose head drips: uvicorn itself lets them be for ever."""

    seconds = 30.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._look = self.loop.call_later(self.seconds, self._looked)

    def connection_lost(self, exc: Exception | None) -> None:
        self._look.cancel()
        super().connection_lost(exc)

    def _looked(self) -> None:
        if self.conn.their_state is h11.IDLE:  # no whole head has come
            self.transport.close()
        else:
            self._look = self.loop.call_later(self.seconds, self._looked)


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
    config = uvicorn.Config(
        app, http=_Prompt, ws="none", log_config=None, access_log=False, lifespan="off", server_header=False
    )
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
