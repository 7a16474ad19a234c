"""Faults on demand, the call log, and the server's own end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot.sandbox.serve import serve
from bot.sandbox.telegram import TelegramStandIn
from tests.sandbox.telegram_bench import ADA, GROUP, TOKEN, Bench, picture, standin


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Bench]:
    """One stand-in for all calls that leave nothing behind."""
    async with standin() as bench:
        yield bench


async def texts(bench: Bench) -> list[str]:
    messages = (await bench.sandbox(f"chats/{ADA}/messages"))["messages"]
    return [message["text"] for message in messages if message["from"]["is_bot"]]


async def fail(bench: Bench, kind: str, **fault: Any) -> None:
    await bench.sandbox("faults", {"method": "sendMessage", "kind": kind, "count": 1, **fault})


async def test_a_status_fault_answers_as_asked_and_once() -> None:
    """The next call gets the status, description and retry_after; the one after it works."""
    async with standin() as bench:
        await bench.started()
        await fail(bench, "status", status=429, description="Too Many Requests: retry after 7", retry_after=7)
        answer = await bench.call("sendMessage", chat_id=ADA, text="x")
        assert (answer.status_code, answer.json()["parameters"]) == (429, {"retry_after": 7})
        await bench.ok("sendMessage", chat_id=ADA, text="x")


@pytest.mark.parametrize(("kind", "arrived"), [("drop", ["x"]), ("refuse", [])])
async def test_a_lost_answer_may_or_may_not_have_had_an_effect(kind: str, arrived: list[str]) -> None:
    """The connection closes without an answer: after `drop` the message is there, after `refuse` not."""
    async with standin() as bench:
        await bench.started()
        await fail(bench, kind)
        with pytest.raises(httpx.RemoteProtocolError):
            await bench.call("sendMessage", chat_id=ADA, text="x")
        assert await texts(bench) == arrived


async def test_garbage_is_html_with_status_200() -> None:
    """As from a proxy that answers in Telegram's place; nothing was sent."""
    async with standin() as bench:
        await bench.started()
        await fail(bench, "garbage")
        answer = await bench.call("sendMessage", chat_id=ADA, text="x")
        assert (answer.status_code, answer.text[:6]) == (200, "<html>")
        assert await texts(bench) == []


async def test_a_slow_call_still_works() -> None:
    """It takes as long as asked and then has its effect."""
    async with standin() as bench:
        await bench.started()
        await fail(bench, "slow", seconds=0.2)
        before = time.monotonic()
        await bench.ok("sendMessage", chat_id=ADA, text="x")
        assert time.monotonic() - before >= 0.2


async def test_faults_can_be_cleared_and_meet_any_method_or_a_download() -> None:
    """`*` meets whatever comes next; `download` meets a file's link only."""
    async with standin() as bench:
        [message] = await bench.write(ADA, ADA, {"photo": ("a.png", picture())})
        await bench.sandbox("faults", {"method": "*", "kind": "status", "status": 502, "description": "Bad"})
        assert await bench.refused("getMe") == "502 Bad"
        file = await bench.ok("getFile", file_id=message["photo"][-1]["file_id"])
        link = f"/file/bot{TOKEN}/{file['file_path']}"
        await bench.sandbox("faults", {"method": "download", "kind": "status", "status": 500, "count": 2})
        assert (await bench.http.get(link)).status_code == 500
        await bench.sandbox("faults", method="DELETE")
        assert (await bench.http.get(link)).status_code == 200


async def test_an_unknown_fault_is_refused() -> None:
    """A typo in a test does not pass for a fault."""
    async with standin() as bench:
        answer = await bench.http.post("/sandbox/faults", json={"method": "getMe", "kind": "explode"})
        assert answer.status_code == 400
        assert "kind is one of" in answer.json()["error"]


async def test_the_call_log_has_every_call_with_files_as_sizes() -> None:
    """What the bot asked for and what it was answered can be read afterwards, without the token."""
    async with standin() as bench:
        await bench.started()
        data = picture()
        await bench.ok("sendPhoto", {"photo": ("a.png", data)}, chat_id=ADA, caption="c")
        await bench.refused("sendPhoto", chat_id=ADA)
        log = await bench.sandbox("calls?method=sendphoto")
        assert [(call["params"], call["status"]) for call in log["calls"]] == [
            ({"chat_id": str(ADA), "caption": "c", "photo": len(data)}, 200),
            ({"chat_id": str(ADA)}, 400),
        ]
        assert TOKEN not in str(await bench.sandbox("calls"))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("people", {}, 400),
        ("people", {"first_name": "Ada", "id": ADA}, 400),
        ("groups", {"title": "x", "members": []}, 400),
        ("groups", {"title": "x", "members": [5]}, 404),
        ("groups", {"title": "x", "members": [ADA], "id": 7}, 400),
        ("people/5/block", {"blocked": True}, 404),
        ("chats/5/messages/1/delete", {"from": ADA}, 404),
        (f"chats/{ADA}/messages/1/press", {"from": ADA, "data": "x"}, 404),
        (f"groups/{ADA}/migrate", {}, 400),
        (f"groups/{GROUP}/topics", {"name": "x"}, 400),
        (f"groups/{GROUP}/bot", {"status": "king"}, 400),
        ("files/x/expire", {}, 404),
    ],
)
async def test_what_people_can_not_do_is_said_in_a_sentence(
    shared: Bench, path: str, body: Any, status: int
) -> None:
    """The people's side refuses with 4xx and one sentence."""
    answer = await shared.http.post(f"/sandbox/{path}", json=body)
    assert answer.status_code == status
    assert len(answer.json()["error"].split()) > 2


async def test_the_server_stops_promptly_with_an_open_long_poll() -> None:
    """The poll is answered 502 and the port is free again."""
    app = TelegramStandIn(token=TOKEN).app
    async with httpx.AsyncClient(verify=False) as http:
        async with serve(app) as url:
            poll = asyncio.create_task(http.get(f"{url}/bot{TOKEN}/getUpdates?timeout=50", timeout=60))
            assert (await http.get(f"{url}/sandbox/polls?wait=10", timeout=60)).json()["open"] is True
            before = time.monotonic()
        assert time.monotonic() - before < 2
        assert (await poll).status_code == 502
        with pytest.raises(httpx.ConnectError):
            await http.get(url)


async def test_a_taken_port_is_an_error() -> None:
    """Two servers can't share a port."""
    async with serve(Starlette()) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            async with serve(Starlette(), port=port):
                pass


def test_a_token_has_a_form() -> None:
    """Something that is no token is refused at once."""
    with pytest.raises(ValueError, match="token looks like"):
        TelegramStandIn(token="secret")
