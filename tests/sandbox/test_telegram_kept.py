"""What the Telegram stand-in keeps in its directory between starts."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from bot.sandbox.serve import serve
from bot.sandbox.telegram import TelegramStandIn
from tests.sandbox.telegram_bench import ADA, BEN, CAT, GROUP, TOKEN, Bench


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[Bench]:
    """Run a stand-in that keeps its world; nothing is fetched or confirmed."""
    app = TelegramStandIn(token=TOKEN, seed_people=True, speed=200, directory=directory).app
    async with serve(app) as url, httpx.AsyncClient(base_url=url, verify=False) as http:
        yield Bench(url, http)


async def test_people_chats_messages_and_files_are_there_again(tmp_path: Path) -> None:
    """A restart changes nothing that anybody sees: not the world, not a message, not a file's bytes."""
    async with started(tmp_path) as bench:
        await bench.sandbox("people", {"first_name": "Dora", "id": 7})
        [photo] = await bench.write(ADA, ADA, {"photo": ("cat.jpg", CAT)}, caption="look\r\nat /this")
        await bench.ok("sendMessage", chat_id=ADA, text="I do", reply_to_message_id=photo["message_id"])
        reaction = {"message_id": photo["message_id"], "reaction": [{"type": "emoji", "emoji": "👀"}]}
        await bench.ok("setMessageReaction", chat_id=ADA, **reaction)
        await bench.ok("setMyCommands", commands=[{"command": "edit", "description": "Change a picture"}])
        await bench.write(GROUP, BEN, {"document": ("cat.jpg", CAT, "image/jpeg")})
        before = [
            await bench.sandbox(path)
            for path in ("world", f"chats/{ADA}/messages", f"chats/{GROUP}/messages")
        ]
    async with started(tmp_path) as bench:
        after = [
            await bench.sandbox(path)
            for path in ("world", f"chats/{ADA}/messages", f"chats/{GROUP}/messages")
        ]
        assert after == before
        document = after[2]["messages"][-1]["document"]
        assert (await bench.http.get(f"/sandbox/files/{document['file_id']}")).content == CAT
        path = (await bench.ok("getFile", file_id=document["file_id"]))["file_path"]
        assert (await bench.http.get(f"/file/bot{TOKEN}/{path}")).content == CAT


async def test_ids_go_on_and_deleted_messages_stay_deleted(tmp_path: Path) -> None:
    """No id of a message or an update comes twice; the page still learns what was deleted."""
    async with started(tmp_path) as bench:
        [first] = await bench.write(ADA, ADA, text="/start")
        last = await bench.ok("sendMessage", chat_id=ADA, text="wait…")
        await bench.ok("deleteMessage", chat_id=ADA, message_id=last["message_id"])
        number = (await bench.updates())[-1]["update_id"]
        version = (await bench.sandbox(f"chats/{ADA}/messages"))["version"]
    async with started(tmp_path) as bench:
        news = await bench.sandbox(f"chats/{ADA}/messages?after={version - 1}")
        assert (news["messages"], news["deleted"]) == ([], [last["message_id"]])
        [second] = await bench.write(ADA, ADA, text="again")
        assert second["message_id"] > last["message_id"] > first["message_id"]
        [update] = await bench.updates()
        assert update["update_id"] > number


async def test_updates_that_nobody_confirmed_come_after_the_restart(tmp_path: Path) -> None:
    """The bot was away when somebody wrote and pressed a button, and can still answer both."""
    async with started(tmp_path) as bench:
        await bench.write(ADA, ADA, text="/start")
        keyboard = {"inline_keyboard": [[{"text": "Again", "callback_data": "again"}]]}
        sent = await bench.ok("sendMessage", chat_id=ADA, text="Buttons", reply_markup=keyboard)
        await bench.updates()
        await bench.write(ADA, ADA, text="while you were away")
        query = await bench.sandbox(
            f"chats/{ADA}/messages/{sent['message_id']}/press", {"from": ADA, "data": "again"}
        )
    async with started(tmp_path) as bench:
        written, pressed = await bench.updates()
        assert written["message"]["text"] == "while you were away"
        assert pressed["callback_query"]["id"] == query["query"]
        await bench.ok("answerCallbackQuery", callback_query_id=query["query"], text="Done")
        assert (await bench.sandbox(f"queries/{query['query']}"))["text"] == "Done"
        await bench.ok("sendMessage", chat_id=ADA, text="still started")


async def test_whatever_was_answered_survives_a_kill(tmp_path: Path) -> None:
    """Nothing has to be stopped properly: what one start answered, another one knows at once."""
    async with started(tmp_path) as killed:
        [message] = await killed.write(ADA, ADA, {"photo": ("cat.jpg", CAT)}, caption="in time")
        async with started(tmp_path) as bench:
            [kept] = (await bench.sandbox(f"chats/{ADA}/messages"))["messages"]
            assert kept == message
            assert (await bench.http.get(f"/sandbox/files/{kept['photo'][0]['file_id']}")).status_code == 200


@pytest.mark.parametrize("damage", ["no database", "another form", "half of a row"])
async def test_what_cannot_be_read_is_set_aside(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The world begins anew, and says so; ids go on with the time and not from 1; the old file is kept."""
    async with started(tmp_path) as bench:
        [old] = await bench.write(ADA, ADA, text="/start")
        number = (await bench.updates())[-1]["update_id"]
    _damage(tmp_path / "telegram.sqlite", damage)
    async with started(tmp_path) as bench:
        assert (await bench.sandbox(f"chats/{ADA}/messages"))["messages"] == []
        [new] = await bench.write(ADA, ADA, text="/start")
        assert new["message_id"] >= old["message_id"]
        assert (await bench.updates())[-1]["update_id"] >= number
    assert "telegram.sqlite can't be read" in caplog.text
    assert len(_set_aside(tmp_path)) == 1
    async with started(tmp_path) as bench:
        assert (await bench.sandbox(f"chats/{ADA}/messages"))["messages"] == [new]


def _set_aside(directory: Path) -> list[Path]:
    return list(directory.glob("telegram.sqlite.unreadable-*"))


def _damage(path: Path, how: str) -> None:
    if how == "no database":
        path.write_bytes(b"this was a database once" * 500)
        return
    with sqlite3.connect(path) as database:
        database.execute(
            "PRAGMA user_version = 999"
            if how == "another form"
            else "UPDATE kept SET value = substr(value, 9)"
        )


async def test_without_a_directory_nothing_is_kept() -> None:
    """A stand-in of a test begins with the message 1."""
    async with (
        serve(TelegramStandIn(token=TOKEN, seed_people=True).app) as url,
        httpx.AsyncClient(verify=False) as http,
    ):
        form = {"from": str(ADA), "text": "/start"}
        answer = await http.post(f"{url}/sandbox/chats/{ADA}/messages", data=form)
        assert answer.json()["messages"][0]["message_id"] == 1
