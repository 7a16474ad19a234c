"""Handling what is in the inbox: in order within a chat, and no chat waits for another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from telegram import Bot, Update

from bot.chat.dispatch import Dispatch
from bot.clock import SystemClock
from bot.domain.stores import Inbox, InboxUpdate
from bot.domain.timing import Timing
from bot.errors import ImagingFailed, StorageBusy
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from tests.fakes import Turns
from tests.sandbox.telegram_bench import ADA, BEN, TOKEN
from tests.virtual_time import cancelled

TIMING = replace(Timing().faster(1000), inbox_lease=0.06)
PATIENCE = 10.0
CLOCK = SystemClock()

Handle = Callable[[str], Awaitable[None]]


class Handled:
    """Remembers the texts that were handled; ``first`` may do something before that."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.first: Handle | None = None
        self._more = asyncio.Condition()

    async def __call__(self, update: Update) -> None:
        text = update.effective_message.text if update.effective_message else None
        assert text is not None
        if self.first:
            await self.first(text)
        async with self._more:
            self.texts.append(text)
            self._more.notify_all()

    async def have(self, number: int) -> list[str]:
        """Wait for so many."""
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: len(self.texts) >= number)
        return self.texts


def update(number: int, lane: int = ADA, text: str = "") -> InboxUpdate:
    """A text that somebody wrote into a chat."""
    chat = {"id": lane, "type": "private", "first_name": "Ada"}
    message = {"message_id": number, "date": 1, "chat": chat, "text": text or str(number)}
    return InboxUpdate(number, lane, json.dumps({"update_id": number, "message": message}))


async def waiting(database: Database) -> list[int]:
    """The updates that are not done."""
    async with database.reading() as connection:
        rows = await connection.exec_driver_sql("SELECT update_id FROM inbox WHERE state = 'waiting'")
        return [int(row[0]) for row in rows]


async def state(database: Database, number: int) -> str:
    async with database.reading() as connection:
        query = f"SELECT state FROM inbox WHERE update_id = {number}"
        return str((await connection.exec_driver_sql(query)).scalar_one())


@asynccontextmanager
async def dispatching(inbox: Inbox, handled: Handled) -> AsyncIterator[Dispatch]:
    """A dispatch that runs."""
    dispatch = Dispatch(Bot(TOKEN), inbox, handled, TIMING, CLOCK)
    task = asyncio.create_task(dispatch.run())
    try:
        yield dispatch
        assert not task.done(), "the loop has ended"
    finally:
        await cancelled(task)


async def until_done(database: Database) -> None:
    """Wait until nothing in the inbox waits."""
    async with asyncio.timeout(PATIENCE):
        while await waiting(database):  # noqa: ASYNC110 - the database has no event for it
            await asyncio.sleep(0)


@pytest.fixture
def handled() -> Handled:
    return Handled()


async def test_a_chat_keeps_its_order(inbox: SqlInbox, handled: Handled, database: Database) -> None:
    """Over more updates than are taken at once."""
    numbers = list(range(1, 151))
    await inbox.commit([update(number) for number in numbers], CLOCK.now())
    async with dispatching(inbox, handled):
        assert await handled.have(150) == [str(number) for number in numbers]
        await until_done(database)


async def test_a_slow_chat_holds_up_no_other_and_keeps_its_order(inbox: SqlInbox, handled: Handled) -> None:
    """Also when its handler takes longer than the lease."""
    may_go_on = asyncio.Event()

    async def first(text: str) -> None:
        if text == "1":
            await may_go_on.wait()

    handled.first = first
    await inbox.commit([update(1), update(2), update(3, BEN), update(4, BEN)], CLOCK.now())
    async with dispatching(inbox, handled) as dispatch:
        assert await handled.have(2) == ["3", "4"]
        await asyncio.sleep(2 * TIMING.inbox_lease)
        dispatch.arrived()
        await inbox.commit([update(5), update(6, BEN)], CLOCK.now())
        dispatch.arrived()
        assert await handled.have(3) == ["3", "4", "6"]
        may_go_on.set()
        assert await handled.have(6) == ["3", "4", "6", "1", "2", "5"]


async def test_what_another_process_takes_in_follows_at_once(inbox: SqlInbox, handled: Handled) -> None:
    """While a chat is in one process's hands, its next update is left to that one, and waits no longer."""
    may_go_on = asyncio.Event()

    async def first(text: str) -> None:
        if text == "1":
            await may_go_on.wait()

    handled.first = first
    one, other = (Dispatch(Bot(TOKEN), inbox, handled, Timing(), CLOCK, owner) for owner in "ab")
    await inbox.commit([update(1), update(2, BEN)], CLOCK.now())
    tasks = [asyncio.create_task(one.run())]
    assert await handled.have(1) == ["2"]
    tasks.append(asyncio.create_task(other.run()))
    await inbox.commit([update(3), update(4, BEN)], CLOCK.now())
    other.arrived()
    assert await handled.have(2) == ["2", "4"]
    may_go_on.set()
    assert await handled.have(4) == ["2", "4", "1", "3"]
    await cancelled(*tasks)


