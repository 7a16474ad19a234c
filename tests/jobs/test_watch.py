"""Waiting for many predictions at the cost of one listing a beat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise

from bot.domain.ports import Prediction
from bot.domain.timing import Timing
from bot.errors import NoSuchPrediction, ProviderDown, ProviderRefused, Throttled
from bot.jobs.watch import Watch
from tests.fakes import FakeProvider, Turns, completed, running
from tests.virtual_time import START, LoopClock, cancelled, in_virtual_time, settle

TIMING = Timing()


class Provider(FakeProvider):
    """Lists every prediction, running until its second has come."""

    def __init__(self, **ends: float) -> None:
        super().__init__()
        self.ends = ends
        self.at: list[float] = []

    async def result(self, prediction_id: str) -> Prediction:
        self.read.append(prediction_id)
        return (completed if self.ends[prediction_id] <= now() else running)(prediction_id)

    async def predictions(self, *args: object, **kwargs: object) -> list[Prediction]:
        self.at.append(now())
        ended = {key: completed(key) for key, end in self.ends.items() if end <= now()}
        return [ended.get(key, running(key)) for key in self.ends]


class Refusing(FakeProvider):
    """Knows when its listings and reads were asked for."""

    def __init__(self, listings: Turns[list[Prediction]], results: Turns[Prediction] | None = None) -> None:
        super().__init__(listings=listings)
        self.results = results or Turns(running("?"))
        self.at: list[float] = []

    async def predictions(self, *args: object, **kwargs: object) -> list[Prediction]:
        self.at.append(now())
        return self.listings.take()


def now() -> float:
    return asyncio.get_running_loop().time()


@asynccontextmanager
async def watching(provider: FakeProvider) -> AsyncIterator[Watch]:
    watch = Watch(provider, TIMING, LoopClock())
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        await cancelled(task)


async def until_ended(watch: Watch, key: str = "p", expected: float = 10.0) -> float:
    """Wait for a prediction that was opened just now; when it ended."""
    await watch.ended(key, LoopClock().now(), expected)
    return now()


@in_virtual_time
async def test_a_hundred_predictions_cost_one_listing_a_beat() -> None:
    """No result is read: whoever waited does that, once."""
    provider = Provider(**{f"p{number}": 12.0 for number in range(100)})
    async with watching(provider) as watch:
        await asyncio.gather(*(until_ended(watch, key) for key in provider.ends))
    assert len(provider.at) <= 5
    assert provider.read == []


@in_virtual_time
async def test_it_looks_first_somewhat_before_the_expected_end_and_then_less_and_less_often() -> None:
    """A prediction that hangs for an hour is not asked about every second."""
    provider = Provider(p=3000.0)
    async with watching(provider) as watch:
        ended = await until_ended(watch, expected=30)
    pauses = [round(later - earlier, 3) for earlier, later in pairwise(provider.at)]
    assert provider.at[0] == 18.0
    assert pauses[0] == TIMING.watch_beat
    assert pauses == sorted(pauses)
    assert pauses[-1] == TIMING.watch_beat_most
    assert ended - 3000.0 <= TIMING.watch_beat_most


@in_virtual_time
async def test_one_taken_up_after_a_restart_is_looked_at_soon() -> None:
    """What it has run already counts."""
    provider = Provider(p=0.0)
    async with watching(provider) as watch:
        await watch.ended("p", LoopClock().now() - timedelta(minutes=5), expected=30)
    assert provider.at == [TIMING.watch_first]


@in_virtual_time
async def test_the_window_begins_before_the_oldest() -> None:
    """With room for clocks that differ."""
    provider = FakeProvider(listings=Turns([completed("old"), completed("new")]))
    async with watching(provider) as watch:
        old = asyncio.create_task(watch.ended("old", START - timedelta(minutes=9), 5))
        await watch.ended("new", START, 5)
        await old
    assert provider.listed_since[0] <= START - timedelta(minutes=10)


@in_virtual_time
async def test_what_the_listing_lacks_is_read_by_itself() -> None:
    """And only that."""
    provider = Refusing(Turns([completed("listed")]), Turns(completed("?")))
    async with watching(provider) as watch:
        await asyncio.gather(until_ended(watch, "listed"), until_ended(watch, "missing"))
    assert provider.read == ["missing"]
    assert len(provider.at) == 1


@in_virtual_time
async def test_where_the_listing_is_refused_each_is_read_by_itself() -> None:
    """A key without the right to list still gets its pictures."""
    provider = Refusing(Turns(ProviderRefused("403")), Turns(running("?"), running("?"), completed("?")))
    async with watching(provider) as watch:
        await asyncio.gather(until_ended(watch, "one"), until_ended(watch, "two"))
    assert set(provider.read) == {"one", "two"}


@in_virtual_time
async def test_a_listing_that_fails_is_waited_out() -> None:
    """Nobody's wait ends by it, and a provider in trouble is not asked at the usual pace."""
    provider = Refusing(Turns(ProviderDown("502"), ProviderDown("502"), [completed("p")]))
    async with watching(provider) as watch:
        await until_ended(watch)
    assert provider.at == [6.0, 6.0 + TIMING.watch_beat_most, 6.0 + 2 * TIMING.watch_beat_most]
    assert provider.read == []


