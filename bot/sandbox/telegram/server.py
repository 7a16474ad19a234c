"""The stand-in as a web application: the Bot API, file downloads, the people's side and the chat page."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.sandbox.serve import hang_up
from bot.sandbox.shelf import SaveFirst
from bot.sandbox.telegram import methods_chat, methods_edit, methods_profile, methods_send, methods_updates
from bot.sandbox.telegram.backend import Backend
from bot.sandbox.telegram.kept import Kept
from bot.sandbox.telegram.people import people_routes
from bot.sandbox.telegram.people_groups import create_group
from bot.sandbox.telegram.wire import ApiError, Params, read_params

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.telegram.faults import Fault

_PAGE = Path(__file__).parent.parent / "page"
_TOKEN = re.compile(r"\d+:[\w-]+")
_GARBAGE = "<html><body><h1>Welcome to nginx!</h1></body></html>"
_DEMO_PEOPLE = {1001: "Ada", 1002: "Ben", 1003: "Chloe"}
_DEMO_GROUP = -2001


class _Signed(Convertor[int]):
    """An integer in a path, also a negative one: groups have such ids."""

    regex = "-?[0-9]+"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("signed", _Signed())


class TelegramStandIn:
    """Telegram, as far as one bot and its people need it. ``app`` is served with `bot.sandbox.serve`.

    ``token`` is the one accepted in ``/bot<token>/<method>``; its first half is the bot's id.
    ``speed`` divides Telegram's own times: rate limits, lifetimes, delays. ``seed_people`` fills the
    world for the demo: Ada, Ben, Chloe and their group "Weekend pictures". With a ``directory`` the
    world is kept there, and is there again at the next start, also after a crash.

    Raises ``sqlite3.Error`` or ``OSError`` if the directory can't be used.
    """

    def __init__(
        self,
        *,
        token: str,
        username: str = "wavebrush_bot",
        speed: float = 1.0,
        seed_people: bool = False,
        directory: Path | None = None,
    ) -> None:
        if not _TOKEN.fullmatch(token):
            raise ValueError("a bot's token looks like 123456:ABC-DEF")
        methods = (
            methods_updates.METHODS
            | methods_send.METHODS
            | methods_edit.METHODS
            | methods_chat.METHODS
            | methods_profile.METHODS
        )
        self._tg = Backend(token=token, username=username, speed=speed, methods=methods)
        self._kept = Kept(directory, self._tg) if directory else None
        known = self._kept is not None and self._kept.load()
        if seed_people and not known:
            _seed(self._tg)
        saving = [Middleware(SaveFirst, save=self._kept.save)] if self._kept else []
        self.app = Starlette(routes=self._routes(), middleware=saving, lifespan=self._lifespan)

    def _routes(self) -> list[BaseRoute]:
        routes: list[BaseRoute] = [
            Route("/bot{token}/{method}", self._bot_api, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path:path}", self._download, methods=["GET"]),
            *people_routes(self._tg),
        ]
        if _PAGE.is_dir():
            routes.append(Mount("/", StaticFiles(directory=_PAGE, html=True)))
        return routes

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        if self._kept:
            self._kept.save()
        yield
        await self._tg.webhook.stop()
        if self._kept:
            self._kept.close()

    async def _bot_api(self, request: Request) -> Response:
        method = request.path_params["method"]
        if request.path_params["token"] != self._tg.token:
            return _refusal(ApiError(401, "Unauthorized"))
        params = Params({}, {})
        fault = self._tg.faults.take(method)
        try:
            params = await read_params(request)
            early = await _before(request, fault)
            answer = early or JSONResponse({"ok": True, "result": await self._tg.call(method, params)})
        except ApiError as error:
            answer = _refusal(error)
        self._tg.record(method, params, answer.status_code)
        if fault is not None and fault.kind == "drop":
            await hang_up(request)
        return answer

    async def _download(self, request: Request) -> Response:
        if request.path_params["token"] != self._tg.token:
            return _refusal(ApiError(401, "Unauthorized"))
        fault = self._tg.faults.take("download")
        try:
            if early := await _before(request, fault):
                return early
        except ApiError as error:
            return _refusal(error)
        file = self._tg.files.download(request.path_params["path"])
        if file is None:
            return _refusal(ApiError(404, "Not Found"))
        if fault is not None and fault.kind == "drop":
            await hang_up(request)
        return Response(file.data, media_type="application/octet-stream")


async def _before(request: Request, fault: Fault | None) -> Response | None:
    """Do what a fault does before the call has an effect; give the answer if there is to be no effect."""
    match fault:
        case None:
            return None
        case _ if fault.kind == "status":
            parameters: dict[str, Any] = {"retry_after": fault.retry_after} if fault.retry_after else {}
            raise ApiError(fault.status, fault.description, parameters)
        case _ if fault.kind == "refuse":
            await hang_up(request)
            return Response(status_code=503)  # nobody reads it; the call log shows it
        case _ if fault.kind == "garbage":
            return HTMLResponse(_GARBAGE)
        case _ if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
    return None


def _refusal(error: ApiError) -> JSONResponse:
    return JSONResponse(error.envelope(), status_code=error.code)


def _seed(tg: Backend) -> None:
    for user_id, name in _DEMO_PEOPLE.items():
        user = {"id": user_id, "is_bot": False, "first_name": name, "username": name.lower()}
        tg.world.add_person(user | {"language_code": "en"})
    create_group(tg, "Weekend pictures", list(_DEMO_PEOPLE), _DEMO_GROUP, privacy_mode=True, forum=False)
