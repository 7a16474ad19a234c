"""Puts the stand-in together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import Receive, Scope, Send

from bot.sandbox.shelf import SaveFirst

from .account import Account
from .answers import not_there, refused
from .api import Api
from .checks import Refusal
from .control import Control
from .faults import Faults, Gate
from .kept import Kept
from .media import Media
from .models import MODELS
from .worker import Worker
from .world import Settings, World, known_models


class WaveSpeedStandIn:
    """Plays ``https://api.wavespeed.ai`` and its file hosts; serve ``app`` under `bot.sandbox.serve`.

    ``speed`` divides all its times, ``seconds`` is the range of a prediction's duration before that.
    ``models`` are the ids that are live (None: all it knows). Without ``ticket_uploads`` only the
    older one-step upload is there. With a ``directory`` the account is kept there, and is there again
    at the next start, also after a crash; predictions that ran went on meanwhile.

    Raises ``ValueError`` for a model that it does not know, ``sqlite3.Error`` or ``OSError`` if the
    directory can't be used.
    """

    def __init__(
        self,
        *,
        api_key: str,
        speed: float = 1.0,
        seconds: tuple[float, float] = (6.0, 14.0),
        models: Sequence[str] | None = None,
        ticket_uploads: bool = True,
        images_per_minute: int | None = None,
        concurrency: int | None = None,
        directory: Path | None = None,
    ) -> None:
        settings = Settings(
            speed=speed,
            seconds=seconds,
            models=known_models(MODELS if models is None else models),
            ticket_uploads=ticket_uploads,
            images_per_minute=images_per_minute,
            concurrency=concurrency,
        )
        world = World(api_key, settings)
        self.app: Starlette = _Application(world, Kept(directory, world) if directory else None)


class _Application(Starlette):
    """A Starlette application whose gate stands before everything, also before its error pages."""

    def __init__(self, world: World, kept: Kept | None) -> None:
        worker, faults = Worker(world), Faults()
        if kept:
            kept.load()

        @asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            worker.resume()
            yield
            await worker.close()
            if kept:
                kept.close()

        routes = [
            *Control(world, worker, faults).routes(),
            *Media(world).routes(),
            *Account(world).routes(),
            *Api(world, worker).routes(),
        ]
        handlers = {Refusal: refused, HTTPException: not_there}
        saving = [Middleware(SaveFirst, save=kept.save)] if kept else []
        super().__init__(routes=routes, exception_handlers=handlers, middleware=saving, lifespan=lifespan)
        self._gate = Gate(super().__call__, world, faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gate(scope, receive, send)
