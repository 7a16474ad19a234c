"""An account with little room: people wait in turn and see it; an empty one is not tried again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.world import World, world

MINUTE = 61.0


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[World]:
    """A bot that knows that its account runs one edit at once, and two a minute. Its clock can jump."""
    async with world(tmp_path / "data", killable=True) as opened:
        await opened.start(WAVESPEED_CONCURRENCY="1", WAVESPEED_IMAGES_PER_MINUTE="2", ADMINS="5001")
        await opened.wavespeed_settings(hold=True)
        yield opened


async def done(world: World, prompt: str) -> None:
    """Wait until an edit is delivered."""

    async def there() -> bool:
        return bool(world.rows("SELECT 1 FROM edits WHERE state = 'done' AND prompt = ?", prompt))

    await world.until(there)


async def submitted(world: World, count: int) -> str:
    """Wait for that many paid POSTs; the newest prediction."""

    async def there() -> list[str]:
        found = [str(one["id"]) for one in await world.predictions()]
        assert len(found) <= count
        return found if len(found) == count else []

    return str((await world.until(there))[-1])


async def waiting(world: World, count: int) -> set[str]:
    """Wait until that many edits wait for a turn at the provider; their prompts."""
    query = "SELECT prompt FROM edits WHERE id IN (SELECT edit_id FROM turns WHERE granted_at IS NULL)"

    async def there() -> set[str]:
        found = {str(row["prompt"]) for row in world.rows(query)}
        return found if len(found) == count else set()

    found: set[str] = await world.until(there)
    return found


async def test_an_account_with_little_room(narrow: World) -> None:
    """One edit at a time, two a minute, and who waits sees the place; then the money runs out."""
    boss = await narrow.person("Boss")  # the one admin
    await boss.starts()
    words = {"one", "two", "three"}
    for word in sorted(words):
        await boss.sends("cat.jpg", caption=word)
    first = await submitted(narrow, 1)
    await waiting(narrow, 2)
    waits = await boss.sees(lambda message: "in the line" in message.get("text", ""))
    assert re.search(r"your edit is number [12] in the line, about \d+ s more", waits["text"])
    await narrow.finish(first)
    second = await submitted(narrow, 2)
    [last] = await waiting(narrow, 1)
    await narrow.finish(second)
    for word in words - {last}:
        await done(narrow, word)
    # Nothing is at the provider any more: only the minute holds the last one back.
    assert await waiting(narrow, 1) == {last}
    assert len(await narrow.predictions()) == 2
    narrow.jump(MINUTE)
    await narrow.finish(await submitted(narrow, 3))
    await done(narrow, last)
    narrow.jump(MINUTE)
    await narrow.wavespeed_settings(hold=False, balance=0.01)
    await boss.sends("cat.jpg", caption="too dear")
    await boss.sees_text("account that pays for this model is empty. Please tell")
    await boss.sees_text("WaveSpeed says that its account is empty")
    await boss.sends("cat.jpg", caption="not even tried")
    await boss.sees_text("is empty, so I can't take any now")
    assert len(await narrow.predictions()) == 3
    assert not narrow.rows("SELECT 1 FROM edits WHERE prompt = 'not even tried'")
    await narrow.wavespeed_settings(balance=50)
    await boss.sees_text("so I take edits again")
    await boss.sends("cat.jpg", caption="and again")
    await done(narrow, "and again")
