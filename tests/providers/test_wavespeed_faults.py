"""What goes wrong on the wire: a paid POST is never sent twice, and nothing waits or reads without end."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs

from bot.errors import (
    AnswerLost,
    NoSuchPrediction,
    NotSent,
    OutputUnusable,
    ProviderDown,
    ProviderError,
    Throttled,
)
from bot.providers.wavespeed import WaveSpeed

from .conftest import KEY, Sandbox, hurried, picture, submission
from .raw_server import RawServer, Talk, drip, http, raw_server, silent

SOURCE = "https://cdn.example/a.png"
PROMPT = "my secret birthday wish"


@asynccontextmanager
async def against(answer: bytes | Talk, **seconds: float) -> AsyncIterator[tuple[RawServer, WaveSpeed]]:
    """A client of a server that always gives this answer."""
    timing = hurried(**seconds)
    async with (
        raw_server(answer) as server,
        aclosing(WaveSpeed(KEY, base_url=server.url, timing=timing)) as ours,
    ):
        yield server, ours


# --- the paid POST --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "bought"),
    [("drop", 1), ("refuse", 0), ("garbage", 1), ("empty", 1), ("truncate", 1), ("html", 0), ("status", 0)],
)
async def test_lost_answer(sandbox: Sandbox, wavespeed: WaveSpeed, kind: str, bought: int) -> None:
    """However the answer to a submit is spoilt, it is lost, and there was exactly one POST."""
    url = await wavespeed.upload(picture())
    await sandbox.fault("submit", kind)
    with pytest.raises(AnswerLost) as caught:
        await wavespeed.submit(submission(url, prompt=PROMPT))
    assert len(await sandbox.submits()) == 1
    assert len(await sandbox.see("predictions")) == bought
    assert PROMPT not in str(caught.value)
    assert KEY not in repr(caught.value)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_5xx_on_a_submit(sandbox: Sandbox, wavespeed: WaveSpeed, status: int) -> None:
    """A 5xx says nothing about whether the work was taken, even if it asks to come back."""
    await sandbox.fault("submit", "status", status=status, retry_after=1)
    with pytest.raises(AnswerLost):
        await wavespeed.submit(submission(SOURCE))
    assert len(await sandbox.submits()) == 1


async def test_submit_throttled(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """A 429 bought nothing, carries its wait, and is not repeated here."""
    await sandbox.fault("submit", "status", status=429, retry_after=17)
    with pytest.raises(Throttled) as caught:
        await wavespeed.submit(submission(SOURCE))
    assert caught.value.retry_after == 17
    assert len(await sandbox.submits()) == 1
    assert await sandbox.see("predictions") == []


async def test_submit_past_its_deadline() -> None:
    """A server that takes the POST and says nothing: the answer is lost when the deadline is over."""

    async with against(silent, submit=0.2) as (server, wavespeed):
        with pytest.raises(AnswerLost):
            await wavespeed.submit(submission(SOURCE))
        assert len(server.heads) == 1


async def test_submit_answer_that_drips() -> None:
    """An answer that comes byte by byte keeps no socket time-out from passing, but not the deadline."""

    async with against(drip, submit=0.3) as (_, wavespeed):
        with pytest.raises(AnswerLost):
            await wavespeed.submit(submission(SOURCE))


async def test_submit_on_a_connection_of_its_own() -> None:
    """A server may close a kept connection just as the POST goes out on it: the answer would be lost."""
    told = b'{"code":200,"data":{"balance":1,"id":"p1","status":"created"}}'

    async def open_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(told)}\r\n\r\n".encode() + told)
        await reader.read(1)  # and it hangs up on whoever goes on

    async with against(open_once) as (server, wavespeed):
        await wavespeed.balance()
        assert (await wavespeed.submit(submission(SOURCE))).id == "p1"
        assert len(server.heads) == 2


async def test_connection_refused() -> None:
    """Where nobody listens, nothing was sent; other calls are merely down."""
    async with raw_server(b"") as server:
        url = server.url
    async with aclosing(WaveSpeed(KEY, base_url=url)) as wavespeed:
        with pytest.raises(NotSent):
            await wavespeed.submit(submission(SOURCE))
        with pytest.raises(ProviderDown):
            await wavespeed.balance()


async def test_no_tls_no_submit() -> None:
    """A handshake that fails sends no request."""
    heard = asyncio.get_running_loop().create_future()

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        heard.set_result(await reader.read())
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with aclosing(WaveSpeed(KEY, base_url=url)) as wavespeed:
            with pytest.raises(NotSent):
                await wavespeed.submit(submission(SOURCE))
        assert b"POST" not in await heard


async def test_submit_that_finds_no_free_connection() -> None:
    """When all connections are busy for too long, the POST was never sent."""

    async with against(silent, http_connect=0.2, read=5.0) as (server, wavespeed):
        busy = [asyncio.ensure_future(wavespeed.balance()) for _ in range(12)]
        await server.asked(12)
        with pytest.raises(NotSent):
            await wavespeed.submit(submission(SOURCE))
        for call in busy:
            call.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
        assert not any("POST" in head for head in server.heads)


async def test_redirected_submit_is_not_followed(sandbox: Sandbox) -> None:
    """The key and the paid POST go to the configured origin only."""
    elsewhere = http(
        b"", f"Location: {sandbox.url}/api/v3/openai/gpt-image-2/edit", status="307 Temporary Redirect"
    )
    async with against(elsewhere) as (server, wavespeed):
        with pytest.raises(AnswerLost):
            await wavespeed.submit(submission(SOURCE))
        assert len(server.heads) == 1
    assert await sandbox.see("calls") == []


# --- calls that are safe to repeat ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop", "refuse", "garbage", "empty", "truncate", "html", "status"])
async def test_spoilt_result(sandbox: Sandbox, wavespeed: WaveSpeed, kind: str) -> None:
    """Reading again is safe: the error says so, and the next reading works."""
    bought = await wavespeed.submit(submission(await wavespeed.upload(picture())))
    await sandbox.fault("result", kind)
    with pytest.raises(ProviderDown) as caught:
        await wavespeed.result(bought.id)
    assert not caught.value.permanent
    assert (await wavespeed.result(bought.id)).id == bought.id


async def test_gateways_404_page_is_not_the_end_of_a_prediction(
    sandbox: Sandbox, wavespeed: WaveSpeed
) -> None:
    """Only the API's own words lose a paid prediction."""
    await sandbox.fault("result", "html", status=404)
    with pytest.raises(ProviderDown):
        await wavespeed.result("0" * 32)
    with pytest.raises(NoSuchPrediction):
        await wavespeed.result("0" * 32)