@in_virtual_time
async def test_a_listing_that_is_throttled_waits_as_long_as_asked() -> None:
    """The 429 says how long."""
    provider = Refusing(Turns(Throttled(retry_after=42.0), [completed("p")]))
    async with watching(provider) as watch:
        await until_ended(watch)
    assert provider.at == [6.0, 48.0]


@in_virtual_time
async def test_a_read_that_fails_for_now_ends_no_wait() -> None:
    """It is asked again at the next beat."""
    provider = Refusing(Turns([]), Turns(ProviderDown("502"), completed("?")))
    async with watching(provider) as watch:
        await until_ended(watch)
    assert provider.read == ["p", "p"]


@in_virtual_time
async def test_a_prediction_that_the_provider_no_longer_knows_has_ended() -> None:
    """Whoever waited reads it, meets the same error, and knows what it means for the edit."""
    provider = Refusing(Turns([]), Turns(NoSuchPrediction("404")))
    async with watching(provider) as watch:
        assert await until_ended(watch) == 6.0


@in_virtual_time
async def test_a_hint_is_followed_at_once() -> None:
    """A webhook may know before the first look is due: that one is read by its id, and nothing listed."""
    provider = Provider(p=3.0)
    async with watching(provider) as watch:
        waiting = asyncio.create_task(until_ended(watch, expected=600))
        await asyncio.sleep(3.0)
        watch.hint("p")
        assert await waiting == 3.0
    assert (provider.read, provider.at) == (["p"], [])


@in_virtual_time
async def test_a_hint_that_comes_before_the_wait_is_remembered() -> None:
    """A quick model may have ended before its submit was written down."""
    provider = Provider(p=0.0)
    async with watching(provider) as watch:
        watch.hint("p")
        assert await until_ended(watch, expected=600) == 0.0


@in_virtual_time
async def test_many_hints_cost_no_more_than_a_few_reads() -> None:
    """However often a webhook is repeated or forged."""
    provider = Provider(p=60.0)
    async with watching(provider) as watch:
        waiting = asyncio.create_task(until_ended(watch, expected=600))
        for _ in range(1000):
            await asyncio.sleep(0.01)
            watch.hint("p")
        assert len(provider.read) <= 10 / TIMING.watch_first + 1
        await cancelled(waiting)


@in_virtual_time
async def test_with_webhooks_the_listings_are_few_and_still_find_it() -> None:
    """They may never come: the firewall, a proxy, the provider."""
    provider = Provider(p=100.0)
    watch = Watch(provider, TIMING, LoopClock(), hooked=True)
    task = asyncio.create_task(watch.run())
    assert 100.0 <= await until_ended(watch, expected=10) <= 100.0 + TIMING.watch_hooked
    await cancelled(task)
    assert len(provider.at) <= 1 + 100 / TIMING.watch_hooked


@in_virtual_time
async def test_a_hint_about_another_asks_nothing() -> None:
    """A forged or late webhook costs no call."""
    provider = Provider(p=3.0)
    async with watching(provider) as watch:
        watch.hint("p")
        await asyncio.sleep(60)
    assert provider.at == []


@in_virtual_time
async def test_a_false_hint_ends_nothing() -> None:
    """Only the provider says that a prediction has ended."""
    provider = Provider(p=100.0)
    async with watching(provider) as watch:
        waiting = asyncio.create_task(until_ended(watch))
        await asyncio.sleep(1.0)
        watch.hint("p")
        assert await waiting >= 100.0


@in_virtual_time
async def test_nothing_is_asked_while_nobody_waits() -> None:
    """Also not for those who have given up."""
    provider = Provider(p=3000.0)
    async with watching(provider) as watch:
        waiting = asyncio.create_task(until_ended(watch))
        await asyncio.sleep(10)
        await cancelled(waiting)
        asked = len(provider.at)
        assert asked
        await asyncio.sleep(600)
        assert len(provider.at) == asked


@in_virtual_time
async def test_one_that_comes_while_others_wait_is_looked_at_in_its_own_time() -> None:
    """The long wait of one does not hold up another."""
    provider = Provider(slow=2000.0, quick=5.0)
    async with watching(provider) as watch:
        slow = asyncio.create_task(until_ended(watch, "slow", expected=3000))
        await settle()
        assert await until_ended(watch, "quick", expected=10) == 6.0
        await cancelled(slow)
