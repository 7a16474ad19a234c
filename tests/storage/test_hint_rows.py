"""What webhooks told one process, for the one that waits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import func, select

from bot.storage.database import Database
from bot.storage.hints import SqlHints
from bot.storage.tables import HINTS

from .makers import LATER, NOW


async def test_a_hint_reaches_who_waits_once(database: Database, other: Database) -> None:
    """However often it was left, and nobody else's."""
    for prediction in ("a", "a", "b"):
        await SqlHints(database).leave(prediction, NOW)
    assert await SqlHints(other).take(["a", "c"]) == {"a"}
    assert await SqlHints(other).take(["a", "c"]) == set()
    assert await SqlHints(database).take(["b"]) == {"b"}


async def test_of_two_who_ask_one_is_told(database: Database, other: Database) -> None:
    """Both at once."""
    await SqlHints(database).leave("a", NOW)
    told = await asyncio.gather(*(SqlHints(one).take(["a"]) for one in (database, other) * 3))
    assert sum(len(one) for one in told) == 1


async def test_what_nobody_takes_is_forgotten_after_a_day(database: Database) -> None:
    """A forged one, or one whose edit ended otherwise."""
    hints = SqlHints(database)
    await hints.leave("old", NOW)
    await hints.leave("new", LATER)
    await hints.leave("newest", NOW + timedelta(days=1, seconds=1))
    async with database.reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(HINTS))).scalar_one() == 2
    assert await hints.take(["old", "new", "newest"]) == {"new", "newest"}
