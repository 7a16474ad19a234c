"""What can't be used: one sentence that says what to do, no cost, and no edit recorded."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from tests.e2e.world import PHOTOS, World


def _png(size: tuple[int, int], mode: str = "L") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, "PNG")
    return buffer.getvalue()


def _animation() -> bytes:
    frames = [Image.new("L", (40, 40), shade) for shade in (0, 128, 255)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


CASES = {
    "text": (b"just some words, no picture", "That is no picture I can read"),
    "truncated": ((PHOTOS / "cat.jpg").read_bytes()[:9000], "damaged"),
    "over 50 megapixels": (_png((8000, 7000), "1"), "56 megapixels"),
    "animated": (_animation(), "an animation"),
    "longer than 20:1": (_png((2100, 100)), "2100×100"),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_file_that_is_no_usable_picture(shared: World, case: str) -> None:
    """Each is named, and nothing is recorded as an edit or booked."""
    data, answer = CASES[case]
    ada = await shared.person("Ada")
    await ada.starts()
    [sent] = await ada.sends(data, caption="edit this", as_file=True)
    told = await ada.sees_text(answer)
    assert told["reply_to_message"]["message_id"] == sent["message_id"]
    assert "Nothing was charged." in told["text"]
    assert shared.rows("SELECT 1 FROM edits WHERE user_id = ?", ada.id) == []
    assert shared.rows("SELECT 1 FROM ledger WHERE user_id = ?", ada.id) == []


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/model dall-e-9", "I don't know a model “dall-e-9”. You can choose: gpt-image-2, "),
        ("/quality ultra", "“ultra” is no quality of GPT Image 2. You can choose: low, medium, high."),
        ("/size 99:1", "“99:1” is no size I know."),
        ("/nonsense", "I don't know that command."),
        ("hello?", "Send me the picture first"),
    ],
)
async def test_a_wrong_word(shared: World, typed: str, answer: str) -> None:
    """The answer lists what would be right."""
    chloe = await shared.person("Chloe")
    await chloe.starts()
    await chloe.says(typed)
    await chloe.sees_text(answer)


async def test_a_model_that_the_provider_dropped(own: World) -> None:
    """It is withdrawn at start with a log line; who asks for it is told."""
    await own.wavespeed_settings(models=["openai/gpt-image-2/edit"])
    bot = await own.start()
    withdrawn = await bot.says("model_withdrawn")
    assert withdrawn["model"] == "gpt-image-1"
    dora = await own.person("Dora")
    await dora.starts()
    await dora.says("/model gpt-image-1")
    await dora.sees_text(
        "GPT Image 1 is no longer offered by the provider. You can choose: gpt-image-2; /model shows all."
    )


async def test_a_command_as_a_caption(shared: World) -> None:
    """A command is no prompt: nothing is bought."""
    finn = await shared.person("Finn")
    await finn.starts()
    await finn.sends("cat.jpg", caption="/help")
    await finn.sees_text("That caption is a command")
    assert shared.rows("SELECT 1 FROM requests WHERE user_id = ?", finn.id) == []


async def test_an_earlier_resolution_does_not_make_a_plain_size_dearer(shared: World) -> None:
    """Pixels and a bare auto mean what they say; a model without sizes changes nothing."""
    gus = await shared.person("Gus")
    await gus.starts()
    await gus.says("/size 16:9 2k")
    await gus.sees_text("size 16:9 2k from now on, $0.12")
    await gus.says("/size 1024x1536")
    await gus.sees_text("size 2:3 from now on, $0.06")
    await gus.says("/size 4k")
    await gus.sees_text("size 2:3 4k from now on, $0.18")
    await gus.says("/size auto")
    await gus.sees_text("size auto from now on, $0.06")
    await gus.says("/model mini")
    await gus.sees_text("GPT Image 1 Mini from now on")
    await gus.says("/size 4k")
    await gus.sees_text("has no sizes to choose, so nothing is changed")
    await gus.says("/model gpt-image-2")
    await gus.sees_text("GPT Image 2 from now on, $0.06")
