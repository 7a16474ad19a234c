"""Telegram's flood limits over several processes that share a Postgres."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from bot.chat.flood import SharedCalls
from bot.chat.limiter import Limiter, Priority
from bot.clock import SystemClock
from bot.domain.shared import Span
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.storage.calls import SqlCalls
from bot.storage.database import Database

CLUB, OTHER, ADA = -2001, -2002, 1001
FEW, MANY = Span(5, 30.0), Span(1000, 1.0)
RESULT, ANSWER, PROGRESS = Priority.RESULT, Priority.ANSWER, Priority.PROGRESS


@pytest.fixture
async def processes(postgres_url: str) -> AsyncIterator[list[Database]]:
    """One Postgres as two processes have it open."""
    opened = [Database.open(postgres_url) for _ in range(2)]
    yield opened
    for database in opened:
        await database.close()


@pytest.fixture
def calls(processes: list[Database]) -> list[SqlCalls]:
    return [SqlCalls(database) for database in processes]


async def taken(database: Database, chat: int | None = None) -> list[float]:
    """When calls were counted, in seconds."""
    async with database.reading() as connection:
        rows = await connection.execute(text("SELECT chat, at FROM telegram_calls ORDER BY at"))
        return [row.at.timestamp() for row in rows if chat is None or row.chat == chat]


async def pass_(database: Database, seconds: float) -> None:
    """Let time pass for what was counted."""
    async with database.writing() as connection:
        for table, column in (("telegram_calls", "at"), ("telegram_pauses", "until")):
            moved = f"UPDATE {table} SET {column} = {column} - make_interval(secs => :seconds)"
            await connection.execute(text(moved), {"seconds": seconds})


async def test_a_chat_has_so_many_calls_whoever_makes_them(
    calls: list[SqlCalls], processes: list[Database]
) -> None:
    """All at once from two processes: exactly as many get through, and the others know how long to wait."""
    asked = [calls[at % 2].take(CLUB, ANSWER, FEW, MANY, waits=True) for at in range(20)]
    waits = await asyncio.gather(*asked)
    assert waits.count(0.0) == FEW.calls == len(await taken(processes[0]))
    assert all(29.0 < wait <= 30.0 for wait in waits if wait)
    await pass_(processes[0], 30.0)
    assert await calls[1].take(CLUB, ANSWER, FEW, MANY, waits=True) == 0.0


async def test_all_chats_together_have_so_many(calls: list[SqlCalls]) -> None:
    """The limit of the whole bot holds over chats and processes."""
    asked = [calls[at % 2].take(at, ANSWER, FEW, Span(7, 30.0), waits=True) for at in range(1, 21)]
    assert (await asyncio.gather(*asked)).count(0.0) == 7


async def test_a_reserve_is_left_to_results_elsewhere(calls: list[SqlCalls]) -> None:
    """Progress stops early, in all processes together."""
    leaving = Span(FEW.calls, FEW.seconds, reserve=3)
    asked = [calls[at % 2].take(CLUB, PROGRESS, leaving, MANY, waits=False) for at in range(10)]
    assert (await asyncio.gather(*asked)).count(0.0) == 2
    asked = [calls[at % 2].take(CLUB, RESULT, FEW, MANY, waits=True) for at in range(10)]
    assert (await asyncio.gather(*asked)).count(0.0) == 3


async def test_a_chat_that_telegram_closed_is_closed_for_all(
    calls: list[SqlCalls], processes: list[Database]
) -> None:
    """The longest that was said counts, and other chats are open."""
    for seconds in (40.0, 5.0):
        await calls[0].close(CLUB, seconds)
    assert 39.0 < await calls[1].take(CLUB, RESULT, FEW, MANY, waits=True) <= 40.0
    assert await calls[1].take(OTHER, RESULT, FEW, MANY, waits=True) == 0.0
    await pass_(processes[0], 40.0)
    assert await calls[1].take(CLUB, RESULT, FEW, MANY, waits=True) == 0.0


async def test_answers_stay_behind_results_of_another_process(
    calls: list[SqlCalls], processes: list[Database]
) -> None:
    """A result that waits there has the first place that is free again; an answer comes a moment later."""
    for _ in range(FEW.calls):
        await calls[0].take(CLUB, ANSWER, FEW, MANY, waits=True)
    assert await calls[0].take(CLUB, RESULT, FEW, MANY, waits=True) > 29.0
    await pass_(processes[0], 30.0)
    assert 0.0 < await calls[1].take(CLUB, ANSWER, FEW, MANY, waits=True) <= MANY.seconds
    assert await calls[1].take(OTHER, ANSWER, FEW, MANY, waits=True) == 0.0
    assert await calls[0].take(CLUB, RESULT, FEW, MANY, waits=True) == 0.0
    await pass_(processes[0], MANY.seconds)
    assert await calls[1].take(CLUB, ANSWER, FEW, MANY, waits=True) == 0.0


async def test_progress_that_found_no_room_holds_nobody_back(
    calls: list[SqlCalls], processes: list[Database]
) -> None:
    """It does not wait, so it has no place in any line."""
    for _ in range(FEW.calls):
        await calls[0].take(CLUB, ANSWER, FEW, MANY, waits=True)
    assert await calls[0].take(CLUB, PROGRESS, FEW, MANY, waits=False) > 29.0
    await pass_(processes[0], 30.0)
    assert await calls[1].take(CLUB, Priority.SIGN, FEW, MANY, waits=False) == 0.0


async def test_a_clock_that_was_put_back_holds_nobody_up(
    calls: list[SqlCalls], processes: list[Database]
) -> None:
    """Calls that were counted in what is the future now don't count."""
    for _ in range(FEW.calls):
        await calls[0].take(CLUB, ANSWER, FEW, MANY, waits=True)
    await pass_(processes[0], -86_400.0)
    assert await calls[1].take(CLUB, ANSWER, FEW, MANY, waits=True) == 0.0


