"""A second picture as a mask: in albums and replies, in every form; outside it nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.drawing import black_and_white, changed, decoded, encoded, inside, painted, photo, transparent
from tests.e2e.world import Message, World

BOX = (180, 110, 420, 300)
SOURCE = photo("coffee.jpg")


def _labels(message: Message) -> list[str]:
    return [button["text"] for row in message["reply_markup"]["inline_keyboard"] for button in row]


async def _bought(world: World, words: str) -> list[dict[str, Any]]:
    return [item["inputs"] for item in await world.predictions() if words in item["inputs"]["prompt"]]


def _only_inside(result: bytes) -> None:
    """The file has the source's size, the region is another, and outside it every pixel is the source's."""
    after = decoded(result)
    assert after.size == SOURCE.size
    differs = changed(SOURCE, after)
    region = inside(SOURCE.size, BOX)
    assert not differs[~region].any()
    assert differs[region].mean() > 0.8


@pytest.mark.parametrize(
    "model", ["gpt-image-1", pytest.param("gpt-image-1-mini", marks=pytest.mark.long), "gpt-image-2"]
)
async def test_a_black_and_white_mask_in_an_album(shared: World, model: str) -> None:
    """On every model, with a provider that changes everything, only the marked part changes."""
    ada = await shared.person("Ada")
    await ada.starts()
    await ada.says(f"/model {model}")
    await ada.sees_text("Done:")
    await shared.wavespeed_settings(drift=1)
    words = f"neon part {model}"
    await ada.sends(encoded(SOURCE), encoded(black_and_white(SOURCE.size, BOX)), caption=words, as_file=True)
    result = await ada.sees_picture()
    assert "Only the marked part was edited" in result["caption"]
    _only_inside(await ada.original(result))
    [inputs] = await _bought(shared, words)
    assert ("mask_image" in inputs) == (model == "gpt-image-1")
    if model != "gpt-image-1":
        assert len(inputs["images"]) == 2
        assert "mask of the first" in inputs["prompt"]
        assert "takes no mask" in result["caption"]
    [drift] = shared.rows(
        "SELECT r.drift FROM results r JOIN edits e ON e.id = r.edit_id WHERE e.user_id = ?", ada.id
    )
    assert drift["drift"] > 5


async def test_a_transparent_mask_as_a_reply_with_the_first_caption(shared: World) -> None:
    """A picture sent as a reply to a photo is its mask; without words of its own the photo's hold."""
    ben = await shared.person("Ben")
    await ben.starts()
    await shared.wavespeed_settings(drift=1)
    [first] = await ben.sends(encoded(SOURCE), caption=f"comic twice for {ben.tag}", as_file=True)
    await ben.sees_picture()
    mask = encoded(transparent(SOURCE, BOX))
    [reply] = await ben.sends(mask, as_file=True, reply_to=str(first["message_id"]))
    result = await ben.sees(
        lambda m: "photo" in m and m["reply_to_message"]["message_id"] == reply["message_id"]
    )
    _only_inside(await ben.original(result))
    assert len(await _bought(shared, f"comic twice for {ben.tag}")) == 2


async def test_a_painted_mask_is_shown_and_confirmed(shared: World) -> None:
    """What was painted over is a guess, so it is shown back; nothing is bought before the person agrees."""
    chloe = await shared.person("Chloe")
    await chloe.starts()
    await chloe.sends(
        encoded(SOURCE, "JPEG"), encoded(painted(SOURCE, BOX), "JPEG"), caption=f"anime part for {chloe.tag}"
    )
    shown = await chloe.sees(lambda message: "Is it?" in message.get("caption", ""))
    assert _labels(shown) == ["Edit here", "Invert", "It is a second picture", "Cancel"]
    assert await _bought(shared, f"for {chloe.tag}") == []
    await chloe.presses(shown, "Edit here")
    result = await chloe.sees(lambda m: "Only the marked part" in m.get("caption", ""))
    assert result["photo"][-1]["width"] == SOURCE.width
    assert len(await _bought(shared, f"for {chloe.tag}")) == 1


