"""The door that paid POSTs go through."""

from __future__ import annotations

import asyncio

from bot.jobs.posting import Posting
from tests.virtual_time import cancelled, in_virtual_time, settle


async def post(posting: Posting, seconds: float, posted: list[float]) -> None:
    async with posting.turn():
        await asyncio.sleep(seconds)
        posted.append(asyncio.get_running_loop().time())


@in_virtual_time
async def test_an_open_door_holds_nobody_up() -> None:
    """All post at once; how many may is the provider's to say."""
    posting, posted = Posting(), list[float]()
    await asyncio.gather(*(post(posting, 5.0, posted) for _ in range(10)))
    assert posted == [5.0] * 10


@in_virtual_time
async def test_closing_waits_for_those_inside() -> None:
    """A paid POST is not cut off while there is time."""
    posting, posted = Posting(), list[float]()
    tasks = [asyncio.create_task(post(posting, seconds, posted)) for seconds in (3.0, 8.0)]
    await settle()
    assert await posting.close(60.0)
    assert asyncio.get_running_loop().time() == 8.0
    await asyncio.gather(*tasks)
    assert posted == [3.0, 8.0]


@in_virtual_time
async def test_closing_an_empty_door_is_immediate() -> None:
    """Nobody waits for nothing."""
    assert await Posting().close(60.0)
    assert asyncio.get_running_loop().time() == 0.0


@in_virtual_time
async def test_a_post_that_takes_too_long_is_told() -> None:
    """The process ends all the same, and says that somebody was inside."""
    posting, posted = Posting(), list[float]()
    task = asyncio.create_task(post(posting, 300.0, posted))
    await settle()
    assert not await posting.close(60.0)
    await cancelled(task)


@in_virtual_time
async def test_a_closed_door_lets_nobody_in() -> None:
    """They wait to be cut off, and have done nothing by then."""
    posting, posted = Posting(), list[float]()
    await posting.close(0.0)
    task = asyncio.create_task(post(posting, 0.0, posted))
    await asyncio.sleep(3600)
    assert not task.done()
    assert posted == []
    await cancelled(task)


@in_virtual_time
async def test_a_post_that_fails_leaves_the_door() -> None:
    """Else the process could never end in time."""
    posting = Posting()
    try:
        async with posting.turn():
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert await posting.close(60.0)
    assert asyncio.get_running_loop().time() == 0.0
