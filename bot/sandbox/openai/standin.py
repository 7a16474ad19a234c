"""Puts the stand-in together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.sandbox.wavespeed.faults import Fault, Faults, Gate

from .api import Api
from .checks import Refusal
from .world import Settings, World

LONGEST_WAIT = 25.0


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


class _Control:
    """What only the people who test can do to the stand-in."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes under ``/sandbox/``."""
        return [
            Route("/sandbox/settings", self._settings, methods=["GET", "POST"]),
            Route("/sandbox/faults", self._add_fault, methods=["POST"]),
            Route("/sandbox/faults", self._clear_faults, methods=["DELETE"]),
            Route("/sandbox/calls", self._calls, methods=["GET"]),
            Route("/sandbox/calls", self._forget, methods=["DELETE"]),
            Route("/sandbox/edits", self._edits, methods=["GET"]),
        ]

    async def _settings(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                self._world.change(await request.json())
            except (TypeError, ValueError) as error:
                return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse(self._world.described())

    async def _add_fault(self, request: Request) -> Response:
        try:
            self._faults.waiting.append(Fault(**await request.json()))
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        return JSONResponse({"waiting": len(self._faults.waiting)})

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.waiting.clear()
        return JSONResponse({"waiting": 0})

    async def _calls(self, request: Request) -> Response:
        return JSONResponse({"calls": await self._counted(request, lambda: self._world.calls)})

    async def _forget(self, request: Request) -> Response:
        self._world.calls.clear()
        self._world.edits.clear()
        return JSONResponse({"calls": [], "edits": []})

    async def _edits(self, request: Request) -> Response:
        return JSONResponse({"edits": await self._counted(request, lambda: self._world.edits)})

    async def _counted(
        self, request: Request, seen: Callable[[], list[dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        """Return what is seen, once it is as many as the query's ``count``, or after 25 s."""
        count = request.query_params.get("count", "0")
        least = int(count) if count.isdecimal() else 0
        await self._world.bell.wait_until(lambda: len(seen()) >= least, LONGEST_WAIT)
        return seen()
