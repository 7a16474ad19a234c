"""An upgrade loses nothing, rewrites no table, and lets what the version before writes still be written.

Processes of both versions work on one Postgres while one after the other is restarted.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from alembic import command
from bot.errors import StorageBusy
from bot.storage import migrations
from bot.storage.database import parse_url
from tests.storage.conftest import fresh_postgres

Rows = dict[str, list[dict[str, Any]]]
_VALUES: dict[type[sa.types.TypeEngine[Any]], Any] = {
    sa.Boolean: False,
    sa.DateTime: datetime(2026, 3, 30, 12, tzinfo=UTC),
    sa.Date: date(2026, 3, 30),
    sa.JSON: {},
    sa.Float: 0.5,
}


def test_no_upgrade_loses_or_rewrites(empty_url: str) -> None:
    """From each version to the next, with rows in every table."""
    assert list(faults(empty_url)) == []


_BAD = {
    "drops a column": ("op.drop_column('notes', 'text')", "notes: lost"),
    "deletes rows": ("op.execute('DELETE FROM notes')", "notes: lost"),
    "changes what is there": ("op.execute(\"UPDATE notes SET text = ''\")", "notes: lost"),
    "drops a table": ("op.drop_table('notes')", "notes: lost"),
    "rewrites a table": (
        "op.alter_column('edits', 'quote', type_=sa.Numeric())",
        "edits: rewritten",
    ),
    "wants what the version before does not write": (
        (
            "op.execute(\"ALTER TABLE notes ADD new text DEFAULT '' NOT NULL\"); "
            'op.execute("ALTER TABLE notes ALTER new DROP DEFAULT")'
        ),
        "notes: takes no rows of the version before",
    ),
}


@pytest.mark.parametrize("bad", _BAD)
def test_a_bad_upgrade_is_found(bad: str, tmp_path: Path, migrated_postgres: str) -> None:
    """So that the check above is known to see each kind."""
    statement, fault = _BAD[bad]
    scripts = Path(shutil.copytree(migrations.SCRIPTS, tmp_path / "alembic"))
    head = ScriptDirectory.from_config(migrations.script_config()).get_current_head()
    (scripts / "versions" / "9999_bad.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9999'\ndown_revision = '{head}'\nbranch_labels = depends_on = None\n"
        f"def upgrade():\n    {statement}\n"
    )
    found = list(faults(fresh_postgres(migrated_postgres), scripts, {"9999"}))
    assert found == [f"9999: {fault}"]


def test_an_upgrade_does_not_wait_for_ever(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All others would have to wait behind it; it gives up, and the next start tries again."""
    url = fresh_postgres(postgres, template="template0")
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT", 0.2)
    with migrations.connect(url) as connection:
        command.upgrade(migrations.config(connection), "0001")
    engine = sa.create_engine(parse_url(url))
    with engine.begin() as working:
        working.execute(sa.text("SELECT count(*) FROM users"))  # a reader that takes its time
        with pytest.raises(StorageBusy):
            migrations.upgrade(url)
    engine.dispose()
    assert migrations.pending(url) > 0
    migrations.upgrade(url)
    assert migrations.pending(url) == 0


def faults(
    url: str, scripts: Path = migrations.SCRIPTS, only: Collection[str] | None = None
) -> Iterator[str]:
    """What is wrong with the upgrades, each with its revision."""
    revisions = [script.revision for script in _walk(scripts)]
    for number, revision in enumerate(revisions):
        if only is not None and revision not in only:
            continue
        with migrations.connect(url) as connection:
            before = _tables(connection)
            _fill(connection, before, number)
            kept, files = _read(connection, before), _files(connection)
            config = migrations.config(connection)
            config.set_main_option("script_location", str(scripts))
            command.upgrade(config, revision)
            for fault in _compared(connection, before, kept, files, number):
                yield f"{revision}: {fault}"


def _walk(scripts: Path) -> list[Any]:
    config = migrations.script_config()
    config.set_main_option("script_location", str(scripts))
    return list(reversed(list(ScriptDirectory.from_config(config).walk_revisions())))


def _compared(
    connection: sa.Connection, before: sa.MetaData, kept: Rows, files: Mapping[str, int], number: int
) -> Iterator[str]:
    after, now = _files(connection), _read(connection, _tables(connection))
    for table in before.sorted_tables:
        rows, names = now.get(table.name, []), [column.name for column in table.columns]
        there = [{name: row.get(name) for name in names} for row in rows]
        takes = _takes(connection, table, number)  # in any case: rows of other tables refer to it
        if any(row not in there for row in kept[table.name]):
            yield f"{table.name}: lost"
        elif after.get(table.name) != files.get(table.name):
            yield f"{table.name}: rewritten"
        elif not takes:
            yield f"{table.name}: takes no rows of the version before"


def _takes(connection: sa.Connection, table: sa.Table, number: int) -> bool:
    """Whether a row as the version before writes it is still taken."""
    try:
        with connection.begin_nested():
            connection.execute(table.insert().values(_row(table, number + 500)))
    except (sa.exc.IntegrityError, sa.exc.ProgrammingError):
        return False
    return True


def _tables(connection: sa.Connection) -> sa.MetaData:
    found = sa.MetaData()
    found.reflect(connection)
    if "alembic_version" in found.tables:
        found.remove(found.tables["alembic_version"])
    return found


def _fill(connection: sa.Connection, tables: sa.MetaData, number: int) -> None:
    for table in tables.sorted_tables:
        connection.execute(table.insert().values(_row(table, number)))


def _row(table: sa.Table, number: int) -> dict[str, Any]:
    return {column.name: _value(column, number) for column in table.columns}


def _value(column: sa.Column[Any], number: int) -> Any:
    for kind, value in _VALUES.items():
        if isinstance(column.type, kind):
            return value
    return number + 1000 if isinstance(column.type, sa.Integer) else f"v{number}"


def _read(connection: sa.Connection, tables: sa.MetaData) -> Rows:
    return {
        table.name: [dict(row._mapping) for row in connection.execute(table.select())]
        for table in tables.sorted_tables
    }


def _files(connection: sa.Connection) -> dict[str, int]:
    """Which file each table is in on Postgres: another one after it was written anew, under a lock."""
    if connection.dialect.name != "postgresql":
        return {}
    found = connection.execute(sa.text("SELECT relname, relfilenode FROM pg_class WHERE relkind = 'r'"))
    return {row.relname: row.relfilenode for row in found}
