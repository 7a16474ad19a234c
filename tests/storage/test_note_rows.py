"""Facts about the whole bot."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import StorageBusy
from bot.storage.database import Database
from bot.storage.notes import SqlNotes

from .makers import LATER, NOW


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


async def test_only_what_is_newer_is_read(database: Database, other: Database) -> None:
    """So that a large note is not read at every look."""
    notes, elsewhere = SqlNotes(database), SqlNotes(other)
    assert await elsewhere.newer("models", None) is None
    await notes.put("models", "1", NOW)
    assert await elsewhere.newer("models", None) == "1"
    assert await elsewhere.newer("models", NOW) is None
    await notes.put("models", "2", LATER)
    assert await elsewhere.newer("models", LATER - timedelta(microseconds=1)) == "2"
    assert await elsewhere.newer("models", LATER) is None


class Inside:
    """How many are alone at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def go(self, notes: SqlNotes, name: str) -> None:
        async with notes.alone(name):
            self.now += 1
            self.most = max(self.most, self.now)
            await notes.get(name)  # others could come in here
            self.now -= 1


async def test_one_is_alone_at_a_time(database: Database) -> None:
    """Within a process on both databases, and each name by itself."""
    notes, inside = SqlNotes(database), Inside()
    await asyncio.gather(*(inside.go(notes, "access") for _ in range(8)))
    assert inside.most == 1
    async with notes.alone("access"):
        await inside.go(notes, "other")
        await notes.put("written", "meanwhile", NOW)


async def test_one_is_alone_among_all_processes(postgres_url: str) -> None:
    """Two presses in two processes are one decision; who dies or breaks holds nobody off."""
    processes = [Database.open(postgres_url) for _ in range(2)]
    notes, inside = [SqlNotes(database) for database in processes], Inside()
    with pytest.raises(ValueError, match="breaks"):
        async with notes[0].alone("access"):
            raise ValueError("breaks")
    await asyncio.gather(*(inside.go(notes[at % 2], "access") for at in range(8)))
    assert inside.most == 1
    for database in processes:
        await database.close()


async def test_who_takes_long_is_not_waited_for(postgres_url: str) -> None:
    """The update that wants in waits and comes again."""
    slow, quick = Database.open(postgres_url), Database.open(postgres_url, busy_timeout=0.1)
    async with SqlNotes(slow).alone("access"):
        with pytest.raises(StorageBusy):
            async with SqlNotes(quick).alone("access"):
                pass
    for database in (slow, quick):
        await database.close()
