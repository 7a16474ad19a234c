"""Counts the calls of a window: by itself in one process, in the database where there are several."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from bot.clock import Clock
from bot.domain.shared import Calls, Span
from bot.domain.timing import Timing
from bot.errors import StorageBusy

log = structlog.get_logger(__name__)

_ROOM = 1000  # chats that are remembered before those that are quiet are forgotten


class Window:
    """At most ``calls`` in any ``seconds``."""

    def __init__(self, calls: int, seconds: float, clock: Clock) -> None:
        self._calls, self._seconds, self._clock = calls, seconds, clock
        self._taken: deque[float] = deque()
        self._closed_until = 0.0

    def wait(self, reserve: int = 0) -> float:
        """Seconds until one more call is allowed that leaves ``reserve`` free; 0.0: now."""
        now = self._clock.monotonic()
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        closed = max(0.0, self._closed_until - now)
        over = len(self._taken) + reserve + 1 - self._calls
        if over <= 0:
            return closed
        return max(closed, self._taken[over - 1] + self._seconds - now)

    @property
    def idle(self) -> bool:
        """Whether it holds nobody up, and counts nothing that could."""
        return self.wait() == 0.0 and not self._taken

    def take(self) -> None:
        """Count one call."""
        self._taken.append(self._clock.monotonic())

    def close(self, seconds: float) -> None:
        """Telegram said to wait."""
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)


class OwnCalls:
    """The calls of this process. Priorities need no care here: its limiter lets one at a time ask."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._overall: Window | None = None
        self._chats: dict[int, Window] = {}
        self._room = _ROOM

    @property
    def chats(self) -> int:
        """How many are remembered."""
        return len(self._chats)

    async def take(self, chat_id: int, priority: int, chat: Span, bot: Span, *, waits: bool) -> float:
        """See `bot.domain.shared.Calls`."""
        window, overall = self._windows(chat_id, chat, bot)
        wait = max(window.wait(chat.reserve), overall.wait(bot.reserve))
        if wait == 0.0:
            window.take()
            overall.take()
        return wait

    def count(self, chat_id: int, chat: Span, bot: Span) -> None:
        """Count one call that is made in any case."""
        for window in self._windows(chat_id, chat, bot):
            window.take()

    async def close(self, chat_id: int, seconds: float) -> None:
        """Telegram said to leave the chat alone for so long."""
        if window := self._chats.get(chat_id):  # there is one: a call was refused
            window.close(seconds)

    def _windows(self, chat_id: int, chat: Span, bot: Span) -> tuple[Window, Window]:
        if self._overall is None:
            self._overall = Window(bot.calls, bot.seconds, self._clock)
        if chat_id not in self._chats:
            if len(self._chats) >= self._room:  # so that each is looked at seldom
                self._chats = {one: window for one, window in self._chats.items() if not window.idle}
                self._room = max(_ROOM, 2 * len(self._chats))
            self._chats[chat_id] = Window(chat.calls, chat.seconds, self._clock)
        return self._chats[chat_id], self._overall


class SharedCalls:
    """The calls of all processes; of this one only, while the database is too busy to count them.

    Then Telegram may refuse some, which are made again; what is paid for is delivered all the same.
    """

    def __init__(self, shared: Calls, timing: Timing, clock: Clock) -> None:
        self._shared = shared
        self._own = OwnCalls(clock)
        self._timing = timing
        self._clock = clock
        self._alone_until = 0.0

    async def take(self, chat_id: int, priority: int, chat: Span, bot: Span, *, waits: bool) -> float:
        """See `bot.domain.shared.Calls`."""
        if self._clock.monotonic() >= self._alone_until:
            try:
                async with asyncio.timeout(self._timing.flood_shared):
                    wait = await self._shared.take(chat_id, priority, chat, bot, waits=waits)
            except (StorageBusy, TimeoutError) as error:
                self._busy(error)
            else:
                if wait == 0.0:
                    self._own.count(chat_id, chat, bot)
                return wait
        return await self._own.take(chat_id, priority, chat, bot, waits=waits)

    async def close(self, chat_id: int, seconds: float) -> None:
        """Telegram said to leave the chat alone for so long."""
        await self._own.close(chat_id, seconds)
        try:
            async with asyncio.timeout(self._timing.flood_shared):
                await self._shared.close(chat_id, seconds)
        except (StorageBusy, TimeoutError) as error:
            self._busy(error)

    def _busy(self, error: Exception) -> None:
        log.warning("flood_limits_not_shared", error=type(error).__name__, detail=str(error))
        self._alone_until = self._clock.monotonic() + self._timing.flood_alone
