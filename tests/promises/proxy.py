"""A proxy between the bot and a stand-in that can break any call, at any byte of what goes or comes.

It takes one request a connection, as ``Connection: close`` says, so that every fault meets one call alone.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LONGEST_HEAD = 64 * 1024
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset and throws away what is unsent
_LENGTH = re.compile(rb"(?im)^content-length: *(\d+)\r$")
_CONNECTION = re.compile(rb"(?im)^connection:.*\r\n")
_MEGABYTE = bytes(2**20)


class _Gone(Exception):
    """The client has closed the connection."""


@dataclass
class Call:
    """One request, and the ways to go on with it."""

    head: bytes
    upstream: tuple[str, int]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def line(self) -> str:
        """Method and path, as ``GET /outputs/1.png``."""
        return self.head.split(b"\r\n", 1)[0].decode("latin-1").rpartition(" ")[0]

    async def body(self, most: int | None = None) -> bytes:
        """What is left of the request's body, or its first bytes."""
        found = _LENGTH.search(self.head)
        length = int(found[1]) if found else 0
        return await self.reader.readexactly(length if most is None else min(most, length))

    async def forward(self) -> tuple[bytes, bytes]:
        """Let the stand-in do it; head and body of its answer."""
        body = await self.body()
        head = _CONNECTION.sub(b"", self.head).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        reader, writer = await asyncio.open_connection(*self.upstream)
        try:
            writer.write(head + body)
            await writer.drain()
            told, _, rest = (await self._unless_gone(reader.read())).partition(b"\r\n\r\n")
            return told + b"\r\n\r\n", rest
        finally:
            writer.close()

    async def _unless_gone(self, answer: Awaitable[bytes]) -> bytes:
        """Wait for an answer only as long as the client does: a long poll ends with who polls."""
        waiting = asyncio.ensure_future(answer)
        left = asyncio.ensure_future(self.reader.read(1))
        await asyncio.wait([waiting, left], return_when=asyncio.FIRST_COMPLETED)
        left.cancel()
        if not waiting.done():
            waiting.cancel()
            raise _Gone
        return waiting.result()

    async def send(self, data: bytes) -> None:
        """Send a piece of an answer. Raises ConnectionError when the client is gone."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes, status: int = 200, *headers: str, kind: str = "text/html") -> None:
        """Answer something of one's own."""
        lines = (f"HTTP/1.1 {status} Said", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers)
        await self.send("\r\n".join([*lines, "Connection: close", "\r\n"]).encode() + body)

    async def until_gone(self) -> None:
        """Say nothing until the client gives up."""
        await self.reader.read()

    def reset(self) -> None:
        """Break the connection off, as a machine that died does: the client reads a reset."""
        connection = self.writer.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.writer.transport.abort()


Act = Callable[[Call], Awaitable[None]]


async def passed(call: Call) -> None:
    """No fault."""
    head, body = await call.forward()
    await call.send(head + body)


def unsent(after: int = 0) -> Act:
    """A reset in the middle of the request, ``after`` bytes of its body: it has no effect."""

    async def act(call: Call) -> None:
        await call.body(after)
        call.reset()

    return act


def cut(after: int = 0) -> Act:
    """The call has its effect; a reset after so many bytes of the answer's body, 0: before its head."""

    async def act(call: Call) -> None:
        head, body = await call.forward()
        if after:
            await call.send(head + body[:after])
            await asyncio.sleep(0.05)  # a reset overtakes what is not read yet
        call.reset()

    return act


async def silence(call: Call) -> None:
    """The call has its effect, and no answer ever comes."""
    await call.forward()
    await call.until_gone()


async def drip(call: Call) -> None:
    """The call has its effect; of its answer a byte comes now and then, which no read time-out notices."""
    head, body = await call.forward()
    await call.send(head)
    for place in range(len(body)):
        await call.send(body[place : place + 1])
        await asyncio.sleep(1.0)


async def flood(call: Call) -> None:
    """The call has its effect; the answer has no end."""
    await call.forward()
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
    while True:
        await call.send(_MEGABYTE)


def said(body: bytes | str, status: int = 200, *headers: str, effect: bool = True) -> Act:
    """Something else is answered, whether or not the call has its effect."""

    async def act(call: Call) -> None:
        if effect:
            await call.forward()
        else:
            await call.body()
        await call.answer(body if isinstance(body, bytes) else body.encode(), status, *headers)

    return act


def bomb(megabytes: int = 512) -> Act:
    """The call has its effect; the answer is small and unpacks to so many megabytes."""
    packed = gzip.compress(_MEGABYTE, 9) * megabytes  # members one after the other are one stream
    return said(packed, 200, "Content-Encoding: gzip")


def changed(change: Callable[[bytes], bytes]) -> Act:
    """The call has its effect; its answer's body is changed on the way."""

    async def act(call: Call) -> None:
        head, body = await call.forward()
        status = int(head.split(b" ", 2)[1])
        await call.answer(change(body), status, kind="application/json")

    return act


def once(happened: asyncio.Event, act: Act) -> Act:
    """The same, when something has happened."""

    async def waits(call: Call) -> None:
        await happened.wait()
        await act(call)

    return waits


def late(seconds: float) -> Act:
    """Everything is right, and slow."""

    async def act(call: Call) -> None:
        head, body = await call.forward()
        await asyncio.sleep(seconds)
        await call.send(head + body)

    return act


@dataclass
class Armed:
    """What the next calls of a path meet. ``came`` is set by the first of them, ``spent`` by the last."""

    path: re.Pattern[str]
    act: Act
    count: int
    came: asyncio.Event = field(default_factory=asyncio.Event)
    spent: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Passes everything on, but for the calls that were armed."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (str(parts.hostname), int(parts.port or 80))
        self._armed: list[Armed] = []
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def arm(self, path: str, act: Act, count: int = 1) -> Armed:
        """Have the next calls whose ``GET /path`` this pattern finds act so."""
        armed = Armed(re.compile(path), act, count)
        self._armed.append(armed)
        return armed

    def disarm(self) -> None:
        """Only pass on from now on."""
        self._armed.clear()

    async def open(self) -> None:
        """Listen, at the same port as before."""
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self._port, limit=_LONGEST_HEAD, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    def shut(self) -> None:
        """Listen no more: who connects is refused. What is under way goes on."""
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """End everything."""
        self.shut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, _Gone):
                call = Call(await reader.readuntil(b"\r\n\r\n"), self._upstream, reader, writer)
                await self._take(call.line)(call)
        except asyncio.CancelledError:
            pass  # the stream's own callback would report it
        finally:
            writer.close()

    def _take(self, line: str) -> Act:
        armed = next((one for one in self._armed if one.path.search(line)), None)
        if armed is None:
            return passed
        armed.came.set()
        armed.count -= 1
        if not armed.count:
            self._armed.remove(armed)
            armed.spent.set()
        return armed.act


@asynccontextmanager
async def proxied(upstream: str) -> AsyncIterator[Proxy]:
    """A proxy before a server, while the context lasts."""
    proxy = Proxy(upstream)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
