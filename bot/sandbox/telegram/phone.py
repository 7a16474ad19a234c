"""What a person does with a phone: write, send pictures, edit, press buttons, delete, block."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sandbox.telegram.entities import find_entities
from bot.sandbox.telegram.members import change_bot_status
from bot.sandbox.telegram.privacy import bot_sees
from bot.sandbox.telegram.state import ANONYMOUS_ADMIN, CHANNEL_SENDER, SUPERGROUP_BASE, Chat, Json, Query
from bot.sandbox.telegram.updates import CALLBACK_LIFETIME
from bot.sandbox.telegram.wire import ApiError, Upload

if TYPE_CHECKING:
    from bot.sandbox.telegram.backend import Backend

_CHANNEL: Json = {"id": SUPERGROUP_BASE - 777, "title": "A channel", "type": "channel"}


class PhoneError(Exception):
    """The person can't do that; the text says why."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person is about to send. ``sender`` is the person, ``mask`` is "", anonymous or channel."""

    sender: int
    text: str = ""
    caption: str = ""
    photos: list[Upload] = field(default_factory=list)
    documents: list[Upload] = field(default_factory=list)
    sticker: Upload | None = None
    reply_to: int = 0
    thread: int = 0
    forward_from: int = 0
    mask: str = ""


async def send(tg: Backend, chat: Chat, draft: Draft) -> list[Json]:
    """Send what a person drafted: one message and one update for each picture."""
    sender = _sender(tg, chat, draft)
    reply = _reply(chat, draft)
    thread = _thread(tg, chat, draft, reply)
    contents = await _contents(tg, draft)
    extra = _forward(tg, draft)
    if len(contents) > 1:
        extra["media_group_id"] = str(secrets.randbelow(10**17))
    if chat.private:
        _started(tg, chat)
    messages = [tg.compose(chat, sender, extra | content, reply=reply, thread=thread) for content in contents]
    for message in messages:
        _tell(tg, chat, "message", message)
    return messages


def edit(tg: Backend, chat: Chat, message_id: int, person: int, text: str) -> Json:
    """Edit a person's own text or caption."""
    message = _message(chat, message_id)
    if message["from"]["id"] != person:
        raise PhoneError("only the one who wrote a message can edit it", 403)
    text_key, entities_key = ("text", "entities") if "text" in message else ("caption", "caption_entities")
    changed = {key: value for key, value in message.items() if key not in {text_key, entities_key}}
    changed |= _text(text_key, entities_key, text) | {"edit_date": tg.world.date()}
    chat.messages[message_id] = changed
    tg.world.touch(chat, message_id)
    _tell(tg, chat, "edited_message", changed)
    return changed


def press(tg: Backend, chat: Chat, message_id: int, person: int, data: str) -> str:
    """Press an inline button; give the query's id."""
    message = _message(chat, message_id)
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    if not any(button.get("callback_data") == data for row in rows for button in row):
        raise PhoneError("the message has no such button")
    user = _member(tg, chat, person)
    query_id = str(secrets.randbelow(10**18))
    tg.world.queries[query_id] = Query(tg.world.now() + tg.world.scaled(CALLBACK_LIFETIME))
    update = {
        "id": query_id,
        "from": user,
        "message": message,
        "chat_instance": str(chat.id * 7919),
        "data": data,
    }
    if not (chat.private and tg.world.people[person].blocked):
        tg.updates.push("callback_query", update, chat.id)
    return query_id


def react(tg: Backend, chat: Chat, message_id: int, person: int, emoji: str) -> None:
    """React to a message; the bot hears of it if it asked to, in groups only as an admin."""
    message = _message(chat, message_id)
    user = _member(tg, chat, person)
    update = {
        "chat": chat.about,
        "message_id": message["message_id"],
        "user": user,
        "date": tg.world.date(),
        "old_reaction": [],
        "new_reaction": [{"type": "emoji", "emoji": emoji}] if emoji else [],
    }
    if chat.private or chat.bot == "administrator":
        tg.updates.push("message_reaction", update, chat.id)


def delete(tg: Backend, chat: Chat, message_id: int, person: int) -> None:
    """Delete a message for everyone. Telegram tells a bot nothing of it."""
    message = _message(chat, message_id)
    if not chat.private and message["from"]["id"] != person and person not in chat.admins:
        raise PhoneError("only its writer or an admin can delete it", 403)
    tg.world.remove(chat, message_id)


def block(tg: Backend, person: int, *, blocked: bool) -> None:
    """Block or unblock the bot."""
    who = tg.world.people[person]
    who.blocked = blocked
    change_bot_status(tg, tg.world.chats[person], "kicked" if blocked else "member", who.user)


