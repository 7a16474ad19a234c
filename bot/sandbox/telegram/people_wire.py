"""Reading what the people's side is asked, and showing messages to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.datastructures import FormData, UploadFile

from bot.sandbox.telegram.phone import Draft, PhoneError
from bot.sandbox.telegram.state import Chat, Json
from bot.sandbox.telegram.wire import Upload

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.telegram.backend import Backend

_LONGEST_WAIT = 25.0


async def json_body(request: Request) -> Json:
    """Read a JSON object."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise PhoneError("the body is no JSON") from error
    if not isinstance(body, dict):
        raise PhoneError("the body is no JSON object")
    return body


def number_in(values: Json, name: str, default: int = 0) -> int:
    """Read an integer from a JSON object or a form."""
    try:
        return int(values.get(name) or default)
    except (TypeError, ValueError) as error:
        raise PhoneError(f"{name} is not a number") from error


def numbers_in(values: Json, name: str) -> list[int]:
    """Read a list of integers from a JSON object."""
    try:
        return [int(value) for value in values.get(name) or []]
    except (TypeError, ValueError) as error:
        raise PhoneError(f"{name} is not a list of numbers") from error


def wait_seconds(request: Request) -> float:
    """Read ``wait``: how long the caller waits for something to happen, at most 25 s."""
    try:
        return min(float(request.query_params.get("wait", "0")), _LONGEST_WAIT)
    except ValueError as error:
        raise PhoneError("wait is not a number") from error


def the_chat(tg: Backend, request: Request) -> Chat:
    """Find the chat that the path names."""
    chat = tg.world.chats.get(request.path_params["chat"])
    if chat is None:
        raise PhoneError("there is no such chat", 404)
    return chat


def the_group(tg: Backend, request: Request) -> Chat:
    """Find the group that the path names."""
    chat = the_chat(tg, request)
    if chat.private:
        raise PhoneError("this is no group")
    return chat


def the_user(tg: Backend, person: int) -> Json:
    """Find somebody's ``User``."""
    if person not in tg.world.people:
        raise PhoneError(f"there is nobody with the id {person}", 404)
    return tg.world.people[person].user


def shown(chat: Chat, message: Json) -> Json:
    """Add the page's own keys to a message."""
    files = {**_files(message), **_files(message.get("reply_to_message", {}))}
    page: Json = {"sandbox_files": {file_id: f"/sandbox/files/{file_id}" for file_id in files}}
    if reactions := chat.reactions.get(message["message_id"]):
        page["sandbox_reactions"] = reactions
    return message | page


def chat_object(chat: Chat) -> Json:
    """Show a chat; a group with its people."""
    if chat.private:
        return chat.about
    return chat.about | {
        "members": chat.members,
        "admins": chat.admins,
        "privacy_mode": chat.privacy_mode,
        "bot": chat.bot,
    }


async def read_draft(form: FormData) -> Draft:
    """Read the form of a message that a person sends."""
    # A browser's form ends every line with CRLF (HTML, "Multipart form data"), which no phone sends.
    values: Json = {
        name: value.replace("\r\n", "\n") for name, value in form.multi_items() if isinstance(value, str)
    }
    if not values.get("from"):
        raise PhoneError("from is missing: who sends this?")
    stickers = await _uploads(form, "sticker")
    return Draft(
        sender=number_in(values, "from"),
        text=values.get("text", ""),
        caption=values.get("caption", ""),
        photos=await _uploads(form, "photo"),
        documents=await _uploads(form, "document"),
        sticker=stickers[0] if stickers else None,
        reply_to=number_in(values, "reply_to"),
        thread=number_in(values, "thread"),
        forward_from=number_in(values, "forward_from"),
        mask=values.get("as", ""),
    )


async def _uploads(form: FormData, name: str) -> list[Upload]:
    files = [file for file in form.getlist(name) if isinstance(file, UploadFile) and file.filename]
    return [
        Upload(file.filename or "file", file.content_type or "application/octet-stream", await file.read())
        for file in files
    ]


def _files(message: Json) -> Json:
    holders = [*message.get("photo", []), message.get("document", {}), message.get("sticker", {})]
    holders += [holder["thumbnail"] for holder in holders if "thumbnail" in holder]
    return {holder["file_id"]: True for holder in holders if "file_id" in holder}
