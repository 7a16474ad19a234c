"""Who of several processes does what only one may do, and what becomes of the dead ones' work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.domain.timing import Timing
from bot.errors import StorageBusy, WavebrushError
from bot.jobs.leases import OnlyOne, Presence
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

TIMING = Timing()


class SharedLeases:
    """Leases in memory, by the loop's clock."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, float]] = {}
        self.busy = False

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
        now = asyncio.get_running_loop().time()
        owner, until = self._shared.held.get(name, (self._owner, 0.0))
        if owner != self._owner and until > now:
            return False
        self._shared.held[name] = (self._owner, now + seconds)
        return True

    async def give_up(self, name: str) -> None:
        if self._shared.held.get(name, ("", 0.0))[0] == self._owner:
            del self._shared.held[name]

    async def holders(self, prefix: str) -> frozenset[str]:
        now = asyncio.get_running_loop().time()
        held = self._shared.held.items()
        return frozenset(owner for name, (owner, until) in held if name.startswith(prefix) and until > now)


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


@in_virtual_time
async def test_what_the_dead_held_is_freed_by_the_living() -> None:
    """As soon as their lease is over; a database that is away keeps nobody from being alive later."""
    leases, told = SharedLeases(), list[frozenset[str]]()

    async def free(alive: frozenset[str]) -> None:
        told.append(alive)

    dead, living = (Presence(leases.of(name), name, TIMING) for name in ("dead", "living"))
    assert await dead.enter() == {"dead"}
    task = asyncio.create_task(living.loop(free)())
    await asyncio.sleep(TIMING.lease_beat / 2)
    assert told == [{"dead", "living"}]  # not yet
    leases.busy = True
    await asyncio.sleep(TIMING.lease_beat)
    leases.busy = False
    await asyncio.sleep(TIMING.lease)
    assert told[-1] == {"living"}
    await cancelled(task)
    await living.leave()
    assert await dead.alive() == frozenset()
