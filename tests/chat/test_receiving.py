"""A message that can't be written down: it comes again, and who waits for an answer is told so, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from bot.chat.polling import wrap
from bot.chat.receiving import Receiving
from bot.chat.replies import Bot
from bot.clock import SystemClock
from bot.domain.access import Policy, Rules
from bot.domain.stores import InboxUpdate
from bot.errors import StorageBusy
from bot.storage.access import SqlAccess
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from tests.sandbox.telegram_bench import ADA, BEN, BOT_ID, GROUP, Bench


class FullInbox(SqlInbox):
    """The real inbox, on a disk that is full at times."""

    full = True

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        if self.full:
            raise StorageBusy("database or disk is full")
        return await super().commit(updates, now)


class AwayAccess(SqlAccess):
    """Nobody knows who is served."""

    async def member(self, user_id: int) -> None:  # type: ignore[override] # it never answers
        raise StorageBusy("the database is away")


class Door:
    """What people write, handed in until it is taken. Ada is served, Ben is not."""

    def __init__(self, telegram: Bench, bot: Bot, database: Database, access: SqlAccess) -> None:
        self.telegram, self.inbox = telegram, FullInbox(database)
        self.receiving = Receiving(self.inbox, bot, access, Rules(Policy.CLOSED, (ADA,)))
        self.waiting: list[InboxUpdate] = []

    async def takes(self) -> bool:
        """Hand in what waits and what has come; whether it was taken."""
        new = [wrap(raw) for raw in await self.telegram.updates()]
        self.waiting += [update for update in new if update is not None]
        try:
            await self.receiving.commit(self.waiting, SystemClock().now())
        except StorageBusy:
            return False
        self.waiting.clear()
        return True

    async def said(self, chat: int) -> list[str]:
        messages = (await self.telegram.sandbox(f"chats/{chat}/messages"))["messages"]
        return [message["text"] for message in messages if message["from"]["id"] == BOT_ID]


@pytest.fixture
def door(telegram: Bench, bot: Bot, database: Database) -> Door:
    return Door(telegram, bot, database, SqlAccess(database))


async def test_who_waits_is_told_at_the_second_time(door: Door) -> None:
    """A short hitch is no news. What else they write meanwhile gets no second answer."""
    await door.telegram.write(ADA, ADA, text="hello")
    assert not await door.takes()
    assert await door.said(ADA) == []
    await door.telegram.write(ADA, ADA, text="are you there?")
    for _ in range(3):
        assert not await door.takes()
    [text] = await door.said(ADA)
    assert "what you sent has to wait" in text


async def test_the_next_time_it_is_said_again(door: Door) -> None:
    """Once everything was taken in, a new trouble is news."""
    for times in (1, 2):
        await door.telegram.write(ADA, ADA, text="hello")
        door.inbox.full = True
        assert not await door.takes()
        assert not await door.takes()
        door.inbox.full = False
        assert await door.takes()
        assert len(await door.said(ADA)) == times


async def test_who_is_not_served_hears_nothing(door: Door) -> None:
    """Nor does a group, where only reading a message tells whether it is for the bot."""
    await door.telegram.write(BEN, BEN, text="hello")
    await door.telegram.write(GROUP, ADA, text="/edit@wavebrush_bot make it blue")
    for _ in range(3):
        assert not await door.takes()
    assert await door.said(BEN) == await door.said(GROUP) == []


async def test_nobody_is_told_while_nobody_knows_who_is_served(
    telegram: Bench, bot: Bot, database: Database
) -> None:
    """Updates wait all the same."""
    door = Door(telegram, bot, database, AwayAccess(database))
    await door.telegram.write(ADA, ADA, text="hello")
    for _ in range(3):
        assert not await door.takes()
    assert await door.said(ADA) == []
    door.inbox.full = False
    assert await door.takes()
