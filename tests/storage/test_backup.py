"""A backup made while the bot works, and what is put back: everything, and nothing that buys."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import tarfile
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from bot.domain.edits import EditState, RequestState
from bot.domain.restored import NOTE, Restored
from bot.domain.stores import InboxUpdate
from bot.domain.turns import Capacity
from bot.errors import EditUnknown, StartRefused
from bot.storage import migrations, postgres_tools
from bot.storage.accounts import SqlAccounts
from bot.storage.edits import SqlEdits
from bot.storage.inbox import SqlInbox
from bot.storage.notes import SqlNotes
from bot.storage.requests import SqlRequests
from bot.storage.turns import SqlTurns
from tests.virtual_time import START

from .backup_bench import (
    KEY,
    PICTURE,
    TOKEN,
    Move,
    both,
    delivered,
    home,
    move,
    opened,
    rows,
    sqlite_move,
    under_way,
)
from .makers import LATER, NOW, USER, a_request, accepted, prepared

__all__ = ["move", "sqlite_move"]  # the fixtures


@both
async def test_everything_comes_back(move: Move) -> None:
    """Rows, money and results with their age are the same; the file is its owner's and holds no key."""
    (move.old.data_dir / "styles.toml").write_text("# mine\n")
    async with opened(move.old) as database:
        edit_id = await delivered(move.old, database)
        await SqlNotes(database).put("keyring", "a secret of the bot's own", NOW)
    kept = move.old.data_dir / "results" / f"{edit_id}.png"
    os.utime(kept, (1_000_000_000.5, 1_000_000_000.5))
    move.save()
    assert stat.S_IMODE(move.file.stat().st_mode) == 0o600
    with tarfile.open(move.file) as tar:
        inside = b"".join(file.read() for member in tar if (file := tar.extractfile(member)))
    assert TOKEN.encode() not in inside
    assert KEY.encode() not in inside
    restored = await move.load()
    assert restored == Restored(START)
    for table in ("edits", "attempts", "results", "ledger", "counters", "requests"):
        query = f"SELECT * FROM {table} ORDER BY 1, 2, 3"
        assert await rows(move.new, query) == await rows(move.old, query) != []
    async with opened(move.new) as database:
        assert await SqlAccounts(database).differences() == []
        assert await SqlNotes(database).get("keyring") == "a secret of the bot's own"
    again = move.new.data_dir / "results" / kept.name
    assert (again.read_bytes(), again.stat().st_mtime) == (PICTURE, 1_000_000_000.5)
    assert (move.new.data_dir / "styles.toml").read_text() == "# mine\n"


@both
async def test_what_was_under_way_is_unknown_and_its_money_held(move: Move) -> None:
    """In every state; the provider's turns are free, and who is to be told is written down."""
    async with opened(move.old) as database:
        ids = await under_way(database)
        running = ids[EditState.RUNNING]
        one = Capacity(at_once=1)
        assert await SqlTurns(database).grant("wavespeed", one, [(running, USER)], NOW) == {running}
    move.save()
    restored = await move.load()
    assert sorted(restored.edits) == sorted(ids.values())
    assert await rows(move.new, "SELECT DISTINCT state, reason FROM edits") == [("unknown", EditUnknown.key)]
    for query in ("SELECT kind, micros FROM ledger", "SELECT * FROM counters", "SELECT * FROM attempts"):
        assert sorted(await rows(move.new, query)) == sorted(await rows(move.old, query))
    async with opened(move.new) as database:
        assert await SqlAccounts(database).differences() == []
        assert await SqlEdits(database).unfinished(LATER) == []
        assert Restored.of_json(await SqlNotes(database).get(NOTE) or "") == restored
        assert await SqlTurns(database).grant("wavespeed", one, [("next", USER)], LATER) == {"next"}
        assert await SqlEdits(database).settle(running, EditState.FAILED, charge=0, reason=None, now=LATER)
        assert await SqlAccounts(database).differences() == []


