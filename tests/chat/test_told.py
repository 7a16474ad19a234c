"""What a person is told of an end, and what stays to be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.chat.replies import Bot
from bot.domain.edits import Edit
from bot.errors import Moderated
from bot.storage.database import Database
from bot.storage.tables import UNTOLD
from tests.chat.conftest import TIMING
from tests.chat.test_delivery import Delivery
from tests.sandbox.telegram_bench import ADA, Bench
from tests.virtual_time import START

SAID = "The content check refused this edit. You were not charged. Please change the words or the picture."
DOWN = {"kind": "status", "status": 502, "description": "Bad Gateway"}


async def noted(database: Database, edit: Edit) -> None:
    """As settling does."""
    async with database.writing() as connection:
        await connection.execute(UNTOLD.insert().values(edit_id=edit.id, at=START))


async def untold(database: Database) -> int:
    async with database.reading() as connection:
        return len((await connection.execute(UNTOLD.select())).all())


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        (None, 0),
        (DOWN, 1),
        ({"kind": "status", "status": 403, "description": "Forbidden: bot was blocked by the user"}, 0),
        ({"kind": "drop"}, 0),
    ],
    ids=["told", "Telegram is down", "blocked", "the answer is lost"],
)
async def test_the_reason_of_an_end(
    telegram: Bench, bot: Bot, database: Database, fault: dict[str, Any] | None, left: int
) -> None:
    """Only what Telegram surely did not take, and may take later, stays to be told."""
    delivery = Delivery(telegram, bot, database, replace(TIMING, retry_first=0.001))
    edit = await delivery.asked()
    await noted(database, edit)
    if fault:
        await delivery.fault("sendMessage", count=9, **fault)
    await delivery.messages.end(edit, Moderated())
    assert await untold(database) == left
    if fault is None:
        assert (await delivery.last())["text"] == SAID


async def test_a_status_that_is_taken_away_tells_nothing(
    telegram: Bench, bot: Bot, database: Database
) -> None:
    """After a crash, by whoever met the edit."""
    delivery = Delivery(telegram, bot, database)
    edit = await delivery.asked()
    await noted(database, edit)
    await delivery.messages.end(edit)
    assert await untold(database) == 1
    assert (await delivery.last(ADA))["from"]["id"] == ADA
