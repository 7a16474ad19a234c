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
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.interfaces import ReflectedIndex

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


def test_indexes_are_those_of_the_program(url: str) -> None:
    """Column by column, also where an index covers a part of a table only."""
    with migrations.connect(url) as connection:
        migrated = _indexes(connection)
        for table in reversed(METADATA.sorted_tables):
            table.drop(connection)
        METADATA.create_all(connection)
        assert migrated == _indexes(connection)


def test_the_ledger_is_counted_when_budgets_come(empty_url: str) -> None:
    """Held and spent so far are in the counters of their days, groups, people and months."""
    with migrations.connect(empty_url) as connection:
        command.upgrade(migrations.config(connection), "0001")
        connection.execute(text("INSERT INTO users (id, name) VALUES (11, 'Ana')"))
        for number, (user, chat, day, moves) in enumerate(_OLD_EDITS):
            values = {"id": f"e{number}", "user": user, "chat": chat, "day": day, "at": f"{day} 12:00:00+00"}
            connection.execute(text(_OLD_EDIT), values)
            for kind, micros in moves.items():
                connection.execute(text(_OLD_MOVE), {**values, "kind": kind, "micros": micros})
    upgrade(empty_url)
    with migrations.connect(empty_url) as connection:
        counters = "SELECT scope, scope_id, period, CAST(start AS varchar(10)), held, spent FROM counters"
        assert {tuple(row) for row in connection.execute(text(counters))} == _COUNTED
        people = connection.execute(text("SELECT standing, admin, told FROM users")).one()
        assert (people[0], bool(people[1]), bool(people[2])) == ("unknown", False, False)


def test_a_column_that_is_there_already_is_left_alone(empty_url: str) -> None:
    """A database of the weeks in which 0001 made one of 0002's columns is upgraded as all others are."""
    with migrations.connect(empty_url) as connection:
        command.upgrade(migrations.config(connection), "0001")
        assert "result_file_id" not in {column["name"] for column in inspect(connection).get_columns("edits")}
        connection.execute(text("ALTER TABLE edits ADD COLUMN result_file_id VARCHAR"))
    upgrade(empty_url)
    assert _revision(empty_url) == _head()


def test_upgrading_again_changes_nothing(url: str) -> None:
    """Every start upgrades; most find nothing to do."""
    upgrade(url)
    assert _revision(url) == _head()


def test_several_processes_may_start_at_once_on_postgres(postgres: str) -> None:
    """One migrates, the others wait and find it done. (On SQLite there is only one process.)"""
    url = fresh_postgres(postgres, template="template0")
    start = "import sys; from bot.storage.migrations import upgrade; upgrade(sys.argv[1])"
    with migrations.connect(url):  # holds the lock until all of them are there, waiting for it
        processes = [subprocess.Popen([sys.executable, "-c", start, url]) for _ in range(3)]
        _until_waiting(postgres, len(processes))
    assert [process.wait(timeout=30) for process in processes] == [0, 0, 0]
    assert _revision(url) == _head()


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
    assert _revision(empty_url) == _head()


def test_every_migration_can_be_undone(url: str) -> None:
    """Down to nothing and up again."""
    with migrations.connect(url) as connection:
        command.downgrade(migrations.config(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
    upgrade(url)
    assert _revision(url) == _head()


def test_a_database_that_does_not_answer_is_busy() -> None:
    """The start may try again."""
    with pytest.raises(StorageBusy):
        upgrade("postgresql://nobody@/none?host=/nonexistent")


_OLD_EDITS: list[tuple[int, int, str, dict[str, int]]] = [
    (11, -5, "2026-03-30", {"hold": 10}),
    (11, -5, "2026-03-30", {"hold": 10, "charge": 7, "release": 3}),
    (11, 11, "2026-03-31", {"hold": 10, "charge": 15, "release": -5}),
    (12, -5, "2026-04-01", {"hold": 10, "release": 10}),
    (12, -5, "2026-04-01", {"hold": 2**40}),
]
_OLD_EDIT = """
    INSERT INTO edits (id, origin, user_id, chat_id, message_id, prompt, model, choices, pictures, quote,
        finishing, delivery, state, created_at)
    VALUES (:id, :id, :user, :chat, 1, '', 'm', '{}', '[]', 10, false, 'photo', 'done', :at)
"""
_OLD_MOVE = """
    INSERT INTO ledger (edit_id, user_id, chat_id, model, kind, micros, at, day)
    VALUES (:id, :user, :chat, 'm', :kind, :micros, :at, :day)
"""
_COUNTED = {
    ("bot", 0, "day", "2026-03-30", 10, 7),
    ("bot", 0, "day", "2026-03-31", 0, 15),
    ("bot", 0, "day", "2026-04-01", 2**40, 0),
    ("group", -5, "day", "2026-03-30", 10, 7),
    ("group", -5, "day", "2026-04-01", 2**40, 0),
    ("user", 11, "day", "2026-03-30", 10, 7),
    ("user", 11, "day", "2026-03-31", 0, 15),
    ("user", 11, "month", "2026-03-01", 10, 22),
    ("user", 12, "day", "2026-04-01", 2**40, 0),
    ("user", 12, "month", "2026-04-01", 2**40, 0),
}


def _indexes(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """The indexes of every table: name, columns, uniqueness and condition."""
    inspector = inspect(connection)
    where = f"{connection.dialect.name}_where"
    found = {table.name: inspector.get_indexes(table.name) for table in METADATA.sorted_tables}
    return {table: sorted(_parts(index, where) for index in indexes) for table, indexes in found.items()}


def _parts(index: ReflectedIndex, where: str) -> tuple[object, ...]:
    condition = index.get("dialect_options", {}).get(where)
    return index["name"], *index["column_names"], bool(index["unique"]), str(condition)


def _until_waiting(server: str, count: int) -> None:
    """Wait until so many connections of the server wait for an advisory lock."""
    waiting = b"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(server, autocommit=True) as connection:
        deadline = time.monotonic() + 30
        while connection.execute(waiting).fetchone() != (count,):
            assert time.monotonic() < deadline, "they never came to wait for the lock"


def _head() -> str | None:
    return ScriptDirectory.from_config(migrations.script_config()).get_current_head()


def _revision(url: str) -> str | None:
    with migrations.connect(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()
