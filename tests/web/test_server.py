"""The health page, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from bot.errors import StartRefused
from bot.web import server
from tests.web.raw import status_of

LOCALHOST = "127.0.0.1"


def saying(problem: str | None) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        return problem

    return check


async def health(checks: dict[str, Callable[[], Awaitable[str | None]]]) -> tuple[int, Any]:
    """What a supervisor sees."""
    async with (
        server.serving(server.build(server.Site(checks)), 0, LOCALHOST) as port,
        httpx.AsyncClient(trust_env=False, verify=False) as http,
    ):
        answer = await http.get(f"http://{LOCALHOST}:{port}/healthz")
    return answer.status_code, answer.json()


async def test_all_is_well() -> None:
    """200 while no check complains."""
    assert await health({"telegram": saying(None), "storage": saying(None)}) == (200, {"ok": True})


async def test_what_is_wrong_is_said() -> None:
    """503, with each check that failed and none that did not."""
    checks = {"telegram": saying("no poll succeeded for 91 s"), "storage": saying(None)}
    assert await health(checks) == (503, {"ok": False, "telegram": "no poll succeeded for 91 s"})


async def test_a_check_that_never_answers() -> None:
    """A supervisor waits for some seconds only, and hears which check it was."""

    async def hangs() -> str | None:
        await asyncio.Event().wait()
        return None

    site = server.Site({"database": hangs, "engine": hangs, "telegram": saying(None)}, patience=0.01)
    silent = "no answer for 0.01 s"
    assert await site.problems() == {"database": silent, "engine": silent, "telegram": None}


async def test_nothing_else_is_served() -> None:
    """No page, no listing, no documentation."""
    async with (
        server.serving(server.build(server.Site()), 0, LOCALHOST) as port,
        httpx.AsyncClient(base_url=f"http://{LOCALHOST}:{port}", trust_env=False, verify=False) as http,
    ):
        assert [(await http.get(path)).status_code for path in ("/", "/docs", "/healthz/x")] == [404] * 3
        assert (await http.post("/healthz")).status_code == 405


async def test_a_port_in_use_is_an_error_at_once() -> None:
    """And not a bot that runs without its health page; it says which port, and what to do."""
    async with server.serving(server.build(server.Site()), 0, LOCALHOST) as port:
        with pytest.raises(StartRefused, match=f"PORT {port} .* in use"):
            async with server.serving(server.build(server.Site()), port, LOCALHOST):
                pass


async def test_the_port_is_free_again_afterwards() -> None:
    """A restart finds it."""
    async with server.serving(server.build(server.Site()), 0, LOCALHOST) as port:
        pass
    async with server.serving(server.build(server.Site()), port, LOCALHOST) as again:
        assert again == port


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: "])
async def test_a_head_that_never_ends(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    """Nobody keeps a connection by asking for nothing, or a byte at a time; who asks properly is answered."""
    monkeypatch.setattr(server._Prompt, "seconds", 0.2)
    async with server.serving(server.build(server.Site()), 0, LOCALHOST) as port:
        reader, writer = await asyncio.open_connection(LOCALHOST, port)
        writer.write(sent)
        ended = asyncio.ensure_future(reader.read())
        async with asyncio.timeout(10):
            while not ended.done():
                writer.write(b"x" if sent else b"")
                await asyncio.wait([ended], timeout=0.02)
        writer.close()
        with contextlib.suppress(ConnectionResetError):  # what it did not read is thrown back
            assert await ended == b""
        assert await status_of(port, "GET /healthz HTTP/1.1\nHost: x\nConnection: close") == 200


async def test_a_head_that_is_too_long() -> None:
    """It is refused while it comes, and what serves it is not told."""
    async with server.serving(server.build(server.Site()), 0, LOCALHOST) as port:
        with contextlib.suppress(ConnectionResetError):  # what it did not read is thrown back
            assert await status_of(port, f"GET /healthz HTTP/1.1\nHost: x\nX-Long: {'x' * 1_000_000}") == 400
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            assert "server" not in (await http.get(f"http://{LOCALHOST}:{port}/healthz")).headers
