"""Whether new edits are taken up at all: an admin may pause the bot, and the account may be empty."""

from __future__ import annotations

from bot.clock import Clock
from bot.domain.stores import Notes
from bot.errors import AccountEmpty, IntakePaused

PAUSED = "paused"
EXHAUSTED = "exhausted"


class Doors:
    """Kept in the database, so that all processes and restarts agree."""

    def __init__(self, notes: Notes, clock: Clock) -> None:
        self._notes = notes
        self._clock = clock

    async def check(self) -> None:
        """Let a new edit pass.

        Raises:
            IntakePaused, AccountEmpty: not now.
        """
        if await self.paused():
            raise IntakePaused("paused by an admin")
        if await self.exhausted():
            raise AccountEmpty("the provider's account is exhausted")

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
        """Whether the provider said that its account is empty."""
        return await self._notes.get(EXHAUSTED) is not None

    async def exhaust(self) -> bool:
        """The provider said that it is empty; False if that was known."""
        return await self._notes.put_new(EXHAUSTED, "", self._clock.now())

    async def refill(self) -> bool:
        """There is money again; False if it was never empty."""
        return await self._notes.drop(EXHAUSTED)
