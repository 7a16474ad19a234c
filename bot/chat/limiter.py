"""Telegram's flood limits kept on our side: results first, then answers, progress where there is room.

All calls pass here, so this is also where one whose chat has moved is sent after it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from itertools import count
from typing import Any

import structlog
from telegram.error import BadRequest, ChatMigrated, NetworkError, RetryAfter
from telegram.ext import BaseRateLimiter

from bot.chat.failures import perhaps_made, seconds
from bot.chat.flood import OwnCalls
from bot.chat.rerouting import rerouted
from bot.clock import Clock
from bot.domain.shared import Calls, Span
from bot.domain.timing import Timing
from bot.errors import WavebrushError

log = structlog.get_logger(__name__)

OVERALL, GROUP, PRIVATE_BURST = 28, 19, 15  # calls in a window; one or two under what Telegram bears
_PATIENCE = 20  # times a call waits a RetryAfter out before the caller is told
_LONGEST = 8  # a text that Telegram did not take is sent again after 1, 2, 4 and 8 seconds

JSON = bool | dict[str, Any] | list[dict[str, Any]]
Moved = Callable[[int, int], Awaitable[None]]


class Priority(IntEnum):
    """Who goes first when calls have to wait."""

    RESULT = 0
    ANSWER = 1
    PROGRESS = 2
    SIGN = 3  # reactions and chat actions: nice to have

    @property
    def waits(self) -> bool:
        """Whether such a call waits for its turn; the others are made at once or not at all."""
        return self < Priority.PROGRESS


# How many calls of a window the lower ones leave to answers and results. In a group each window is a
# minute long, so what progress takes there a result would have to wait for.
_GROUP_RESERVE = {Priority.PROGRESS: 11, Priority.SIGN: 13}
_PRIVATE_RESERVE = {Priority.PROGRESS: 5, Priority.SIGN: 7}
_OVERALL_RESERVE = 5


@dataclass(slots=True)
class _Chat:
    id: int
    calls: int
    seconds: float
    reserve: Mapping[Priority, int]
    waiting: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    pump: asyncio.Task[None] | None = None

    def served(self, pump: asyncio.Task[None]) -> None:
        """Nobody waits any more; if the pump broke, those that did are told."""
        if not pump.cancelled() and (error := pump.exception()) is not None:
            for _, _, turn in self.waiting:
                if not turn.done():
                    turn.set_exception(error)
            self.waiting.clear()


class Limiter(BaseRateLimiter[Priority]):
    """One queue a chat, ordered by priority, under the limits of that chat and of the whole bot."""

    def __init__(
        self, timing: Timing, clock: Clock, moved: Moved | None = None, calls: Calls | None = None
    ) -> None:
        """``moved`` is told a chat's old and new id when Telegram says that it became a supergroup.

        ``calls`` counts those of all processes, where there are several.
        """
        self._timing = timing
        self._moved = moved
        self._calls = calls or OwnCalls(clock)
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
        """Make a call when it is its turn; follow a chat that moved.

        A 429 is waited out, and a text that Telegram surely did not take is sent again: who is told
        something once must not miss it for one bad answer. Neither holds for progress.

        Raises:
            RetryAfter: there is no room for a progress call, or Telegram kept refusing.
        """
        if not isinstance(data.get("chat_id"), int):
            return await callback(*args, **kwargs)
        priority = Priority.ANSWER if rate_limit_args is None else rate_limit_args
        patience, wait = _PATIENCE, self._timing.retry_first
        while True:
            chat = self._chat(data["chat_id"])
            await self._turn(chat, priority)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                await self._calls.close(chat.id, seconds(error))
                if not priority.waits or not patience:
                    raise
                patience -= 1
            except (ChatMigrated, BadRequest) as error:
                old = data["chat_id"]
                if isinstance(error, ChatMigrated):
                    await self._tell(old, error.new_chat_id)
                if not rerouted(data, error):
                    raise
                log.info("call_rerouted", endpoint=endpoint, old=old, new=data["chat_id"])
            except NetworkError as error:  # after BadRequest, which is one
                done = not priority.waits or wait > self._timing.retry_first * _LONGEST
                # Pictures have a patience of their own, and come as files where photos don't go.
                if done or perhaps_made(error) or endpoint != "sendMessage":
                    raise
                log.info("text_sent_again", error=error.message)
                await asyncio.sleep(wait)
                wait *= 2

    async def _tell(self, old: int, new: int) -> None:
        if self._moved is None:
            return
        try:
            await self._moved(old, new)
        except WavebrushError as error:  # the service message about it does the same
            log.warning("chat_not_moved", old=old, new=new, detail=str(error))

    def _chat(self, chat_id: int) -> _Chat:
        if chat_id not in self._chats:
            self._chats[chat_id] = (
                _Chat(chat_id, GROUP, self._timing.flood_group_window, _GROUP_RESERVE)
                if chat_id < 0
                else _Chat(
                    chat_id, PRIVATE_BURST, PRIVATE_BURST * self._timing.flood_chat_window, _PRIVATE_RESERVE
                )
            )
        return self._chats[chat_id]

    async def _turn(self, chat: _Chat, priority: Priority) -> None:
        """Return when a call may be made, which is counted already."""
        if not priority.waits:
            wait = 1.0 if chat.waiting else await self._take(chat, priority)
            if wait > 0:
                raise RetryAfter(max(1, round(wait)))
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(chat.waiting, (priority, next(self._number), turn))
        if chat.pump is None or chat.pump.done():
            chat.pump = asyncio.create_task(self._serve(chat), name="telegram flood limit")
            chat.pump.add_done_callback(partial(self._served, chat))
        await turn

    def _served(self, chat: _Chat, pump: asyncio.Task[None]) -> None:
        """Nobody waits any more: a chat takes up no memory until its next call."""
        chat.served(pump)
        if chat.pump is pump and not chat.waiting:
            self._chats.pop(chat.id, None)

    async def _serve(self, chat: _Chat) -> None:
        while chat.waiting:
            priority, _, turn = chat.waiting[0]
            if turn.done():  # its caller may have been cancelled meanwhile
                heapq.heappop(chat.waiting)
            elif wait := await self._take(chat, Priority(priority)):
                await asyncio.sleep(wait)
            else:
                self._let_through(chat)

    async def _take(self, chat: _Chat, priority: Priority) -> float:
        """Count a call, or tell how long there is no room for it."""
        waits = priority.waits
        own = Span(chat.calls, chat.seconds, 0 if waits else chat.reserve[priority])
        whole = Span(OVERALL, self._timing.flood_chat_window, 0 if waits else _OVERALL_RESERVE)
        return await self._calls.take(chat.id, priority, own, whole, waits=waits)

    def _let_through(self, chat: _Chat) -> None:
        """One place was counted: it is for the first that still waits, who may have come meanwhile."""
        while chat.waiting:
            _, _, turn = heapq.heappop(chat.waiting)
            if not turn.done():
                turn.set_result(None)
                return
