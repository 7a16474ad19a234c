"""Telegram's answers within bounds: what is too long, packed or endless fails like a lost connection."""

from __future__ import annotations

import asyncio
import gzip
import resource
import time

import pytest
from telegram.error import NetworkError, TimedOut

from bot.chat import application
from bot.chat.application import App
from bot.clock import SystemClock
from bot.domain.timing import Timing
from tests.providers.raw_server import Talk, drip, http, raw_server
from tests.sandbox.telegram_bench import TOKEN

TIMING = Timing(http_connect=0.2, telegram_read=0.2, telegram_upload=0.2)


def app_at(url: str) -> App:
    return application.build(TOKEN, url, TIMING, SystemClock())


async def _chunks_without_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        await writer.drain()


BOMB = gzip.compress(bytes(64 << 20), 9)
UNBOUNDED: dict[str, bytes | Talk] = {
    "says that it is 2 GB": http(b"{", length=2 << 30),
    "chunks without end": _chunks_without_end,
    "a gzip bomb": http(BOMB, "Content-Encoding: gzip"),
    "brotli": http(b"\x0b\x02\x80{}\x03", "Content-Encoding: br"),
    "deflate": http(b"x\x9c", "Content-Encoding: deflate"),
}


@pytest.mark.parametrize("case", UNBOUNDED)
async def test_more_than_is_taken(case: str) -> None:
    """It is not read to its end, let alone unpacked: the process hardly grows."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with raw_server(UNBOUNDED[case]) as server:
        app = app_at(server.url)
        with pytest.raises(NetworkError, match="AnswerUnbounded"):
            await app.bot.get_me()
        await app.bot.shutdown()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60 * 1024  # KiB


async def test_a_body_that_drips() -> None:
    """It ends after the call's time-outs together, though a byte comes long before each of them."""
    async with raw_server(drip) as server:
        app = app_at(server.url)
        begun = time.monotonic()
        with pytest.raises(TimedOut):
            await app.bot.get_me()
        assert 0.5 < time.monotonic() - begun < 3
        await app.bot.shutdown()


async def test_a_head_that_drips() -> None:
    """So does the head of an answer."""

    async def head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.ensure_future(reader.read())
        writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not gone.done():
            writer.write(b"x")
            await writer.drain()
            await asyncio.wait([gone], timeout=0.01)

    async with raw_server(head) as server:
        app = app_at(server.url)
        with pytest.raises(TimedOut):
            await app.bot.get_me()
        await app.bot.shutdown()


async def test_nothing_packed_is_asked_for() -> None:
    """So that an honest server sends what is counted."""
    async with raw_server(http(b'{"ok":true,"result":true}')) as server:
        app = app_at(server.url)
        assert await app.bot.log_out()
        await app.bot.shutdown()
    [head] = server.heads
    assert "accept-encoding: identity" in head.lower()


def test_a_poll_ends_before_the_watchdog_takes_it_for_dead() -> None:
    """However its answer drips."""
    timing = Timing()
    app = application.build(TOKEN, "http://127.0.0.1:1", timing, SystemClock())
    waits = app.bot._request[0]._client.timeout
    whole = (waits.connect or 0) + (waits.write or 0) + (waits.pool or 0) + timing.poll + timing.read
    assert whole < timing.poll_watchdog
