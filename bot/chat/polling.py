"""Our own poll loop: updates are committed before Telegram is told that we have them.

python-telegram-bot's own Updater confirms updates before they are handled, which loses them in a crash.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import structlog
from telegram import Bot
from telegram.error import Conflict, TelegramError

from bot import failpoints
from bot.chat.failures import translate
from bot.chat.receiving import Receives
from bot.clock import Clock
from bot.domain.stores import InboxUpdate
from bot.domain.timing import Timing
from bot.errors import WavebrushError

log = structlog.get_logger(__name__)

ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member")
_LIMIT = 100
# `getUpdates` reaches python-telegram-bot raw through this spelling: under the plain one it warns that
# Bot.get_updates exists, which parses a batch whole and so loses it whole to one unreadable update.
_GET_UPDATES = "get_Updates"


class PollingStopped(WavebrushError):
    """The poll loop has attempted nothing for too long: the process must be restarted."""


class Polling:
    """Reads updates, commits them, and only then moves the offset."""

    def __init__(
        self, bot: Bot, inbox: Receives, timing: Timing, clock: Clock, arrived: Callable[[], None]
    ) -> None:
        self._bot = bot
        self._inbox = inbox
        self._timing = timing
        self._clock = clock
        self._arrived = arrived
        self._offset: int | None = None
        self._ours = False
        self._polls = False
        self._attempted = self._succeeded = clock.monotonic()

    async def run(self) -> None:
        """Poll until cancelled. Nothing that Telegram or the database does ends it."""
        self._attempted = self._succeeded = self._clock.monotonic()
        self._offset, self._ours, self._polls = None, False, True
        try:
            await self._run()
        finally:
            self._polls = False

    async def _run(self) -> None:
        wait = self._timing.poll_retry
        while True:
            self._attempted = self._clock.monotonic()
            try:
                await self._poll()
                wait = self._timing.poll_retry
            except WavebrushError as error:
                # Never so long that the watchdog takes it for hanging.
                pause = min(error.retry_after or wait, self._timing.poll_retry_most)
                log.error("poll_failed", error=type(error).__name__, detail=str(error), again_in=pause)
                await asyncio.sleep(pause)
                wait = min(wait * 2, self._timing.poll_retry_most)

    async def watchdog(self) -> None:
        """Raise when the loop has attempted nothing for too long.

        Raises:
            PollingStopped: it hangs; the process should end and be started again.
        """
        while True:
            idle = self._clock.monotonic() - self._attempted
            if idle > self._timing.poll_watchdog:
                raise PollingStopped(f"nothing polled for {idle:.0f} s")
            await asyncio.sleep(self._timing.poll_watchdog - idle + 0.01)

    async def problem(self) -> str | None:
        """What is wrong with polling, for the health page; None while polls succeed, or another polls."""
        if not self._polls:
            return None
        idle = self._clock.monotonic() - self._succeeded
        return f"no poll succeeded for {idle:.0f} s" if idle > self._timing.poll_watchdog else None

    async def _poll(self) -> None:
        raw = await self._fetch()
        updates = [wrapped for wrapped in map(wrap, raw) if wrapped is not None]
        if updates:
            failpoints.reached("updates_fetched")
            await self._inbox.commit(updates, self._clock.now())
            failpoints.reached("updates_committed")
            self._offset = max(update.update_id for update in updates) + 1
            self._arrived()
        self._succeeded = self._clock.monotonic()  # what can't be kept has not been taken in

    async def _fetch(self) -> list[Any]:
        if not self._ours:  # while a webhook is set, Telegram gives nothing to those who poll
            await self._take_over()
        parameters: dict[str, Any] = {
            "timeout": int(self._timing.poll),
            "limit": _LIMIT,
            "allowed_updates": list(ALLOWED),
        }
        if self._offset is not None:
            parameters["offset"] = self._offset
        try:
            raw = await self._bot.do_api_request(
                _GET_UPDATES, api_kwargs=parameters, read_timeout=self._timing.poll + self._timing.read
            )
        except TelegramError as error:
            # Another polls with our token, or somebody set a webhook: that we can take away again.
            self._ours = self._ours and not isinstance(error, Conflict)
            raise translate(error) from error
        return raw if isinstance(raw, list) else []

    async def _take_over(self) -> None:
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            raise translate(error) from error
        self._ours = True


def wrap(raw: Any) -> InboxUpdate | None:
    """A raw update for the inbox; None only if it has no usable id, so that it could not be confirmed."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    if not _is_id(number):
        log.error("update_without_id", kind=type(raw).__name__)
        return None
    # What no database keeps as text, half a surrogate pair and NUL, is replaced: words around it count.
    body = json.dumps(raw, ensure_ascii=False).encode("utf-8", "replace").decode()
    return InboxUpdate(number, _lane(raw), body.replace("\\u0000", "\\ufffd"))


def _is_id(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and abs(value) < 2**63


def _lane(update: Mapping[str, Any]) -> int:
    """The chat it belongs to, so that a chat's updates stay in order; 0 where that can't be read."""
    for payload in update.values():
        if not isinstance(payload, dict):
            continue
        inner = payload.get("message")
        for holder in (payload, inner if isinstance(inner, dict) else {}):
            chat = holder.get("chat")
            if isinstance(chat, dict) and _is_id(number := chat.get("id")):
                return number
    return 0
