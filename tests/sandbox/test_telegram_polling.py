"""`getUpdates` of the Telegram stand-in: what is kept, confirmed, expired and refused."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from bot.sandbox.telegram.updates import UpdateQueue
from bot.sandbox.telegram.wire import Params
from tests.sandbox.telegram_bench import ADA, GROUP, TOKEN, standin


class Clock:
    """A monotonic clock whose time the test sets."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def params(**values: str) -> Params:
    return Params(values, {})


def queue_with(count: int, clock: Clock) -> tuple[UpdateQueue, list[int]]:
    queue = UpdateQueue(1.0, clock)
    for number in range(count):
        queue.push("message", {"message_id": number}, 1)
    return queue, [entry.number for entry in queue.pending]


async def test_an_offset_confirms_all_lower_ids() -> None:
    """Updates stay until an offset above their id was asked for."""
    clock = Clock()
    queue, numbers = queue_with(3, clock)
    assert [u["update_id"] for u in await queue.poll(params())] == numbers
    clock.at += 10
    assert [u["update_id"] for u in await queue.poll(params(offset=str(numbers[1])))] == numbers[1:]
    clock.at += 10
    assert [u["update_id"] for u in await queue.poll(params())] == numbers[1:]


async def test_a_negative_offset_forgets_all_but_the_last() -> None:
    """-1 gives the newest update and drops those before it."""
    queue, numbers = queue_with(3, Clock())
    assert [u["update_id"] for u in await queue.poll(params(offset="-1"))] == numbers[2:]
    assert [entry.number for entry in queue.pending] == numbers[2:]


@pytest.mark.parametrize(("limit", "got"), [("2", 2), ("0", 1), ("1000", 100)])
async def test_the_limit_is_held_between_1_and_100(limit: str, got: int) -> None:
    """A limit out of its range is moved into it, not refused."""
    queue, _ = queue_with(120, Clock())
    assert len(await queue.poll(params(limit=limit))) == got


async def test_the_same_offset_again_at_once_gives_one_update() -> None:
    """Who asks twice within half a second without confirming gets the head only."""
    clock = Clock()
    queue, numbers = queue_with(3, clock)
    await queue.poll(params())
    clock.at += 0.4
    assert [u["update_id"] for u in await queue.poll(params())] == numbers[:1]


@pytest.mark.parametrize(("kind", "seconds"), [("message", 24 * 3600), ("callback_query", 150)])
async def test_updates_expire(kind: str, seconds: float) -> None:
    """A message waits for a day, a pressed button for 150 seconds."""
    clock = Clock()
    queue = UpdateQueue(1.0, clock)
    queue.push(kind, {}, 1)
    clock.at += seconds - 1
    assert len(await queue.poll(params())) == 1
    clock.at += 2
    assert await queue.poll(params(offset="1", timeout="0")) == []


async def test_allowed_updates_are_remembered() -> None:
    """Reactions come only if they are listed, and a call without the list keeps the last one."""
    clock = Clock()
    queue = UpdateQueue(1.0, clock)
    queue.push("message_reaction", {}, 1)
    assert queue.pending == []
    queue.allow(["message_reaction"])
    queue.allow(None)
    queue.push("message_reaction", {}, 1)
    queue.push("message", {}, 1)
    assert [list(entry.update)[1] for entry in queue.pending] == ["message_reaction"]
    queue.allow([])
    queue.push("message", {}, 1)
    assert len(queue.pending) == 2


async def test_a_long_poll_ends_with_the_first_update() -> None:
    """A waiting poll answers as soon as something comes."""
    async with standin() as bench:
        poll = asyncio.create_task(bench.ok("getUpdates", timeout=50))
        [message] = await bench.write(ADA, ADA, text="hello")
        [update] = await poll
        assert update["message"] == {k: v for k, v in message.items() if k != "sandbox_files"}


async def test_a_second_poller_ends_the_first() -> None:
    """Two programs with one token: the older poll gets 409 with Telegram's own words."""
    async with standin() as bench:
        first = asyncio.create_task(bench.refused("getUpdates", timeout=50))
        assert (await bench.sandbox("polls?wait=10"))["open"] is True
        await bench.ok("getUpdates", offset=1)
        assert await first == (
            "409 Conflict: terminated by other getUpdates request; "
            "make sure that only one bot instance is running"
        )


async def test_polling_is_refused_while_a_webhook_is_set() -> None:
    """With a webhook `getUpdates` answers 409, after `deleteWebhook` it works."""
    async with standin() as bench:
        await bench.ok("setWebhook", url="http://127.0.0.1:9/hook")
        assert (await bench.refused("getUpdates")).startswith(
            "409 Conflict: can't use getUpdates method while"
        )
        await bench.ok("deleteWebhook")
        assert await bench.ok("getUpdates") == []


async def test_a_raw_update_is_passed_on_as_it_is() -> None:
    """A test can queue what no phone makes; it comes between the others."""
    async with standin() as bench:
        await bench.sandbox("updates", {"message": {"date": "yesterday"}})
        await bench.write(ADA, ADA, text="after it")
        broken, whole = await bench.updates()
        assert broken["message"] == {"date": "yesterday"}
        assert whole["update_id"] == broken["update_id"] + 1


async def test_parameters_come_in_every_form() -> None:
    """Query string, urlencoded form, multipart form and JSON body mean the same."""
    async with standin() as bench:
        await bench.started()
        path, text = f"/bot{TOKEN}/sendMessage", {"chat_id": str(ADA), "text": "the same"}
        answers: list[httpx.Response] = [
            await bench.http.get(path, params=text),
            await bench.http.post(path, data=text),
            await bench.http.post(path, files={k: (None, v) for k, v in text.items()}),
            await bench.http.post(path, json={"chat_id": ADA, "text": "the same"}),
        ]
        assert [answer.json()["result"]["text"] for answer in answers] == ["the same"] * 4


async def test_unknown_methods_and_tokens_have_their_status() -> None:
    """404 for a method nobody knows, 401 for a token that is not the bot's; names ignore case."""
    async with standin() as bench:
        assert await bench.refused("sendNothing") == "404 Not Found"
        assert (await bench.http.get("/bot1:x/getMe")).status_code == 401
        assert (await bench.ok("GETME"))["username"] == "wavebrush_bot"


async def test_a_person_sees_what_is_new_since_a_version() -> None:
    """The page asks with the version it has and gets changes and deletions only."""
    async with standin() as bench:
        await bench.started()
        sent = await bench.ok("sendMessage", chat_id=ADA, text="one")
        before = (await bench.sandbox(f"chats/{ADA}/messages"))["version"]
        waiting = asyncio.create_task(bench.sandbox(f"chats/{ADA}/messages?after={before}&wait=20"))
        await bench.ok("editMessageText", chat_id=ADA, message_id=sent["message_id"], text="two")
        news = await waiting
        assert [message["text"] for message in news["messages"]] == ["two"]
        await bench.ok("deleteMessage", chat_id=ADA, message_id=sent["message_id"])
        news = await bench.sandbox(f"chats/{ADA}/messages?after={news['version']}")
        assert (news["messages"], news["deleted"]) == ([], [sent["message_id"]])


async def test_the_world_shows_people_and_groups() -> None:
    """The page finds the seeded people and their group with its members."""
    async with standin() as bench:
        world = await bench.sandbox("world")
        assert [person["first_name"] for person in world["people"]] == ["Ada", "Ben", "Chloe"]
        [group] = [chat for chat in world["chats"] if chat["type"] != "private"]
        assert (group["id"], group["members"], group["privacy_mode"]) == (GROUP, [1001, 1002, 1003], True)
