"""The people's side: messages, buttons and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.telegram import phone
from bot.sandbox.telegram.people_wire import json_body, number_in, read_draft, shown, the_chat, wait_seconds
from bot.sandbox.telegram.phone import PhoneError
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import MAX_UPLOAD

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.telegram.backend import Backend


async def read_messages(tg: Backend, request: Request) -> Json:
    chat = the_chat(tg, request)
    after = number_in(dict(request.query_params), "after")
    ends = tg.world.now() + wait_seconds(request)
    while chat.version <= after and tg.world.now() < ends:
        await tg.world.bell.wait(ends - tg.world.now())
    changed = sorted(number for number, version in chat.changed.items() if version > after)
    answer: Json = {
        "messages": [shown(chat, chat.messages[number]) for number in changed],
        "version": chat.version,
    }
    if "after" in request.query_params:
        answer["deleted"] = sorted(number for number, version in chat.deleted.items() if version > after)
    return answer


async def send_messages(tg: Backend, request: Request) -> Json:
    chat = the_chat(tg, request)
    async with request.form(max_part_size=MAX_UPLOAD) as form:
        draft = await read_draft(form)
    messages = await phone.send(tg, chat, draft)
    return {"messages": [shown(chat, message) for message in messages]}


async def edit_message(tg: Backend, request: Request) -> Json:
    chat, body = the_chat(tg, request), await json_body(request)
    message = phone.edit(
        tg, chat, request.path_params["message"], number_in(body, "from"), str(body.get("text", ""))
    )
    return {"messages": [shown(chat, message)]}


async def press_button(tg: Backend, request: Request) -> Json:
    chat, body = the_chat(tg, request), await json_body(request)
    return {
        "query": phone.press(
            tg, chat, request.path_params["message"], number_in(body, "from"), str(body.get("data", ""))
        )
    }


async def react_to_message(tg: Backend, request: Request) -> Json:
    chat, body = the_chat(tg, request), await json_body(request)
    phone.react(tg, chat, request.path_params["message"], number_in(body, "from"), str(body.get("emoji", "")))
    return {"ok": True}


async def delete_message(tg: Backend, request: Request) -> Json:
    chat, body = the_chat(tg, request), await json_body(request)
    phone.delete(tg, chat, request.path_params["message"], number_in(body, "from"))
    return {"ok": True}


async def read_query(tg: Backend, request: Request) -> Json:
    query = tg.world.queries.get(request.path_params["query"])
    if query is None:
        raise PhoneError("there is no such query", 404)
    ends = tg.world.now() + wait_seconds(request)
    while not query.answered and tg.world.now() < ends:
        await tg.world.bell.wait(ends - tg.world.now())
    return {"answered": query.answered, "text": query.text, "alert": query.alert}


async def read_actions(tg: Backend, request: Request) -> Json:
    return {"actions": the_chat(tg, request).actions}
