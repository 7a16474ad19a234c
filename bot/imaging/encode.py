"""Encoding without metadata: what `decode.load` gives carries none, and nothing is added here."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from functools import partial

from PIL import Image

from bot.domain.pictures import Encoded, Size

JPEG_QUALITY = 92
WEBP_LONGEST_SIDE = 16_383
_STEPS_DOWN = (85, 75, 60, 45, 30)


def jpeg(image: Image.Image, quality: int = JPEG_QUALITY) -> Encoded:
    """A JPEG; what is transparent shows white."""
    return _saved(flattened(image), "JPEG", "image/jpeg", "jpg", quality=quality)


def png(image: Image.Image, level: int = 1) -> Encoded:
    """A PNG. Level 1 costs a quarter of the default's time and hardly any size on photos."""
    return _saved(image, "PNG", "image/png", "png", compress_level=level)


def webp(image: Image.Image, quality: int | None = None) -> Encoded:
    """A WebP, lossless without ``quality``. Sides up to `WEBP_LONGEST_SIDE`."""
    if quality is None:
        return _saved(image, "WEBP", "image/webp", "webp", lossless=True, quality=20, method=0, exact=True)
    return _saved(image, "WEBP", "image/webp", "webp", quality=quality, method=2)


def jpeg_within(image: Image.Image, max_bytes: int, quality: int = JPEG_QUALITY) -> Encoded:
    """A JPEG of at most ``max_bytes``, at the best quality that allows it (or the least there is)."""
    flat = flattened(image)
    steps = (quality, *(step for step in _STEPS_DOWN if step < quality))
    return first_within((partial(jpeg, flat, step) for step in steps), max_bytes)


def first_within(attempts: Iterable[Callable[[], Encoded]], max_bytes: int) -> Encoded:
    """The first of the encodings that is small enough, else the last."""
    encoded: Encoded | None = None
    for attempt in attempts:
        encoded = attempt()
        if len(encoded.data) <= max_bytes:
            break
    if encoded is None:
        raise ValueError("no encoding to try")
    return encoded


def flattened(image: Image.Image, background: str = "white") -> Image.Image:
    """``image`` without transparency."""
    if image.mode != "RGBA":
        return image if image.mode in ("RGB", "L") else image.convert("RGB")
    ground = Image.new("RGB", image.size, background)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def size_of(image: Image.Image) -> Size:
    """Its pixels as our value."""
    return Size(image.width, image.height)


def _saved(image: Image.Image, form: str, media_type: str, extension: str, **options: int | bool) -> Encoded:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return Encoded(buffer.getvalue(), media_type, extension, size_of(image))
