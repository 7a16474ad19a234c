"""Several processes on one database: each shows that it lives, and what the dead held is freed.

What only one may do at a time, such as polling, is done by whoever holds its lease; the others stand by.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from bot.clock import Clock
from bot.domain.stores import Leases
from bot.domain.timing import Timing
from bot.errors import StorageBusy, WavebrushError
from bot.process import Loop, running

log = structlog.get_logger(__name__)

_PROCESS = "process:"
Free = Callable[[frozenset[str]], Awaitable[object]]
"""Frees what is held by processes that are not among the living ones it is given."""


class Presence:
    """This process among the others."""

    def __init__(self, leases: Leases, owner: str, timing: Timing) -> None:
        """``owner`` is its name, of which there never was another."""
        self._leases = leases
        self._name = f"{_PROCESS}{owner}"
        self._timing = timing
        self.owner = owner

    async def enter(self) -> frozenset[str]:
        """Be alive, before anything is taken up; who is, this one included.

        Raises:
            StorageBusy.
        """
        await self._leases.take(self._name, self._timing.lease)
        return await self.alive()

    async def alive(self) -> frozenset[str]:
        """The processes that were heard of in time. Raises StorageBusy."""
        return await self._leases.holders(_PROCESS)

    async def leave(self) -> None:
        """Stop being alive: what this process has left undone is free for the others at once."""
        with suppress(StorageBusy):  # then the lease runs out
            await self._leases.give_up(self._name)

    def loop(self, *free: Free) -> Loop:
        """What stays alive, and frees what the dead held, until it is cancelled."""

        async def stay_alive() -> None:
            while True:
                try:
                    living = await self.enter()
                    for take_back in free:
                        await take_back(living)
                except WavebrushError as error:
                    log.warning("presence_not_shown", detail=str(error))
                await asyncio.sleep(self._timing.lease_beat)

        return stay_alive


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
                            await self._leases.give_up(name)
                await asyncio.sleep(self._timing.lease_beat)

        return stand_by

    async def _taken(self, name: str) -> bool | None:
        """Whether the lease is ours for the time from now; None: that can't be known now."""
        try:
            return await self._leases.take(name, self._timing.lease)
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