async def test_what_is_already_there_at_the_start_is_handled(inbox: SqlInbox, handled: Handled) -> None:
    """Nobody has to announce it."""
    await inbox.commit([update(1)], CLOCK.now())
    async with dispatching(inbox, handled):
        assert await handled.have(1) == ["1"]


async def test_what_another_process_left_is_taken_up_when_its_lease_ends(
    inbox: SqlInbox, handled: Handled
) -> None:
    """Without a restart of this one."""
    now = CLOCK.now()
    await inbox.commit([update(1)], now)
    await inbox.claim("dead", now, now + timedelta(seconds=0.1), 10)
    async with dispatching(inbox, handled):
        assert await handled.have(1) == ["1"]
    assert CLOCK.now() >= now + timedelta(seconds=0.1)


@pytest.mark.parametrize("error", [ZeroDivisionError("a mistake"), ImagingFailed("a worker died")])
async def test_a_handler_that_breaks_loses_only_its_own_update(
    inbox: SqlInbox, handled: Handled, database: Database, error: Exception
) -> None:
    """It is noted as unreadable, not tried for ever; the next of the same chat is handled."""
    turns: Turns[None] = Turns(error, None)

    async def first(text: str) -> None:
        turns.take()

    handled.first = first
    await inbox.commit([update(1), update(2)], CLOCK.now())
    async with dispatching(inbox, handled):
        assert await handled.have(1) == ["2"]
        await until_done(database)
    assert await state(database, 1) == "unreadable"
    assert await state(database, 2) == "done"


async def test_a_busy_database_makes_an_update_wait(inbox: SqlInbox, handled: Handled) -> None:
    """And those behind it, so that the order stays."""
    turns: Turns[None] = Turns(*[StorageBusy("locked")] * 4, None)

    async def first(text: str) -> None:
        turns.take()

    handled.first = first
    await inbox.commit([update(1), update(2)], CLOCK.now())
    async with dispatching(inbox, handled):
        assert await handled.have(2) == ["1", "2"]
    assert turns.taken == 6


class UnwillingInbox(SqlInbox):
    """The real inbox, busy for the first claims and notes."""

    claims: Turns[None] = Turns(None)
    notes: Turns[None] = Turns(None)

    async def done(self, update_id: int, *, readable: bool = True) -> None:
        self.notes.take()
        await super().done(update_id, readable=readable)

    async def claim(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[InboxUpdate]:
        self.claims.take()
        return await super().claim(owner, now, lease_until, limit)


async def test_an_inbox_that_cannot_be_read_is_tried_again(database: Database, handled: Handled) -> None:
    """Without anything new to announce it."""
    inbox = UnwillingInbox(database)
    inbox.claims = Turns(StorageBusy("locked"), StorageBusy("locked"), None)
    await inbox.commit([update(1)], CLOCK.now())
    async with dispatching(inbox, handled):
        assert await handled.have(1) == ["1"]


@pytest.mark.parametrize("error", [ZeroDivisionError("a mistake"), ImagingFailed("a worker died")])
async def test_what_was_given_up_is_not_handled_again(
    database: Database, handled: Handled, error: Exception
) -> None:
    """Also when it takes several tries to note that down, which it is as unreadable."""
    inbox = UnwillingInbox(database)
    inbox.notes = Turns(StorageBusy("locked"), StorageBusy("locked"), None)
    turns: Turns[None] = Turns(error, None)

    async def first(text: str) -> None:
        turns.take()

    handled.first = first
    await inbox.commit([update(1), update(2)], CLOCK.now())
    async with dispatching(inbox, handled):
        assert await handled.have(1) == ["2"]
        await until_done(database)
    assert turns.taken == 2
    assert await state(database, 1) == "unreadable"


async def test_words_are_not_kept_longer_than_needed(
    inbox: SqlInbox, handled: Handled, database: Database
) -> None:
    """What is done is blank."""
    await inbox.commit([update(1, text="a secret"), InboxUpdate(2, ADA, '{"no": "update')], CLOCK.now())
    async with dispatching(inbox, handled):
        await handled.have(1)
        await until_done(database)
    async with database.reading() as connection:
        bodies = (await connection.exec_driver_sql("SELECT body FROM inbox")).scalars().all()
    assert bodies == ["", ""]


async def test_a_stop_leaves_what_was_not_handled_for_the_next_process(
    inbox: SqlInbox, handled: Handled, database: Database
) -> None:
    """Nothing is marked that had no effect."""
    reached = asyncio.Event()

    async def first(text: str) -> None:
        reached.set()
        await asyncio.Event().wait()

    handled.first = first
    await inbox.commit([update(1), update(2)], CLOCK.now())
    async with dispatching(inbox, handled):
        await reached.wait()
    assert await waiting(database) == [1, 2]
