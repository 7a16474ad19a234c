"""Facts about the whole bot."""

from __future__ import annotations

import asyncio

from bot.storage.database import Database
from bot.storage.notes import SqlNotes

from .makers import NOW


async def test_a_note_is_kept_until_it_is_dropped(database: Database, other: Database) -> None:
    """The last text holds, for every process."""
    notes, elsewhere = SqlNotes(database), SqlNotes(other)
    assert await notes.get("paused") is None
    await notes.put("paused", "1", NOW)
    await notes.put("paused", "2", NOW)
    assert await elsewhere.get("paused") == "2"
    assert await elsewhere.drop("paused")
    assert not await notes.drop("paused")
    assert await notes.get("paused") is None


async def test_one_of_many_puts_a_new_note(database: Database, other: Database) -> None:
    """So that a thing is done once, whoever comes first."""
    processes = [SqlNotes(database), SqlNotes(other)]
    outcomes = await asyncio.gather(*(processes[n % 2].put_new("told", str(n), NOW) for n in range(20)))
    assert sum(outcomes) == 1
    assert await processes[0].get("told") == str(outcomes.index(True))
