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


async def test_a_lost_answer_to_the_submit_is_found_in_the_list(shared: World) -> None:
    """The provider takes the work and drops the connection: one submit, one charge, one picture."""
    await shared.quiet()
    chloe = await shared.person("Chloe")
    await chloe.starts()
    await shared.fault(shared.wavespeed, path="submit", kind="drop", count=1)
    await chloe.sends("astronaut.jpg", caption="pencil with a lost answer")
    await chloe.sees_picture()
    assert len(await _submitted(shared, "lost answer")) == 1
    calls = await shared.calls(shared.wavespeed)
    posts = [call for call in calls if call["path"] == "/api/v3/openai/gpt-image-2/edit"]
    assert len([call for call in posts if "lost answer" in call["json"]["prompt"]]) == 1
    assert await _settled(shared, chloe) == [("hold", 60_000), ("charge", 60_000)]
    assert len([m for m in chloe.messages.values() if m["from"]["is_bot"] and "photo" in m]) == 1


async def test_a_busy_provider_is_waited_for(shared: World) -> None:
    """429 on the submit starts nothing: the edit waits for its turn, is bought once and says so."""
    await shared.quiet()
    eve = await shared.person("Eve")
    await eve.starts()
    await shared.fault(shared.wavespeed, path="submit", kind="status", status=429, retry_after=1, count=2)
    await eve.sends("cat.jpg", caption="vintage in the rush hour")
    await eve.sees_picture()
    assert len(await _submitted(shared, "rush hour")) == 1
    attempts = shared.rows(
        "SELECT a.state FROM attempts a JOIN edits e ON e.id = a.edit_id WHERE user_id = ? ORDER BY a.number",
        eve.id,
    )
    assert [row["state"] for row in attempts] == ["refused", "refused", "completed"]


async def test_refused_by_moderation(shared: World) -> None:
    """The person is told in words, the hold is released, the status is gone."""
    finn = await shared.person("Finn")
    await finn.starts()
    await finn.sends("coffee.jpg", caption="something [moderated]")
    await finn.sees_text("The content check refused this edit. You were not charged.")
    assert await _settled(shared, finn) == [("hold", 60_000), ("release", 60_000)]
    await finn.sees_nothing_of("…")


async def test_a_429_of_telegram_loses_no_picture(shared: World) -> None:
    """The paid picture is sent when Telegram takes it again."""
    await shared.quiet()
    gus = await shared.person("Gus")
    await gus.starts()
    await shared.fault(
        shared.telegram,
        method="sendPhoto",
        count=2,
        kind="status",
        status=429,
        description="Too Many Requests: retry after 1",
        retry_after=1,
    )
    await gus.sends("cat.jpg", caption="comic through the flood")
    await gus.sees_picture()
    assert await _settled(shared, gus) == [("hold", 60_000), ("charge", 60_000)]


async def test_sigterm_ends_within_seconds_and_the_rest_is_done_later(holding: World) -> None:
    """A running edit does not hold the end up; the next start delivers it, and does what came meanwhile."""
    bot = await holding.running()
    hana, ben = await holding.person("Hana"), await holding.person("Ben")
    await hana.starts()
    await ben.starts()
    await hana.sends("cat.jpg", caption="anime over the restart")
    prediction = await _running(holding, "over the restart")
    before = len(bot.lines)
    assert await bot.stop() == 0
    assert "Traceback" not in "".join(bot.lines[before:])
    await holding.finish(prediction["id"])
    await holding.wavespeed_settings(hold=False)
    await ben.sends("coffee.jpg", caption="neon while away")
    await holding.start()
    await hana.sees_picture()
    await ben.sees_picture()
    assert len(await _submitted(holding, "while away")) == 1
    assert len(await _submitted(holding, "over the restart")) == 1
