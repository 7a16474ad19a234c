"""What a process checks before it starts."""

from __future__ import annotations

import sqlite3
import sys

import pytest

from bot.errors import StartRefused
from bot.process import check_sqlite

FILE = "sqlite+aiosqlite:///data/wavebrush.sqlite"
SHARED = "postgresql+psycopg://wavebrush@db/wavebrush"


@pytest.fixture
def python(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A Python of some version, with an SQLite of some version."""
    version, database = request.param
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(sqlite3, "sqlite_version_info", database)
    monkeypatch.setattr(sqlite3, "sqlite_version", ".".join(map(str, database)))


@pytest.mark.parametrize("python", [((3, 12, 0), (3, 41, 9)), ((3, 13, 1), (3, 40, 1))], indirect=True)
@pytest.mark.usefixtures("python")
def test_an_sqlite_that_is_too_old() -> None:
    """The start is refused with one line: what there is, what is needed, and the ways out."""
    with pytest.raises(StartRefused) as refused:
        check_sqlite(FILE)
    [line] = str(refused.value).splitlines()
    for part in (sqlite3.sqlite_version, "3.42 or newer", "Python 3.11", "Debian 13", "DATABASE_URL"):
        assert part in line


@pytest.mark.parametrize(
    "python", [((3, 12, 0), (3, 42, 0)), ((3, 13, 1), (3, 46, 1)), ((3, 11, 9), (3, 40, 1))], indirect=True
)
@pytest.mark.usefixtures("python")
def test_an_sqlite_that_will_do() -> None:
    """One that is new enough; on Python 3.11 an older one, too."""
    check_sqlite(FILE)


@pytest.mark.parametrize("python", [((3, 12, 0), (3, 40, 1))], indirect=True)
@pytest.mark.usefixtures("python")
def test_an_old_sqlite_where_a_postgres_is_used() -> None:
    """It is nobody's business there."""
    check_sqlite(SHARED)
