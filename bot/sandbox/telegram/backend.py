"""Everything the stand-in's rooms share: the world, its files, its queue, and how messages come about."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from bot.sandbox.telegram.faults import Faults
from bot.sandbox.telegram.files import LINK_SECONDS, FileStore
from bot.sandbox.telegram.limits import FloodControl
from bot.sandbox.telegram.state import Chat, Json, World
from bot.sandbox.telegram.updates import UpdateQueue
from bot.sandbox.telegram.webhooks import Webhook
from bot.sandbox.telegram.wire import ApiError, Params, bad_request, forbidden

_CALLS_KEPT = 20_000

Method = Callable[["Backend", Params], Awaitable[Any]]


class Backend:
    """One bot's Telegram. ``methods`` maps Bot API methods, in lower case, to their functions."""

    def __init__(self, *, token: str, username: str, speed: float, methods: dict[str, Method]) -> None:
        self.token = token
        bot_id = int(token.partition(":")[0])
        bot: Json = {"id": bot_id, "is_bot": True, "first_name": "Wavebrush", "username": username}
        self.world = World(bot, speed)
        self.files = FileStore(self.world.now, LINK_SECONDS / speed)
        self.updates = UpdateQueue(speed, self.world.now)
        self.webhook = Webhook(self.updates, speed, self._perform)
        self.limits = FloodControl(speed, self.world.now)
        self.faults = Faults()
        self.calls: deque[Json] = deque(maxlen=_CALLS_KEPT)
        self.profile: dict[tuple[str, ...], Any] = {}
        self._methods = methods

    def knows(self, method: str) -> bool:
        """Whether there is such a method."""
        return method.lower() in self._methods

    async def call(self, method: str, params: Params) -> Any:
        """Carry out a Bot API method under flood control; give its result. Raises `ApiError`."""
        perform = self._methods.get(method.lower())
        if perform is None:
            raise ApiError(404, "Not Found")
        if params.text("chat_id"):
            self.limits.check(method, params.number("chat_id"))
        return await perform(self, params)

    def record(self, method: str, params: Params, status: int) -> None:
        """Write a call into the log that ``/sandbox/calls`` shows."""
        self.calls.append({"method": method, "params": params.summary(), "status": status, "at": time.time()})

    def find_chat(self, params: Params, name: str = "chat_id") -> Chat:
        """Find the chat a call is about. Raises the real server's errors for one that can't be reached."""
        raw = params.text(name)
        if not raw:
            raise bad_request(f"{name} is empty")
        chat = self.world.chats.get(params.number(name)) or self._by_username(raw)
        if chat is None:
            raise bad_request("chat not found")
        if chat.migrated_to is not None:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                {"migrate_to_chat_id": chat.migrated_to},
            )
        if chat.bot == "kicked" and not chat.private:
            raise forbidden(f"bot was kicked from the {chat.type} chat")
        if chat.bot == "left":
            raise forbidden(f"bot is not a member of the {chat.type} chat")
        return chat

    def writable_chat(self, params: Params) -> Chat:
        """Find the chat a call writes to. Raises 403 if the bot may not write there."""
        chat = self.find_chat(params)
        if chat.private:
            person = self.world.people[chat.id]
            if person.blocked:
                raise forbidden("bot was blocked by the user")
            if not person.started:
                raise forbidden("bot can't initiate conversation with a user")
        return chat

    def compose(self, chat: Chat, sender: Json, content: Json, *, reply: Json | None, thread: int) -> Json:
        """Build a ``Message`` with the chat's next id and put it into the chat."""
        chat.last_message_id += 1
        message: Json = {"message_id": chat.last_message_id}
        if thread:
            message["message_thread_id"] = thread
        message |= {**sender, "chat": chat.about, "date": self.world.date()}
        if thread and chat.forum:
            message["is_topic_message"] = True
        if reply is not None:
            message["reply_to_message"] = {k: v for k, v in reply.items() if k != "reply_to_message"}
        elif thread in chat.topics:
            # A message in a topic that answers nothing carries the topic's opening as its reply.
            message["reply_to_message"] = chat.topics[thread]
        return self.world.store(chat, message | content)

    def thread_of(self, chat: Chat, reply: Json | None) -> int:
        """Give the thread a reply belongs to: its topic, or in a supergroup the message it began with."""
        if reply is None or chat.type != "supergroup":
            return 0
        first: int = 0 if chat.forum else reply["message_id"]
        return int(reply.get("message_thread_id", first))

    def post(self, chat: Chat, params: Params, content: Json) -> Json:
        """Put a message of the bot's into a chat, as the answer and in the topic that ``params`` say."""
        reply = self._reply(chat, params)
        thread = params.number("message_thread_id")
        if thread and thread not in chat.topics:
            raise bad_request("message thread not found")
        thread = thread or self.thread_of(chat, reply)
        return self.compose(chat, {"from": self.world.bot}, content, reply=reply, thread=thread)

    def _reply(self, chat: Chat, params: Params) -> Json | None:
        given: Any = params.json("reply_parameters") or {}
        if not isinstance(given, dict):
            raise bad_request("can't parse reply parameters: object expected")
        message_id = int(given.get("message_id", 0)) or params.number("reply_to_message_id")
        if not message_id:
            return None
        reply = chat.messages.get(message_id)
        optional = given.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply")
        if reply is None and not optional:
            raise bad_request("message to be replied not found")
        return reply

    def _by_username(self, raw: str) -> Chat | None:
        # A bot can name groups and channels by @username, but never people.
        name = raw.removeprefix("@").lower()
        chats = (chat for chat in self.world.chats.values() if not chat.private)
        return next((chat for chat in chats if chat.about.get("username", "").lower() == name), None)

    async def _perform(self, body: Json) -> None:
        """Carry out a method that a webhook's answer names; like the real server, tell nobody how it went."""
        method = body.pop("method", "")
        if not method:
            return
        values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in body.items()}
        params = Params(values, {})
        try:
            await self.call(method, params)
        except ApiError as error:
            self.record(method, params, error.code)
        else:
            self.record(method, params, 200)
