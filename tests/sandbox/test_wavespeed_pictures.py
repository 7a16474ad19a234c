"""The edits of the WaveSpeed stand-in: visible, deterministic, kept to masks as well as real ones are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from bot.sandbox.wavespeed.models import MODELS
from bot.sandbox.wavespeed.painter import Failure, Material, paint
from tests.sandbox.wavespeed_bench import (
    FLARE,
    IMAGE_1,
    IMAGE_2,
    PHOTOS,
    SUNBURST,
    TEXT,
    Bench,
    difference,
    encoded,
    opened,
    picture,
    standin,
)

SIDE = 96
HOLE = (24, 24, 71, 71)  # the region that the masks here mark: left, top, right, bottom, inclusive
PROMPTS = [
    "Become a comic style",
    "Transform into a watercolor painting",
    "Make it look like a vintage photograph from the 1950s",
    "Convert to anime style illustration",
    "Apply a cyberpunk neon aesthetic",
    "Turn into a pencil sketch",
    "make the sky green",
    "make everything blue",
    "give him a hat",
    "remove the rocket",
]


def edited(prompt: str, photo: str = "astronaut.jpg") -> Image.Image:
    data = (PHOTOS / photo).read_bytes()
    inputs = {"prompt": prompt, "size": "1024*1024", "image": "x"}
    return opened(paint(MODELS[IMAGE_1], inputs, Material([data]), 0.04).data)


def test_every_prompt_changes_the_picture_visibly_and_in_its_own_way() -> None:
    """No two prompts give the same picture, and each is far from the source."""
    source = opened((PHOTOS / "astronaut.jpg").read_bytes()).convert("RGB").resize((64, 64))
    results = [edited(prompt).resize((64, 64)) for prompt in PROMPTS]
    for prompt, result in zip(PROMPTS, results, strict=True):
        assert difference(source, result).mean() > 15, prompt
    for index, result in enumerate(results):
        for other in results[:index]:
            assert difference(result, other).mean() > 8


def test_same_inputs_give_the_same_bytes() -> None:
    """An edit is deterministic."""
    data = picture()
    inputs = {"prompt": "comic", "images": ["x"]}
    first, second = [paint(MODELS[IMAGE_2], inputs, Material([data]), 0.04) for _ in range(2)]
    assert first == second


def test_further_pictures_guide_the_edit() -> None:
    """A reference changes the result."""
    inputs = {"prompt": "comic", "images": ["x", "y"]}
    red = encoded(Image.new("RGB", (20, 20), (255, 0, 0)))
    alone = opened(paint(MODELS[IMAGE_2], inputs, Material([picture()]), 0.04).data)
    guided = opened(paint(MODELS[IMAGE_2], inputs, Material([picture(), red]), 0.04).data)
    assert difference(alone, guided).mean() > 15


async def test_other_shapes_are_fitted_whole_and_not_stretched() -> None:
    """A wide source in a square result keeps its proportions, centred over a fill."""
    wide = Image.new("RGB", (200, 100), (0, 0, 0))
    ImageDraw.Draw(wide).ellipse((75, 25, 125, 75), fill=(255, 255, 255))
    async with standin() as bench:
        url = await bench.upload(encoded(wide))
        result = await bench.edit(IMAGE_1, "black and white", image=url, size="1024*1024")
        assert result.size == (1024, 1024)
        fitted = result.convert("L").crop((0, 256, 1024, 768))  # above and below it is the fill
        ball = fitted.point(lambda value: 255 if value > 127 else 0).getbbox()
        assert ball == pytest.approx((384, 128, 640, 384), abs=6)


def mask(mode: str) -> bytes:
    """Return a mask in one of the forms that are in use; all mark the same hole."""
    if mode == "white":
        image = Image.new("L", (SIDE, SIDE), 0)
        ImageDraw.Draw(image).rectangle(HOLE, fill=255)
    elif mode == "alpha":
        image = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 255))
        ImageDraw.Draw(image).rectangle(HOLE, fill=(0, 0, 0, 0))
    else:
        image = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 255))
        ImageDraw.Draw(image).rectangle(HOLE, fill=(255, 255, 255, 0))
    return encoded(image)


async def masked(bench: Bench, model: str, field: str, data: bytes) -> tuple[float, float, float]:
    """Edit through a mask; return the mean change inside, the mean change outside and the least outside."""
    source = picture(SIDE, SIDE)
    url = await bench.upload(source)
    pictures: dict[str, object] = {"image": url} if model == IMAGE_1 else {"images": [url]}
    mask_url = await bench.upload(data, "mask.png")
    result = await bench.edit(model, "make everything red", **pictures, **{field: mask_url})
    change = difference(opened(source).resize(result.size, Image.Resampling.BICUBIC), result)
    scale = result.width / SIDE
    inside = np.zeros_like(change, dtype=bool)
    left, top, right, bottom = (round(edge * scale) for edge in (HOLE[0], HOLE[1], HOLE[2] + 1, HOLE[3] + 1))
    inside[top:bottom, left:right] = True
    border = np.zeros_like(inside)
    border[top - 16 : bottom + 16, left - 16 : right + 16] = True
    outside = change[~border]
    return float(change[inside].mean()), float(outside.mean()), float(outside.min())


@pytest.mark.parametrize(
    ("model", "form"),
    [(IMAGE_1, "white"), (IMAGE_1, "alpha"), (IMAGE_1, "both"), (FLARE, "white"), (SUNBURST, "alpha")],
)
async def test_mask_keeps_the_effect_inside_but_all_else_drifts(model: str, form: str) -> None:
    """Both readings of a mask work: the region changes strongly, every other pixel a little."""
    async with standin() as bench:
        inside, outside, least = await masked(bench, model, "mask_image", mask(form))
        assert inside > 40
        assert 1 <= least <= outside < 12


async def test_drift_is_set_from_none_to_all() -> None:
    """With drift 0 a mask is kept to exactly, with drift 1 not at all."""
    async with standin() as bench:
        await bench.set(drift=0)
        inside, outside, _ = await masked(bench, IMAGE_1, "mask_image", mask("white"))
        assert (inside > 40, outside) == (True, 0)
        await bench.set(drift=1)
        inside, outside, _ = await masked(bench, IMAGE_1, "mask_image", mask("white"))
        assert outside > 40


async def test_markup_says_where() -> None:
    """What is drawn on a transparent markup picture is where the effect goes."""
    drawn = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    ImageDraw.Draw(drawn).rectangle(HOLE, outline=(255, 0, 0, 255), width=3)
    async with standin() as bench:
        inside, outside, _ = await masked(bench, FLARE, "markup_image", encoded(drawn))
        assert inside > 40
        assert outside < 12


def test_exact_masks_are_checked() -> None:
    """gpt-image-1 wants a PNG of the picture's size; others resize what they get."""
    inputs = {"prompt": "red", "image": "x", "mask_image": "y"}
    for wrong in (encoded(Image.new("L", (SIDE, SIDE)), "JPEG"), encoded(Image.new("L", (50, 50)))):
        with pytest.raises(Failure) as failure:
            paint(MODELS[IMAGE_1], inputs, Material([picture(SIDE, SIDE)], mask=wrong), 0.04)
        assert failure.value.code == 1401
        paint(MODELS[FLARE], inputs, Material([picture(SIDE, SIDE)], mask=wrong), 0.04)


