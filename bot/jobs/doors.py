"""Whether new edits are taken up at all: an admin may pause the bot, and an account may be empty."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.stores import Notes
from bot.errors import AccountEmpty, IntakePaused

PAUSED = "paused"
EXHAUSTED = "exhausted"


class Doors:
    """Kept in the database, so that all processes and restarts agree."""

    def __init__(self, notes: Notes, clock: Clock, watched: str = "wavespeed") -> None:
        """``watched`` is the provider whose balance can be read, so that the end of a drought is seen.

        Only its door is ever closed: another's account is tried with every edit.
        """
        self._notes = notes
        self._clock = clock
        self._watched = watched

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
        return await self._notes.put_new(EXHAUSTED, str(needed), self._clock.now())

    async def refill(self, balance: int) -> bool:
        """The balance was read; True if it pays again what it could not pay."""
        needed = await self._notes.get(EXHAUSTED)
        if needed is None or balance < int(needed or 0):
            return False
        return await self._notes.drop(EXHAUSTED)
