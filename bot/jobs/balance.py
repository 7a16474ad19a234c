"""The provider's balance, looked at now and then: admins hear when it runs low or is full again."""

from __future__ import annotations

from typing import Protocol

import structlog

from bot.clock import Clock
from bot.domain.money import dollars
from bot.domain.ports import Messenger
from bot.domain.stores import Notes
from bot.domain.timing import Timing
from bot.errors import ProviderError, StorageBusy
from bot.jobs.doors import Doors

log = structlog.get_logger(__name__)
LOW = "low-balance"
_CLEARLY = 10  # it is low no more once it is a tenth above the limit


class Account(Protocol):
    """The part of a provider that is asked here."""

    async def balance(self) -> int:
        """What is left on the account, in micro-dollars."""
        ...


class Balance:
    """Watches one account."""

    def __init__(
        self,
        provider: Account,
        doors: Doors,
        notes: Notes,
        messenger: Messenger,
        low: int | None,
        timing: Timing,
        clock: Clock,
    ) -> None:
        """``low`` is the setting `LOW_BALANCE`."""
        self._provider = provider
        self._doors = doors
        self._notes = notes
        self._messenger = messenger
        self._low = low
        self._timing = timing
        self._clock = clock
        self.last: int | None = None
        """What it was when last seen, in micro-dollars; None: not yet, or not by this process."""

    async def run(self) -> None:
        """Look until cancelled: every few minutes; at once and each minute while the account is empty."""
        due = self._clock.monotonic()
        try:
            while True:
                try:
                    if self._clock.monotonic() >= due or await self._doors.exhausted():
                        await self.look()
                        due = self._clock.monotonic() + self._timing.balance_beat
                except (ProviderError, StorageBusy) as error:
                    log.warning("balance_not_seen", error=type(error).__name__, detail=str(error))
                await self._doors.until_exhausted(self._timing.retry_most)
        finally:
            self.last = None  # another process looks from now on

    async def look(self) -> None:
        """Read the balance and act on it.

        Raises:
            ProviderError, StorageBusy: not now.
        """
        self.last = balance = await self._provider.balance()
        if await self._doors.refill(balance):
            log.info("account_refilled", balance=balance)
        await self._doors.announce(self._messenger)
        if self._low is None or balance >= self._low + self._low // _CLEARLY:
            await self._notes.drop(LOW)
        elif balance < self._low and await self._notes.get(LOW) is None:
            log.warning("balance_low", balance=balance, limit=self._low)
            limit = dollars(self._low)
            if await self._messenger.tell_admins("notice-low-balance", balance=dollars(balance), limit=limit):
                await self._notes.put(LOW, str(balance), self._clock.now())
