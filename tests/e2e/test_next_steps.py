"""The buttons under a result: again, better, another model, both halves; each pays once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.drawing import black_and_white, decoded, encoded, photo
from tests.e2e.world import Message, Person, World


def _labels(message: Message) -> list[list[str]]:
    return [[button["text"] for button in row] for row in message["reply_markup"]["inline_keyboard"]]


def _edits(world: World, person: Person) -> list[dict[str, Any]]:
    query = "SELECT * FROM edits WHERE user_id = ? ORDER BY created_at"
    return [dict(row) for row in world.rows(query, person.id)]


async def _answer(person: Person, to: Message) -> Message:
    """The picture that replies to a message."""
    return await person.sees(
        lambda m: "photo" in m and m.get("reply_to_message", {}).get("message_id") == to["message_id"]
    )


async def test_again_pays_once_however_often_it_is_pressed(shared: World) -> None:
    """The same picture, prompt and settings; the new result replies to the old one and has buttons, too."""
    ada = await shared.person("Ada")
    await ada.starts()
    await ada.sends("cat.jpg", caption="watercolour again for Ada")
    first = await ada.sees_picture()
    assert _labels(first) == [
        ["Again", "Other model…"],
        ["Better quality · $0.22"],
        ["Original file", "Before/after"],
    ]
    assert await ada.hears(first, "Again") == "On its way, for $0.06."
    assert "You pressed that one already" in await ada.hears(first, "Again")
    second = await _answer(ada, first)
    assert "You pressed that one already" in await ada.hears(first, "Again")
    assert _labels(second) == _labels(first)
    before, after = _edits(shared, ada)
    for same in ("prompt", "model", "choices", "pictures", "fit", "quote"):
        assert after[same] == before[same]
    assert after["origin"].startswith("button:")


async def test_better_quality(shared: World) -> None:
    """The next one up, at the price that the button shows; the best has no such button."""
    ben = await shared.person("Ben")
    await ben.starts()
    await ben.sends("cat.jpg", caption="anime better for Ben")
    first = await ben.sees_picture()
    await ben.presses(first, "Better quality")
    second = await _answer(ben, first)
    assert second["caption"].startswith("GPT Image 2 · high · ")
    assert second["caption"].endswith("$0.22")
    assert _labels(second) == [["Again", "Other model…"], ["Original file", "Before/after"]]


async def test_another_model(shared: World) -> None:
    """The models take the buttons' place, with prices and a way back; the same button is there again."""
    chloe = await shared.person("Chloe")
    await chloe.starts()
    await chloe.sends("cat.jpg", caption="comic elsewhere for Chloe")
    first = await chloe.sees_picture()
    usual = first["reply_markup"]
    await chloe.presses(first, "Other model")
    menu = await chloe.sees(lambda m: "‹ Back" in str(m.get("reply_markup")))
    labels = _labels(menu)
    assert labels[-1] == ["‹ Back"]
    assert len(labels) == 6, "the first five"
    assert ["GPT Image 2.6 Flare · $0.075"] in labels
    assert ["Seedream 4.5 · $0.04"] in labels
    await chloe.presses(menu, "‹ Back")
    await chloe.sees(lambda m: m["message_id"] == first["message_id"] and m["reply_markup"] == usual)
    await chloe.presses(first, "Other model")
    menu = await chloe.sees(lambda m: "‹ Back" in str(m.get("reply_markup")))
    await chloe.presses(menu, "Seedream 4.5")
    second = await _answer(chloe, first)
    assert second["caption"].startswith("Seedream 4.5 · ")
    assert second["caption"].endswith("$0.04")
    await chloe.sees(lambda m: m["message_id"] == first["message_id"] and m["reply_markup"] == usual)


