"""The line before each provider: who waits here for a turn, and one loop that asks for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from bot.clock import Clock
from bot.domain.edits import Edit
from bot.domain.timing import Timing
from bot.domain.turns import Capacity, Turns
from bot.errors import StorageBusy

log = structlog.get_logger(__name__)
_MINUTE = 60.0
_NO_LIMIT = Capacity()


@dataclass(slots=True)
class _Waiter:
    user_id: int
    granted: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Line:
    """Keeps edits waiting while their provider has no room. Where no limit is set nobody waits."""

    def __init__(
        self, turns: Turns, capacities: Mapping[str, Capacity], timing: Timing, clock: Clock
    ) -> None:
        """``capacities`` are the limits by the provider's name; all processes share them."""
        self._turns = turns
        self._capacities = {name: limits for name, limits in capacities.items() if limits != _NO_LIMIT}
        self._timing = timing
        self._clock = clock
        self._waiting: dict[str, dict[str, _Waiter]] = {name: {} for name in self._capacities}
        self._changed = asyncio.Event()

    def limited(self, provider: str) -> bool:
        """Whether edits have to wait for their turn at that provider."""
        return provider in self._capacities

    async def turn(self, provider: str, edit: Edit, seconds: float) -> bool:
        """Wait for an edit's turn at a limited provider; False if it has none after ``seconds``.

        Who has one keeps it until `give_back`, over restarts too.
        """
        waiter = self._waiting[provider].setdefault(edit.id, _Waiter(edit.user_id))
        self._changed.set()
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(waiter.granted)
        except TimeoutError:
            return False
        finally:
            self._waiting[provider].pop(edit.id, None)
        return True

    async def give_back(self, provider: str, edit_id: str) -> None:
        """The provider no longer works for this edit; if it had no turn, that is fine.

        Raises:
            StorageBusy: not now.
        """
        if self.limited(provider):
            await self._turns.give_back(edit_id)
            self._changed.set()

    async def place(self, edit_id: str) -> int:
        """Which of those that wait it is; 1: the next. Raises StorageBusy."""
        return 1 + (await self._turns.position(edit_id) or 0)

    def estimate(self, provider: str, place: int, each: float) -> float:
        """About how many seconds that place in the line takes, if one edit takes ``each``."""
        capacity = self._capacities[provider]
        by_minute = _MINUTE * place / capacity.per_minute if capacity.per_minute else 0.0
        by_number = each * place / capacity.at_once if capacity.at_once else 0.0
        return max(by_minute, by_number)

    async def run(self) -> None:
        """Let the line move on until cancelled; while nobody waits nothing is asked."""
        while True:
            if not any(self._waiting.values()):
                self._changed.clear()
                await self._changed.wait()
            self._changed.clear()
            for provider in self._capacities:
                await self._grant(provider)
            await self._until_changed()

    async def _grant(self, provider: str) -> None:
        waiting = self._waiting[provider]
        if not waiting:
            return
        asked = [(edit_id, waiter.user_id) for edit_id, waiter in waiting.items()]
        try:
            now = self._clock.now()
            granted = await self._turns.grant(provider, self._capacities[provider], asked, now)
        except StorageBusy as error:
            log.warning("turns_not_granted", provider=provider, detail=str(error))
            return
        for edit_id in granted:
            waiter = waiting.get(edit_id)  # it may have left meanwhile
            if waiter is not None and not waiter.granted.done():
                waiter.granted.set_result(None)

    async def _until_changed(self) -> None:
        """Other processes give turns back, too, and minutes pass: look again after a beat at the latest."""
        try:
            async with asyncio.timeout(self._timing.turn_beat):
                await self._changed.wait()
        except TimeoutError:
            pass
