"""Telegram's flood limits kept on our side: results first, then answers, progress where there is room."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from typing import Any

from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from bot.chat.failures import seconds
from bot.clock import Clock
from bot.domain.timing import Timing

OVERALL, GROUP, PRIVATE_BURST = 28, 19, 15  # calls in a window; one or two under what Telegram bears
_PROGRESS_RESERVE = 5  # progress leaves so many calls of a window to answers and results
_PATIENCE = 20  # times a call waits a RetryAfter out before the caller is told

JSON = bool | dict[str, Any] | list[dict[str, Any]]


class Priority(IntEnum):
    """Who goes first when calls have to wait."""

    RESULT = 0
    ANSWER = 1
    PROGRESS = 2


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

    def take(self) -> None:
        """Count one call."""
        self._taken.append(self._clock.monotonic())

    def close(self, seconds: float) -> None:
        """Telegram said to wait."""
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)


@dataclass(slots=True)
class _Chat:
    window: Window
    waiting: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    pump: asyncio.Task[None] | None = None


class Limiter(BaseRateLimiter[Priority]):
    """One queue a chat, ordered by priority, under the limits of that chat and of the whole bot."""

    def __init__(self, timing: Timing, clock: Clock) -> None:
        self._timing = timing
        self._clock = clock
        self._overall = Window(OVERALL, timing.flood_chat_window, clock)
        self._chats: dict[int, _Chat] = {}
        self._number = count()

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Stop the pumps."""
        for chat in self._chats.values():
            if chat.pump:
                chat.pump.cancel()

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, JSON]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Priority | None,
    ) -> JSON:
        """Make a call when it is its turn; wait out 429s, except for progress.

        Raises:
            RetryAfter: there is no room for a progress call, or Telegram kept refusing.
        """
        chat_id = data.get("chat_id")
        if not isinstance(chat_id, int):
            return await callback(*args, **kwargs)
        priority = Priority.ANSWER if rate_limit_args is None else rate_limit_args
        chat = self._chat(chat_id)
        for patience in range(_PATIENCE, -1, -1):
            await self._turn(chat, priority)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                chat.window.close(seconds(error))
                if priority is Priority.PROGRESS or not patience:
                    raise
        raise AssertionError("unreachable")

    def _chat(self, chat_id: int) -> _Chat:
        if chat_id not in self._chats:
            window = (
                Window(GROUP, self._timing.flood_group_window, self._clock)
                if chat_id < 0
                else Window(PRIVATE_BURST, PRIVATE_BURST * self._timing.flood_chat_window, self._clock)
            )
            self._chats[chat_id] = _Chat(window)
        return self._chats[chat_id]

    async def _turn(self, chat: _Chat, priority: Priority) -> None:
        """Return when a call may be made, which is counted already."""
        if priority is Priority.PROGRESS:
            wait = max(chat.window.wait(_PROGRESS_RESERVE), self._overall.wait(_PROGRESS_RESERVE))
            if chat.waiting or wait > 0:
                raise RetryAfter(max(1, round(wait)))
            self._take(chat)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(chat.waiting, (priority, next(self._number), turn))
        if chat.pump is None or chat.pump.done():
            chat.pump = asyncio.create_task(self._serve(chat), name="telegram flood limit")
        await turn

    async def _serve(self, chat: _Chat) -> None:
        while chat.waiting:
            wait = max(chat.window.wait(), self._overall.wait())
            if wait > 0:
                await asyncio.sleep(wait)
                continue
            _, _, turn = heapq.heappop(chat.waiting)
            if not turn.done():  # its caller may have been cancelled meanwhile
                self._take(chat)
                turn.set_result(None)

    def _take(self, chat: _Chat) -> None:
        chat.window.take()
        self._overall.take()
