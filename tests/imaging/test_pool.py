"""The worker processes: a bad picture harms its own worker at most, and the pool goes on answering."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import pytest

from bot.errors import ImagingFailed, PictureTooLong, Throttled
from bot.imaging import decode
from bot.imaging.pool import ImagePool
from tests.imaging import chores
from tests.imaging.samples import LIMITS, encoded, photo


@pytest.fixture(scope="module")
async def pool() -> AsyncIterator[ImagePool]:
    """One worker with little memory and little patience."""
    pool = ImagePool(1, memory=256 * 1024**2, deadline=1.0)
    await pool.start()
    yield pool
    await pool.stop()


async def still_answers(pool: ImagePool) -> bool:
    """Whether a picture is looked at."""
    found = await pool.run(decode.inspect, encoded(photo("cat", 64)), LIMITS)
    return found.size.width == 64


async def test_a_worker_that_dies(pool: ImagePool) -> None:
    """A killed worker fails its own task only."""
    with pytest.raises(ImagingFailed, match="died"):
        await pool.run(chores.die)
    assert await still_answers(pool)


async def test_a_task_over_its_deadline(pool: ImagePool) -> None:
    """It is ended."""
    with pytest.raises(ImagingFailed, match="over 1 s"):
        await pool.run(chores.hang)
    assert await still_answers(pool)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the address space")
async def test_a_task_over_its_memory(pool: ImagePool) -> None:
    """It fails in its own process; a modest one does not."""
    with pytest.raises(ImagingFailed, match="out of memory"):
        await pool.run(chores.eat, 400)
    assert await pool.run(chores.eat, 100) == 100 * 1024 * 1024
    assert await still_answers(pool)


async def test_our_errors_cross_intact(pool: ImagePool) -> None:
    """Class, detail and values arrive as they were raised."""
    with pytest.raises(PictureTooLong, match="a detail") as refusal:
        await pool.run(chores.refuse)
    assert refusal.value.params == {"width": 2100, "height": 100}
    with pytest.raises(Throttled, match="slow down") as throttled:
        await pool.run(chores.throttle)
    assert throttled.value.retry_after == 2.5


async def test_a_mistake_is_not_disguised(pool: ImagePool) -> None:
    """A programming error is no ImagingFailed."""
    with pytest.raises(LookupError, match="a mistake of ours"):
        await pool.run(chores.blunder)


async def test_cancelling_ends_the_worker(pool: ImagePool) -> None:
    """Who stops waiting frees the worker for the others."""
    before = await pool.run(chores.pid)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await pool.run(chores.hang)
    assert await pool.run(chores.pid) != before


async def test_workers_are_recycled() -> None:
    """After its share of tasks a worker is replaced."""
    pool = ImagePool(1, tasks_per_worker=1)
    try:
        assert await pool.run(chores.pid) != await pool.run(chores.pid)
    finally:
        await pool.stop()


async def test_stop_while_busy() -> None:
    """Stopping ends a worker in the middle of its task, tells who waits, and refuses what comes later."""
    pool = ImagePool(1)
    await pool.start()
    waiting = asyncio.create_task(pool.run(chores.hang))
    await asyncio.sleep(0)
    begun = time.monotonic()
    await pool.stop()
    assert time.monotonic() - begun < 8
    with pytest.raises(ImagingFailed, match="stopped"):
        await waiting
    with pytest.raises(ImagingFailed, match="stopped"):
        await pool.run(chores.pid)
    await pool.stop()
