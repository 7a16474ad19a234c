"""Who is let in, over a real connection: strangers get one polite sentence, and only in private."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Update
from telegram.ext import TypeHandler

from bot.chat import application
from bot.chat.application import App, Gate
from bot.chat.replies import Bot
from bot.errors import StorageBusy
from bot.storage.database import Database
from bot.storage.people import SqlPeople
from tests.sandbox.telegram_bench import ADA, BEN, BOT_ID, GROUP, Bench


class Door:
    """An application behind whose gate one handler remembers who came in. Ada is served, Ben is not."""

    def __init__(self, telegram: Bench, app: App, bot: Bot, people: SqlPeople) -> None:
        self.telegram, self.app, self.bot = telegram, app, bot
        self.entered: list[int] = []
        gate = Gate(bot, people, lambda user_id: user_id == ADA)
        application.route(app, gate, [[TypeHandler(Update, self._enter)]])

    async def _enter(self, update: Update, context: Any) -> None:
        assert update.effective_user
        self.entered.append(update.effective_user.id)

    async def comes(self) -> None:
        """Let in what waits."""
        for raw in await self.telegram.updates():
            await self.process(raw)

    async def process(self, raw: dict[str, Any]) -> None:
        await self.app.process_update(Update.de_json(raw, self.bot))

    async def said(self, chat: int) -> list[str]:
        """What the bot wrote into a chat."""
        messages = (await self.telegram.sandbox(f"chats/{chat}/messages"))["messages"]
        return [message["text"] for message in messages if message["from"]["id"] == BOT_ID]


@pytest.fixture
def people(database: Database) -> SqlPeople:
    return SqlPeople(database)


@pytest.fixture
def door(telegram: Bench, app: App, bot: Bot, people: SqlPeople) -> Door:
    return Door(telegram, app, bot, people)


async def test_who_is_served_comes_in(door: Door) -> None:
    """Without a word of the gate."""
    await door.telegram.write(ADA, ADA, text="hello")
    await door.comes()
    assert door.entered == [ADA]
    assert await door.said(ADA) == []


async def test_a_stranger_gets_one_polite_sentence(door: Door) -> None:
    """With the id that the owner needs to let them in."""
    await door.telegram.write(BEN, BEN, text="/start")
    await door.comes()
    assert door.entered == []
    (text,) = await door.said(BEN)
    assert text.startswith("Sorry, this bot is private")
    assert str(BEN) in text


async def test_a_stranger_in_a_group_gets_a_short_answer(door: Door) -> None:
    """Without an id: the others there did not ask."""
    await door.telegram.write(GROUP, BEN, text="/edit@wavebrush_bot make it blue")
    await door.comes()
    assert door.entered == []
    assert await door.said(GROUP) == ["Sorry, I only work for the people on my owner's list."]


async def test_a_stranger_who_does_not_turn_to_the_bot_gets_no_answer(door: Door) -> None:
    """Even if the bot sees what is said."""
    await door.telegram.sandbox(f"groups/{GROUP}/bot", {"status": "administrator"})
    await door.telegram.updates()
    await door.telegram.write(GROUP, BEN, text="what a lovely day")
    await door.telegram.write(GROUP, BEN, text="/edit@other_bot make it blue")
    await door.comes()
    assert door.entered == []
    assert await door.said(GROUP) == []


@pytest.mark.parametrize("mask", ["anonymous", "channel"])
async def test_who_is_not_known_can_not_be_charged(door: Door, mask: str) -> None:
    """An anonymous admin and who signs as a channel are told so, when they turn to the bot."""
    await door.telegram.write(GROUP, ADA, text="nothing for the bot", **{"as": mask})
    await door.telegram.write(GROUP, ADA, text="/edit@wavebrush_bot make it blue", **{"as": mask})
    await door.telegram.write(GROUP, ADA, text="/size@wavebrush_bot", **{"as": mask})
    await door.comes()
    assert door.entered == []
    told = await door.said(GROUP)
    assert len(told) == 2
    assert all("can't be charged" in text for text in told)


async def test_who_is_served_comes_in_from_a_group(door: Door) -> None:
    """It is the person who counts, not the place."""
    await door.telegram.write(GROUP, ADA, text="/edit@wavebrush_bot make it blue")
    await door.comes()
    assert door.entered == [ADA]


async def test_a_strangers_press_does_nothing(door: Door) -> None:
    """Also on a button of somebody who is served."""
    message = {"message_id": 5, "date": 0, "chat": {"id": BEN, "type": "private"}, "text": "?"}
    stranger = {"id": BEN, "is_bot": False, "first_name": "Ben"}
    press = {"id": "1", "from": stranger, "chat_instance": "1", "data": "x", "message": message}
    await door.process({"update_id": 1, "callback_query": press})
    assert door.entered == []
    assert await door.said(BEN) == []


@pytest.mark.parametrize("sender", [None, {"id": ADA, "is_bot": True, "first_name": "Channel Bot"}])
async def test_nobody_and_bots_are_not_let_in(door: Door, sender: dict[str, Any] | None) -> None:
    """A channel's post has no person who could pay."""
    message = {"message_id": 5, "date": 0, "chat": {"id": ADA, "type": "private"}, "text": "hello"}
    await door.process({"update_id": 1, "message": message | ({"from": sender} if sender else {})})
    assert door.entered == []
    assert await door.said(ADA) == []


async def test_a_stranger_who_blocked_the_bot_breaks_nothing(door: Door) -> None:
    """The answer can't be sent, and that is all."""
    await door.telegram.write(BEN, BEN, text="/start")
    await door.telegram.sandbox(f"people/{BEN}/block", {"blocked": True})
    await door.comes()
    assert door.entered == []


async def test_who_came_in_is_remembered(door: Door, people: SqlPeople, database: Database) -> None:
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
    telegram: Bench, app: App, bot: Bot, database: Database
) -> None:
    """So that the update waits instead of being lost."""
    door = Door(telegram, app, bot, BusyPeople(database))
    await door.telegram.write(ADA, ADA, text="hello")
    with pytest.raises(StorageBusy):
        await door.comes()