async def test_what_is_old_is_forgotten_as_it_goes(calls: list[SqlCalls], processes: list[Database]) -> None:
    """The tables don't grow."""
    await calls[0].take(OTHER, ANSWER, FEW, MANY, waits=True)
    await calls[0].close(OTHER, 1.0)
    await pass_(processes[0], 7200.0)
    await calls[0].take(CLUB, ANSWER, FEW, MANY, waits=True)
    await calls[0].close(CLUB, 1.0)
    assert len(await taken(processes[0])) == 1
    async with processes[0].reading() as connection:
        assert (await connection.execute(text("SELECT chat FROM telegram_pauses"))).scalars().all() == [CLUB]


async def test_two_limiters_keep_the_limits_together(processes: list[Database]) -> None:
    """Whatever comes where: in no span of a window more than its calls, and all are made."""
    timing = Timing(flood_group_window=0.6, flood_chat_window=0.05)
    clock, seed = SystemClock(), random.randrange(1000)
    limiters = [
        Limiter(timing, clock, calls=SharedCalls(SqlCalls(database), timing, clock)) for database in processes
    ]
    made: list[Priority] = []
    rng = random.Random(seed)

    async def call(chat: int, priority: Priority) -> None:
        async def send() -> bool:
            made.append(priority)
            return True

        limiter = rng.choice(limiters)
        await limiter.process_request(send, (), {}, "sendMessage", {"chat_id": chat}, priority)

    wanted = [(rng.choice((CLUB, OTHER, ADA)), rng.choice((RESULT, ANSWER))) for _ in range(70)]
    await asyncio.gather(*(call(*one) for one in wanted))
    for limiter in limiters:
        await limiter.shutdown()
    assert len(made) == 70
    for chat, most, seconds in ((CLUB, 19, 0.6), (OTHER, 19, 0.6), (ADA, 15, 0.75), (None, 28, 0.05)):
        times = await taken(processes[0], chat)
        fullest = max(sum(start <= at < start + seconds for at in times) for start in times)
        assert fullest <= most, f"seed {seed}"


class Busy(SqlCalls):
    """A database that counts nothing."""

    asked = 0

    async def take(self, *args: object, **kwargs: object) -> float:
        self.asked += 1
        raise StorageBusy("locked")

    async def close(self, chat_id: int, seconds: float) -> None:
        raise StorageBusy("locked")


async def test_a_busy_database_stops_no_delivery(processes: list[Database]) -> None:
    """This process's own windows hold then, and it is not asked again for each call."""
    busy = Busy(processes[0])
    calls = SharedCalls(busy, Timing(), SystemClock())
    waits = [await calls.take(CLUB, RESULT, FEW, MANY, waits=True) for _ in range(10)]
    assert waits.count(0.0) == FEW.calls
    assert busy.asked == 1
    await calls.close(OTHER, 20.0)
    await calls.close(CLUB, 90.0)
    assert await calls.take(CLUB, RESULT, FEW, MANY, waits=True) > 80.0


async def test_a_database_that_hangs_stops_no_delivery(processes: list[Database]) -> None:
    """Another process sits on the lock: after a short while nobody waits for it."""
    timing = Timing(flood_shared=0.2)
    calls = SharedCalls(SqlCalls(processes[0]), timing, SystemClock())
    async with processes[1].writing() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": 0x43616C6C})
        assert await calls.take(CLUB, RESULT, FEW, MANY, waits=True) == 0.0
    assert await taken(processes[0]) == []
