"""Who is let in, over a real connection: strangers get one polite sentence, and only in private."""

from __future__ import annotations

from typing import Any

import pytest

from bot.chat.application import App
from bot.domain.access import Policy
from bot.errors import StorageBusy
from bot.storage.database import Database
from bot.storage.people import SqlPeople
from tests.chat.access_bench import House
from tests.sandbox.telegram_bench import ADA, BEN, GROUP, Bench


@pytest.fixture
async def door(telegram: Bench, app: App, database: Database) -> House:
    """Ada is served, Ben is not."""
    return await House.opened(telegram, app, database, policy=Policy.CLOSED)


async def test_who_is_served_comes_in(door: House) -> None:
    """Without a word of the gate."""
    await door.telegram.write(ADA, ADA, text="hello")
    await door.comes()
    assert door.entered == [ADA]
    assert await door.said(ADA) == []


async def test_a_stranger_gets_one_polite_sentence(door: House) -> None:
    """With the id that the owner needs to let them in."""
    await door.telegram.write(BEN, BEN, text="/start")
    await door.comes()
    assert door.entered == []
    (text,) = await door.said(BEN)
    assert text.startswith("Sorry, this bot is private")
    assert str(BEN) in text


async def test_a_stranger_in_a_group_gets_a_short_answer(door: House) -> None:
    """Without an id: the others there did not ask."""
    await door.telegram.write(GROUP, BEN, text="/edit@wavebrush_bot make it blue")
    await door.comes()
    assert door.entered == []
    assert await door.said(GROUP) == ["Sorry, I only work for people whom my admins approved."]


async def test_a_stranger_who_does_not_turn_to_the_bot_gets_no_answer(door: House) -> None:
    """Even if the bot sees what is said."""
    await door.telegram.sandbox(f"groups/{GROUP}/bot", {"status": "administrator"})
    await door.telegram.updates()
    await door.telegram.write(GROUP, BEN, text="what a lovely day")
    await door.telegram.write(GROUP, BEN, text="/edit@other_bot make it blue")
    await door.comes()
    assert door.entered == []
    assert await door.said(GROUP) == []


@pytest.mark.parametrize("mask", ["anonymous", "channel"])
async def test_who_is_not_known_can_not_be_charged(door: House, mask: str) -> None:
    """An anonymous admin and who signs as a channel are told so, when they turn to the bot."""
    await door.telegram.write(GROUP, ADA, text="nothing for the bot", **{"as": mask})
    await door.telegram.write(GROUP, ADA, text="/edit@wavebrush_bot make it blue", **{"as": mask})
    await door.telegram.write(GROUP, ADA, text="/size@wavebrush_bot", **{"as": mask})
    await door.comes()
    assert door.entered == []
    told = await door.said(GROUP)
    assert len(told) == 2
    assert all("can't be charged" in text for text in told)


async def test_who_is_served_comes_in_from_a_group(door: House) -> None:
    """It is the person who counts, not the place."""
    await door.telegram.write(GROUP, ADA, text="/edit@wavebrush_bot make it blue")
    await door.comes()
    assert door.entered == [ADA]


async def test_a_strangers_press_does_nothing(door: House) -> None:
    """Also on a button of somebody who is served."""
    message = {"message_id": 5, "date": 0, "chat": {"id": BEN, "type": "private"}, "text": "?"}
    stranger = {"id": BEN, "is_bot": False, "first_name": "Ben"}
    press = {"id": "1", "from": stranger, "chat_instance": "1", "data": "x", "message": message}
    await door.process({"update_id": 1, "callback_query": press})
    assert door.entered == []
    assert await door.said(BEN) == []


@pytest.mark.parametrize("sender", [None, {"id": ADA, "is_bot": True, "first_name": "Channel Bot"}])
async def test_nobody_and_bots_are_not_let_in(door: House, sender: dict[str, Any] | None) -> None:
    """A channel's post has no person who could pay."""
    message = {"message_id": 5, "date": 0, "chat": {"id": ADA, "type": "private"}, "text": "hello"}
    await door.process({"update_id": 1, "message": message | ({"from": sender} if sender else {})})
    assert door.entered == []
    assert await door.said(ADA) == []


async def test_a_stranger_who_blocked_the_bot_breaks_nothing(door: House) -> None:
    """The answer can't be sent, and that is all."""
    await door.telegram.write(BEN, BEN, text="/start")
    await door.telegram.sandbox(f"people/{BEN}/block", {"blocked": True})
    await door.comes()
    assert door.entered == []


async def test_who_came_in_is_remembered(door: House, database: Database) -> None:
    """By name, for those who look at the books."""
    await door.telegram.write(ADA, ADA, text="hello")
    await door.comes()
    async with database.reading() as connection:
        rows = (await connection.exec_driver_sql("SELECT id, name, language FROM users")).all()
    assert [tuple(row) for row in rows] == [(ADA, "Ada", "en")]


class BusyPeople(SqlPeople):
    """Can't write anything down."""

    async def seen(self, user_id: int, name: str, username: str | None, language: str | None) -> None:
        raise StorageBusy("locked")


async def test_a_busy_database_is_told_to_who_dispatches(
    telegram: Bench, app: App, database: Database
) -> None:
    """So that the update waits instead of being lost."""
    door = await House.opened(telegram, app, database, people=BusyPeople(database))
    await door.telegram.write(ADA, ADA, text="hello")
    with pytest.raises(StorageBusy):
        await door.comes()
