"""What the file of a backup must be, and what a restore never touches."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from alembic import command
from bot import backup
from bot.domain.edits import EditState
from bot.errors import StartRefused
from bot.process import locked
from bot.storage import migrations, postgres_tools
from bot.storage.accounts import SqlAccounts
from bot.storage.edits import SqlEdits
from tests.virtual_time import SetClock

from .backup_bench import PICTURE, Move, both, delivered, home, move, opened, rows, sqlite_move
from .conftest import fresh_postgres

__all__ = ["move", "sqlite_move"]  # the fixtures


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
    with locked(move.new.data_dir), pytest.raises(StartRefused, match=r"in use by an?(other)? running"):
        await move.load()
    if move.new.database_url:
        async with opened(move.new) as database, database.held():
            with pytest.raises(StartRefused, match=r"in use by an?(other)? running"):
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
