"""What exists in the stand-in's world: people, chats, their messages, and the bot's own user."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

SUPERGROUP_BASE = -1_000_000_000_000
ANONYMOUS_ADMIN: Json = {
    "id": 1087968824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
CHANNEL_SENDER: Json = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}


class Bell:
    """Wakes everyone who waits for a change."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake all who wait now."""
        rung, self._event = self._event, asyncio.Event()
        rung.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for the next ring, at most ``seconds``; say whether it rang."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True


@dataclass(slots=True)
class Person:
    """Somebody with a phone. ``started``: has ever written to the bot in private."""

    user: Json
    started: bool = False
    blocked: bool = False


@dataclass(slots=True)
class Query:
    """A pressed button that waits for ``answerCallbackQuery``. ``expires`` is a time of `World.now`."""

    expires: float
    answered: bool = False
    text: str | None = None
    alert: bool = False


@dataclass(slots=True)
class Chat:
    """One chat and everything in it. ``about`` is the Bot API's ``Chat`` object.

    ``bot`` is the bot's own status: member, administrator, left or kicked. ``version`` counts changes;
    ``changed`` and ``deleted`` say at which version a message last did. ``topics`` maps a forum
    topic's id to the service message that opened it.
    """

    about: Json
    members: list[int] = field(default_factory=list)
    admins: list[int] = field(default_factory=list)
    bot: str = "member"
    privacy_mode: bool = True
    migrated_to: int | None = None
    topics: dict[int, Json] = field(default_factory=dict)
    messages: dict[int, Json] = field(default_factory=dict)
    reactions: dict[int, list[str]] = field(default_factory=dict)
    actions: list[Json] = field(default_factory=list)
    version: int = 0
    changed: dict[int, int] = field(default_factory=dict)
    deleted: dict[int, int] = field(default_factory=dict)
    last_message_id: int = 0

    @property
    def id(self) -> int:
        """Positive for a private chat, negative for a group."""
        number: int = self.about["id"]
        return number

    @property
    def type(self) -> str:
        """``private``, ``group`` or ``supergroup``."""
        kind: str = self.about["type"]
        return kind

    @property
    def private(self) -> bool:
        """Whether it is between one person and the bot."""
        return self.type == "private"

    @property
    def forum(self) -> bool:
        """Whether it has topics."""
        return bool(self.about.get("is_forum"))


class World:
    """Everybody and every chat. ``speed`` divides Telegram's own time constants."""

    def __init__(self, bot: Json, speed: float) -> None:
        self.bot = bot
        self.speed = speed
        self.privacy_mode = True
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self.bell = Bell()
        self.last_group = -2000
        self.before_first_message = 0
        self._began = time.time() - time.monotonic()

    @property
    def bot_id(self) -> int:
        """The bot's user id: the part of its token before the colon."""
        number: int = self.bot["id"]
        return number

    def now(self) -> float:
        """Seconds since 1970 that never jump; times kept from an earlier start can be compared with it."""
        return self._began + time.monotonic()

    def date(self) -> int:
        """The Unix time that messages carry."""
        return int(time.time())

    def scaled(self, seconds: float) -> float:
        """How long one of Telegram's own delays lasts here."""
        return seconds / self.speed

    def add_person(self, user: Json) -> Person:
        """Add somebody with their (still empty) private chat."""
        person = self.people[user["id"]] = Person(user)
        about: Json = {key: user[key] for key in ("id", "first_name", "last_name", "username") if key in user}
        self.add_chat(Chat({**about, "type": "private"}, members=[user["id"]]))
        return person

    def add_chat(self, chat: Chat) -> None:
        """Add a chat in which there is no message yet."""
        chat.last_message_id = self.before_first_message
        self.chats[chat.id] = chat

    def add_group(self, title: str, members: list[int], *, group_id: int | None, forum: bool) -> Chat:
        """Add a group with the bot in it; the first member is its owner.

        It is a supergroup if it is a forum or its id is one of a supergroup.
        """
        if group_id is None:
            group_id = self.free_group_id(supergroup=forum)
        kind = "supergroup" if forum or group_id <= SUPERGROUP_BASE else "group"
        about: Json = {"id": group_id, "title": title, "type": kind}
        if forum:
            about["is_forum"] = True
        chat = Chat(about, members=list(members), admins=members[:1], privacy_mode=self.privacy_mode)
        self.add_chat(chat)
        return chat

    def free_group_id(self, *, supergroup: bool) -> int:
        """Give an id that no group has."""
        while True:
            self.last_group -= 1
            group_id = SUPERGROUP_BASE + self.last_group if supergroup else self.last_group
            if group_id not in self.chats:
                return group_id

    def store(self, chat: Chat, message: Json) -> Json:
        """Put a new message into its chat."""
        chat.messages[message["message_id"]] = message
        self.touch(chat, message["message_id"])
        return message

    def touch(self, chat: Chat, message_id: int) -> None:
        """Note that a message changed, and wake the page."""
        chat.version += 1
        chat.changed[message_id] = chat.version
        self.bell.ring()

    def remove(self, chat: Chat, message_id: int) -> None:
        """Delete a message for everyone."""
        del chat.messages[message_id]
        chat.changed.pop(message_id, None)
        chat.reactions.pop(message_id, None)
        chat.version += 1
        chat.deleted[message_id] = chat.version
        self.bell.ring()