async def test_cancelled_before_paying(shared: World) -> None:
    """Cancel costs nothing, and the buttons are gone."""
    dora = await shared.person("Dora")
    await dora.starts()
    await dora.sends(
        encoded(SOURCE, "JPEG"),
        encoded(painted(SOURCE, BOX, "lime"), "JPEG"),
        caption=f"never for {dora.tag}",
    )
    shown = await dora.sees(lambda message: "Is it?" in message.get("caption", ""))
    await dora.presses(shown, "Cancel")
    await dora.sees(lambda m: m["message_id"] == shown["message_id"] and "reply_markup" not in m)
    assert await _bought(shared, f"for {dora.tag}") == []
    assert shared.rows("SELECT 1 FROM edits WHERE user_id = ?", dora.id) == []


async def test_two_photos_are_asked_about(shared: World) -> None:
    """What can't be told is asked, with prices; edit each makes one edit of each picture."""
    eve = await shared.person("Eve")
    await eve.starts()
    parts = await eve.sends("cat.jpg", "astronaut.jpg", caption=f"pencil for {eve.tag}")
    asked = await eve.sees_text("You sent 2 pictures")
    assert _labels(asked) == [
        "Mask: edit only the marked part",
        "Use together",
        "Edit each · 2 × $0.06 = $0.12",
        "Only the first",
        "Cancel",
    ]
    assert await _bought(shared, f"for {eve.tag}") == []
    await eve.presses(asked, "Edit each")
    for part in parts:
        await eve.sees(
            lambda m, part=part: (
                "photo" in m  # type: ignore[misc] # the loop's value is bound on purpose
                and m.get("reply_to_message", {}).get("message_id") == part["message_id"]
            )
        )
    assert len(await _bought(shared, f"for {eve.tag}")) == 2


async def test_a_caption_that_is_changed_while_a_question_is_open(shared: World) -> None:
    """What is bought then has the words that are to be read above it."""
    enid = await shared.person("Enid")
    await enid.starts()
    [first, _] = await enid.sends("cat.jpg", "astronaut.jpg", caption=f"pencil for {enid.tag}")
    asked = await enid.sees_text("You sent 2 pictures")
    path = f"chats/{enid.chat}/messages/{first['message_id']}/edit"
    await shared.post(shared.telegram, path, **{"from": enid.id, "text": f"charcoal for {enid.tag}"})

    async def changed() -> bool:
        return bool(shared.rows("SELECT 1 FROM requests WHERE prompt = ?", f"charcoal for {enid.tag}"))

    await shared.until(changed)
    await enid.presses(asked, "Only the first")
    await enid.sees_picture()
    assert await _bought(shared, f"pencil for {enid.tag}") == []
    assert len(await _bought(shared, f"charcoal for {enid.tag}")) == 1


async def test_words_say_what_two_photos_are_for(shared: World) -> None:
    """Who says "combine both" is not asked."""
    finn = await shared.person("Finn")
    await finn.starts()
    await finn.sends("cat.jpg", "coffee.jpg", caption=f"combine both for {finn.tag}")
    await finn.sees_picture()
    [inputs] = await _bought(shared, f"for {finn.tag}")
    assert len(inputs["images"]) == 2


async def test_more_pictures_than_the_model_takes(shared: World) -> None:
    """The models that take them are offered as buttons."""
    gus = await shared.person("Gus")
    await gus.starts()
    await gus.says("/model gpt-image-1")
    await gus.sees_text("Done:")
    await gus.sends("cat.jpg", "coffee.jpg", "rocket.jpg", caption=f"all of these together for {gus.tag}")
    asked = await gus.sees_text("That is 3 pictures, and GPT Image 1 takes 1.")
    assert _labels(asked)[0] == "GPT Image 2 · $0.06"
    assert "Seedream 4.5 · $0.04" in _labels(asked)
    await gus.presses(asked, "Seedream 4.5")
    assert "Seedream 4.5" in (await gus.sees_picture())["caption"]
    [inputs] = await _bought(shared, f"for {gus.tag}")
    assert len(inputs["images"]) == 3


