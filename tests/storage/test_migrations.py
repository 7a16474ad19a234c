"""What the start promises about the tables."""

from __future__ import annotations

import subprocess
import sys
import time

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from alembic import command
from bot.errors import StartRefused, StorageBusy
from bot.storage import migrations
from bot.storage.migrations import upgrade
from bot.storage.tables import METADATA

from .conftest import fresh_postgres


@pytest.fixture
def postgres_url(migrated_postgres: str) -> str:
    """A database of its own for each of these tests, since they change its tables."""
    return fresh_postgres(migrated_postgres)


def test_the_migrations_make_the_tables_that_the_program_uses(url: str) -> None:
    """At head nothing is missing, too much or of another type."""
    with migrations.connect(url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_names_of_constraints_and_indexes_are_those_of_the_program(url: str) -> None:
    """A later migration finds each by its name, on both databases; comparing metadata does not see them."""
    with migrations.connect(url) as connection:
        inspector = inspect(connection)
        for table in METADATA.sorted_tables:
            uniques = {unique["name"] for unique in inspector.get_unique_constraints(table.name)}
            names = {str(constraint.name) for constraint in table.constraints}
            assert uniques == {name for name in names if name.startswith("uq_")}
            assert inspector.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"
            assert {key["name"] for key in inspector.get_foreign_keys(table.name)} == {
                name for name in names if name.startswith("fk_")
            }


def test_upgrading_again_changes_nothing(url: str) -> None:
    """Every start upgrades; most find nothing to do."""
    upgrade(url)
    assert _revision(url) == "0001"


def test_several_processes_may_start_at_once_on_postgres(postgres: str) -> None:
    """One migrates, the others wait and find it done. (On SQLite there is only one process.)"""
    url = fresh_postgres(postgres, template="template0")
    start = "import sys; from bot.storage.migrations import upgrade; upgrade(sys.argv[1])"
    with migrations.connect(url):  # holds the lock until all of them are there, waiting for it
        processes = [subprocess.Popen([sys.executable, "-c", start, url]) for _ in range(3)]
        _until_waiting(postgres, len(processes))
    assert [process.wait(timeout=30) for process in processes] == [0, 0, 0]
    assert _revision(url) == "0001"


def test_a_newer_database_refuses_the_start(url: str) -> None:
    """An older program would not know what the columns mean; the database stays as it is."""
    with migrations.connect(url) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StartRefused, match="newer than this program"):
        upgrade(url)
    assert _revision(url) == "9999"


def test_a_migration_that_fails_leaves_nothing(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that broke off half-way is repeated from the beginning, on SQLite too."""
    original = command.upgrade

    def upgrade_and_break(config: Config, revision: str) -> None:
        original(config, revision)
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", upgrade_and_break)
        with pytest.raises(ZeroDivisionError):
            upgrade(empty_url)
    with migrations.connect(empty_url) as connection:
        assert inspect(connection).get_table_names() == []
    upgrade(empty_url)
    assert _revision(empty_url) == "0001"


def test_every_migration_can_be_undone(url: str) -> None:
    """Down to nothing and up again."""
    with migrations.connect(url) as connection:
        command.downgrade(migrations.config(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
    upgrade(url)
    assert _revision(url) == "0001"


def test_a_database_that_does_not_answer_is_busy() -> None:
    """The start may try again."""
    with pytest.raises(StorageBusy):
        upgrade("postgresql://nobody@/none?host=/nonexistent")


def _until_waiting(server: str, count: int) -> None:
    """Wait until so many connections of the server wait for an advisory lock."""
    waiting = b"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(server, autocommit=True) as connection:
        deadline = time.monotonic() + 30
        while connection.execute(waiting).fetchone() != (count,):
            assert time.monotonic() < deadline, "they never came to wait for the lock"


def _revision(url: str) -> str | None:
    with migrations.connect(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()
