"""Pictures from words alone, in private and in a group, from the command to the money."""

from __future__ import annotations

import io

from PIL import Image

from tests.e2e.world import Message, Person, World

ME = "wavebrush_bot"
SIBLING = "openai/gpt-image-2/text-to-image"


def _labels(message: Message) -> list[list[str]]:
    return [[button["text"] for button in row] for row in message["reply_markup"]["inline_keyboard"]]


async def _answer(person: Person, to: Message) -> Message:
    """The picture that replies to a message."""
    return await person.sees(
        lambda m: "photo" in m and m.get("reply_to_message", {}).get("message_id") == to["message_id"]
    )


async def _bought(world: World, words: str) -> list[tuple[str, dict[str, object]]]:
    """The models and inputs of the predictions with these words, oldest first."""
    return [(p["model"], p["inputs"]) for p in await world.predictions() if words in p["inputs"]["prompt"]]


async def _priced(world: World) -> None:
    """Wait until the prices are known that are only asked for, as on buttons."""

    async def kept() -> bool:
        return bool(world.rows("SELECT 1 FROM notes WHERE name = 'quotes'"))

    await world.until(kept)


async def test_a_picture_from_words_and_what_follows(shared: World) -> None:
    """It is asked for, bought from the sibling, charged, done again once, edited, and in the history."""
    await _priced(shared)
    ada = await shared.person("Ada")
    await ada.starts()
    request = await ada.says("/create")
    await ada.sees_text("What should the new picture show?")
    await ada.says("a fox in the snow for Ada")
    first = await _answer(ada, request)
    assert first["caption"].startswith("GPT Image 2 · medium · 1024×1024 · ")
    assert first["caption"].endswith(" · $0.06")
    assert _labels(first) == [["Again", "Other model…"], ["Better quality · $0.22"], ["Original file"]]
    assert Image.open(io.BytesIO(await ada.original(first))).size == (1024, 1024)

    assert await ada.hears(first, "Again") == "On its way, for $0.06."
    second = await _answer(ada, first)
    assert "You pressed that one already" in await ada.hears(first, "Again")
    inputs = {"prompt": "a fox in the snow for Ada", "quality": "medium", "resolution": "1k"}
    assert await _bought(shared, "fox in the snow for Ada") == [(SIBLING, inputs)] * 2

    reply = await ada.says("watercolour of Ada's fox", reply_to=str(second["message_id"]))
    edited = await _answer(ada, reply)
    assert "Before/after" in str(_labels(edited))
    [(model, _)] = await _bought(shared, "watercolour of Ada's fox")
    assert model == "openai/gpt-image-2/edit"

    await ada.says("/history")
    await ada.sees_text("3. a fox in the snow for Ada · $0.06")
    rows = shared.rows("SELECT kind, model, micros FROM ledger WHERE user_id = ? ORDER BY id", ada.id)
    pair = [("hold", "gpt-image-2", 60_000), ("charge", "gpt-image-2", 60_000)]
    assert [tuple(row) for row in rows] == pair * 3


async def test_several_of_one(shared: World) -> None:
    """As many as the settings say, in one album; each has the buttons of its own."""
    await _priced(shared)
    dora = await shared.person("Dora")
    await dora.starts()
    await dora.says("/settings")
    await dora.presses(await dora.sees_text("Your settings"), "Results")
    await dora.presses(await dora.sees_text("Each request makes"), "2 · ")
    await dora.sees_text("Each request makes 2 pictures")
    await dora.says("/create a stag for Dora")
    numbers = await dora.sees_text("Choose a picture")
    album = [m for m in dora.messages.values() if "media_group_id" in m and m["from"]["is_bot"]]
    assert len(album) == len(await _bought(shared, "a stag for Dora")) == 2
    await dora.presses(numbers, "1")
    below = await dora.sees(lambda m: "✓ 1" in str(m.get("reply_markup")))
    row = ["Again", "Other model…"]
    assert _labels(below) == [row, ["Better quality · $0.22"], ["Original file"], ["✓ 1", "2"]]


async def test_a_model_that_only_edits_offers_another(shared: World) -> None:
    """With its price, for this one picture; the setting stays. With a picture /create says what to do."""
    ben = await shared.person("Ben")
    await ben.starts()
    await ben.says("/model gpt-image-1")
    await ben.sees_text("Done: GPT Image 1")
    request = await ben.says("/create an owl for Ben")
    asked = await ben.sees_text("GPT Image 1 edits pictures and makes none from words alone.")
    labels = [label for row in _labels(asked) for label in row]
    assert (labels[0], labels[-1]) == ("GPT Image 2 · $0.06", "Cancel")
    await ben.presses(asked, "GPT Image 2 ·")
    await _answer(ben, request)
    assert [model for model, _ in await _bought(shared, "an owl for Ben")] == [SIBLING]

    [photo] = await ben.sends("cat.jpg", caption="/create a hat for Ben")
    told = await ben.sees_text("/create makes a new picture from words alone")
    assert told["reply_to_message"]["message_id"] == photo["message_id"]
    reply = await ben.says("/create a hat for Ben", reply_to=str(photo["message_id"]))
    await ben.sees(
        lambda m: (
            "/create makes a new picture" in m.get("text", "")
            and m["reply_to_message"]["message_id"] == reply["message_id"]
        )
    )
    [first, _] = await ben.sends("cat.jpg", "coffee.jpg", caption="/create a hat for Ben")
    asked = await ben.sees_text("What should I change?")  # of the album, as without a caption
    assert asked["reply_to_message"]["message_id"] in {first["message_id"], first["message_id"] + 1}
    assert not shared.rows("SELECT 1 FROM requests WHERE prompt LIKE '%a hat for Ben%'")


async def test_who_asks_for_something_else_has_no_words_for_it(shared: World) -> None:
    """A picture that was to be made from words is not made from what is written later."""
    chloe = await shared.person("Chloe")
    await chloe.starts()
    await chloe.says("/create")
    await chloe.sees_text("What should the new picture show?")
    [photo] = await chloe.sends("cat.jpg", caption="sepia for Chloe")
    await _answer(chloe, photo)
    await chloe.says("thanks!")
    said = await chloe.sees_text("Send me the picture first")
    await chloe.says("/create")
    await chloe.sees(lambda m: "What should" in str(m) and m["message_id"] > said["message_id"])
    await chloe.says("/cancel")
    await chloe.sees_text("Cancelled. Nothing was charged.")
    assert [row["prompt"] for row in shared.rows("SELECT prompt FROM edits WHERE user_id = ?", chloe.id)] == [
        "sepia for Chloe"
    ]


async def test_in_a_group(shared: World) -> None:
    """With the bot's name, or as a reply to its question; who asks, pays."""
    ada, ben = [await shared.person(name) for name in ("Ada", "Ben")]
    group = await shared.group(ada, ben)
    ada, ben = ada.within(group), ben.within(group)
    await ada.sees_text(f"/create@{ME} a fox in the snow")
    request = await ada.says(f"/create@{ME} a heron for the group")
    await _answer(ada, request)
    await ben.says("/create unheard")
    request = await ben.says(f"/create@{ME}")
    asked = await ben.sees_text("What should the new picture show?")
    await ben.says("a badger for the group", reply_to=str(asked["message_id"]))
    await _answer(ben, request)
    charges = shared.rows("SELECT user_id, micros FROM ledger WHERE chat_id = ? AND kind = 'hold'", group)
    assert [tuple(row) for row in charges] == [(ada.id, 60_000), (ben.id, 60_000)]
