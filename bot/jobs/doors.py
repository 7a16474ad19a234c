"""Whether new edits are taken up at all: an admin may pause the bot, and an account may be empty."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from bot.clock import Clock
from bot.domain.money import dollars
from bot.domain.ports import Messenger
from bot.domain.stores import Notes
from bot.errors import AccountEmpty, IntakePaused
from bot.jobs.notes import read

PAUSED = "paused"
EXHAUSTED, TOLD = "exhausted", "exhausted-told"
_TRY_AGAIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Drought:
    """Why a door is closed: what could not be paid, and the lowest balance that was seen since."""

    needed: int
    lowest: int | None
    at: str

    @classmethod
    def of_json(cls, text: str) -> Self:
        kept = cls(**json.loads(text))
        datetime.fromisoformat(kept.at)
        return kept

    def over(self, balance: int, now: datetime) -> bool:
        """Whether the balance pays again what it could not pay.

        The provider may refuse although the balance covers our quote. So it must have risen, too; or be
        tried again after an hour, since it may have risen before it was seen.
        """
        risen = self.lowest is not None and balance > self.lowest
        return balance >= self.needed and (risen or abs(now - datetime.fromisoformat(self.at)) >= _TRY_AGAIN)


class Doors:
    """Kept in the database, so that all processes and restarts agree."""

    def __init__(self, notes: Notes, clock: Clock, watched: str = "wavespeed") -> None:
        """``watched`` is the provider whose balance can be read, so that the end of a drought is seen.

        Only its door is ever closed: another's account is tried with every edit.
        """
        self._notes = notes
        self._clock = clock
        self._watched = watched
        self._balance: int | None = None  # as this process saw it last, which tells of a refill
        self._heard = asyncio.Event()

    async def check(self, provider: str | None = None) -> None:
        """Let a new edit pass, as far as is known; with ``provider``, one that it would make.

        Raises:
            IntakePaused, AccountEmpty: not now.
        """
        if await self.paused():
            raise IntakePaused("paused by an admin")
        if provider == self._watched and await self.exhausted():
            raise AccountEmpty(f"the account at {provider} is exhausted", provider=provider)

    async def paused(self) -> bool:
        """Whether an admin paused the bot."""
        return await self._notes.get(PAUSED) is not None

    async def pause(self, by: int) -> None:
        """Take nothing new up; what is accepted goes on."""
        await self._notes.put(PAUSED, str(by), self._clock.now())

    async def resume(self) -> bool:
        """Take edits up again; False if it was not paused."""
        return await self._notes.drop(PAUSED)

    async def exhausted(self) -> bool:
        """Whether the watched provider said that its account is empty."""
        return await self._notes.get(EXHAUSTED) is not None

    async def exhaust(self, provider: str, needed: int) -> bool:
        """A provider said that its account can't pay ``needed``; False if that was known, or is another's."""
        if provider != self._watched:
            return False
        now = self._clock.now()
        drought = _Drought(needed, None, now.isoformat())
        new = await self._notes.put_new(EXHAUSTED, json.dumps(asdict(drought)), now)
        self._heard.set()
        return new

    async def until_exhausted(self, seconds: float) -> None:
        """Wait so long, or until this process is told of an empty account: how empty is seen at once then.

        Where another process is told, it is seen when the time is over.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._heard.wait()
        except TimeoutError:
            pass
        self._heard.clear()

    async def refill(self, balance: int) -> bool:
        """The balance was read; True if it pays again what it could not pay."""
        self._balance = balance
        if not await self.exhausted():
            return False
        drought, now = await read(self._notes, EXHAUSTED, _Drought.of_json), self._clock.now()
        if drought is None or drought.over(balance, now):
            return await self._notes.drop(EXHAUSTED)
        if drought.lowest is None or balance < drought.lowest:
            lower = replace(drought, lowest=balance)
            await self._notes.put(EXHAUSTED, json.dumps(asdict(lower)), now)
        return False

    async def announce(self, messenger: Messenger) -> None:
        """Tell admins where they were told otherwise last. Who could not be reached is told next time."""
        async with self._notes.alone(TOLD):  # who drained it and who looks at the balance meet here
            exhausted, told = await self.exhausted(), await self._notes.get(TOLD) is not None
            if exhausted and not told:
                if await messenger.tell_admins("notice-exhausted"):
                    await self._notes.put(TOLD, "", self._clock.now())
            elif told and not exhausted:
                balance = "?" if self._balance is None else dollars(self._balance)
                if await messenger.tell_admins("notice-refilled", balance=balance):
                    await self._notes.drop(TOLD)
