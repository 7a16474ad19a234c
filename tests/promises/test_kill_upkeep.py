"""Killed in the middle of a migration or a backup: the next one works."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from alembic import command
from bot.storage import migrations
from tests.e2e.process import Bot
from tests.e2e.world import KEY, TOKEN
from tests.promises.conftest import Record
from tests.storage.backup_bench import programs
from tests.storage.conftest import fresh_postgres

DATABASES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.long),
]


@dataclass
class Upkeep:
    """A database of the first version with somebody in it, and the commands that work on it."""

    folder: Path
    url: str

    @property
    def order(self) -> Path:
        """The file that names the failpoint."""
        return self.folder / "failpoint"

    async def run(self, *arguments: str, ends: int = 0) -> None:
        """Run a command of the bot to its end, with that exit code."""
        settings = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "WAVESPEED_API_KEY": KEY,
            "DATA_DIR": str(self.folder / "data"),
            "DATABASE_URL": self.url,
        }
        clock = self.folder / "ahead"
        clock.write_text("0")
        killable = ("-m", "tests.promises.killable", str(self.order), str(clock))
        bot = await Bot.started((*killable, *arguments), settings)
        assert await bot.ends() == ends, bot.log

    async def dies(self, point: str, *arguments: str) -> None:
        """Run a command that dies at a failpoint."""
        self.order.write_text(f"{point} 1")
        await self.run(*arguments, ends=-signal.SIGKILL)
        assert not self.order.exists()

    def look(self) -> tuple[str, str]:
        """The revision of the tables, and the name of the one who is in them."""
        with migrations.connect(self.url) as connection:
            return _one(connection, "SELECT version_num FROM alembic_version"), _one(
                connection, "SELECT name FROM users"
            )


def _one(connection: Connection, query: str) -> str:
    return str(connection.execute(text(query)).scalar_one())


@pytest.fixture(params=DATABASES)
def upkeep(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upkeep:
    """A database as the first version left it."""
    url = f"sqlite:///{tmp_path / 'app.sqlite'}"
    if request.param == "postgres":
        url = fresh_postgres(request.getfixturevalue("postgres"), template="template0")
        monkeypatch.setenv("PATH", str(programs()), prepend=os.pathsep)
    with migrations.connect(url) as connection:
        command.upgrade(migrations.config(connection), "0001")
        connection.execute(text("INSERT INTO users (id, name) VALUES (11, 'Ana')"))
    (tmp_path / "data").mkdir()
    return Upkeep(tmp_path, url)


def _database(upkeep: Upkeep) -> str:
    return "SQLite" if upkeep.url.startswith("sqlite") else "Postgres"


async def test_killed_while_it_migrates(upkeep: Upkeep, promise: Record) -> None:
    """The tables are as they were, and the next start brings them to this version with all in them."""
    await upkeep.dies("migrating", "migrate")
    assert upkeep.look() == ("0001", "Ana")
    await upkeep.run("migrate")
    assert migrations.pending(upkeep.url) == 0
    assert upkeep.look()[1] == "Ana"
    promise(
        "killed while it migrates",
        "the tables stay as they were; the next start migrates them",
        database=_database(upkeep),
    )


async def test_killed_while_it_backs_up(upkeep: Upkeep, promise: Record) -> None:
    """There is no half backup under the name that was asked for; the next one works and can be put back."""
    await upkeep.run("migrate")
    file = upkeep.folder / "backup.tar"
    await upkeep.dies("backing_up", "backup", str(file))
    assert not file.exists()
    await upkeep.run("backup", str(file))
    assert file.stat().st_size > 0
    promise(
        "killed while it backs up",
        "no half backup is left under its name; the next one works",
        database=_database(upkeep),
    )
