"""A webhook reaches one process while another waits for the prediction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.jobs.watch import Watch
from tests.fakes import Turns
from tests.jobs.test_watch import Provider, until_ended
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

TIMING = Timing()


@dataclass
class FakeHints:
    """Implements `bot.domain.shared.Hints` in memory."""

    left: set[str] = field(default_factory=set)
    asked: int = 0
    busy: Turns[None] = field(default_factory=lambda: Turns(None))

    async def leave(self, prediction_id: str, now: datetime) -> None:
        self.left.add(prediction_id)

    async def take(self, prediction_ids: Collection[str]) -> set[str]:
        self.asked += 1
        self.busy.take()
        told = self.left & set(prediction_ids)
        self.left -= told
        return told


@asynccontextmanager
async def two(provider: Provider, hints: FakeHints) -> AsyncIterator[tuple[Watch, Watch]]:
    """Two processes that webhooks tell of ends."""
    watches = [Watch(provider, TIMING, LoopClock(), hooked=True, hints=hints) for _ in range(2)]
    tasks = [asyncio.create_task(watch.run()) for watch in watches]
    yield watches[0], watches[1]
    await cancelled(*tasks)


async def told(watch: Watch, prediction: str) -> None:
    """What a process does with a webhook."""
    watch.hint(prediction)
    await watch.pass_on(prediction)


@in_virtual_time
async def test_a_hint_reaches_who_waits_in_another_process() -> None:
    """Within a moment, and nothing is listed for it."""
    provider, hints = Provider(p=3.0), FakeHints()
    async with two(provider, hints) as (front, worker):
        waiting = asyncio.create_task(until_ended(worker, expected=600))
        await asyncio.sleep(3.5)
        await told(front, "p")
        assert await waiting <= 3.5 + TIMING.watch_shared
    assert (provider.read, provider.at, hints.left) == (["p"], [], set())


@in_virtual_time
async def test_a_hint_waits_for_who_is_to_wait() -> None:
    """The worker may still be writing down what it submitted, or have died and be replaced."""
    provider, hints = Provider(p=0.0), FakeHints()
    async with two(provider, hints) as (front, worker):
        await told(front, "p")
        await asyncio.sleep(30)
        assert await until_ended(worker, expected=600) <= 30 + TIMING.watch_shared
    assert provider.at == []


@in_virtual_time
async def test_a_hint_for_oneself_is_told_to_nobody_else() -> None:
    """It is followed at once."""
    provider, hints = Provider(p=3.0), FakeHints()
    async with two(provider, hints) as (front, _):
        waiting = asyncio.create_task(until_ended(front, expected=600))
        await asyncio.sleep(3.0)
        await told(front, "p")
        assert await waiting == 3.0
        assert hints.left == set()


@in_virtual_time
async def test_nothing_is_looked_up_while_nobody_waits() -> None:
    """Once a second while somebody does, whatever the number."""
    provider, hints = Provider(p=9.9, q=9.9), FakeHints()
    async with two(provider, hints) as (_, worker):
        await asyncio.sleep(100)
        assert hints.asked == 0
        await asyncio.gather(*(until_ended(worker, key, expected=10) for key in "pq"))
        assert hints.asked <= 1 + 12 / TIMING.watch_shared


@in_virtual_time
async def test_a_busy_database_ends_no_watch() -> None:
    """The next look finds the hint."""
    provider, hints = (
        Provider(p=1.0),
        FakeHints(busy=Turns(StorageBusy("locked"), StorageBusy("locked"), None)),
    )
    async with two(provider, hints) as (front, worker):
        waiting = asyncio.create_task(until_ended(worker, expected=600))
        await asyncio.sleep(1.5)
        await told(front, "p")
        assert await waiting <= 1.5 + 3 * TIMING.watch_shared
