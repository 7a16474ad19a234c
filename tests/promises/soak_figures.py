"""What a process and its data take up, as Linux tells it under ``/proc``."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process takes up: bytes in memory, counts, seconds of processor time since its start.

    ``of_ended`` is the time that its children took which have ended.
    """

    memory: int
    files: int
    sockets: int
    threads: int
    seconds: float
    of_ended: float


def taken(pid: int) -> Taken:
    """Look at a process (proc_pid_statm, proc_pid_fd, proc_pid_stat)."""
    files = _files(PROC / str(pid) / "fd")
    # The second field is a name in brackets, which may hold blanks.
    stat = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return Taken(
        memory=int((PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE,
        files=len(files),
        sockets=sum(target.startswith("socket:") for target in files),
        threads=int(stat[17]),
        seconds=(int(stat[11]) + int(stat[12])) / _TICKS,
        of_ended=(int(stat[13]) + int(stat[14])) / _TICKS,
    )


@contextmanager
def takes_little(pid: int, most: int) -> Iterator[None]:
    """Assert that a process never has so many bytes more in memory than at first, where Linux tells it."""
    forget = PROC / str(pid) / "clear_refs"
    if not forget.exists():
        yield
        return
    forget.write_text("5")  # the peak is what it takes up now (proc_pid_clear_refs)
    before = _peak(pid)
    yield
    grown = _peak(pid) - before
    assert grown < most, f"{grown / 2**20:.0f} MB more than before"


def _peak(pid: int) -> int:
    """The most bytes that it ever had in memory (proc_pid_status, VmHWM)."""
    status = (PROC / str(pid) / "status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def of_children(pid: int) -> list[Taken]:
    """The same of the processes that a process started, in any of its threads, and of theirs."""
    found: list[Taken] = []
    for child in _children(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            found += [taken(child), *of_children(child)]
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in (PROC / str(pid) / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # so has it
            found += map(int, (thread / "children").read_text().split())
    return found


def _files(folder: Path) -> list[str]:
    targets = []
    for entry in folder.iterdir():
        try:
            targets.append(str(entry.readlink()))
        except FileNotFoundError:  # closed meanwhile
            continue
    return targets


def stored(data: Path) -> int:
    """The bytes of the database files, without the results that are kept on purpose."""
    return sum(path.stat().st_size for pattern in ("*.sqlite", "*.sqlite-wal") for path in data.glob(pattern))


def counts(database: Path) -> dict[str, int]:
    """How many rows each table has."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: _count(connection, name) for (name,) in names}


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])
