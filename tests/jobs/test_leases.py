"""Who of several processes does what only one may do, and what becomes of the dead ones' work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bot.domain.timing import Timing
from bot.errors import StorageBusy, WavebrushError
from bot.jobs.leases import Freed, OnlyOne, Presence
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

TIMING = Timing()


class SharedLeases:
    """Leases in memory, by the loop's clock."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, float]] = {}
        self.busy = False
        self.hangs = False

    def of(self, owner: str) -> OwnLeases:
        """As one process sees them."""
        return OwnLeases(self, owner)


class OwnLeases:
    """One process's view."""

    def __init__(self, shared: SharedLeases, owner: str) -> None:
        self._shared = shared
        self._owner = owner

    async def take(self, name: str, seconds: float) -> bool:
        if self._shared.busy:
            raise StorageBusy("away")
        if self._shared.hangs:
            await asyncio.Event().wait()
        now = asyncio.get_running_loop().time()
        owner, until = self._shared.held.get(name, (self._owner, 0.0))
        if owner != self._owner and until > now:
            return False
        self._shared.held[name] = (self._owner, now + seconds)
        return True

    async def give_up(self, name: str) -> None:
        if not self._shared.hangs and self._shared.held.get(name, ("", 0.0))[0] == self._owner:
            del self._shared.held[name]

    async def holders(self, prefix: str) -> dict[str, bool]:
        if self._shared.busy:
            raise StorageBusy("away")
        now = asyncio.get_running_loop().time()
        held = self._shared.held.items()
        return {owner: until > now for name, (owner, until) in held if name.startswith(prefix)}

    async def forget(self, prefix: str) -> None:
        """Nothing is old enough."""


class Things:
    """What processes hold."""

    def __init__(self, *owners: str) -> None:
        self.held = list(owners)
        self.told = 0

    async def owners(self) -> frozenset[str]:
        return frozenset(self.held)

    async def release(self, owners: Collection[str]) -> int:
        before = len(self.held)
        self.held = [owner for owner in self.held if owner not in owners]
        return before - len(self.held)

    def tell(self) -> None:
        """Something was freed."""
        self.told += 1


class Work:
    """A loop that only one may run."""

    def __init__(self) -> None:
        self.doing: list[str] = []

    @asynccontextmanager
    async def process(self, leases: SharedLeases, owner: str) -> AsyncIterator[asyncio.Task[None]]:
        """A process that would do it."""

        async def does() -> None:
            self.doing.append(owner)
            try:
                await asyncio.Event().wait()
            finally:
                self.doing.remove(owner)

        only = OnlyOne(leases.of(owner), TIMING, LoopClock())
        task = asyncio.create_task(only.loop("work", does)())
        try:
            yield task
        finally:
            await cancelled(task)


@in_virtual_time
async def test_one_works_and_the_other_stands_by() -> None:
    """It takes over within a beat of the first one's end, which gave the lease up."""
    leases, work = SharedLeases(), Work()
    async with work.process(leases, "two") as two, work.process(leases, "one"):
        await asyncio.sleep(3 * TIMING.lease)
        assert work.doing == ["two"]
        await cancelled(two)
        await asyncio.sleep(TIMING.lease_beat * 1.1)
        assert work.doing == ["one"]
    assert work.doing == []


@in_virtual_time
async def test_who_can_not_renew_stops_before_another_may_begin() -> None:
    """The database is away for longer than a lease."""
    leases, work = SharedLeases(), Work()
    async with work.process(leases, "one"):
        await asyncio.sleep(TIMING.lease_beat)
        leases.busy = True
        await asyncio.sleep(TIMING.lease_beat)
        assert work.doing == ["one"]
        await asyncio.sleep(TIMING.lease + TIMING.lease_beat)
        assert work.doing == []
        leases.busy = False
        await asyncio.sleep(2 * TIMING.lease_beat)
        assert work.doing == ["one"]


@in_virtual_time
async def test_who_lost_it_stops() -> None:
    """Another has it already: this process was paused for longer than the lease."""
    leases, work = SharedLeases(), Work()
    async with work.process(leases, "one"):
        await asyncio.sleep(TIMING.lease_beat)
        leases.held["work"] = ("two", float("inf"))
        await asyncio.sleep(2 * TIMING.lease_beat)
        assert work.doing == []
        assert leases.held["work"][0] == "two"


