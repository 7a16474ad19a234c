"""Puts the stand-in together."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.sandbox.wavespeed.faults import Faults, Gate
from bot.sandbox.wavespeed.shared_control import SharedControl

from .api import Api
from .checks import Refusal
from .world import Settings, World


class OpenAIStandIn:
    """Plays ``https://api.openai.com``; serve ``app`` under `bot.sandbox.serve`.

    ``speed`` divides all its times.
    """

    def __init__(self, *, api_key: str, speed: float = 1.0) -> None:
        self.app: Starlette = _Application(World(api_key, Settings(speed=speed)))


class _Application(Starlette):
    """A Starlette application whose gate stands before everything, also before its error pages."""

    def __init__(self, world: World) -> None:
        faults = Faults()
        handlers = {Refusal: _refused, HTTPException: _not_there}
        routes = [*_Control(world, faults).routes(), *Api(world).routes()]
        super().__init__(routes=routes, exception_handlers=handlers)
        self._gate = Gate(super().__call__, world, faults)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gate(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 (Starlette's handler type is wider than its use)
    return JSONResponse({"error": error.error}, status_code=error.status)


async def _not_there(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (Starlette's handler type is wider than its use)
    text = f"Invalid URL ({request.method} {request.url.path})"
    told = {"message": text, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": told}, status_code=error.status_code)


class _Control(SharedControl):
    """What only the people who test can do to the stand-in."""

    def __init__(self, world: World, faults: Faults) -> None:
        super().__init__(world, faults)
        self._world = world

    def routes(self) -> list[Route]:
        """Return the routes under ``/sandbox/``."""
        return [*super().routes(), Route("/sandbox/edits", self._edits, methods=["GET"])]

    async def _forget_calls(self, request: Request) -> Response:
        self._world.edits.clear()
        return await super()._forget_calls(request)

    async def _edits(self, request: Request) -> Response:
        return JSONResponse({"edits": await self.counted(request, lambda: self._world.edits)})
