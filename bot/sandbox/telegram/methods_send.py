"""Bot API methods that put something new into a chat."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING, Any

from bot.sandbox.telegram.files import check_photo
from bot.sandbox.telegram.formatting import caption_content, inline_keyboard, text_content
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import Params, bad_request

if TYPE_CHECKING:
    from bot.sandbox.telegram.backend import Backend, Method
    from bot.sandbox.telegram.state import Chat

_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
_ALBUM = range(2, 11)


async def send_message(tg: Backend, params: Params) -> Json:
    chat = tg.writable_chat(params)
    return tg.post(chat, params, text_content(params) | _markup(params))


async def send_photo(tg: Backend, params: Params) -> Json:
    return await _send_file(tg, params, "photo")


async def send_document(tg: Backend, params: Params) -> Json:
    return await _send_file(tg, params, "document")


async def send_sticker(tg: Backend, params: Params) -> Json:
    return await _send_file(tg, params, "sticker")


async def send_media_group(tg: Backend, params: Params) -> list[Json]:
    chat = tg.writable_chat(params)
    media = params.json("media")
    if not media:
        raise bad_request("there are no messages to send")
    if len(media) > _ALBUM[-1]:
        raise bad_request("too many messages to send as an album")
    if len(media) < _ALBUM[0]:
        raise bad_request("too few messages to send as an album")
    kinds = {str(item.get("type")) for item in media}
    if kinds - {"photo", "document"}:
        raise bad_request("can't parse InputMedia: type is unsupported")
    if len(kinds) > 1:
        raise bad_request("document can't be mixed with other media types")
    contents = [await media_content(tg, params, item) for item in media]
    album = {"media_group_id": str(secrets.randbelow(10**17))}
    return [tg.post(chat, params, album | content) for content in contents]


async def media_content(tg: Backend, params: Params, item: Any) -> Json:
    """Read one ``InputMedia``: its file and its caption."""
    if not isinstance(item, dict) or not item.get("media"):
        raise bad_request("can't parse InputMedia: media not found")
    kind, reference = str(item.get("type")), str(item["media"])
    file = await file_content(tg, params, kind, reference)
    caption = caption_content(
        item.get("caption", ""), item.get("parse_mode", ""), item.get("caption_entities")
    )
    return file | caption


async def file_content(tg: Backend, params: Params, kind: str, reference: str) -> Json:
    """Find or keep the file of a call: an upload, ``attach://``, or a ``file_id``. URLs are not fetched."""
    upload = params.upload(reference, kind)
    if upload is None:
        if reference.startswith("attach://"):
            raise bad_request("can't parse InputMedia: media not found")
        if not reference:
            raise bad_request(f"there is no {kind} in the request")
        if reference.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        return {kind: tg.files.again(reference, kind)}
    if not upload.data:
        raise bad_request("file must be non-empty")
    match kind:
        case "photo":
            check_photo(upload)
            return {"photo": await asyncio.to_thread(tg.files.photo, upload.data)}
        case "sticker":
            return {"sticker": tg.files.sticker(upload)}
        case _:
            return {"document": await asyncio.to_thread(tg.files.document, upload)}


async def send_chat_action(tg: Backend, params: Params) -> bool:
    chat = tg.writable_chat(params)
    if params.text("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    chat.actions.append({"action": params.text("action"), "at": tg.world.now()})
    tg.world.bell.ring()
    return True


async def forward_message(tg: Backend, params: Params) -> Json:
    chat = tg.writable_chat(params)
    message = _original(tg, params, "forward")
    origin = {"type": "user", "date": message["date"], "sender_user": message["from"]}
    return tg.post(chat, params, {"forward_origin": origin, **_content(message)})


async def copy_message(tg: Backend, params: Params) -> Json:
    chat = tg.writable_chat(params)
    content = _content(_original(tg, params, "copy"))
    if "caption" in params.values:
        content = {key: value for key, value in content.items() if not key.startswith("caption")}
        content |= caption_content(
            params.text("caption"), params.text("parse_mode"), params.json("caption_entities")
        )
    return {"message_id": tg.post(chat, params, content | _markup(params))["message_id"]}


async def _send_file(tg: Backend, params: Params, kind: str) -> Json:
    chat = tg.writable_chat(params)
    caption = caption_content(
        params.text("caption"), params.text("parse_mode"), params.json("caption_entities")
    )
    markup = _markup(params)
    content = await file_content(tg, params, kind, params.text(kind))
    if kind == "photo" and params.flag("has_spoiler"):
        content["has_media_spoiler"] = True
    return tg.post(chat, params, content | caption | markup)


def _original(tg: Backend, params: Params, verb: str) -> Json:
    source: Chat = tg.find_chat(params, "from_chat_id")
    message = source.messages.get(params.number("message_id"))
    if message is None:
        raise bad_request(f"message to {verb} not found")
    return message


def _content(message: Json) -> Json:
    kept = ("text", "entities", "caption", "caption_entities", "photo", "document", "sticker")
    return {key: message[key] for key in kept if key in message}


def _markup(params: Params) -> Json:
    keyboard = inline_keyboard(params)
    return {"reply_markup": keyboard} if keyboard else {}


METHODS: dict[str, Method] = {
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "senddocument": send_document,
    "sendsticker": send_sticker,
    "sendmediagroup": send_media_group,
    "sendchataction": send_chat_action,
    "forwardmessage": forward_message,
    "copymessage": copy_message,
}