@both
async def test_what_was_asked_for_is_not_done_a_second_time(move: Move) -> None:
    """Open requests are expired, waiting updates done; only who turned to the bot is told."""
    async with opened(move.old) as database:
        preparing = await prepared(database)
        album = a_request(addressed=False)
        await SqlRequests(database).open(album, NOW)
        edit = await accepted(database)
        await SqlEdits(database).settle(edit.id, EditState.FAILED, charge=0, reason=None, now=LATER)
        await SqlInbox(database).commit([InboxUpdate(7, 1, '{"update_id": 7}')], NOW)
    move.save()
    assert await move.load() == Restored(START, (), (preparing.id,))
    async with opened(move.new) as database:
        requests, inbox = SqlRequests(database), SqlInbox(database)
        for request in (preparing, album):
            found = await requests.get(request.id)
            assert found is not None
            assert found.state is RequestState.EXPIRED
        assert await requests.claim_due(LATER, LATER, 10) == []
        assert await inbox.claim("me", LATER, LATER, 10) == []
        assert await inbox.commit([InboxUpdate(7, 1, "")], LATER) == 0, "the update is still known"
    assert await rows(move.new, "SELECT state FROM edits") == [("failed",)]


async def test_a_backup_waits_for_no_writer_and_has_only_what_is_committed(sqlite_move: Move) -> None:
    """Another connection writes meanwhile, and what it committed is not in the file itself yet."""
    with closing(sqlite3.connect(sqlite_move.old.data_dir / "wavebrush.sqlite", timeout=0)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        add = "INSERT INTO users (id, name, standing, admin, told) VALUES (?, 'Ada', 'approved', 0, 0)"
        writer.execute(add, (1,))
        writer.commit()
        writer.execute("BEGIN IMMEDIATE")
        writer.execute(add, (2,))
        sqlite_move.save()
        writer.commit()
    await sqlite_move.load()
    assert await rows(sqlite_move.new, "SELECT id FROM users") == [(1,)]
    assert await rows(sqlite_move.old, "SELECT id FROM users ORDER BY 1") == [(1,), (2,)]


async def test_money_is_whole_while_edits_are_accepted(sqlite_move: Move) -> None:
    """Whichever moment a backup is of: its counters are what its ledger adds up to, its results are there."""
    folder = sqlite_move.file.parent
    copies = [Move(sqlite_move.old, home(folder / f"new{n}"), folder / f"{n}.tar.gz") for n in range(3)]
    async with opened(sqlite_move.old) as database:
        for copy in copies:
            saving = asyncio.create_task(asyncio.to_thread(copy.save))
            while not saving.done():
                await accepted(database)
                await delivered(sqlite_move.old, database)
            await saving
    for copy in copies:
        with tarfile.open(copy.file) as tar:
            results = [name.startswith("results/") for name in tar.getnames()[:-1]]
        assert results == sorted(results), (
            "a result is kept before its row, so rows are copied before results"
        )
        await copy.load()
        async with opened(copy.new) as database:
            assert await SqlAccounts(database).differences() == []
        for (key,) in await rows(copy.new, "SELECT key FROM results"):
            assert (copy.new.data_dir / "results" / key).read_bytes() == PICTURE


async def test_no_workflow_goes_on(sqlite_move: Move) -> None:
    """The engine's records are in the backup, but a bot that starts after the restore has none."""
    sqlite_move.save()
    with tarfile.open(sqlite_move.file) as tar:
        assert tar.getnames() == ["wavebrush-engine.sqlite", "wavebrush.sqlite", "manifest.json"]
    await sqlite_move.load()
    assert sorted(path.name for path in sqlite_move.new.data_dir.iterdir()) == ["lock", "wavebrush.sqlite"]


@pytest.mark.parametrize("move", ["postgres"], indirect=True)
async def test_no_workflow_goes_on_on_postgres(move: Move) -> None:
    """The engine's tables are in a schema of their own, which is left out."""
    with migrations.connect(move.old.app_database_url) as connection:
        connection.execute(text("CREATE SCHEMA dbos"))
        connection.execute(text("CREATE TABLE dbos.workflow_status (id text)"))
    move.save()
    await move.load()
    query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'dbos'"
    assert await rows(move.old, query) == [(1,)]
    assert await rows(move.new, query) == [(0,)]


@pytest.mark.parametrize("move", ["postgres"], indirect=True)
async def test_no_bot_starts_on_a_database_that_was_put_back_by_half(move: Move) -> None:
    """Killed before its edits are unknown, a restore leaves tables without a revision; it is not repeated."""
    async with opened(move.old) as database:
        await under_way(database)
    dump = move.file.with_suffix(".dump")
    postgres_tools.dump(move.old.app_database_url, dump)
    postgres_tools.load(move.new.app_database_url, dump)
    with pytest.raises(ProgrammingError, match="already exists"):
        migrations.upgrade(move.new.app_database_url)
    move.save()
    with pytest.raises(StartRefused, match="The database is not empty"):
        await move.load()
