"""Sizes: ``auto`` keeps the source's shape, a chosen one is what comes, and nothing is stretched."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.e2e.drawing import decoded, encoded
from tests.e2e.world import Person, World

SHAPES = [
    (37, 53),
    (1512, 1134),
    (1000, 1000),
    (1600, 100),
    (90, 1500),
    (1080, 1920),
    (3000, 1000),
    (640, 427),
    (512, 2048),
    (2100, 900),
]
MODELS = {"gpt-image-2": SHAPES, "gpt-image-1": SHAPES[::2], "gpt-image-1-mini": SHAPES}


def _circle(width: int, height: int) -> Image.Image:
    """A white disc in the middle of a dark picture."""
    picture = Image.new("RGB", (width, height), (20, 30, 40))
    radius = min(width, height) * 0.4
    centre = (width / 2, height / 2)
    ImageDraw.Draw(picture).ellipse(
        (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius), fill="white"
    )
    return picture


def _disc(picture: Image.Image) -> tuple[int, int]:
    """Width and height of the disc in the middle: from there to the first sharp edge on each side."""
    grey = np.asarray(picture.convert("L"), dtype=np.int16)
    middle = (grey.shape[0] // 2, grey.shape[1] // 2)
    row, column = grey[middle[0]], grey[:, middle[1]]
    across = _reach(row[middle[1] :]) + _reach(row[middle[1] :: -1])
    down = _reach(column[middle[0] :]) + _reach(column[middle[0] :: -1])
    return across, down


def _reach(line: np.ndarray) -> int:
    """How many pixels until the line suddenly darkens."""
    step = max(5, len(line) // 60)
    fall = np.where(line[:-step] - line[step:] > 40)[0]
    return int(fall[0]) + step


async def _edit(world: World, model: str, size: str, shape: tuple[int, int]) -> Image.Image:
    """The result of an edit that changes colours only, as a file."""
    person: Person = await world.person(f"{model} {shape}")
    await person.starts()
    await person.says(f"/model {model}")
    await person.sees_text("Done:")
    await person.says(f"/size {size}")
    await person.sees(
        lambda message: "size" in message.get("text", "").lower() and "Hi" not in message["text"]
    )
    await person.sends(encoded(_circle(*shape)), caption="sepia, vintage", as_file=True)
    result = await person.sees(lambda message: " · $" in message.get("caption", ""))
    return decoded(await person.original(result))


@pytest.mark.parametrize(
    "model",
    [
        "gpt-image-2",
        pytest.param("gpt-image-1", marks=pytest.mark.long),
        pytest.param("gpt-image-1-mini", marks=pytest.mark.long),
    ],
)
async def test_auto_keeps_the_shape_of_the_source(shared: World, model: str) -> None:
    """Odd shapes: the result has each one's shape, and a circle in it stays a circle."""
    shapes = MODELS[model]
    results = await asyncio.gather(*(_edit(shared, model, "auto", shape) for shape in shapes))
    for (width, height), result in zip(shapes, results, strict=True):
        shape = f"{width}×{height} came as {result.size}"
        tolerance = 0.015 + 1.5 / min(result.size)  # models render on a grid of 16 pixels
        assert abs(result.width / result.height / (width / height) - 1) < tolerance, shape
        across, down = _disc(result)
        assert abs(across - down) <= max(4, 0.03 * across), shape


@pytest.mark.parametrize(
    ("model", "size", "ratio"),
    [
        pytest.param("gpt-image-1", "2:3", 2 / 3, marks=pytest.mark.long),
        ("gpt-image-2", "16:9", 16 / 9),
        ("gpt-image-2", "9:16 2k", 9 / 16),
    ],
)
async def test_a_chosen_size_is_what_comes(shared: World, model: str, size: str, ratio: float) -> None:
    """Whatever the source's shape, and a circle in it stays a circle."""
    result = await _edit(shared, model, size, (900, 700))
    assert abs(result.width / result.height / ratio - 1) < 0.02
    across, down = _disc(result)
    assert abs(across - down) <= max(4, 0.03 * across)
