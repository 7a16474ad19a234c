"""Pictures for tests: masks in every form that people send, and ways to measure results."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

from tests.e2e.world import PHOTOS

Box = tuple[int, int, int, int]


def photo(name: str = "coffee.jpg") -> Image.Image:
    """One of the photos, RGB."""
    return Image.open(PHOTOS / name).convert("RGB")


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The bytes of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Image.Image:
    """The picture of bytes, RGB."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def black_and_white(size: tuple[int, int], box: Box) -> Image.Image:
    """White where to edit."""
    mask = Image.new("RGB", size, "black")
    ImageDraw.Draw(mask).ellipse(box, fill="white")
    return mask


def transparent(source: Image.Image, box: Box) -> Image.Image:
    """A hole where to edit."""
    holed = source.convert("RGBA")
    alpha = Image.new("L", source.size, 255)
    ImageDraw.Draw(alpha).ellipse(box, fill=0)
    holed.putalpha(alpha)
    return holed


def painted(source: Image.Image, box: Box, colour: str = "red") -> Image.Image:
    """A filled scribble over the picture."""
    over = source.copy()
    ImageDraw.Draw(over).ellipse(box, fill=colour)
    return over


def changed(before: Image.Image, after: Image.Image, least: int = 1) -> np.ndarray:
    """Which pixels differ by at least ``least`` in any channel."""
    first, second = np.asarray(before, dtype=np.int16), np.asarray(after, dtype=np.int16)
    result: np.ndarray = np.abs(first - second).max(axis=2) >= least
    return result


def inside(size: tuple[int, int], box: Box) -> np.ndarray:
    """The true region of the masks above."""
    region: np.ndarray = np.asarray(black_and_white(size, box).convert("L")) > 128
    return region
