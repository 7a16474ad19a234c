"""Pictures made for the tests: photos, encodings with every kind of baggage, and masks with known regions."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from bot.domain.pictures import Limits
from bot.imaging import decode

LIMITS = Limits()
PHOTOS = Path(__file__).parent.parent / "photos"
Region = NDArray[np.bool_]
Draw = Callable[[ImageDraw.ImageDraw, int, int], None]

# Turning the stored picture by this makes it what the orientation says, so its reverse stores it.
_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@cache
def _photo(name: str) -> Image.Image:
    with Image.open(PHOTOS / f"{name}.jpg") as image:
        return image.convert("RGB")


def photo(name: str, longest: int | None = None) -> Image.Image:
    """One of the real photographs, scaled to a longer side."""
    image = _photo(name).copy()
    if longest is None:
        return image
    scale = longest / max(image.size)
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


def encoded(image: Image.Image, form: str = "PNG", *, orientation: int = 1, **options: object) -> bytes:
    """The picture's bytes; with an orientation it is stored turned, and EXIF turns it back."""
    turn = _STORED[orientation]
    stored = image if turn is None else image.transpose(turn)
    if orientation != 1:
        exif = Image.Exif()
        exif[0x0112] = orientation
        options["exif"] = exif.tobytes()
    buffer = io.BytesIO()
    stored.save(buffer, form, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> NDArray[np.int16]:
    """What the decoder makes of a picture, as height × width × channels."""
    return np.asarray(decode.load(data, LIMITS)).astype(np.int16)


def region_of(plane: bytes) -> Region:
    """A mask plane as booleans."""
    return np.asarray(decode.open_plane(plane)) > 127


def plane_of(region: Region) -> bytes:
    """Booleans as a mask plane."""
    return encoded(Image.fromarray(region.astype(np.uint8) * 255))


def overlap(one: Region, other: Region) -> float:
    """Intersection over union; 1.0 for two empty regions."""
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 1.0


def drawn(size: tuple[int, int], draw: Draw) -> Region:
    """The region that a drawing function fills."""
    image = Image.new("L", size)
    draw(ImageDraw.Draw(image), *size)
    return np.asarray(image) > 127


def ellipse(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """One round region, off the middle."""
    draw.ellipse((width * 0.15, height * 0.2, width * 0.6, height * 0.75), fill=255)


def corner(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """A rectangle that reaches two of the picture's edges."""
    draw.rectangle((width * 0.62, height * 0.5, width, height), fill=255)


def two_spots(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """Two separate regions of different shapes."""
    draw.ellipse((width * 0.1, height * 0.1, width * 0.3, height * 0.4), fill=255)
    draw.polygon(
        [(width * 0.55, height * 0.9), (width * 0.75, height * 0.45), (width * 0.92, height * 0.85)], fill=255
    )


def ring(draw: ImageDraw.ImageDraw, width: int, height: int) -> None:
    """A region with a hole in it."""
    ellipse(draw, width, height)
    draw.ellipse((width * 0.3, height * 0.38, width * 0.45, height * 0.57), fill=0)


SHAPES: dict[str, Draw] = {"ellipse": ellipse, "corner": corner, "two-spots": two_spots, "ring": ring}


def noisy(image: Image.Image, amount: float) -> Image.Image:
    """Gaussian noise of a standard deviation, the same on each run."""
    values = np.asarray(image).astype(np.float32)
    values += np.random.default_rng(7).normal(0, amount, values.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def lettering(size: tuple[int, int], *, ink: int = 0, paper: int = 255) -> Image.Image:
    """A logo of large letters."""
    image = Image.new("L", size, paper)
    font = ImageFont.load_default(size=size[1] * 0.3)
    ImageDraw.Draw(image).text((size[0] * 0.05, size[1] * 0.3), "WAVES & Co.", fill=ink, font=font)
    return image


def line_drawing(name: str, size: tuple[int, int]) -> Image.Image:
    """Black lines on white along a photo's edges."""
    grey = np.asarray(photo(name).resize(size).convert("L")).astype(np.float32)
    down, across = np.gradient(grey)
    return Image.fromarray(np.where(np.hypot(down, across) > 18, 0, 255).astype(np.uint8))


def screenshot(size: tuple[int, int]) -> Image.Image:
    """A page: a coloured bar, buttons, lines of text on white."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0], size[1] * 0.12), fill=(40, 90, 160))
    for row in range(6):
        top = size[1] * (0.2 + row * 0.12)
        draw.rectangle((20, top, size[0] * (0.9 - row * 0.07), top + 6), fill=(60, 60, 60))
    draw.rounded_rectangle(
        (size[0] * 0.6, size[1] * 0.8, size[0] * 0.9, size[1] * 0.93), 8, fill=(30, 160, 90)
    )
    return image


def two_tone(image: Image.Image, threshold: int) -> Image.Image:
    """A photo as pure black and white."""
    return image.convert("L").point([0] * threshold + [255] * (256 - threshold))


def contrasted(image: Image.Image) -> Image.Image:
    """A photo's grey version with its contrast stretched to the ends."""
    grey = np.asarray(ImageOps.grayscale(image)).astype(np.float32)
    return Image.fromarray(np.clip((grey - 128) * 6 + 128, 0, 255).astype(np.uint8))
