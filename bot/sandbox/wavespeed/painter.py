"""Really edits pictures, so that demo and tests see an edit: bytes in, bytes out, no network.

Like the real models it renders the whole picture anew: a mask says where the effect is strong, and
everything else changes a little too.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageFilter, ImageOps

from .checks import output_size
from .effects import colour_of, effect_for
from .schema import Inputs, Model

MASK_LIMIT = 4 * 1024 * 1024
ENCODINGS = {"png": {"compress_level": 1}, "jpeg": {"quality": 92}, "webp": {"quality": 92}}


class Failure(Exception):
    """A prediction that ends as failed: ``code`` is a task code of the page "Error codes"."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Painted:
    """A finished picture: ``format`` is png, jpeg or webp; sizes are pixels."""

    data: bytes
    format: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Material:
    """The fetched pictures of one prediction, as bytes."""

    images: Sequence[bytes]
    mask: bytes | None = None
    markup: bytes | None = None


def paint(model: Model, inputs: Inputs, material: Material, drift: float) -> Painted:
    """Return the edit of the first picture. The same inputs give the same bytes.

    ``drift`` (0 to 1) is how far what a mask protects is changed; 1 is as far as the rest. Raises
    `Failure` for a picture that can't be used.
    """
    pictures = [_open(data, "image") for data in material.images]
    ratio = pictures[0].width / pictures[0].height if pictures else 1.0
    size = output_size(model, inputs, ratio)
    region = _region(model, material, pictures[0]) if pictures else None
    rendered = render(str(inputs["prompt"]), size, pictures, region, drift)
    return encode(rendered, model.format(inputs))


def render(
    prompt: str,
    size: tuple[int, int],
    pictures: Sequence[Image.Image],
    region: Image.Image | None,
    drift: float,
) -> Image.Image:
    """Return the first picture edited, or something new where there is none.

    ``region`` (mode L, the first picture's size) is 255 where to edit, None for everywhere.
    """
    if not pictures:
        return _invent(prompt, size)
    canvas = _contain(pictures[0].convert("RGB"), size)
    edited = _refer(effect_for(prompt)(canvas), pictures[1:])
    if region is None:
        return edited
    return _restrict(canvas, edited, _contain_mask(region, size), drift)


def _open(data: bytes, name: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            return ImageOps.exif_transpose(picture)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Failure(1402, f"Failed to read the {name}: not a valid picture.") from error


def _region(model: Model, material: Material, first: Image.Image) -> Image.Image | None:
    """Return where to edit (mode L, 255 = edit, the first picture's size), or None for everywhere."""
    if material.markup is not None:
        return _marked(_open(material.markup, "markup_image"), first.size)
    if material.mask is None:
        return None
    mask = _open(material.mask, "mask_image")
    if model.exact_mask:
        _check_exact(material.mask, mask, first)
    return _white_or_transparent(mask).resize(first.size, Image.Resampling.NEAREST)


def _check_exact(data: bytes, mask: Image.Image, first: Image.Image) -> None:
    if not data.startswith(b"\x89PNG"):
        raise Failure(1401, "Invalid mask image format - mask must be a valid PNG file.")
    if len(data) >= MASK_LIMIT:
        raise Failure(1401, "Invalid mask image - it must be less than 4 MB.")
    if mask.size != first.size:
        raise Failure(1401, "Invalid mask image format - mask size does not match image size.")


def _white_or_transparent(mask: Image.Image) -> Image.Image:
    """Read a mask both ways its documentation knows: where anything is fully transparent, alpha counts."""
    if "A" in mask.getbands() or "transparency" in mask.info:
        alpha = mask.convert("RGBA").getchannel("A")
        if alpha.getextrema()[0] == 0:
            return alpha.point(lambda value: 255 if value == 0 else 0)
    return mask.convert("L").point(lambda value: 255 if value >= 128 else 0)


def _marked(markup: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the box around what was drawn, a little larger."""
    alpha = markup.convert("RGBA").getchannel("A").resize(size)
    region = Image.new("L", size, 0)
    box = alpha.point(lambda value: 255 if value > 16 else 0).getbbox()
    if box is not None:
        region.paste(255, box)
    return region


def _contain(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Fit the whole picture into ``size`` over a blurred fill; it is never stretched."""
    fitted = ImageOps.contain(picture, size, Image.Resampling.BICUBIC)
    if fitted.size == size:
        return fitted
    fill = ImageOps.fit(picture, (max(1, size[0] // 32), max(1, size[1] // 32)))
    canvas = fill.filter(ImageFilter.GaussianBlur(2)).resize(size, Image.Resampling.BICUBIC)
    canvas.paste(fitted, _centred(fitted.size, size))
    return canvas


def _contain_mask(region: Image.Image, size: tuple[int, int]) -> Image.Image:
    fitted = ImageOps.contain(region, size, Image.Resampling.BILINEAR)
    canvas = Image.new("L", size, 0)
    canvas.paste(fitted, _centred(fitted.size, size))
    return canvas


def _centred(inner: tuple[int, int], outer: tuple[int, int]) -> tuple[int, int]:
    return (outer[0] - inner[0]) // 2, (outer[1] - inner[1]) // 2


def _refer(edited: Image.Image, references: Sequence[Image.Image]) -> Image.Image:
    """Let further pictures guide the edit: some of their mean colour goes into it."""
    for reference in references:
        mean = reference.convert("RGB").resize((1, 1), Image.Resampling.BOX)
        edited = Image.blend(edited, mean.resize(edited.size), 0.25)
    return edited


def _restrict(canvas: Image.Image, edited: Image.Image, region: Image.Image, drift: float) -> Image.Image:
    """Keep the effect in the region; outside, go ``drift`` of the way, at least 2 levels in each channel."""
    outside = Image.blend(canvas, edited, drift)
    if 0 < drift < 1:
        nudged = [channel.point(_nudge) for channel in canvas.split()]
        small = np.abs(np.asarray(outside, np.int16) - np.asarray(canvas, np.int16)) < 2
        outside = Image.fromarray(
            np.where(small, np.asarray(Image.merge("RGB", nudged)), np.asarray(outside))
        )
    return Image.composite(edited, outside, region)


def _nudge(value: float) -> float:
    return value + 2 if value < 128 else value - 2


def _invent(prompt: str, size: tuple[int, int]) -> Image.Image:
    """Draw a landscape of hills in the prompt's colour, for the models that take no picture."""
    x = np.linspace(0, 4 * math.pi, size[0], dtype=np.float32)
    y = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    phase = sum(prompt.encode()) % 7
    hills = sum((y > 0.45 + level * 0.15 + 0.06 * np.sin(x * (1 + level) + phase)) * 70 for level in range(3))
    grey = Image.fromarray(np.clip(235 - hills - 20 * y, 0, 255).astype(np.uint8))
    tinted = ImageOps.colorize(grey, (20, 20, 30), (255, 255, 255), colour_of(prompt))
    return ImageChops.multiply(tinted, Image.new("RGB", size, (250, 245, 235)))


def encode(picture: Image.Image, encoding: str) -> Painted:
    """Return a finished picture as png, jpeg or webp."""
    out = io.BytesIO()
    picture.save(out, encoding, **ENCODINGS[encoding])
    return Painted(out.getvalue(), encoding, picture.width, picture.height)
