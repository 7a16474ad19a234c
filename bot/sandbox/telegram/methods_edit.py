"""Bot API methods that change, delete or react to messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.telegram.formatting import caption_content, inline_keyboard, text_content
from bot.sandbox.telegram.methods_send import media_content
from bot.sandbox.telegram.privacy import is_service
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import Params, bad_request

if TYPE_CHECKING:
    from bot.sandbox.telegram.backend import Backend, Method
    from bot.sandbox.telegram.state import Chat

_DELETABLE_SECONDS = 48 * 3600.0
_MAX_DELETED = 100
_TEXT = ("text", "entities")
_CAPTION = ("caption", "caption_entities")
_MEDIA = ("photo", "document", "has_media_spoiler", *_CAPTION)
# core.telegram.org/bots/api#reactiontypeemoji, without the variation selector that some clients add
REACTIONS = frozenset(
    "❤👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🕊🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓"
    "👻👀🎃🙈😇😨🤝✍🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾🤷😡"
) | {"❤\u200d🔥", "👨\u200d💻", "🤷\u200d♂", "🤷\u200d♀"}
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


async def edit_message_text(tg: Backend, params: Params) -> Json:
    chat, message = _editable(tg, params)
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    return _change(tg, chat, message, text_content(params), _TEXT, params)


async def edit_message_caption(tg: Backend, params: Params) -> Json:
    chat, message = _editable(tg, params)
    if "text" in message or "sticker" in message:
        raise bad_request("there is no caption in the message to edit")
    caption = caption_content(
        params.text("caption"), params.text("parse_mode"), params.json("caption_entities")
    )
    return _change(tg, chat, message, caption, _CAPTION, params)


async def edit_message_reply_markup(tg: Backend, params: Params) -> Json:
    chat, message = _editable(tg, params)
    return _change(tg, chat, message, {}, (), params)


async def edit_message_media(tg: Backend, params: Params) -> Json:
    chat, message = _editable(tg, params)
    if "text" in message or "sticker" in message:
        raise bad_request("there is no media in the message to edit")
    content = await media_content(tg, params, params.json("media"))
    if "media_group_id" in message and not content.keys() & message.keys() & {"photo", "document"}:
        raise bad_request("message can't be edited: wrong media type in an album")
    return _change(tg, chat, message, content, _MEDIA, params)


async def delete_message(tg: Backend, params: Params) -> bool:
    chat = tg.writable_chat(params)
    message_id = params.number("message_id")
    if message_id not in chat.messages:
        raise bad_request("message to delete not found")
    _check_deletable(tg, chat, chat.messages[message_id])
    tg.world.remove(chat, message_id)
    return True


async def delete_messages(tg: Backend, params: Params) -> bool:
    chat = tg.writable_chat(params)
    numbers = params.json("message_ids")
    if not isinstance(numbers, list) or not 1 <= len(numbers) <= _MAX_DELETED:
        raise bad_request(
            "there are too many messages to delete" if numbers else "message identifiers are not specified"
        )
    present = [number for number in numbers if number in chat.messages]
    for number in present:
        _check_deletable(tg, chat, chat.messages[number])
    for number in present:
        tg.world.remove(chat, number)
    return True


async def set_message_reaction(tg: Backend, params: Params) -> bool:
    chat = tg.writable_chat(params)
    message = chat.messages.get(params.number("message_id"))
    if message is None:
        raise bad_request("message to react not found")
    wanted = params.json("reaction") or []
    if len(wanted) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    emojis = [str(reaction.get("emoji", "")).replace("\ufe0f", "") for reaction in wanted]
    if is_service(message) or any(emoji not in REACTIONS for emoji in emojis):
        raise bad_request("REACTION_INVALID")
    chat.reactions[message["message_id"]] = emojis
    tg.world.touch(chat, message["message_id"])
    return True


def _editable(tg: Backend, params: Params) -> tuple[Chat, Json]:
    if not params.text("chat_id") and params.text("inline_message_id"):
        raise bad_request("MESSAGE_ID_INVALID")
    chat = tg.writable_chat(params)
    if not params.text("message_id"):
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(params.number("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message["from"]["id"] != tg.world.bot_id or "forward_origin" in message or is_service(message):
        raise bad_request("message can't be edited")
    return chat, message


def _change(
    tg: Backend, chat: Chat, message: Json, content: Json, replaced: tuple[str, ...], params: Params
) -> Json:
    """Replace some of a message's keys by ``content``, and its keyboard: one that is not given is removed."""
    keyboard = inline_keyboard(params)
    new = content | ({"reply_markup": keyboard} if keyboard else {})
    gone = {*replaced, "reply_markup"}
    if new == {key: message[key] for key in gone if key in message}:
        raise bad_request(_NOT_MODIFIED)
    changed = {key: value for key, value in message.items() if key not in gone} | new
    changed["edit_date"] = tg.world.date()
    chat.messages[message["message_id"]] = changed
    tg.world.touch(chat, message["message_id"])
    return changed


def _check_deletable(tg: Backend, chat: Chat, message: Json) -> None:
    own = message["from"]["id"] == tg.world.bot_id
    if not own and not chat.private and chat.bot != "administrator":
        raise bad_request("message can't be deleted")
    age = tg.world.date() - message["date"]
    if age > tg.world.scaled(_DELETABLE_SECONDS) and chat.bot != "administrator":
        raise bad_request("message can't be deleted for everyone")


METHODS: dict[str, Method] = {
    "editmessagetext": edit_message_text,
    "editmessagecaption": edit_message_caption,
    "editmessagereplymarkup": edit_message_reply_markup,
    "editmessagemedia": edit_message_media,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "setmessagereaction": set_message_reaction,
}
