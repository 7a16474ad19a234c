"""One run of the real bot as a process of its own: what it says, and its end."""

from __future__ import annotations

import asyncio
import atexit
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

PATIENCE = 30.0
ROOT = Path(__file__).parents[2]


class Process:
    """A process that the nursery started (see `tests.e2e.nursery`)."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._ended = asyncio.Event()
        self._follower: asyncio.Task[None] | None = None

    async def wait(self) -> int:
        """Wait for its end; its exit code, negative the signal that ended it."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        with suppress(ProcessLookupError):  # its end may be on the way to us
            if self.returncode is None:
                os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def follow(self, told: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        """Notice its end when the nursery tells it."""
        self._follower = asyncio.create_task(self._follow(told, connection))

    async def _follow(self, told: asyncio.StreamReader, connection: asyncio.StreamWriter) -> None:
        self.returncode = int(await told.readline())
        self._ended.set()
        connection.close()


class Nursery:
    """Starts bots quickly: one process for the whole test run has loaded their program already."""

    def __init__(self) -> None:
        # A short path: the name of a socket may have about 100 characters.
        self._folder = tempfile.TemporaryDirectory(prefix="nursery-")
        self._socket = str(Path(self._folder.name) / "socket")
        command = (sys.executable, "-m", "tests.e2e.nursery", self._socket)
        self._server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._server.stdout is not None
        with self._server.stdout as said:
            said.readline()  # it listens
        atexit.register(self._close)

    def _close(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()  # which ends it
        self._server.wait()
        self._folder.cleanup()

    async def start(
        self, module: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path = ROOT
    ) -> Process:
        """Start ``python -m module`` in a folder, with its arguments and this environment only."""
        order = {
            "module": module,
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
        }
        (out, out_end), (error, error_end) = os.pipe(), os.pipe()
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(self._socket)
        socket.send_fds(connected, [json.dumps(order).encode()], [out_end, error_end])
        os.close(out_end)
        os.close(error_end)
        told, connection = await asyncio.open_unix_connection(sock=connected)
        pid = int(await told.readline())
        process = Process(pid, await _reader(out), await _reader(error))
        process.follow(told, connection)
        return process


async def _reader(file: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(file, "rb"))
    return reader


@functools.cache
def nursery() -> Nursery:
    """The one of this test run."""
    return Nursery()


class Bot:
    """One run of the bot's process. All it writes is kept whole, and so are its settings."""

    def __init__(self, process: Process, settings: Mapping[str, str]) -> None:
        self.process = process
        self.settings = settings
        self.lines: list[str] = []
        self.printed: list[str] = []
        self._shown = 0
        self._grew = asyncio.Condition()
        self._log = asyncio.create_task(self._read(process.stderr, self.lines))
        self._out = asyncio.create_task(self._read(process.stdout, self.printed))

    @classmethod
    async def started(cls, command: Sequence[str], settings: Mapping[str, str]) -> Self:
        """Start ``python`` with ``-m``, a module and its arguments, and with these settings only."""
        _, module, *arguments = command
        return cls(
            await nursery().start(module, arguments, {"PATH": os.environ["PATH"], **settings}), settings
        )

    async def _read(self, stream: AsyncIterable[bytes], into: list[str]) -> None:
        async for line in stream:
            async with self._grew:
                into.append(line.decode())
                self._grew.notify_all()
        async with self._grew:
            self._grew.notify_all()

    async def says(self, event: str) -> dict[str, Any]:
        """Wait for a log event; its record."""
        seen = 0
        async with asyncio.timeout(PATIENCE), self._grew:
            while True:
                for line in self.lines[seen:]:
                    if f'"{event}"' in line:
                        record: dict[str, Any] = json.loads(line)
                        return record
                seen = len(self.lines)
                if self._log.done():
                    raise AssertionError(f"the bot ended without saying {event}:\n{self.log}")
                await self._grew.wait()

    async def prints(self) -> str:
        """Wait for the next line on its standard output."""
        async with asyncio.timeout(PATIENCE), self._grew:
            await self._grew.wait_for(lambda: len(self.printed) > self._shown or self._out.done())
        self._shown += 1
        return "".join(self.printed[self._shown - 1 : self._shown])

    async def ends(self) -> int:
        """Wait for the process to end; its exit code."""
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            await asyncio.gather(self._log, self._out)
        return code

    async def kill(self) -> None:
        """SIGKILL."""
        if self.alive:
            self.process.kill()
        await self.ends()

    async def stop(self) -> int:
        """SIGTERM."""
        if self.alive:
            self.process.send_signal(signal.SIGTERM)
        return await self.ends()

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.returncode is None

    @property
    def log(self) -> str:
        """All it logged."""
        return "".join(self.lines)
