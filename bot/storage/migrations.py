"""Brings a database to the tables of this version, at every start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text

from alembic import command
from bot import failpoints
from bot.errors import StartRefused
from bot.storage.database import WRITING, border, parse_url, set_up_sqlite

SCRIPTS = Path(__file__).parents[2] / "alembic"
_LOCK = 0x57617665  # any number that is ours: the name of the advisory lock
LOCK_TIMEOUT = 10.0
"""Seconds that a migration waits for a table on Postgres: all others wait behind it."""


def upgrade(url: str) -> None:
    """Bring the database to this version's tables; call it in a thread, before the engine opens.

    Several processes may start at once: one migrates, the others wait for it and find it done.

    Raises:
        StartRefused: the database is newer than the program, or the URL is none.
        StorageBusy: it can't be reached or is locked.
    """
    with connect(url) as connection:
        to_head = config(connection)
        scripts = ScriptDirectory.from_config(to_head)
        _refuse_newer(connection, scripts)
        if set(MigrationContext.configure(connection).get_current_heads()) != set(scripts.get_heads()):
            command.upgrade(to_head, "head")
        failpoints.reached("migrating")


def config(connection: Connection) -> Config:
    """What Alembic needs to work on a connection: where the migrations are, and no file."""
    config = script_config()
    config.attributes["connection"] = connection
    return config


def script_config() -> Config:
    """Where the migrations are."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """One transaction that may change tables, alone: it holds SQLite's or our own lock until its end."""
    parsed = parse_url(url)
    on_sqlite = parsed.get_backend_name() == "sqlite"
    if on_sqlite:
        engine = create_engine(
            parsed.set(drivername="sqlite"), poolclass=NullPool, connect_args={"isolation_level": None}
        )
        # A table that is changed by copying must not take the rows that refer to it along.
        set_up_sqlite(engine, busy_timeout=30.0, foreign_keys=False)
        engine = engine.execution_options(**{WRITING: True})
    else:
        engine = create_engine(parsed, poolclass=NullPool, connect_args={"connect_timeout": 10})
    with border(), engine.begin() as connection:
        if not on_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text(f"SET LOCAL lock_timeout = {round(LOCK_TIMEOUT * 1000)}"))
        yield connection


def _refuse_newer(connection: Connection, scripts: ScriptDirectory) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if unknown := set(MigrationContext.configure(connection).get_current_heads()) - known:
        raise StartRefused(
            f"The database is newer than this program (revision {', '.join(sorted(unknown))}): "
            "start the newer version, or restore the backup that was made before it."
        )


def pending(url: str) -> int:
    """How many migrations a database still needs; it is created if it is a file that is not there.

    Raises:
        StartRefused: the database is newer than the program, or the URL is none.
        StorageBusy: it can't be reached or is locked.
    """
    scripts = ScriptDirectory.from_config(script_config())
    with connect(url) as connection:
        _refuse_newer(connection, scripts)
        applied = MigrationContext.configure(connection).get_current_heads()
    done = {script.revision for head in applied for script in scripts.iterate_revisions(head, "base")}
    return sum(1 for script in scripts.walk_revisions() if script.revision not in done)