@pytest.mark.parametrize(
    ("mask", "answer"),
    [
        (black_and_white(SOURCE.size, (0, 0, 0, 0)), "Nothing is marked"),
        (black_and_white(SOURCE.size, (-900, -900, 1500, 1300)), "marks the whole picture"),
        (black_and_white((300, 600), (50, 50, 200, 300)), "The mask is 300×600 and the picture is 600×400"),
    ],
)
async def test_a_mask_that_can_not_be(shared: World, mask: Any, answer: str) -> None:
    """An empty one, one over everything, one of another shape: each is refused with the reason, unpaid."""
    hana = await shared.person("Hana")
    await hana.starts()
    await hana.sends(encoded(SOURCE), encoded(mask), caption="use the second as a mask", as_file=True)
    await hana.sees_text(answer)
    assert shared.rows("SELECT 1 FROM edits WHERE user_id = ?", hana.id) == []


async def test_words_as_a_reply_to_the_result_edit_the_stored_original(shared: World) -> None:
    """The next edit starts from what we keep, not from Telegram's small copy."""
    ida = await shared.person("Ida")
    await ida.starts()
    await ida.sends("rocket.jpg", caption=f"comic first for {ida.tag}")
    result = await ida.sees_picture()
    kept = decoded(await ida.original(result))
    await ida.says(f"now neon for {ida.tag}", reply_to=str(result["message_id"]))
    await ida.sees(lambda m: "photo" in m and m["reply_to_message"].get("text") == f"now neon for {ida.tag}")
    uploads = (await shared.http.get(f"{shared.wavespeed}/sandbox/uploads")).json()["uploads"]
    [inputs] = await _bought(shared, f"now neon for {ida.tag}")
    [sent] = [upload for upload in uploads if upload["url"] in inputs["images"]]
    assert abs(sent["width"] - kept.width) <= 2


async def test_a_button_of_somebody_else(shared: World) -> None:
    """A press with another's or a made-up id is answered and does nothing."""
    jo = await shared.person("Jo")
    await jo.starts()
    await jo.sends("cat.jpg", "coffee.jpg", caption=f"wait for {jo.tag}")
    asked = await jo.sees_text("You sent 2 pictures")
    update = {
        "callback_query": {
            "id": "1",
            "from": {"id": jo.id + 40, "is_bot": False, "first_name": "Kim"},
            "chat_instance": "1",
            "message": asked,
            "data": asked["reply_markup"]["inline_keyboard"][0][0]["callback_data"],
        }
    }
    await shared.http.post(f"{shared.telegram}/sandbox/updates", json=update)
    await jo.says("/help")
    await jo.sees_text("How it works")
    [request] = shared.rows("SELECT state FROM requests WHERE user_id = ?", jo.id)
    assert request["state"] == "asking"
    await jo.presses(asked, "Only the first")
    await jo.sees_picture()


async def test_an_ordinary_photo_called_a_mask_is_shown_first(shared: World) -> None:
    """Whatever the person says, what was read out of it is shown before it is bought."""
    kim = await shared.person("Kim")
    await kim.starts()
    await kim.sends("coffee.jpg", "rocket.jpg", caption=f"nicer {kim.tag}")
    asked = await kim.sees_text("You sent 2 pictures")
    await kim.presses(asked, "Mask")
    shown = await kim.sees(lambda message: "Is it?" in message.get("caption", ""))
    assert kim.tag in shown["caption"]
    assert await _bought(shared, kim.tag) == []


async def test_a_mask_as_a_reply_closes_the_question_about_its_picture(shared: World) -> None:
    """What is written later is no prompt for a picture that was edited already."""
    lou = await shared.person("Lou")
    await lou.starts()
    [photo_sent] = await lou.sends(encoded(SOURCE), as_file=True)
    await lou.sees_text("What should I change?")
    mask = encoded(black_and_white(SOURCE.size, BOX))
    await lou.sends(mask, as_file=True, caption=f"neon {lou.tag}", reply_to=str(photo_sent["message_id"]))
    await lou.sees(lambda message: "Only the marked part" in message.get("caption", ""))
    await lou.says("hello")
    await lou.sees_text("Send me the picture first")
    assert len(await _bought(shared, lou.tag)) == 1
