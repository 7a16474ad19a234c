"""The account runs low, is empty, and is filled again: admins hear of each once, and the door follows."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.edits import EditState
from bot.domain.timing import Timing
from bot.errors import AccountEmpty, CreditsExhausted, IntakePaused, ProviderDown
from bot.jobs.balance import Balance
from bot.jobs.doors import Doors
from tests.fakes import FakeMessenger, FakeProvider, Turns
from tests.fakes_of_storage import FakeNotes
from tests.jobs.bench import Bench, an_edit, uploaded
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

TIMING = Timing()
LIMIT = 5_000_000
PRICE = 63_000


class World:
    def __init__(self, *balances: int | Exception, low: int | None = LIMIT) -> None:
        self.notes, self.messenger = FakeNotes(), FakeMessenger()
        self.doors = Doors(self.notes, LoopClock())
        self.provider = FakeProvider(balances=Turns(*balances))
        self.balance = self.another(low)

    def another(self, low: int | None = LIMIT) -> Balance:
        """What another process, or the next one, watches with."""
        return Balance(self.provider, self.doors, self.notes, self.messenger, low, TIMING, LoopClock())

    @property
    def told(self) -> list[str]:
        return [key for key, _ in self.messenger.notices]


@in_virtual_time
async def test_a_low_balance_is_told_once_until_it_is_up_again() -> None:
    """Clearly, by a tenth. Also over a restart; exactly the limit is not low."""
    world = World(LIMIT, LIMIT - 1, 100, LIMIT, 7, LIMIT * 11 // 10, 7)
    told = []
    for _ in range(7):
        await world.another().look()
        told.append(len(world.told))
    assert told == [0, 1, 1, 1, 1, 1, 2]
    assert world.messenger.notices[0] == ("notice-low-balance", {"balance": "$4.999999", "limit": "$5.00"})


@in_virtual_time
async def test_without_a_limit_nothing_is_told() -> None:
    """But the balance is known."""
    world = World(0, low=None)
    await world.balance.look()
    assert not world.told
    assert world.balance.last == 0


@in_virtual_time
async def test_an_empty_account() -> None:
    """The edit that found it out fails unpaid; the admins hear of it once; nothing new is taken up."""
    bench = Bench()
    bench.provider.submits = Turns(CreditsExhausted("1407"))
    await bench.steps.submit("e1", uploaded())
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.told == [CreditsExhausted]
    bench.edits.edits["e1"] = an_edit()
    await bench.steps.submit("e1", uploaded("https://up/2"))
    assert [key for key, _ in bench.messenger.notices] == ["notice-exhausted"]
    with pytest.raises(AccountEmpty):
        await bench.doors.check("wavespeed")


@in_virtual_time
async def test_a_refill_opens_the_door() -> None:
    """As soon as the balance pays what it could not; said once."""
    world = World(PRICE - 1, PRICE, PRICE, low=None)
    assert await world.doors.exhaust("wavespeed", PRICE)
    await world.balance.look()
    assert await world.doors.exhausted()
    await world.balance.look()
    await world.doors.check()
    await world.balance.look()
    assert world.told == ["notice-exhausted", "notice-refilled"]


@in_virtual_time
async def test_a_provider_that_refuses_what_the_balance_covers() -> None:
    """The door opens when the balance has risen, and to try once an hour; not with every look."""
    world = World(*[PRICE] * 5, PRICE + 1, low=None)
    await world.balance.look()
    assert await world.doors.exhaust("wavespeed", PRICE)
    for _ in range(2):
        await world.balance.look()
        assert await world.doors.exhausted()
    await asyncio.sleep(3600)
    await world.balance.look()
    await world.doors.check("wavespeed")
    assert await world.doors.exhaust("wavespeed", PRICE)
    for _ in range(2):
        await world.balance.look()
    await world.doors.check("wavespeed")


@in_virtual_time
async def test_a_balance_that_was_seen_long_before_the_end_keeps_no_door_closed() -> None:
    """What counts is that it rose from the lowest: another ten dollars are more than none."""
    world = World(20 * PRICE, 0, 10 * PRICE, low=None)
    await world.balance.look()
    assert await world.doors.exhaust("wavespeed", PRICE)
    await world.balance.look()
    await world.balance.look()
    await world.doors.check("wavespeed")


@in_virtual_time
async def test_admins_who_cannot_be_reached_hear_of_it_later() -> None:
    """The door is closed at once, and they are told with the first look that reaches one, once."""
    world = World(0, 0, 0, PRICE, PRICE, PRICE, low=LIMIT)
    assert await world.doors.exhaust("wavespeed", PRICE)
    world.messenger.admins_away = True
    await world.balance.look()
    world.messenger.admins_away = False
    for _ in range(2):
        await world.balance.look()
    assert world.told == ["notice-exhausted", "notice-low-balance"]
    world.messenger.admins_away = True
    await world.balance.look()
    await world.doors.check("wavespeed")
    world.messenger.admins_away = False
    for _ in range(2):
        await world.balance.look()
    assert world.told[2:] == ["notice-refilled"]


@in_virtual_time
async def test_who_drained_the_account_and_who_looks_at_it_tell_once() -> None:
    """Both see at the same moment that nobody was told."""

    class Slow(FakeMessenger):
        async def tell_admins(self, key: str, **values: str | int) -> bool:
            await asyncio.sleep(1)
            return await super().tell_admins(key, **values)

    world, messenger = World(0, low=None), Slow()
    assert await world.doors.exhaust("wavespeed", PRICE)
    await asyncio.gather(*(world.doors.announce(messenger) for _ in range(2)))
    assert [key for key, _ in messenger.notices] == ["notice-exhausted"]


@in_virtual_time
async def test_a_door_that_another_version_closed() -> None:
    """How it noted that can't be read: it opens, and the provider closes it again if need be."""
    world = World(PRICE, low=None)
    await world.notes.put("exhausted", "63000", LoopClock().now())
    await world.balance.look()
    await world.doors.check("wavespeed")


