"""Several processes on one database: each shows that it lives, and what the dead held is freed.

What only one may do at a time, such as polling, is done by whoever holds its lease; the others stand by.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

import structlog

from bot.clock import Clock
from bot.domain.shared import Held, Leases
from bot.domain.timing import Timing
from bot.errors import StorageBusy, WavebrushError
from bot.process import Loop, running

log = structlog.get_logger(__name__)
T = TypeVar("T")

_PROCESS = "process:"


class Freed(NamedTuple):
    """What is taken back from dead processes, and who is told when something was."""

    held: Held
    told: Callable[[], None] = lambda: None


class Presence:
    """This process among the others: it shows that it lives, and frees what the dead held."""

    def __init__(self, leases: Leases, owner: str, timing: Timing, clock: Clock) -> None:
        """``owner`` is its name: on Postgres one that never was before, on SQLite the last one's."""
        self._leases = leases
        self._timing = timing
        self._clock = clock
        self._renewed = self._steady_since = -math.inf  # monotonic
        self.owner = owner

    async def enter(self) -> None:
        """Be alive, before anything is taken up.

        Raises:
            StorageBusy.
        """
        await _in_time(self._leases.take(f"{_PROCESS}{self.owner}", self._timing.lease), self._timing)
        now = self._clock.monotonic()
        if self._was_away(now):
            self._steady_since = now
        self._renewed = now

    async def leave(self) -> None:
        """Stop being alive: what this process has left undone is free for the others at once."""
        with suppress(StorageBusy):  # then the lease runs out
            await _in_time(self._leases.give_up(f"{_PROCESS}{self.owner}"), self._timing)

    async def alive(self) -> frozenset[str]:
        """The processes that have not left, and were heard of in time.

        While nobody could be heard of, or this process did not listen, nobody is taken for dead.

        Raises:
            StorageBusy.
        """
        found = await _in_time(self._leases.holders(_PROCESS), self._timing)
        now = self._clock.monotonic()
        listened = not self._was_away(now) and now - self._steady_since >= self._timing.lease
        return frozenset(owner for owner, in_time in found.items() if in_time or not listened)

    def _was_away(self, now: float) -> bool:
        """Whether this process has missed a beat, or the database did: then others may have, too."""
        return now - self._renewed > 2 * self._timing.lease_beat

    async def free(self, freed: Freed, *, own: bool = False) -> None:
        """Take back what the dead hold; with ``own`` what bears this process's name is a dead one's, too.

        Raises:
            StorageBusy.
        """
        owners = await freed.held.owners()  # first: who takes something after this is not among them
        if not owners:
            return
        living = await self.alive() - ({self.owner} if own else set())
        if (dead := owners - living) and await freed.held.release(dead):
            log.info("taken_from_the_dead", owners=sorted(dead), what=type(freed.held).__name__)
            freed.told()

    def loops(self, *freed: Freed) -> tuple[Loop, Loop]:
        """What runs until it is cancelled: showing that it lives, and freeing. The one waits for no other."""

        async def live() -> None:
            while True:
                await self._tried(self.enter())
                await asyncio.sleep(self._timing.lease_beat)

        async def free() -> None:
            while True:
                for one in freed:
                    await self._tried(self.free(one))
                await self._tried(_in_time(self._leases.forget(_PROCESS), self._timing))
                await asyncio.sleep(self._timing.lease_beat)

        return live, free

    async def _tried(self, action: Awaitable[None]) -> None:
        try:
            await action
        except WavebrushError as error:
            log.warning("presence_waits", detail=str(error))


class OnlyOne:
    """Runs loops in one process at a time."""

    def __init__(self, leases: Leases, timing: Timing, clock: Clock) -> None:
        self._leases = leases
        self._timing = timing
        self._clock = clock

    def loop(self, name: str, *loops: Loop) -> Loop:
        """One loop that runs ``loops`` while this process holds the lease ``name``, and else stands by."""

        async def stand_by() -> None:
            while True:
                if await self._taken(name):
                    try:
                        await self._hold(name, loops)
                    finally:  # also when it is cancelled: the next one need not wait
                        with suppress(StorageBusy):
                            await _in_time(self._leases.give_up(name), self._timing)
                await asyncio.sleep(self._timing.lease_beat)

        return stand_by

    async def _taken(self, name: str) -> bool | None:
        """Whether the lease is ours for the time from now; None: that can't be known now."""
        try:
            return await _in_time(self._leases.take(name, self._timing.lease), self._timing)
        except StorageBusy as error:
            log.warning("lease_not_taken", lease=name, detail=str(error))
            return None

    async def _hold(self, name: str, loops: tuple[Loop, ...]) -> None:
        """Run them until another process has the lease, or may have it; what breaks in them is raised."""
        log.info("lease_held", lease=name)
        until = self._clock.monotonic() + self._timing.lease
        async with running(*loops) as tasks:
            while True:
                done, _ = await asyncio.wait(
                    tasks, timeout=self._timing.lease_beat, return_when=asyncio.FIRST_EXCEPTION
                )
                for task in done:
                    task.result()
                asked = self._clock.monotonic()
                # A process that was paused for longer must not go on until it has asked.
                held = await self._taken(name) if asked < until else False
                if held is False or (held is None and self._clock.monotonic() >= until):
                    break
                until = asked + self._timing.lease if held else until
        log.warning("lease_lost", lease=name)


async def _in_time(asked: Awaitable[T], timing: Timing) -> T:
    """Its answer, unless it takes so long that it says nothing about now. Raises StorageBusy."""
    try:
        async with asyncio.timeout(timing.lease_beat):
            return await asked
    except TimeoutError as error:
        raise StorageBusy("no answer in time") from error
