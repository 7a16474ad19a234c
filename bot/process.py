"""What a process needs around its work: the lock on its data, its loops, and the signal to stop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.errors import StartRefused

_NEEDED_SQLITE = (3, 42)
Loop = Callable[[], Coroutine[Any, Any, None]]


class Role(StrEnum):
    """What a process does: everything, or on a Postgres that several share, a part of it."""

    ALL = "run"
    FRONT = "front"
    WORKER = "worker"

    @property
    def takes_in(self) -> bool:
        """Whether it takes updates in, up to the accepted edit."""
        return self is not Role.WORKER

    @property
    def works(self) -> bool:
        """Whether it does edits."""
        return self is not Role.FRONT


@contextlib.contextmanager
def locked(directory: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the directory for this process alone, or with others that share a database.

    Two on one SQLite file would take each other's running edits up.

    Raises:
        StartRefused: another process has it, or it can't be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / "lock").open("w")
    except OSError as error:
        raise StartRefused(f"DATA_DIR ({directory}) can't be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            raise StartRefused(
                f"DATA_DIR ({directory}) is in use by another running Wavebrush: stop that one first"
            ) from None
        yield


def check_sqlite(database_url: str) -> None:
    """Refuse an SQLite that the engine can't start on.

    Raises:
        StartRefused: the database is SQLite, and Python 3.12 or later comes with one older than 3.42.
    """
    old = sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < _NEEDED_SQLITE
    if old and database_url.startswith("sqlite"):
        raise StartRefused(
            f"This Python's SQLite is {sqlite3.sqlite_version}, and 3.42 or newer is needed: "
            "use Python 3.11, a newer system (Debian 13), or set DATABASE_URL to a Postgres database"
        )


@contextlib.asynccontextmanager
async def running(*loops: Loop) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run loops while the context lasts; they are cancelled at its end."""
    tasks = [asyncio.create_task(loop(), name=loop.__qualname__) for loop in loops]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_told(tasks: Iterable[asyncio.Task[None]], ready: Callable[[], None]) -> None:
    """Wait for SIGTERM or SIGINT; a loop that ends by itself ends the wait with its error.

    ``ready`` is called when the signals are heard: before, they would cut the process off.
    """
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    ready()
    waiter = asyncio.create_task(told.wait(), name="signal")
    try:
        done, _ = await asyncio.wait([waiter, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        waiter.cancel()
