"""The queue of updates and ``getUpdates`` (core.telegram.org/bots/api, "Getting updates")."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox.telegram.state import Bell, Json
from bot.sandbox.telegram.wire import ApiError, Params

MESSAGE_LIFETIME = 24 * 3600.0
CALLBACK_LIFETIME = 150.0
_MAX_TIMEOUT = 50
_SAME_OFFSET_SOON, _SAME_OFFSET_AT_ONCE = 3.0, 0.5
_CONFLICT_DELAY = 3.0
_MUST_BE_LISTED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK_ACTIVE = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass(frozen=True, slots=True)
class Pending:
    """An update that waits for the bot. ``chat`` orders webhook deliveries; ``expires`` is a `World.now`."""

    number: int
    update: Json
    chat: int
    expires: float


class UpdateQueue:
    """Updates until they are confirmed, delivered or expired. ``speed`` shortens Telegram's own times."""

    def __init__(self, speed: float, now: Callable[[], float]) -> None:
        self._speed = speed
        self._now = now
        self.next_number = 100_000_000 + secrets.randbelow(800_000_000)
        self.pending: list[Pending] = []
        self.allowed: list[str] = []
        self.webhook_active = False
        self.on_push: Callable[[Pending], None] = lambda _pending: None
        self.poll_opened = Bell()
        self._poll: asyncio.Future[str | None] | None = None
        self._last_offset: int | None = None
        self._last_start = 0.0
        self._next_conflict = 0.0

    def push(self, kind: str, body: Json, chat: int) -> None:
        """Queue an update, unless the bot did not ask for its kind."""
        if self._wanted(kind):
            self._add({"update_id": self.next_number, kind: body}, chat, self._lifetime(kind))

    def push_raw(self, update: Json) -> int:
        """Queue an update exactly as it is, with an ``update_id`` if it has none; give the id."""
        number = update.setdefault("update_id", self.next_number)
        if isinstance(number, int):
            self.next_number = max(self.next_number, number)
        return self._add(update, 0, self._lifetime("callback_query" if "callback_query" in update else ""))

    def drop(self, numbers: set[int]) -> None:
        """Forget updates that were delivered."""
        self.pending = [entry for entry in self.pending if entry.number not in numbers]

    def expire(self) -> None:
        """Forget updates that nobody fetched in time: 24 h, for callback queries 150 s."""
        now = self._now()
        self.pending = [entry for entry in self.pending if entry.expires > now]

    def allow(self, kinds: Any) -> None:
        """Remember ``allowed_updates``; None keeps what was set before, an empty list is the default."""
        if isinstance(kinds, list):
            self.allowed = [str(kind) for kind in kinds]

    async def poll(self, params: Params) -> list[Json]:
        """Answer ``getUpdates``: end another poller, confirm by offset, wait up to 50 s for an update."""
        if self.webhook_active:
            raise ApiError(409, f"Conflict: {_WEBHOOK_ACTIVE}")
        self.end_poll(_OTHER_POLLER)
        offset = params.number("offset")
        limit = min(max(params.number("limit", 100), 1), 100)
        timeout = float(min(max(params.number("timeout"), 0), _MAX_TIMEOUT))
        self.allow(params.json("allowed_updates"))
        limit, timeout = self._soften(offset, limit, timeout)
        self._confirm(offset)
        if not self.pending and timeout > 0:
            await self._wait(timeout)
        self.expire()
        return [entry.update for entry in self.pending[:limit]]

    @property
    def polling(self) -> bool:
        """Whether a poll waits now."""
        return self._poll is not None and not self._poll.done()

    def end_poll(self, reason: str) -> None:
        """End the poll that waits now, if one does, with 409 and ``reason``."""
        if self._poll is not None and self.polling:
            self._poll.set_result(reason)

    def _add(self, update: Json, chat: int, lifetime: float) -> int:
        given = update["update_id"]
        number = given if isinstance(given, int) else self.next_number
        self.next_number = max(self.next_number, number) + 1
        entry = Pending(number, update, chat, self._now() + lifetime / self._speed)
        self.pending.append(entry)
        if self._poll is not None and self.polling:
            self._poll.set_result(None)
        self.on_push(entry)
        return number

    def _wanted(self, kind: str) -> bool:
        return kind in self.allowed if self.allowed else kind not in _MUST_BE_LISTED

    @staticmethod
    def _lifetime(kind: str) -> float:
        return CALLBACK_LIFETIME if kind == "callback_query" else MESSAGE_LIFETIME

    def _soften(self, offset: int, limit: int, timeout: float) -> tuple[int, float]:
        # The real server slows a poller that asks for the same offset again and again.
        since = (self._now() - self._last_start) * self._speed
        if offset == self._last_offset:
            if since < _SAME_OFFSET_SOON:
                timeout = max(timeout, _SAME_OFFSET_SOON / self._speed)
            if since < _SAME_OFFSET_AT_ONCE:
                limit = 1
        self._last_offset, self._last_start = offset, self._now()
        return limit, timeout

    def _confirm(self, offset: int) -> None:
        self.expire()
        if offset > 0:
            self.pending = [entry for entry in self.pending if entry.number >= offset]
        elif offset < 0:
            self.pending = self.pending[offset:]

    async def _wait(self, timeout: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        self.poll_opened.ring()
        try:
            async with asyncio.timeout(timeout):
                conflict = await poll
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None
        if conflict is not None:
            await self._refuse(conflict)

    async def _refuse(self, reason: str) -> None:
        # The first refusal comes at once, later ones with a delay: two pollers would spin otherwise.
        now = self._now()
        if now < self._next_conflict:
            await asyncio.sleep(_CONFLICT_DELAY / self._speed)
        else:
            self._next_conflict = now + _CONFLICT_DELAY / self._speed
        raise ApiError(409, f"Conflict: {reason}")
