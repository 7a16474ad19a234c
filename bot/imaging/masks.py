"""Recognising masks: which of the forms that people send a picture is, and what region it marks."""

from __future__ import annotations

import numpy as np
from PIL import Image

from bot.domain.pictures import Limits, MaskForm, Recognised, Size
from bot.errors import MaskEmpty, MaskEverything, MaskShape
from bot.imaging import decode, drawn, encode, painted, regions
from bot.imaging import fit as fitting
from bot.imaging.wire import write_plane

LEAST_COVERAGE = 0.0005
MOST_COVERAGE = 0.995
_COMPARED_AT = Size(2560, 2560)
_Found = tuple[MaskForm, regions.Region]


def recognise(source: bytes, candidate: bytes, limits: Limits, *, forced: bool = False) -> Recognised | None:
    """Find out whether ``candidate`` is a mask of ``source``, and what it marks.

    Args:
        source: the picture to change.
        candidate: another picture that came with it.
        limits: for decoding both.
        forced: the person said that it is the mask, so it is read as one as well as can be.

    Returns:
        the region in the source's oriented size; None for an ordinary second picture (never if forced).

    Raises:
        MaskShape: it is a mask, but of another aspect ratio.
        MaskEmpty, MaskEverything: only if forced; else `check` tells.
        PictureRefused: one of the two can't be decoded.
    """
    size = decode.inspect(source, limits).size
    image = decode.load(candidate, limits)
    original = decode.load(source, limits, at_least=_COMPARED_AT)
    if forced:
        recognised = _recognised(_read(original, image, size), size)
        check(recognised)
        return recognised
    found = _find(original, image, size)
    return None if found is None else _recognised(found, size)


def check(recognised: Recognised) -> None:
    """Refuse a mask that marks nothing or everything.

    Raises:
        MaskEmpty: under `LEAST_COVERAGE`. MaskEverything: over `MOST_COVERAGE`.
    """
    detail = f"{recognised.form} mask, coverage {recognised.coverage:.4%}"
    if recognised.coverage < LEAST_COVERAGE:
        raise MaskEmpty(detail)
    if recognised.coverage > MOST_COVERAGE:
        raise MaskEverything(detail)


def _find(original: Image.Image, image: Image.Image, size: Size) -> _Found | None:
    fits = fitting.same_shape(encode.size_of(image), size)
    shown = original if fits else None
    if image.mode == "RGBA":
        if not drawn.is_transparent_mask(image, shown):
            return None
        _need_shape(image, size)
        return MaskForm.TRANSPARENT, _transparent(image)
    if drawn.is_black_and_white(image):
        region = drawn.white_region(image)
        uniform = region.all() or not region.any()
        if drawn.is_masklike(region, shown) and (fits or not uniform):
            _need_shape(image, size)
            return MaskForm.BLACK_AND_WHITE, region
    if not fits:
        return None
    marked = painted.painted_region(encode.flattened(original), image)
    return None if marked is None else (MaskForm.PAINTED, marked)


def _read(original: Image.Image, image: Image.Image, size: Size) -> _Found:
    """What somebody who calls this picture the mask most likely means by it."""
    _need_shape(image, size)
    if image.mode == "RGBA":
        return MaskForm.TRANSPARENT, _transparent(image)
    flat = encode.flattened(original)
    if not drawn.is_black_and_white(image) and painted.same_picture(flat, image):
        marked = painted.painted_region(flat, image, forced=True)
        if marked is not None:
            return MaskForm.PAINTED, marked
    return MaskForm.BLACK_AND_WHITE, drawn.white_region(image)


def _need_shape(image: Image.Image, size: Size) -> None:
    given = encode.size_of(image)
    if not fitting.same_shape(given, size):
        raise MaskShape(f"mask {given}, source {size}", mask=str(given), source=str(size))


def _transparent(image: Image.Image) -> regions.Region:
    return np.asarray(image.getchannel("A")) < 128


def _recognised(found: _Found, size: Size) -> Recognised:
    form, region = found
    plane = regions.at_size(region, size)
    return Recognised(form, write_plane(plane), plane.histogram()[255] / (size.width * size.height))
