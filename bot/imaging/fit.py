"""Laying a picture into the shape that is sent, and taking the result out of it again."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from PIL import Image, ImageFilter

from bot.domain.pictures import Encoded, Fit, Limits, Size
from bot.imaging import decode, encode

SHAPE_TOLERANCE = 0.02  # providers round sides to multiples of 16
_RESULT_BYTES = 100 * 1024 * 1024  # an 8.3 MP PNG of noise has 25 MB, of 16 bits a channel 50 MB
_BLUR_SHARE = 0.02
_Box = tuple[float, float, float, float]


def same_shape(one: Size, other: Size) -> bool:
    """Whether two sizes have the same aspect ratio within `SHAPE_TOLERANCE`."""
    ratio = one.ratio / other.ratio
    return max(ratio, 1 / ratio) <= 1 + SHAPE_TOLERANCE


def for_results(limits: Limits) -> Limits:
    """The limits for what comes from the provider, or from us: lossless, so heavier than a person's."""
    return replace(limits, bytes=max(limits.bytes, _RESULT_BYTES), elongation=max(limits.elongation, 100.0))


def clean(
    data: bytes,
    fit: Fit | None,
    limits: Limits,
    *,
    lossless: bool = False,
    max_bytes: int | None = None,
) -> Encoded:
    """Re-encode a picture without metadata, laid out by ``fit``.

    Returns:
        JPEG, or PNG where it is transparent or ``lossless``. With ``max_bytes``, what is too large is
        encoded with more loss.

    Raises:
        PictureRefused: as `decode.load`.
    """
    needed = None if fit is None else Size(fit.box[2], fit.box[3])
    image = decode.load(data, limits, at_least=needed)
    if fit is not None:
        image = laid_out(image, fit)
    if image.mode == "RGBA" or lossless:
        return _lossless_within(image, max_bytes)
    return encode.jpeg(image) if max_bytes is None else encode.jpeg_within(image, max_bytes)


def laid_out(image: Image.Image, fit: Fit) -> Image.Image:
    """``image`` scaled to the fit's box on its canvas; the padding continues its edge."""
    image = resized(image, Size(*fit.box[2:]))
    return _padded(image, fit) if fit.padded else image


def taken_out(image: Image.Image, fit: Fit, target: Size | None) -> Image.Image | None:
    """The fit's box out of a result, or None where the result's shape is not the canvas's."""
    if not same_shape(encode.size_of(image), fit.canvas):
        return None
    across, down = image.width / fit.canvas.width, image.height / fit.canvas.height
    left, top, width, height = fit.box
    box = (left * across, top * down, (left + width) * across, (top + height) * down)
    if target is not None:
        return resized(image, target, box)
    return _even(_cropped(image, box), fit)


def resized(image: Image.Image, size: Size, box: _Box | None = None) -> Image.Image:
    """``image``, or a box of it, at ``size``."""
    whole = box is None or box == (0, 0, image.width, image.height)
    if whole and encode.size_of(image) == size:
        return image
    return image.resize((size.width, size.height), Image.Resampling.LANCZOS, box)


def _cropped(image: Image.Image, box: _Box) -> Image.Image:
    # Inwards to whole pixels, so that no padding is left at an edge.
    left, top = (math.ceil(edge - 0.01) for edge in box[:2])
    right, bottom = (math.floor(edge + 0.01) for edge in box[2:])
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    if (left, top, right, bottom) == (0, 0, image.width, image.height):
        return image
    return image.crop((left, top, right, bottom))


def _even(image: Image.Image, fit: Fit) -> Image.Image:
    """In the source's exact shape where padding was taken away: models render on a coarse grid."""
    height = max(1, round(image.width / fit.source.ratio))
    if not fit.padded or abs(height - image.height) <= 1:
        return image
    return resized(image, Size(image.width, height))


def _padded(image: Image.Image, fit: Fit) -> Image.Image:
    """The edge pixels continued outwards and softly blurred, so that the padding invites no new content."""
    left, top, width, height = fit.box
    right, bottom = fit.canvas.width - left - width, fit.canvas.height - top - height
    wide = Image.new(image.mode, (fit.canvas.width, height))
    wide.paste(image, (left, 0))
    if left:
        wide.paste(image.crop((0, 0, 1, height)).resize((left, height)), (0, 0))
    if right:
        wide.paste(image.crop((width - 1, 0, width, height)).resize((right, height)), (left + width, 0))
    canvas = Image.new(image.mode, (fit.canvas.width, fit.canvas.height))
    canvas.paste(wide, (0, top))
    if top:
        canvas.paste(wide.crop((0, 0, wide.width, 1)).resize((wide.width, top)), (0, 0))
    if bottom:
        last = wide.crop((0, height - 1, wide.width, height))
        canvas.paste(last.resize((wide.width, bottom)), (0, top + height))
    canvas = canvas.filter(ImageFilter.GaussianBlur(max(canvas.size) * _BLUR_SHARE))
    canvas.paste(image, (left, top))
    return canvas


def _lossless_within(image: Image.Image, max_bytes: int | None) -> Encoded:
    if max_bytes is None:
        return encode.png(image)
    lossless = [partial(encode.png, image), partial(encode.png, image, 9), partial(encode.webp, image)]
    attempts = [*lossless, *(partial(encode.webp, image, quality) for quality in (92, 80, 60))]
    return encode.first_within(attempts, max_bytes)