def test_broken_pictures_fail_with_a_code() -> None:
    """Bytes that are no picture, or half of one, end the task with code 1402."""
    for broken in (b"no picture", (PHOTOS / "cat.jpg").read_bytes()[:9000]):
        with pytest.raises(Failure) as failure:
            paint(MODELS[IMAGE_2], {"prompt": "red", "images": ["x"]}, Material([broken]), 0.04)
        assert failure.value.code == 1402


@pytest.mark.parametrize("encoding", ["png", "jpeg", "webp"])
async def test_output_format_is_as_asked(encoding: str) -> None:
    """The output's bytes, name and content type agree with the asked format."""
    async with standin() as bench:
        url = await bench.upload(picture())
        told = await bench.run(FLARE, "comic", images=[url], output_format=encoding)
        answer = await bench.http.get(told["outputs"][0])
        assert told["outputs"][0].endswith(f".{encoding}")
        assert answer.headers["content-type"] == f"image/{encoding}"
        assert opened(answer.content).format == encoding.upper()


def test_text_gives_a_picture_of_its_own() -> None:
    """Without a source the prompt alone makes the picture, in the asked shape."""
    houses = [
        paint(MODELS[TEXT], {"prompt": prompt, "aspect_ratio": "16:9"}, Material([]), 0.04)
        for prompt in ("a house", "a ship")
    ]
    assert (houses[0].width, houses[0].height) == (1360, 768)
    assert difference(opened(houses[0].data), opened(houses[1].data)).mean() > 20