@pytest.mark.long
async def test_again_with_a_mask(shared: World) -> None:
    """The mask is kept: the other model edits the same part."""
    dora = await shared.person("Dora")
    await dora.starts()
    source = photo("coffee.jpg")
    mask = encoded(black_and_white(source.size, (180, 110, 420, 300)))
    await dora.sends(encoded(source), mask, caption="neon masked twice for Dora", as_file=True)
    first = await dora.sees_picture()
    await dora.presses(first, "Other model")
    menu = await dora.sees(lambda m: "‹ Back" in str(m.get("reply_markup")))
    await dora.presses(menu, "GPT Image 2.6 Flare ·")
    second = await _answer(dora, first)
    assert "Only the marked part was edited" in second["caption"]
    assert decoded(await dora.original(second)).size == source.size


async def test_before_and_after(shared: World) -> None:
    """One picture with both halves, in reply to the result."""
    eve = await shared.person("Eve")
    await eve.starts()
    await eve.sends("cat.jpg", caption="sepia both for Eve")
    first = await eve.sees_picture()
    await eve.presses(first, "Before/after")
    both = await _answer(eve, first)
    assert both["caption"] == "Before and after."
    size = both["photo"][-1]
    assert (size["width"], size["height"]) == (451, 2 * 300 + 12)  # a wide picture's halves are stacked


async def test_dear_steps_are_asked_about_first(shared: World) -> None:
    """Above the person's amount a button asks; yes pays once, cancel pays nothing."""
    finn = await shared.person("Finn")
    await finn.starts()
    await finn.says("/settings")
    menu = await finn.sees(lambda m: "reply_markup" in m)
    await finn.presses(menu, "Ask")
    amounts = await finn.sees(lambda m: "$0.10" in str(m.get("reply_markup")))
    await finn.presses(amounts, "$0.10")
    await finn.sends("cat.jpg", caption="pencil dear for Finn")
    first = await finn.sees_picture()
    await finn.presses(first, "Better quality")
    asked = await finn.sees_text("That costs $0.22. Shall I go ahead?")
    assert _labels(asked) == [["Yes · $0.22"], ["Cancel"]]
    assert await finn.hears(asked, "Cancel") == "Cancelled. Nothing was charged."
    assert len(_edits(shared, finn)) == 1
    await finn.presses(first, "Better quality")
    again = await finn.sees(
        lambda m: "Shall I" in m.get("text", "") and m["message_id"] > asked["message_id"] and _labels(m)
    )
    assert await finn.hears(again, "Yes") == "On its way, for $0.22."
    await _answer(finn, first)
    assert "You pressed that one already" in await finn.hears(first, "Better quality")
    assert len(_edits(shared, finn)) == 2


@pytest.mark.long
async def test_dear_requests_are_asked_about_first(shared: World) -> None:
    """A photo whose edit costs more than the amount is not bought before yes."""
    gus = await shared.person("Gus")
    await gus.starts()
    await gus.says("/settings")
    menu = await gus.sees(lambda m: "reply_markup" in m)
    await gus.presses(menu, "Ask")
    amounts = await gus.sees(lambda m: "$0.05" in str(m.get("reply_markup")))
    await gus.presses(amounts, "$0.05")
    await gus.sends("cat.jpg", caption="vintage dear for Gus")
    asked = await gus.sees_text("That costs $0.06. Shall I go ahead?")
    assert _edits(shared, gus) == []
    await gus.presses(asked, "Yes · $0.06")
    await gus.sees_picture()
    assert len(_edits(shared, gus)) == 1


async def test_the_buttons_outlive_a_restart_and_the_result(shared: World) -> None:
    """Again fetches the source anew; what needs the kept picture says that it is gone."""
    bot = await shared.running()
    hana = await shared.person("Hana")
    await hana.starts()
    await hana.sends("cat.jpg", caption="anime of last month for Hana")
    first = await hana.sees_picture()
    await bot.stop()
    for kept in (shared.data / "results").rglob("*.*"):
        kept.unlink()
    await shared.start()
    gone = "I no longer keep that picture; results are kept for 90 days."
    assert await hana.hears(first, "Original file") == gone
    assert await hana.hears(first, "Before/after") == gone
    assert await hana.hears(first, "Again") == "On its way, for $0.06."
    await _answer(hana, first)
