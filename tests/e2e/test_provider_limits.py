"""An account with little room: people wait in turn and see it; an empty one is not tried again."""

from __future__ import annotations

import re

import pytest

from tests.e2e.world import World


@pytest.fixture
async def narrow(own: World) -> World:
    """A bot that knows that its account runs one edit at once."""
    await own.start(WAVESPEED_CONCURRENCY="1", ADMINS="5001")
    await own.wavespeed_settings(hold=True)
    return own


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


async def test_an_account_with_little_room(narrow: World) -> None:
    """One edit is at the provider at a time, and who waits sees the place; then the money runs out."""
    boss = await narrow.person("Boss")  # the one admin
    await boss.starts()
    for word in ("one", "two", "three"):
        await boss.sends("cat.jpg", caption=word)
    first = await submitted(narrow, 1)
    waits = await boss.sees(lambda message: "in the line" in message.get("text", ""))
    assert re.search(r"your edit is number [12] in the line, about \d+ s more", waits["text"])
    await narrow.finish(first)
    await narrow.finish(await submitted(narrow, 2))
    await narrow.finish(await submitted(narrow, 3))
    for word in ("one", "two", "three"):
        await done(narrow, word)
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
