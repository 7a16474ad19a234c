"""What the database promises: whole transactions, and errors that say "try again"."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import sys
from datetime import datetime
from pathlib import Path
from textwrap import dedent
from traceback import format_exception

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, StatementError

from bot.errors import StartRefused, StorageBusy
from bot.storage.database import Database, parse_url
from bot.storage.people import SqlPeople
from bot.storage.tables import EDITS, USERS
from bot.storage.values import edit_columns

from .makers import accepted, prepared


async def count_users(database: Database) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(USERS))).scalar_one())


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("sqlite:///a.db", "sqlite+aiosqlite:///a.db"),
        ("sqlite:////data/a.db", "sqlite+aiosqlite:////data/a.db"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u@h:1/d?sslmode=require", "postgresql+psycopg://u@h:1/d?sslmode=require"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql+psycopg://u@h/d"),
    ],
)
def test_urls_are_taken_as_people_write_them(written: str, read: str) -> None:
    """The driver is ours, whatever was named."""
    assert parse_url(written).render_as_string(hide_password=False) == read


@pytest.mark.parametrize("url", ["nonsense", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:"])
def test_other_urls_refuse_the_start_without_repeating_them(url: str) -> None:
    """One line says what to write, and no password gets into it."""
    with pytest.raises(StartRefused) as refusal:
        parse_url(url)
    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    """What raises inside is undone; the next transaction works."""

    async def write_and_fail() -> None:
        async with database.writing() as connection:
            await connection.execute(insert(USERS).values(id=1, name="a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_fail()
    assert await count_users(database) == 0
    async with database.writing() as connection:
        await connection.execute(insert(USERS).values(id=1, name="a"))
    assert await count_users(database) == 1


async def test_a_cancelled_transaction_leaves_nothing_and_lets_others_go_on(database: Database) -> None:
    """A task that is cancelled while it writes gives its turn back."""
    inside = asyncio.Event()

    async def write_for_ever() -> None:
        async with database.writing() as connection:
            await connection.execute(insert(USERS).values(id=1, name="a"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_for_ever())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await SqlPeople(database).seen(2, "b", None, None)
    assert await count_users(database) == 1


async def test_reading_and_then_writing_waits_for_its_turn(database: Database, url: str) -> None:
    """20 at once, by two pools, read a number and write the next: none fails, and none is lost."""
    other = Database.open(url)
    await SqlPeople(database).seen(1, "0", None, None)

    async def count_up(through: Database) -> None:
        async with through.writing() as connection:
            mine = select(USERS.c.name).where(USERS.c.id == 1).with_for_update()
            number = int((await connection.execute(mine)).scalar_one())
            await connection.execute(update(USERS).where(USERS.c.id == 1).values(name=str(number + 1)))

    await asyncio.gather(*(count_up(through) for through in [database, other] * 10))
    await other.close()
    async with database.reading() as connection:
        assert (await connection.execute(select(USERS.c.name))).scalar_one() == "20"


async def test_mistakes_are_not_called_busy(database: Database) -> None:
    """A broken rule or a wrong statement would fail for ever, so nobody is told to try again."""
    await SqlPeople(database).seen(1, "a", None, None)
    with pytest.raises(IntegrityError):
        async with database.writing() as connection:
            await connection.execute(insert(USERS).values(id=1, name="b"))
    with pytest.raises((OperationalError, ProgrammingError)):
        async with database.writing() as connection:
            await connection.execute(text("SELECT * FROM nowhere"))


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    """Nobody could tell which moment it means."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 # the case
    with pytest.raises(StatementError, match="without a zone"):
        await prepared(database, created_at=naive)


async def test_times_come_back_in_utc(database: Database) -> None:
    """The same moment, whatever the zone it was written in."""
    kyiv = datetime.fromisoformat("2026-04-01T01:30:00.123456+03:00")
    request = await prepared(database, created_at=kyiv)
    assert request.created_at.isoformat() == "2026-03-31T22:30:00.123456+00:00"


async def test_a_locked_database_is_busy(sqlite_url: str) -> None:
    """Another process's lock: writing says try again, reading goes on, and it works when the lock is gone."""
    database = Database.open(sqlite_url, busy_timeout=0.01)
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    people = SqlPeople(database)
    with pytest.raises(StorageBusy) as busy:
        await people.seen(1, "a", None, None)
    assert not busy.value.permanent
    assert await count_users(database) == 0
    other.close()
    await people.seen(1, "a", None, None)
    assert await count_users(database) == 1
    await database.close()


async def test_a_full_disk_is_busy(sqlite_url: str) -> None:
    """The transaction is undone, and the database works again when there is room."""
    database = Database.open(sqlite_url)

    async def write_a_megabyte(pages: int) -> None:
        async with database.writing() as connection:
            await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
            await connection.execute(insert(USERS).values(id=1, name="a" * 1_000_000))

    with pytest.raises(StorageBusy, match="full"):
        await write_a_megabyte(pages=1)  # SQLite takes it as "no more than there are"
    await write_a_megabyte(pages=1_000_000)
    assert await count_users(database) == 1
    await database.close()


