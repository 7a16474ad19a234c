"""The day that a model dies: nothing is lost, nobody is charged for it, each is told what happened."""

from __future__ import annotations

import pytest

from bot.sandbox.wavespeed.models import MODELS
from tests.e2e.world import Person, World

DEAD = ("bytedance/seedream-v4.5/edit", "openai/gpt-image-1")
GONE = "The provider no longer offers this model"


async def submitted(world: World, count: int) -> list[str]:
    """Wait for the provider to have so many predictions; their ids."""

    async def enough() -> bool:
        return len(await world.predictions()) >= count

    await world.until(enough)
    return [prediction["id"] for prediction in await world.predictions()]


def ledger(world: World, person: Person) -> list[tuple[str, int]]:
    rows = world.rows("SELECT kind, micros FROM ledger WHERE user_id = ? ORDER BY kind", person.id)
    return [(row["kind"], row["micros"]) for row in rows]


@pytest.mark.long
async def test_the_day_that_two_models_die(own: World) -> None:
    """What runs is finished, what waits is given back with a way on; a dearer heir is asked about once."""
    bot = await own.start(WAVESPEED_CONCURRENCY="1")
    await own.wavespeed_settings(hold=True)
    ada, ben = await own.person("Ada"), await own.person("Ben")
    for person, model, title in ((ada, "seedream-4.5", "Seedream 4.5"), (ben, "gpt-image-1", "GPT Image 1")):
        await person.starts()
        await person.says(f"/model {model}")
        await person.sees_text(f"{title} from now on")
    await ben.says("/size portrait")  # which costs no more on the successor, where a square would
    await ben.sees_text("Done: size")
    await ada.sends("cat.jpg", caption="the one that runs")
    [running] = await submitted(own, 1)
    await ada.sends("coffee.jpg", caption="the one that waits")
    await ben.sends("rocket.jpg", caption="waits as well")

    async def both_wait() -> bool:
        return len(own.rows("SELECT 1 FROM edits WHERE state = 'queued'")) == 2

    await own.until(both_wait)
    await own.wavespeed_settings(models=[model for model in MODELS if model not in DEAD])
    await own.finish(running)
    assert "Seedream 4.5" in (await ada.sees_picture())["caption"]
    told = await ada.sees_text(GONE)
    await ben.sees_text(GONE)
    assert (await bot.says("model_withdrawn"))["why"]
    await own.quiet()
    assert ledger(own, ada) == [("charge", 40_000), ("hold", 40_000), ("hold", 40_000), ("release", 40_000)]
    assert ledger(own, ben) == [("hold", 63_000), ("release", 63_000)]
    assert len(await own.predictions()) == 1

    await own.wavespeed_settings(hold=False)
    await ada.presses(told, "Again with GPT Image 2 · $0.12")
    await ada.sees(lambda message: "GPT Image 2" in message.get("caption", ""))
    await own.quiet()
    assert ("charge", 120_000) in ledger(own, ada)

    await ada.sends("cat.jpg", caption="the next day")
    asked = await ada.sees_text("Seedream 4.5 is no longer offered. GPT Image 2 takes over, at $0.06 an edit")
    assert "instead of $0.04" in asked["text"]
    await ada.presses(asked, "GPT Image 2 · $0.06")

    async def pictures() -> bool:
        return len(own.rows("SELECT 1 FROM edits WHERE user_id = ? AND state = 'done'", ada.id)) == made

    made = 3
    await own.until(pictures)
    await ada.sends("cat.jpg", caption="and the day after")
    made = 4
    await own.until(pictures)

    await ben.sends("rocket.jpg", caption="the next day")
    await ben.sees_text("GPT Image 1 is no longer offered, so I use GPT Image 2 from now on: $0.06 an edit")
    await ben.sees_picture()
    await ben.sends("rocket.jpg", caption="and the day after")
    made, ada = 2, ben
    await own.until(pictures)
    assert sum("no longer offered, so" in message.get("text", "") for message in ben.messages.values()) == 1