@in_virtual_time
async def test_a_loop_that_breaks_breaks_its_process() -> None:
    """It is not quietly started again: the process ends, and is restarted."""

    async def breaks() -> None:
        raise WavebrushError("broken")

    leases = SharedLeases()
    only = OnlyOne(leases.of("one"), TIMING, LoopClock())
    with pytest.raises(WavebrushError, match="broken"):
        await only.loop("work", breaks, asyncio.Event().wait)()  # type: ignore[arg-type] # waits for ever
    assert leases.held == {}


@asynccontextmanager
async def living(leases: SharedLeases, name: str, *freed: Freed) -> AsyncIterator[Presence]:
    """A process that shows that it lives, and frees what it may."""
    presence = Presence(leases.of(name), name, TIMING, LoopClock())
    await presence.enter()
    tasks = [asyncio.create_task(loop()) for loop in presence.loops(*freed)]
    try:
        yield presence
    finally:
        await cancelled(*tasks)


@in_virtual_time
async def test_what_the_dead_held_is_freed_by_the_living() -> None:
    """Once their lease is over, and not before; whoever works on it is told."""
    leases, things = SharedLeases(), Things("dead", "alive")
    async with living(leases, "alive", Freed(things, things.tell)):
        async with living(leases, "dead"):
            await asyncio.sleep(3 * TIMING.lease)
            assert things.held == ["dead", "alive"]
        await asyncio.sleep(TIMING.lease - TIMING.lease_beat)
        assert things.held == ["dead", "alive"]
        await asyncio.sleep(2 * TIMING.lease_beat)
        assert (things.held, things.told) == (["alive"], 1)


@in_virtual_time
async def test_who_says_that_it_leaves_is_no_longer_waited_for() -> None:
    """Its work goes on elsewhere within a beat."""
    leases, things = SharedLeases(), Things("leaving")
    async with living(leases, "alive", Freed(things)), living(leases, "leaving") as leaving:
        await asyncio.sleep(TIMING.lease_beat / 2)
        assert things.held == ["leaving"]
    async with living(leases, "alive", Freed(things)):
        await leaving.leave()
        await asyncio.sleep(TIMING.lease_beat * 1.1)
        assert things.held == []


@pytest.mark.parametrize("seconds", [6.0, 12.0, 20.0, 100.0])
@in_virtual_time
async def test_nobody_is_dead_because_the_database_was_away(seconds: float) -> None:
    """All leases may be over then; whoever comes back first takes nothing from the others."""
    leases = SharedLeases()
    things = Things()
    async with AsyncExitStack() as stack:
        for name in ("one", "two", "three"):
            await stack.enter_async_context(living(leases, name, Freed(things)))
            things.held.append(name)
            await asyncio.sleep(TIMING.lease_beat / 3)
        await asyncio.sleep(2 * TIMING.lease)
        leases.busy = True
        await asyncio.sleep(seconds)
        leases.busy = False
        await asyncio.sleep(3 * TIMING.lease)
        assert things.held == ["one", "two", "three"]


@in_virtual_time
async def test_what_hangs_keeps_nobody_from_being_alive() -> None:
    """Freeing may take long, and a lease whose renewal gets no answer is not believed in."""
    leases = SharedLeases()

    class Hanging(Things):
        async def owners(self) -> frozenset[str]:
            await asyncio.sleep(600)
            return frozenset()

    async with living(leases, "slow", Freed(Hanging())) as slow:
        await asyncio.sleep(300)
        assert await slow.alive() == {"slow"}


@in_virtual_time
async def test_a_lease_is_not_believed_while_its_renewal_hangs() -> None:
    """Another may have it by then."""
    leases, work = SharedLeases(), Work()
    async with work.process(leases, "one"):
        await asyncio.sleep(TIMING.lease_beat)
        leases.hangs = True
        await asyncio.sleep(TIMING.lease)
        assert work.doing == []
        leases.hangs = False


@in_virtual_time
async def test_the_last_life_of_this_process_is_a_dead_one_at_its_start() -> None:
    """On SQLite they have the same name."""
    leases, things = SharedLeases(), Things("lone")
    presence = Presence(leases.of("lone"), "lone", TIMING, LoopClock())
    await presence.enter()
    await presence.free(Freed(things))
    assert things.held == ["lone"]
    await presence.free(Freed(things), own=True)
    assert things.held == []