async def test_sqlite_is_set_up_to_keep_its_word(sqlite_url: str) -> None:
    """Committed means on the disk, readers don't wait for writers, and references hold."""
    database = Database.open(sqlite_url)
    async with database.reading() as connection:
        pragmas = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    await database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


async def test_a_locked_row_on_postgres_is_busy(postgres_url: str) -> None:
    """Waiting for another's row ends after the time-out."""
    one, two = Database.open(postgres_url), Database.open(postgres_url, busy_timeout=0.05)
    async with one.writing() as connection:
        await connection.execute(insert(USERS).values(id=1, name="a"))
        with pytest.raises(StorageBusy):
            await SqlPeople(two).seen(1, "b", None, None)
    assert await count_users(two) == 1
    await one.close()
    await two.close()


async def test_a_lost_connection_is_busy(postgres_url: str) -> None:
    """A Postgres that ends our connection is asked again later, and then it works."""
    database = Database.open(postgres_url)
    suicide = text("SELECT pg_terminate_backend(pg_backend_pid())")
    with pytest.raises(StorageBusy):
        async with database.writing() as connection:
            await connection.execute(suicide)
    assert await count_users(database) == 0
    await database.close()


async def test_a_database_that_is_not_there_is_busy(tmp_path: Path) -> None:
    """A Postgres that does not answer may yet."""
    database = Database.open(f"postgresql://u@/d?host={tmp_path}")
    with pytest.raises(StorageBusy):
        await count_users(database)
    await database.close()


async def test_a_postgres_is_held_alone_or_by_several(postgres_url: str) -> None:
    """While processes work on it nothing is restored there, and none starts while something is."""
    one, two = Database.open(postgres_url), Database.open(postgres_url)
    async with one.held(), two.held():
        with pytest.raises(StartRefused, match="in use by a running Wavebrush"):
            async with two.held(alone=True):
                pytest.fail("both have it")
    async with one.held(alone=True):
        with pytest.raises(StartRefused, match="is being restored"):
            async with two.held():
                pytest.fail("both have it")
        assert await count_users(two) == 0
    await one.close()
    async with two.held(alone=True):
        assert await count_users(two) == 0
    await two.close()


async def test_a_process_that_was_killed_holds_no_postgres(postgres_url: str) -> None:
    """The server ends its hold with its connection."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED_ALONE, postgres_url)
    assert await process.wait() == -signal.SIGKILL
    database = Database.open(postgres_url)
    async with asyncio.timeout(10):
        while True:  # the server sees it a moment later
            with contextlib.suppress(StartRefused):
                async with database.held():
                    break
    await database.close()


async def test_an_sqlite_file_is_held_by_its_folder(sqlite_url: str) -> None:
    """Its database refuses nobody."""
    one, two = Database.open(sqlite_url), Database.open(sqlite_url)
    async with one.held(), two.held(alone=True):
        await SqlPeople(one).seen(1, "a", None, None)
        assert await count_users(two) == 1
    await one.close()
    await two.close()


_KILLED_ALONE = dedent(
    """
    import asyncio, os, signal, sys
    from bot.storage.database import Database

    async def main():
        async with Database.open(sys.argv[1]).held(alone=True):
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(main())
    """
)

_CRASH = dedent(
    """
    import asyncio, os, signal, sys
    from sqlalchemy import insert
    from bot.storage.database import Database
    from bot.storage.people import SqlPeople
    from bot.storage.tables import USERS

    async def main():
        database = Database.open(sys.argv[1])
        await SqlPeople(database).seen(1, "committed", None, None)
        async with database.writing() as connection:
            await connection.execute(insert(USERS).values(id=2, name="not committed"))
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(main())
    """
)


async def test_after_a_crash_all_is_there_that_was_committed(url: str) -> None:
    """A process killed within a transaction leaves what it committed before, and no lock."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _CRASH, url)
    assert await process.wait() == -signal.SIGKILL
    database = Database.open(url, busy_timeout=5)
    async with database.reading() as connection:
        assert (await connection.execute(select(USERS.c.name))).scalars().all() == ["committed"]
    await prepared(database)
    await database.close()


async def test_errors_do_not_repeat_what_people_wrote(database: Database) -> None:
    """A traceback goes to the log whole, and a prompt is nobody else's business."""
    edit = await accepted(database, prompt="canary")
    with pytest.raises(IntegrityError) as caught:
        async with database.writing() as connection:
            await connection.execute(insert(EDITS).values(**edit_columns(edit)))
    assert "canary" not in "".join(format_exception(caught.value))
