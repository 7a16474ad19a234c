"""One database, SQLite or Postgres: connections, transactions, and the border its errors stop at."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from typing import Any, Self

from sqlalchemy import Connection, Engine, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import StartRefused, StorageBusy

WRITING = "wavebrush_writing"
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
}
# Result codes that pass with time (https://sqlite.org/rescode.html); the others are our own mistakes.
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
    }
)


def parse_url(text: str) -> URL:
    """Read a database URL in any of its usual spellings, with the driver that this program uses.

    ``postgres://``, ``postgresql://`` and ``sqlite:///path`` are taken, with or without a driver's name.

    Raises:
        StartRefused: it is no URL, or of another kind of database. The text never repeats the URL,
            which may hold a password.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise StartRefused("The database URL can't be read: write sqlite:///path or postgresql://") from error
    kind = url.drivername.partition("+")[0]
    if kind not in _DRIVERS:
        raise StartRefused(f"Databases of the kind {kind!r} are not supported: use sqlite or postgresql.")
    if kind == "sqlite" and url.database in {None, "", ":memory:"}:
        raise StartRefused("The database must be a file: write sqlite:///path.")
    return url.set(drivername=_DRIVERS[kind])


def set_up_sqlite(engine: Engine, busy_timeout: float, *, foreign_keys: bool = True) -> None:
    """Make every connection of ``engine`` durable, strict and explicit about its transactions.

    The driver must be told not to begin transactions by itself (``isolation_level=None``): it begins
    none for SELECT, so that reading and then writing fails at once when another writer came between.
    """

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {round(busy_timeout * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def border() -> Iterator[None]:
    """Turn what passes with time (locked, full, connection lost) into StorageBusy; mistakes stay mistakes."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        code = getattr(error.orig, "sqlite_errorcode", None)
        if code is not None and code & 0xFF not in _PASSING:
            raise
        raise StorageBusy(str(error.orig)) from error
    except PoolTimeout as error:
        raise StorageBusy("no free connection") from error


# A server that is gone without a word is noticed in time (libpq's names: seconds, times, milliseconds).
_HEARD = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_HELD = 0x576176AA  # any number that is ours: the name of an advisory lock


class Database:
    """A pool of connections. Writers take turns on SQLite, which has room for one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._readers = engine
        self._writers = engine.execution_options(**{WRITING: True})
        self._turn: AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if engine.dialect.name == "sqlite" else nullcontext()
        )

    @classmethod
    def open(cls, url: str, *, busy_timeout: float = 5.0) -> Self:
        """Open a database whose tables are there already (see `bot.storage.migrations`).

        ``busy_timeout`` is how many seconds a writer waits for another process's lock.

        Its errors don't repeat what was to be written: people's words are in no log.

        Raises:
            StartRefused: see `parse_url`.
        """
        parsed = parse_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_async_engine(parsed, hide_parameters=True, connect_args={"isolation_level": None})
            set_up_sqlite(engine.sync_engine, busy_timeout)
        else:
            options = f"-c lock_timeout={round(busy_timeout * 1000)}"
            engine = create_async_engine(
                parsed,
                hide_parameters=True,
                pool_pre_ping=True,
                connect_args={"options": options, "connect_timeout": 10, **_HEARD},
            )
        return cls(engine)

    @property
    def on_postgres(self) -> bool:
        """Whether several processes may share this database."""
        return self._readers.dialect.name == "postgresql"

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """One write transaction: committed at the end, rolled back by any exception.

        Raises:
            StorageBusy: nothing was written, unless the connection was lost during the commit itself.
        """
        async with self._turn:
            with border():
                async with self._writers.begin() as connection:
                    yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """One transaction that only reads.

        Raises:
            StorageBusy.
        """
        with border():
            async with self._readers.connect() as connection:
                yield connection

    @asynccontextmanager
    async def held(self, *, alone: bool = False) -> AsyncIterator[None]:
        """Hold a Postgres while the context lasts, with others or ``alone``; a file is held by its folder.

        Raises:
            StartRefused: another process has it alone, or has it at all.
        """
        if not self.on_postgres:
            yield
            return
        kind = "" if alone else "_shared"
        async with self._readers.connect() as connection:
            asked = text(f"SELECT pg_try_advisory_lock{kind}(:lock)")
            if not (await connection.execute(asked, {"lock": _HELD})).scalar_one():
                raise StartRefused(
                    "DATABASE_URL is in use by a running Wavebrush: stop that one first"
                    if alone
                    else "DATABASE_URL is being restored: start again once that has ended"
                )
            await connection.commit()  # the lock is the session's, and no transaction stays open for it
            try:
                yield
            finally:  # at once: the server may notice a closed connection only after the next start
                with suppress(SQLAlchemyError):
                    await connection.execute(text(f"SELECT pg_advisory_unlock{kind}(:lock)"), {"lock": _HELD})
                    await connection.commit()

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that can be told what to do on conflict, in this database's dialect."""
        return postgresql.insert(table) if self.on_postgres else sqlite.insert(table)

    async def close(self) -> None:
        """Close all connections."""
        await self._readers.dispose()
