"""The part of the control side that all providers' stand-ins have; their packages' docstrings describe it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .faults import Fault, Faults
from .world import Bell

T = TypeVar("T")

LONGEST_WAIT = 25.0


class Controlled(Protocol):
    """What is controlled: the state of a stand-in."""

    calls: list[dict[str, Any]]
    bell: Bell

    def change(self, changes: Mapping[str, Any]) -> None: ...

    def described(self) -> dict[str, Any]: ...


class SharedControl:
    """Settings, faults and calls."""

    def __init__(self, world: Controlled, faults: Faults) -> None:
        self._controlled = world
        self._faults = faults

    def routes(self) -> list[Route]:
        """Return the routes under ``/sandbox/``."""
        return [
            Route("/sandbox/settings", self._settings, methods=["GET", "POST"]),
            Route("/sandbox/faults", self._add_fault, methods=["POST"]),
            Route("/sandbox/faults", self._clear_faults, methods=["DELETE"]),
            Route("/sandbox/calls", self._calls, methods=["GET"]),
            Route("/sandbox/calls", self._forget_calls, methods=["DELETE"]),
        ]

    def changed(self, changes: Mapping[str, Any]) -> None:
        """Do what follows from changed settings."""

    async def counted(self, request: Request, seen: Callable[[], list[T]]) -> list[T]:
        """Return what is seen, once it is as many as the query's ``count``, or after 25 s."""
        count = request.query_params.get("count", "0")
        least = int(count) if count.isdecimal() else 0
        await self._controlled.bell.wait_until(lambda: len(seen()) >= least, LONGEST_WAIT)
        return seen()

    async def _settings(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                changes = await _json(request)
                self._controlled.change(changes)
            except (TypeError, ValueError) as error:
                return wrong(error)
            self.changed(changes)
        return JSONResponse(self._controlled.described())

    async def _add_fault(self, request: Request) -> Response:
        try:
            self._faults.waiting.append(Fault(**await _json(request)))
        except (TypeError, ValueError) as error:
            return wrong(error)
        return JSONResponse({"waiting": len(self._faults.waiting)})

    async def _clear_faults(self, request: Request) -> Response:
        self._faults.waiting.clear()
        return JSONResponse({"waiting": 0})

    async def _calls(self, request: Request) -> Response:
        prefix = request.query_params.get("path", "/")

        def seen() -> list[dict[str, Any]]:
            return [one for one in self._controlled.calls if one["path"].startswith(prefix)]

        return JSONResponse({"calls": await self.counted(request, seen)})

    async def _forget_calls(self, request: Request) -> Response:
        self._controlled.calls.clear()
        return JSONResponse({"calls": []})


def wrong(error: Exception) -> Response:
    """Answer a call that can't be carried out."""
    return JSONResponse({"error": str(error)}, status_code=400)


async def _json(request: Request) -> dict[str, Any]:
    """Return the body. Raises `ValueError` if it is no JSON object."""
    raw = await request.body()
    body = json.loads(raw) if raw else {}
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body
