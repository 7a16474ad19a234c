"""What a stand-in remembers between its starts: rows in an SQLite file, written before it answers."""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)
T = TypeVar("T")

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_TABLE = (
    "CREATE TABLE IF NOT EXISTS kept"
    " (kind TEXT, key TEXT, state TEXT NOT NULL, value NOT NULL, PRIMARY KEY (kind, key))"
)
_UPSERT = (
    "INSERT INTO kept VALUES (?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET state = excluded.state, value = excluded.value"
)


class Unreadable(Exception):
    """The rows are not what this version writes."""


class Shelf:
    """Values by kind and key: bytes, or what JSON can hold.

    A committed change survives the process, also a killed one. ``form`` numbers the shape of the values;
    another one is not read.
    """

    def __init__(self, path: Path, form: int) -> None:
        self.path = path
        self._form = form
        self._states: dict[str, dict[str, str]] = {}
        self._written: list[tuple[str, str, str, bytes | str]] = []
        self._gone: list[tuple[str, str]] = []
        self._connection: sqlite3.Connection | None = None

    def read(self, kind: str) -> dict[str, Any]:
        """Give the values of a kind by key, oldest first. Raises `Unreadable`."""
        with self._damage():
            rows = self._open().execute(
                "SELECT key, state, value FROM kept WHERE kind = ? ORDER BY rowid", (kind,)
            )
            found = {key: (state, value) for key, state, value in rows}
            values = {key: _decoded(value) for key, (_, value) in found.items()}
        self._states[kind] = {key: state for key, (state, _) in found.items()}
        return values

    def mirror(self, kind: str, states: Mapping[str, object], value: Callable[[str], Any]) -> None:
        """Make the rows of a kind be those of ``states``, with the next `commit`.

        A row is written where its state is not the one it was last written with; ``value`` gives its
        value. A row that is not in ``states`` is deleted.
        """
        seen = self._states.setdefault(kind, {})
        for key in seen.keys() - states.keys():
            del seen[key]
            self._gone.append((kind, key))
        for key, state in states.items():
            told = repr(state)
            if seen.get(key) != told:
                seen[key] = told
                self._written.append((kind, key, told, _encoded(value(key))))

    def commit(self) -> None:
        """Write what `mirror` collected, all or nothing. Raises ``sqlite3.Error``: it will be tried again."""
        if not self._written and not self._gone:
            return
        with self._open() as connection:
            connection.executemany("DELETE FROM kept WHERE kind = ? AND key = ?", self._gone)
            connection.executemany(_UPSERT, self._written)
        self._written.clear()
        self._gone.clear()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def take(self, load: Callable[[Shelf], T]) -> T | None:
        """Give what ``load`` reads. What can't be read is set aside under another name, and None given.

        Raises ``sqlite3.Error`` or ``OSError`` if the file can't be opened now.
        """
        try:
            return load(self)
        except (Unreadable, LookupError, TypeError, ValueError) as error:
            aside = self._set_aside()
            log.warning("%s can't be read (%r): it is now %s, and begins anew", self.path, error, aside.name)
            return None
        finally:
            self.close()

    def _set_aside(self) -> Path:
        self.close()
        self._states.clear()
        aside = self.path.with_name(f"{self.path.name}.unreadable-{time.strftime('%Y%m%d-%H%M%S')}")
        for ending in ("-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)
        return self.path.rename(aside)

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # no fsync a commit; a killed process loses nothing
        [form] = connection.execute("PRAGMA user_version").fetchone()
        if form == 0:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {self._form:d}")
        elif form != self._form:
            raise Unreadable(f"it has the form {form} and not {self._form}")

    @contextmanager
    def _damage(self) -> Iterator[None]:
        """Tell a damaged file from one that can't be opened now, which has to stay as it is."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
                raise Unreadable(str(error)) from error
            raise
        except ValueError as error:
            raise Unreadable(str(error)) from error


class SaveFirst:
    """Middleware: nothing is answered before what came of the request is saved."""

    def __init__(self, app: ASGIApp, save: Callable[[], None]) -> None:
        self._app = app
        self._save = save

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_saved(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._save()
            await send(message)

        await self._app(scope, receive, send_saved)


def _encoded(value: Any) -> bytes | str:
    return value if isinstance(value, bytes) else json.dumps(value)


def _decoded(value: bytes | str) -> Any:
    return value if isinstance(value, bytes) else json.loads(value)
