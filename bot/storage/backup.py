"""Copies of the databases while they are written to, and what becomes of a copy that is put back.

After the moment of a backup the bot may have bought what the copy still has to buy. So what is put
back buys nothing by itself: edits that are not final are `unknown`, their money held; open requests are
expired and updates that wait are done. The engine's records are kept in the backup, but not put back:
no workflow goes on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, delete, insert, inspect, text, update

from bot.domain.edits import OPEN_REQUESTS, UNFINISHED, EditState, RequestState
from bot.domain.restored import NOTE, Restored
from bot.errors import EditUnknown, StartRefused
from bot.storage import postgres_tools
from bot.storage.database import parse_url
from bot.storage.migrations import connect, upgrade
from bot.storage.postgres_tools import REVISION
from bot.storage.tables import EDITS, INBOX, METADATA, NOTES, REQUESTS

APP, ENGINE, DUMP = "wavebrush.sqlite", "wavebrush-engine.sqlite", "wavebrush.dump"
"""The names of the copies. On Postgres one holds both databases."""
_NO_TABLES = "The database has no tables yet: there is nothing to back up"


def kind(url: str) -> str:
    """The kind of a database: sqlite or postgresql. Raises StartRefused: see `parse_url`."""
    return parse_url(url).get_backend_name()


def files(*urls: str) -> list[Path]:
    """The files of databases that are files, with those that SQLite keeps beside them."""
    names = [parse_url(url).database or "" for url in urls if kind(url) == "sqlite"]
    return [Path(name + suffix) for name in names for suffix in ("", "-wal", "-shm")]


def copy(url: str, engine_url: str, into: Path) -> str:
    """Copy both databases into a folder, each as of one moment; the revision of the tables.

    Writers are not held up. The engine's comes first: what it knows, the application's knows too.

    Raises:
        StartRefused: there is no database, or Postgres' tools are missing or fail. StorageBusy.
    """
    if kind(url) == "postgresql":
        with connect(url) as connection:  # no migration meanwhile
            revision = _revision(connection)
            postgres_tools.dump(url, into / DUMP)
        return revision
    for source, name in ((engine_url, ENGINE), (url, APP)):
        file = Path(parse_url(source).database or "")
        if file.exists():
            _copy_file(file, into / name)
        elif name == APP:
            raise StartRefused(f"There is no database yet at {file}: there is nothing to back up")
    with connect(f"sqlite:///{into / APP}") as connection:
        return _revision(connection)


def _copy_file(source: Path, target: Path) -> None:
    """SQLite's online backup, in one step (https://sqlite.org/backup.html): a snapshot that blocks nobody."""
    copied = closing(sqlite3.connect(target))
    with _sqlite(f"{source} can't be copied"), closing(_opened(source)) as live, copied as file:
        live.backup(file)


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)


@contextmanager
def _sqlite(problem: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StartRefused(f"{problem}: {error}") from error


def _revision(connection: Connection) -> str:
    heads = MigrationContext.configure(connection).get_current_heads()
    if not heads:
        raise StartRefused(_NO_TABLES)
    return heads[0]


def check_empty(url: str) -> None:
    """Refuse a Postgres database that has something in it.

    Raises:
        StartRefused. StorageBusy.
    """
    if kind(url) != "postgresql":
        return
    with connect(url) as connection:
        if {*METADATA.tables, REVISION} & {*inspect(connection).get_table_names()}:
            raise StartRefused(
                "The database is not empty: make a new one, name it in DATABASE_URL, and restore into that"
            )


def put_back(url: str, staged: Path, revision: str, made_at: datetime, now: datetime) -> Restored:
    """Make a database of this version from the copies in a folder; on SQLite it is left there, as `APP`.

    Raises:
        StartRefused: the copy is damaged or newer than the program, or Postgres' tools are missing or
            fail. StorageBusy.
    """
    if kind(url) == "postgresql":
        postgres_tools.load(url, staged / DUMP)
    else:
        url = f"sqlite:///{staged / APP}"
        _check_file(staged / APP)
    with connect(url) as connection:
        restored = _give_up(connection, made_at, now)
        # One transaction: what has a revision and can be started has nothing left to buy.
        connection.execute(text("DELETE FROM alembic_version"))
        stamp = text("INSERT INTO alembic_version (version_num) VALUES (:revision)")
        connection.execute(stamp, {"revision": revision})
    upgrade(url)
    with connect(url) as connection:
        connection.execute(delete(NOTES).where(NOTES.c.name == NOTE))
        connection.execute(insert(NOTES).values(name=NOTE, text=restored.as_json(), at=now))
    return restored


def _check_file(file: Path) -> None:
    damaged = f"The database in the backup is damaged ({file.name}): use another backup"
    with _sqlite(damaged), closing(_opened(file)) as connection:
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise StartRefused(damaged)


def _give_up(connection: Connection, made_at: datetime, now: datetime) -> Restored:
    """Leave nothing that would be bought, without touching money: a hold stays until it is settled.

    Only columns that the first version had: the tables may be older than the program.
    """
    edits = (
        update(EDITS)
        .where(EDITS.c.state.in_(UNFINISHED))
        .values(state=EditState.UNKNOWN, reason=EditUnknown.key, ended_at=now)
        .returning(EDITS.c.id)
    )
    requests = (
        update(REQUESTS)
        .where(REQUESTS.c.state.in_(OPEN_REQUESTS))
        .values(state=RequestState.EXPIRED, due_at=None)
        .returning(REQUESTS.c.id, REQUESTS.c.addressed)
    )
    updates = update(INBOX).where(INBOX.c.state == "waiting")
    connection.execute(updates.values(state="done", body="", owner=None, leased_until=None))
    unknown = connection.execute(edits).scalars().all()
    # Whoever did not turn to the bot (an album in a group) hears nothing of it.
    expired = [row.id for row in connection.execute(requests) if row.addressed]
    return Restored(made_at, tuple(unknown), tuple(expired))
