"""Our limits against a Telegram that counts: a storm is spread, and what it refuses is sent again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from telegram import Message

from bot.chat import application
from bot.chat.application import App
from bot.chat.limiter import Priority
from bot.clock import SystemClock
from bot.domain.timing import Timing
from tests.chat.memory_telegram import WITH_RETRY_AFTER
from tests.sandbox.telegram_bench import GROUP, TOKEN, Bench, standin

pytestmark = WITH_RETRY_AFTER
SPEED = 80.0


async def statuses(bench: Bench) -> list[int]:
    """What the stand-in answered to each message of the bot."""
    return [call["status"] for call in (await bench.sandbox("calls?method=sendMessage"))["calls"]]


async def storm(app: App, number: int) -> list[int]:
    """Send so many at once to the group, all of them worth waiting for; the ids in the order of asking."""

    async def send(at: int) -> int:
        priority = Priority.RESULT if at % 3 == 0 else Priority.ANSWER
        sent: Message = await app.bot.send_message(GROUP, f"number {at}", rate_limit_args=priority)
        return sent.message_id

    return list(await asyncio.gather(*(send(at) for at in range(number))))


async def sent_by(speed: float) -> tuple[list[int], list[int]]:
    """Send a storm of sixty while our own windows are ``speed`` times as fast as Telegram's real ones."""
    async with standin(speed=SPEED) as bench:
        timing = Timing()
        windows = replace(
            timing,
            flood_group_window=timing.flood_group_window / speed,
            flood_chat_window=timing.flood_chat_window / speed,
        )
        app = application.build(TOKEN, bench.url, windows, SystemClock())
        await app.initialize()
        ids = await storm(app, 60)
        answers = await statuses(bench)
        await app.shutdown()
    return ids, answers


async def test_a_storm_in_a_group_is_spread_so_that_nothing_is_refused() -> None:
    """All arrive without a single 429."""
    ids, answers = await sent_by(SPEED * 0.5)  # room for a machine that is busy otherwise
    assert len(set(ids)) == 60
    assert answers == [200] * 60


async def test_a_storm_that_telegram_refuses_still_arrives() -> None:
    """A limiter that believes in more than Telegram bears meets 429s and waits each of them out."""
    ids, answers = await sent_by(SPEED * 1.2)
    assert len(set(ids)) == 60
    assert answers.count(200) == 60
    assert set(answers) == {200, 429}