@in_virtual_time
async def test_another_providers_empty_account_closes_no_door() -> None:
    """Its balance can't be read, so that nobody would open it again; and ours closes only our own."""
    world = World(0)
    assert not await world.doors.exhaust("openai", PRICE)
    await world.doors.check("wavespeed")
    assert await world.doors.exhaust("wavespeed", PRICE)
    await world.doors.check("openai")
    with pytest.raises(AccountEmpty):
        await world.doors.check("wavespeed")


@in_virtual_time
async def test_an_empty_account_is_looked_at_more_often() -> None:
    """At once and each minute from when it is known; and a provider that does not answer is asked again."""
    world = World(ProviderDown("503"), PRICE, 0, 0, PRICE, low=None)
    task = asyncio.create_task(world.balance.run())
    await asyncio.sleep(3 * TIMING.retry_most + 1)
    assert world.provider.balances.taken == 2
    await world.doors.exhaust("wavespeed", PRICE)
    await asyncio.sleep(1)
    assert world.provider.balances.taken == 3
    await asyncio.sleep(2 * TIMING.retry_most)
    assert world.provider.balances.taken == 5
    await world.doors.check()
    await cancelled(task)


@in_virtual_time
async def test_who_no_longer_looks_does_not_know_it() -> None:
    """An old figure beside that of the process that looks now would be taken for a second account."""
    world = World(LIMIT)
    watch = asyncio.create_task(world.balance.run())
    await asyncio.sleep(1)
    assert world.balance.last == LIMIT
    await cancelled(watch)
    assert world.balance.last is None


@in_virtual_time
async def test_a_pause_is_over_when_it_is_ended() -> None:
    """A refill does not end it."""
    world = World(PRICE)
    await world.doors.pause(by=1)
    await world.balance.look()
    with pytest.raises(IntakePaused):
        await world.doors.check()
    assert await world.doors.resume()
    await world.doors.check()
