"""Reading updates over a real connection: committed first, confirmed after, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from telegram import Update

from bot.chat.dispatch import Dispatch
from bot.chat.polling import Polling, PollingStopped
from bot.chat.replies import Bot
from bot.clock import SystemClock
from bot.domain.stores import Inbox, InboxUpdate
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from tests.chat.conftest import TIMING
from tests.chat.memory_telegram import WITH_RETRY_AFTER, MemoryTelegram, memory_bot, refused
from tests.fakes import Turns
from tests.sandbox.telegram_bench import ADA, Bench
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

pytestmark = WITH_RETRY_AFTER
PATIENCE = 10.0


class Reader:
    """Remembers what was handled, and lets a test wait for it."""

    def __init__(self) -> None:
        self.texts: list[str | None] = []
        self._more = asyncio.Condition()

    async def handle(self, update: Update) -> None:
        async with self._more:
            self.texts.append(update.effective_message.text if update.effective_message else None)
            self._more.notify_all()

    async def has(self, *texts: str | None) -> None:
        """Wait until exactly these were handled, in this order."""
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(lambda: len(self.texts) >= len(texts))
        assert self.texts == list(texts)


class UnwillingInbox(SqlInbox):
    """The real inbox, busy for the first commits."""

    busy: Turns[None] = Turns(None)

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        self.busy.take()
        return await super().commit(updates, now)


@asynccontextmanager
async def reading(bot: Bot, inbox: Inbox, timing: Timing = TIMING) -> AsyncIterator[Reader]:
    """Polling and dispatch as the bot runs them."""
    reader, clock = Reader(), SystemClock()
    dispatch = Dispatch(bot, inbox, reader.handle, timing, clock)
    polling = Polling(bot, inbox, timing, clock, dispatch.arrived)
    tasks = [asyncio.create_task(loop) for loop in (polling.run(), polling.watchdog(), dispatch.run())]
    try:
        yield reader
        assert not any(task.done() for task in tasks), "a loop has ended"
    finally:
        await cancelled(*tasks)


async def offsets(telegram: Bench) -> list[int]:
    """The offset of every poll of the bot that was answered; 0 for none."""
    polls = [call["params"] for call in (await telegram.sandbox("calls?method=getUpdates"))["calls"]]
    return [int(poll.get("offset", 0)) for poll in polls if "timeout" in poll]


async def test_what_a_person_writes_is_handled_in_order_and_then_confirmed(
    telegram: Bench, bot: Bot, inbox: SqlInbox
) -> None:
    """The next poll tells Telegram that we have it."""
    async with reading(bot, inbox) as reader:
        await telegram.write(ADA, ADA, text="one")
        await reader.has("one")
        await telegram.write(ADA, ADA, text="two")
        await reader.has("one", "two")
    polls = await offsets(telegram)
    assert polls == sorted(polls)
    assert polls[0] == 0 < polls[-1]


async def test_nothing_is_confirmed_before_it_is_committed(
    telegram: Bench, bot: Bot, database: Database
) -> None:
    """A busy database makes it wait: the offset stands until the update is ours."""
    inbox = UnwillingInbox(database)
    inbox.busy = Turns(StorageBusy("locked"), StorageBusy("locked"), None)
    await telegram.write(ADA, ADA, text="one")
    async with reading(bot, inbox) as reader:
        await reader.has("one")
        await telegram.write(ADA, ADA, text="two")
        await reader.has("one", "two")
    polls = await offsets(telegram)
    assert polls == sorted(polls)
    assert polls.count(0) >= 3
    assert polls[-1] > 0


@pytest.mark.parametrize(
    "poison",
    [
        {"message_id": 1, "date": "yesterday", "text": "x"},
        {"message_id": 1, "date": 1, "photo": [1]},
        {"message_id": 1, "date": 1, "from": "Ada", "text": "x"},
        {"message_id": 1, "date": 1, "entities": 7, "text": "x"},
    ],
    ids=["date", "photo", "from", "entities"],
)
async def test_an_unreadable_update_is_skipped_alone(
    telegram: Bench, bot: Bot, inbox: SqlInbox, poison: dict[str, Any]
) -> None:
    """The ones before and after it, in the same batch and the same chat, are handled."""
    chat = {"id": ADA, "type": "private", "first_name": "Ada"}
    await telegram.write(ADA, ADA, text="before")
    await telegram.sandbox("updates", {"message": {"chat": chat, **poison}})
    await telegram.write(ADA, ADA, text="after")
    async with reading(bot, inbox) as reader:
        await reader.has("before", "after")


async def test_an_update_of_an_unknown_kind_is_passed_over(
    telegram: Bench, bot: Bot, inbox: SqlInbox
) -> None:
    """Telegram's next version may send some."""
    await telegram.sandbox("updates", {"mind_reading": {"thoughts": ["blue"]}})
    await telegram.write(ADA, ADA, text="after")
    async with reading(bot, inbox) as reader:
        await reader.has(None, "after")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 401, "description": "Unauthorized"},
        {"kind": "status", "status": 404, "description": "Not Found"},
        {"kind": "status", "status": 409, "description": "Conflict: terminated by other getUpdates request"},
        {"kind": "status", "status": 500, "description": "Internal Server Error"},
        {"kind": "status", "status": 502, "description": "Bad Gateway"},
        {"kind": "refuse"},
        {"kind": "drop"},
        {"kind": "garbage"},
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
async def test_nothing_that_telegram_does_ends_the_loop(
    telegram: Bench, bot: Bot, inbox: SqlInbox, fault: dict[str, Any]
) -> None:
    """It goes on, and what was written meanwhile is handled once."""
    await telegram.sandbox("faults", {"method": "*", "count": 3, **fault})
    async with reading(bot, inbox) as reader:
        await telegram.write(ADA, ADA, text="one")
        await reader.has("one")