def _sender(tg: Backend, chat: Chat, draft: Draft) -> Json:
    user = _member(tg, chat, draft.sender)
    match draft.mask:
        case "":
            return {"from": user}
        case "anonymous" if draft.sender in chat.admins and not chat.private:
            return {"from": ANONYMOUS_ADMIN, "sender_chat": chat.about}
        case "channel" if not chat.private:
            return {"from": CHANNEL_SENDER, "sender_chat": _CHANNEL}
        case _:
            raise PhoneError("as is anonymous (for a group's admins) or channel, and only in groups")


def _member(tg: Backend, chat: Chat, person: int) -> Json:
    who = tg.world.people.get(person)
    if who is None:
        raise PhoneError(f"there is nobody with the id {person}", 404)
    if person not in chat.members:
        raise PhoneError(f"{who.user['first_name']} is not in this chat", 403)
    if chat.migrated_to is not None:
        raise PhoneError(f"the group became the supergroup {chat.migrated_to}")
    return who.user


def _message(chat: Chat, message_id: int) -> Json:
    message = chat.messages.get(message_id)
    if message is None:
        raise PhoneError("there is no such message", 404)
    return message


def _reply(chat: Chat, draft: Draft) -> Json | None:
    return _message(chat, draft.reply_to) if draft.reply_to else None


def _thread(tg: Backend, chat: Chat, draft: Draft, reply: Json | None) -> int:
    if not draft.thread:
        return tg.thread_of(chat, reply)
    if not chat.forum:
        raise PhoneError("only a forum has topics")
    if draft.thread not in chat.topics:
        open_topic(tg, chat, f"Topic {draft.thread}", draft.thread)
    return draft.thread


def open_topic(tg: Backend, chat: Chat, name: str, topic_id: int = 0) -> int:
    """Open a forum topic; its id is that of the service message that says so."""
    topic_id = topic_id or chat.last_message_id + 1
    if topic_id in chat.messages:
        raise PhoneError("there is a message with this id, so it can't be a topic's")
    chat.last_message_id = topic_id - 1 if topic_id > chat.last_message_id else chat.last_message_id
    message: Json = {
        "message_id": topic_id,
        "message_thread_id": topic_id,
        "from": tg.world.people[chat.admins[0]].user,
        "chat": chat.about,
        "date": tg.world.date(),
        "is_topic_message": True,
        "forum_topic_created": {"name": name, "icon_color": 7322096},
    }
    chat.last_message_id = max(chat.last_message_id, topic_id)
    chat.topics[topic_id] = tg.world.store(chat, message)
    _tell(tg, chat, "message", message)
    return topic_id


async def _contents(tg: Backend, draft: Draft) -> list[Json]:
    """Build what each message carries; of several pictures the first has the caption."""
    if draft.photos and draft.documents:
        raise PhoneError("an album has either photos or documents")
    try:
        contents: list[Json] = [
            {"photo": await asyncio.to_thread(tg.files.photo, upload.data)} for upload in draft.photos
        ]
        contents += [
            {"document": await asyncio.to_thread(tg.files.document, upload)} for upload in draft.documents
        ]
        if draft.sticker is not None:
            contents.append({"sticker": tg.files.sticker(draft.sticker)})
    except ApiError as error:
        raise PhoneError("this file is no picture that the app can send that way") from error
    if not contents:
        if not draft.text.strip():
            raise PhoneError("there is nothing to send")
        return [_text("text", "entities", draft.text)]
    contents[0] |= _text("caption", "caption_entities", draft.caption or draft.text)
    return contents


def _text(text_key: str, entities_key: str, text: str) -> Json:
    text = text.strip()
    if not text:
        return {}
    entities = find_entities(text)
    return {text_key: text, **({entities_key: entities} if entities else {})}


def _forward(tg: Backend, draft: Draft) -> Json:
    if not draft.forward_from:
        return {}
    person = tg.world.people.get(draft.forward_from)
    user = tg.world.bot if draft.forward_from == tg.world.bot_id else person.user if person else None
    if user is None:
        raise PhoneError(f"there is nobody with the id {draft.forward_from}", 404)
    return {"forward_origin": {"type": "user", "date": tg.world.date(), "sender_user": user}}


def _started(tg: Backend, chat: Chat) -> None:
    person = tg.world.people[chat.id]
    person.started = True
    if person.blocked:
        # Writing to a blocked bot unblocks it, as the app does on "Restart".
        block(tg, chat.id, blocked=False)


def _tell(tg: Backend, chat: Chat, kind: str, message: Json) -> None:
    if bot_sees(tg.world, chat, message):
        tg.updates.push(kind, message, chat.id)
