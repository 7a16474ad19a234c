"""A Telegram in memory, behind python-telegram-bot's own seam for transports, for tests in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from telegram.ext import ExtBot
from telegram.request import BaseRequest, RequestData

from bot.chat.limiter import Limiter, Priority
from bot.domain.timing import Timing
from tests.virtual_time import LoopClock

TOKEN = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  # made up
ME = {"id": 123456, "is_bot": True, "first_name": "Wavebrush", "username": "wavebrush_bot"}

# Whoever makes a RetryAfter is told that its type will change; `bot.chat.failures.seconds` takes both.
WITH_RETRY_AFTER = pytest.mark.filterwarnings(
    "ignore:.*attribute `retry_after` will be:telegram.warnings.PTBDeprecationWarning"
)


@dataclass(frozen=True)
class Call:
    """A call that arrived, and when."""

    method: str
    at: float
    params: dict[str, Any]


class MemoryTelegram(BaseRequest):
    """Answers every call but getMe and deleteWebhook, which a bot begins with, after ``seconds``.

    ``refusal`` may give the answer to one instead. An edit that changes nothing is refused, as Telegram does.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.calls: list[Call] = []
        self.refusal: Callable[[Call], tuple[int, dict[str, Any]] | None] = lambda call: None
        self._ids = count(100)
        self._shown: dict[tuple[Any, Any], tuple[Any, Any]] = {}  # of each message text and keyboard

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **kwargs: Any
    ) -> tuple[int, bytes]:
        parameters = request_data.parameters if request_data else {}
        call = Call(url.rpartition("/")[2], asyncio.get_running_loop().time(), parameters)
        if call.method in {"getMe", "deleteWebhook"}:
            return 200, json.dumps({"ok": True, "result": ME if call.method == "getMe" else True}).encode()
        self.calls.append(call)
        await asyncio.sleep(self.seconds)
        status, answer = (
            self.refusal(call) or self._unchanged(call) or (200, {"ok": True, "result": self._result(call)})
        )
        return status, json.dumps(answer).encode()

    def _result(self, call: Call) -> Any:
        if not call.method.startswith(("sendMessage", "edit")):
            return [] if call.method.lower() == "getupdates" else True
        chat = {"id": call.params["chat_id"], "type": "private", "first_name": "Ada"}
        number = call.params.get("message_id") or next(self._ids)
        self._shown[call.params["chat_id"], number] = _shown(call)
        return {"message_id": number, "date": 0, "chat": chat, "text": call.params.get("text", "")}

    def _unchanged(self, call: Call) -> tuple[int, dict[str, Any]] | None:
        message = (call.params.get("chat_id"), call.params.get("message_id"))
        if call.method == "editMessageText" and self._shown.get(message) == _shown(call):
            return refused(400, "Bad Request: message is not modified")
        return None

    def named(self, *methods: str) -> list[Call]:
        """The calls of some methods."""
        return [call for call in self.calls if call.method in methods]


def _shown(call: Call) -> tuple[Any, Any]:
    return call.params.get("text"), call.params.get("reply_markup")


async def memory_bot(telegram: MemoryTelegram, timing: Timing) -> ExtBot[Priority]:
    """A bot that talks to it, under our own flood limits."""
    bot = ExtBot(
        TOKEN, request=telegram, get_updates_request=telegram, rate_limiter=Limiter(timing, LoopClock())
    )
    await bot.initialize()
    return bot


def refused(status: int, description: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
    """An answer that refuses."""
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return status, body | ({"parameters": parameters} if parameters else {})