async def test_what_a_dead_process_left_is_handled(telegram: Bench, bot: Bot, inbox: SqlInbox) -> None:
    """It had confirmed and claimed the update, and was killed before it handled it."""
    await telegram.write(ADA, ADA, text="one")
    (raw,) = await telegram.updates()
    now = SystemClock().now()
    await inbox.commit([InboxUpdate(raw["update_id"], ADA, json.dumps(raw))], now)
    assert await inbox.claim("dead", now, now.replace(year=now.year + 1), 10)
    await inbox.release(["dead"])  # as the bot does when it starts
    async with reading(bot, inbox) as reader:
        await reader.has("one")


async def test_the_same_update_again_is_not_handled_again(telegram: Bench, bot: Bot, inbox: SqlInbox) -> None:
    """Telegram repeats what it could not know to be confirmed."""
    await telegram.write(ADA, ADA, text="one")
    (raw,) = await telegram.updates()
    async with reading(bot, inbox) as reader:
        await telegram.sandbox("updates", raw)
        await reader.has("one")
        await telegram.sandbox("updates", raw)
        await telegram.write(ADA, ADA, text="two")
        await reader.has("one", "two")


class Deaf:
    """An inbox that nothing ever reaches."""

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        raise AssertionError("nothing was sent")

    async def claim(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[InboxUpdate]:
        return []

    async def done(self, update_id: int, *, readable: bool = True) -> None:
        """Nothing to note."""

    async def release(self, owners: Collection[str]) -> int:
        return 0

    async def forget(self, before: datetime) -> int:
        return 0


@asynccontextmanager
async def polling(telegram: MemoryTelegram, inbox: Inbox | None = None) -> AsyncIterator[Polling]:
    """A polling with Telegram's own times, in virtual time."""
    timing = Timing()
    bot = await memory_bot(telegram, timing)
    opened = Polling(bot, inbox or Deaf(), timing, LoopClock(), lambda: None)
    task = asyncio.create_task(opened.run())
    try:
        yield opened
    finally:
        await cancelled(task)
        await bot.shutdown()


@in_virtual_time
async def test_a_loop_that_hangs_is_noticed() -> None:
    """After 90 s without an attempt the process ends, to be started again."""
    async with polling(MemoryTelegram(seconds=86_400)) as opened:
        with pytest.raises(PollingStopped):
            await opened.watchdog()
        assert 90 < LoopClock().monotonic() < 92


@in_virtual_time
async def test_a_loop_that_polls_is_left_alone() -> None:
    """For hours, with nothing to read."""
    async with polling(MemoryTelegram(seconds=25)) as opened:
        watchdog = asyncio.create_task(opened.watchdog())
        await asyncio.sleep(4 * 3600)
        assert not watchdog.done()
        assert await opened.problem() is None
        await cancelled(watchdog)


@in_virtual_time
async def test_a_telegram_that_is_down_is_a_problem_and_no_reason_to_restart() -> None:
    """The loop goes on trying at a bearable pace; the health page says what is wrong, until it is over."""
    telegram = MemoryTelegram()
    telegram.refusal = lambda call: refused(502, "Bad Gateway")
    async with polling(telegram) as opened:
        watchdog = asyncio.create_task(opened.watchdog())
        await asyncio.sleep(80)
        assert await opened.problem() is None
        await asyncio.sleep(3600 - 80)
        assert await opened.problem() == "no poll succeeded for 3600 s"
        assert not watchdog.done()
        assert len(telegram.calls) < 3600 / 25
        telegram.refusal, telegram.seconds = (lambda call: None), 25
        await asyncio.sleep(60)
        assert await opened.problem() is None
        await cancelled(watchdog)


class Full(Deaf):
    """An inbox that has no room until it is made."""

    room = False

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        if not self.room:
            raise StorageBusy("database or disk is full")
        return len(updates)


@in_virtual_time
async def test_a_full_disk_is_a_problem_until_there_is_room() -> None:
    """Telegram keeps what can't be kept here; the health page says so, and nothing has to be restarted."""
    telegram, inbox = MemoryTelegram(), Full()
    sent = {"ok": True, "result": [{"update_id": 7, "message": {"chat": {"id": 1}}}]}
    telegram.refusal = lambda call: None if "offset" in call.params else (200, sent)
    async with polling(telegram, inbox) as opened:
        watchdog = asyncio.create_task(opened.watchdog())
        await asyncio.sleep(3600)
        assert await opened.problem() == "no poll succeeded for 3600 s"
        assert not watchdog.done()
        inbox.room, telegram.seconds = True, 25
        await asyncio.sleep(60)
        assert await opened.problem() is None
        await cancelled(watchdog)


@pytest.mark.parametrize(("asked", "waited"), [(7, 7.0), (3600, Timing().poll_retry_most)])
@in_virtual_time
async def test_a_telegram_that_says_how_long_to_wait_is_obeyed(asked: int, waited: float) -> None:
    """But not so long that the watchdog would take it for hanging."""
    telegram = MemoryTelegram(seconds=25)
    telegram.refusal = lambda call: (
        refused(429, f"Too Many Requests: retry after {asked}", retry_after=asked) if call.at == 0 else None
    )
    async with polling(telegram) as opened:
        watchdog = asyncio.create_task(opened.watchdog())
        await asyncio.sleep(300)
        assert not watchdog.done()
        await cancelled(watchdog)
    assert [call.at for call in telegram.calls[:2]] == [0.0, 25.0 + waited]


def test_the_times_of_these_tests_still_poll_long() -> None:
    """Else the stand-in would be asked without a pause."""
    assert int(replace(TIMING).poll) >= 1
