"""Crashes and lost answers: every edit is submitted once, charged once, delivered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_status import gone
from tests.e2e.world import Person, World


async def _submitted(world: World, prompt: str) -> list[dict[str, Any]]:
    return [item for item in await world.predictions() if prompt in item["inputs"]["prompt"]]


async def _running(world: World, prompt: str) -> dict[str, Any]:
    """Wait until the provider works on it and the bot knows its name."""

    async def known() -> bool:
        found = await _submitted(world, prompt)
        query = "SELECT 1 FROM attempts WHERE prediction_id = ?"
        return bool(found) and bool(world.rows(query, found[0]["id"]))

    await world.until(known)
    return (await _submitted(world, prompt))[0]


@pytest.fixture
async def holding(shared: World) -> World:
    """No prediction ends by itself for now."""
    await shared.quiet()
    await shared.wavespeed_settings(hold=True)
    return shared


def _money(world: World, person: Person) -> list[tuple[str, int]]:
    query = "SELECT kind, micros FROM ledger WHERE user_id = ? ORDER BY id"
    return [(row["kind"], row["micros"]) for row in world.rows(query, person.id)]


async def _settled(world: World, person: Person) -> list[tuple[str, int]]:
    async def booked() -> bool:
        return len(_money(world, person)) > 1

    await world.until(booked)
    return _money(world, person)


async def test_killed_while_the_provider_works(holding: World) -> None:
    """Edits in private and in a group are delivered after a restart; each was submitted and charged once.

    The next process goes on with the same statuses and leaves none behind.
    """
    bot = await holding.running()
    ada, ben = await holding.person("Ada"), await holding.person("Ben")
    await ada.starts()
    here = ben.within(await holding.group(ben, ada))
    await ada.sends("cat.jpg", caption="anime after a crash")
    await here.sends("cat.jpg", caption="/edit@wavebrush_bot pencil after a crash")
    statuses = [await person.sees_text("🎨 Editing…") for person in (ada, here)]
    predictions = [await _running(holding, f"{style} after a crash") for style in ("anime", "pencil")]
    await bot.kill()
    for prediction in predictions:
        await holding.finish(prediction["id"])
    await holding.start()
    for person, status in zip((ada, here), statuses, strict=True):
        await person.sees_picture()
        await gone(person, status)
        assert await _settled(holding, person) == [("hold", 60_000), ("charge", 60_000)]
    assert len(await _submitted(holding, "after a crash")) == 2