async def test_answer_too_large() -> None:
    """An answer is not read beyond its limit, whether it says its length or not."""

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(64):
            writer.write(b"100000\r\n" + bytes(0x100000) + b"\r\n")
            await writer.drain()
        raise AssertionError("all of it was read")

    async with against(endless) as (_, wavespeed):
        with pytest.raises(ProviderDown, match="BodyTooLarge"):
            await wavespeed.balance()
    async with against(http(b"{}", length=9 * 1024 * 1024)) as (_, wavespeed):
        with pytest.raises(ProviderDown, match="BodyTooLarge"):
            await wavespeed.balance()


async def test_compressed_answer_is_not_unpacked() -> None:
    """Compression is not asked for, and what comes compressed anyway stays as small as it came."""
    packed = gzip.compress(b'{"code":200,"data":{"balance":' + b" " * (4 << 20) + b"1}}", 9)
    answer = http(packed, "Content-Encoding: gzip")
    async with against(answer) as (server, wavespeed):
        with pytest.raises(ProviderDown):
            await wavespeed.balance()
        with pytest.raises(ProviderDown):
            await wavespeed.download(f"{server.url}/a.png")
        assert all("accept-encoding: identity" in head.lower() for head in server.heads)


async def test_slow_read() -> None:
    """A call that is safe to repeat ends at its own deadline."""

    async with against(silent, read=0.2) as (_, wavespeed):
        with pytest.raises(ProviderDown, match="TimeoutError"):
            await wavespeed.live_models()


async def test_endless_listing() -> None:
    """A list that never ends is cut after 20 pages, and that is logged."""
    items = [{"id": f"pred_{number}", "status": "processing"} for number in range(100)]
    page = http(json.dumps({"code": 200, "data": {"items": items}}).encode())
    with capture_logs() as logs:
        async with against(page) as (server, wavespeed):
            assert len(await wavespeed.predictions(datetime(2026, 11, 21, tzinfo=UTC))) == 100
            assert len(server.heads) == 20
    assert [entry["event"] for entry in logs] == ["predictions_cut"]


# --- outputs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop", "empty", "truncate", "html", "status"])
async def test_spoilt_output(sandbox: Sandbox, wavespeed: WaveSpeed, kind: str) -> None:
    """An output that was spoilt on its way is fetched again, and then it is whole."""
    bought = await wavespeed.submit(submission(await wavespeed.upload(picture())))
    await sandbox.finish(bought.id)
    [output] = (await wavespeed.result(bought.id)).outputs
    await sandbox.fault("output", kind)
    with pytest.raises(ProviderDown):
        await wavespeed.download(output)
    assert (await wavespeed.download(output)).endswith(b"IEND\xaeB\x60\x82")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http(b"", "Content-Type: image/png"), ProviderDown),
        (http(b"<html>busy</html>", "Content-Type: image/png"), ProviderDown),
        (http(b"half", length=8), ProviderDown),
        (http(b"", status="404 Not Found"), ProviderDown),
        (b"no HTTP\r\n\r\n", ProviderDown),
        (b"", ProviderDown),
        (http(b"", length=65 * 1024 * 1024), OutputUnusable),
    ],
    ids=["empty", "page", "truncated", "not found", "no HTTP", "hung up", "huge"],
)
async def test_bad_output(answer: bytes, error: type[ProviderError]) -> None:
    """What may be better next time is worth repeating; what is too large is not."""
    async with against(answer) as (server, wavespeed):
        with pytest.raises(error):
            await wavespeed.download(f"{server.url}/a.png?signature=canary")


async def test_output_that_drips() -> None:
    """A download ends at its deadline, however busy the line looks."""

    async with against(drip, transfer=0.3) as (server, wavespeed):
        with pytest.raises(ProviderDown):
            await wavespeed.download(f"{server.url}/a.png")


async def test_cancelled_call_leaves_no_connection() -> None:
    """Cancelling passes through as cancelling, and frees the connection for the next call."""

    async with against(silent, read=0.2) as (server, wavespeed):
        for number in range(1, 14):
            call = asyncio.ensure_future(wavespeed.submit(submission(SOURCE)))
            await server.asked(number)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        with pytest.raises(ProviderDown, match="TimeoutError"):
            await wavespeed.balance()
        assert len(server.heads) == 14
