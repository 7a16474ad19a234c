"""The people's side: what only tests ask for, and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from bot.sandbox.telegram.faults import Fault
from bot.sandbox.telegram.people_wire import json_body, wait_seconds
from bot.sandbox.telegram.phone import PhoneError
from bot.sandbox.telegram.state import Json

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.telegram.backend import Backend


async def read_file(tg: Backend, request: Request) -> Response:
    file = tg.files.find(request.path_params["file_id"])
    if file is None:
        raise PhoneError("there is no such file", 404)
    return Response(file.data, media_type=file.media_type)


async def expire_file(tg: Backend, request: Request) -> Json:
    if not tg.files.expire(request.path_params["file_id"]):
        raise PhoneError("there is no such file", 404)
    return {"ok": True}


async def forget_file(tg: Backend, request: Request) -> Json:
    if not tg.files.forget(request.path_params["file_id"]):
        raise PhoneError("there is no such file", 404)
    return {"ok": True}


async def read_calls(tg: Backend, request: Request) -> Json:
    method = request.query_params.get("method", "").lower()
    return {"calls": [call for call in tg.calls if not method or call["method"].lower() == method]}


async def add_update(tg: Backend, request: Request) -> Json:
    return {"update_id": tg.updates.push_raw(await json_body(request))}


async def add_fault(tg: Backend, request: Request) -> Json:
    try:
        tg.faults.add(Fault(**await json_body(request)))
    except (TypeError, ValueError) as error:
        raise PhoneError(f"this is no fault: {error}") from error
    return {"ok": True}


async def clear_faults(tg: Backend, _request: Request) -> Json:
    tg.faults.clear()
    return {"ok": True}


async def read_polls(tg: Backend, request: Request) -> Json:
    if not tg.updates.polling:
        await tg.updates.poll_opened.wait(wait_seconds(request))
    return {"open": tg.updates.polling}
