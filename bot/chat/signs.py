"""Reactions on requests: 👀 at once, 👍 when it is done. Nice to have, so only where there is room."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from telegram.constants import ReactionEmoji
from telegram.error import RetryAfter, TelegramError

from bot.chat.limiter import Priority
from bot.chat.replies import Bot
from bot.clock import Clock
from bot.domain.edits import Place
from bot.domain.timing import Timing

log = structlog.get_logger(__name__)
_PATIENCE = 20  # a sign that found no room for so many beats of a group's status comes too late


@dataclass(frozen=True, slots=True)
class _Sign:
    emoji: str | None  # None: none any more
    since: float
    patient: bool  # tried again where there is no room at first


class Signs:
    """Keeps what each request should carry now, and puts it there when its chat has room."""

    def __init__(self, bot: Bot, timing: Timing, clock: Clock, *, alone: bool = True) -> None:
        """``alone``: this process puts up all of them. Another might see an edit's end before a late 👀."""
        self._bot = bot
        self._alone = alone
        self._timing = timing
        self._clock = clock
        self._wanted: dict[tuple[int, int], _Sign] = {}
        self._new = asyncio.Event()

    def seen(self, place: Place) -> None:
        """The request is being looked at."""
        self._want(place, ReactionEmoji.EYES, patient=self._alone)

    def done(self, place: Place) -> None:
        """It ended well."""
        self._want(place, ReactionEmoji.THUMBS_UP)

    def over(self, place: Place) -> None:
        """Nothing more comes of it."""
        waiting = self._wanted.get((place.chat_id, place.message_id))
        if waiting is not None and waiting.emoji is not None:
            del self._wanted[place.chat_id, place.message_id]  # it was never shown
        else:
            self._want(place, None)

    def leave(self, chat_id: int) -> None:
        """The bot is no longer in that group: nothing more is put up there."""
        for key in [key for key in self._wanted if key[0] == chat_id]:
            del self._wanted[key]

    async def run(self) -> None:
        """Put signs up until cancelled."""
        while True:
            self._new.clear()
            await self._put_up()
            try:
                async with asyncio.timeout(self._timing.progress if self._wanted else None):
                    await self._new.wait()
            except TimeoutError:
                pass

    def _want(self, place: Place, emoji: str | None, *, patient: bool = True) -> None:
        if place.message_id <= 0:  # it stayed behind when its group became a supergroup
            return
        self._wanted[place.chat_id, place.message_id] = _Sign(emoji, self._clock.monotonic(), patient)
        self._new.set()

    async def _put_up(self) -> None:
        full: set[int] = set()
        oldest = self._clock.monotonic() - _PATIENCE * self._timing.progress_group
        for key, sign in list(self._wanted.items()):
            if sign.since < oldest:
                self._wanted.pop(key, None)
            elif key[0] not in full and not await self._put(*key, sign):
                full.add(key[0])
            if not sign.patient and self._wanted.get(key) is sign:
                del self._wanted[key]

    async def _put(self, chat_id: int, message_id: int, sign: _Sign) -> bool:
        """Put one up, or find that it can't be; False if there is no room for it now."""
        try:
            await self._bot.set_message_reaction(
                chat_id, message_id, sign.emoji or [], rate_limit_args=Priority.SIGN
            )
        except RetryAfter:
            return False
        except TelegramError as error:  # a group may allow no reactions; the message may be gone
            log.debug("no_sign", chat=chat_id, error=type(error).__name__, detail=error.message)
        if self._wanted.get((chat_id, message_id)) is sign:
            del self._wanted[chat_id, message_id]
        return True
