"""Leases on Postgres: one holder at a time, by the database's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.storage.database import Database
from bot.storage.leases import AllLeases, SqlLeases

_LONG, _OVER = 60.0, -1.0  # seconds


@pytest.fixture
async def shared(postgres_url: str) -> AsyncIterator[Database]:
    """The database that the processes share."""
    database = Database.open(postgres_url)
    yield database
    await database.close()


async def test_one_has_it_and_may_keep_it(shared: Database) -> None:
    """The other gets it when it was given up, and not before."""
    one, two = SqlLeases(shared, "one"), SqlLeases(shared, "two")
    assert await one.take("polling", _LONG)
    assert not await two.take("polling", _LONG)
    assert await one.take("polling", _LONG)
    await two.give_up("polling")  # not its own
    assert not await two.take("polling", _LONG)
    await one.give_up("polling")
    assert await two.take("polling", _LONG)
    assert not await one.take("polling", _LONG)


async def test_one_that_was_not_renewed_is_free(shared: Database) -> None:
    """Also of one who believes to have it yet."""
    one, two = SqlLeases(shared, "one"), SqlLeases(shared, "two")
    assert await one.take("polling", _OVER)
    assert await two.take("polling", _LONG)
    assert not await one.take("polling", _LONG)


async def test_many_who_ask_at_once(shared: Database) -> None:
    """Exactly one of them gets it."""
    asked = [SqlLeases(shared, f"process {number}").take("chores", _LONG) for number in range(12)]
    assert sum(await asyncio.gather(*asked)) == 1


async def test_who_holds_what_now(shared: Database) -> None:
    """Also those whose time is over, until that is long ago; names are no patterns."""
    one, two, gone = (SqlLeases(shared, name) for name in ("one", "two", "gone"))
    await one.take("process:one", _LONG)
    await two.take("process:two", _LONG)
    await two.take("processx", _LONG)
    await gone.take("process:gone", _OVER)
    assert await one.holders("process:") == {"one": True, "two": True, "gone": False}
    assert await one.holders("process_") == {}
    await SqlLeases(shared, "long gone").take("process:long gone", -100_000.0)
    await one.forget("process:")
    await one.give_up("process:one")
    assert await one.holders("process:") == {"two": True, "gone": False}


async def test_the_only_process_has_all_of_them() -> None:
    """On SQLite nobody else could."""
    leases = AllLeases("lone")
    assert await leases.take("polling", _LONG)
    assert await leases.holders("process:") == {"lone": True}
