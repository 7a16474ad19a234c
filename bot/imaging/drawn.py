"""Masks drawn apart from the picture: black and white, or with transparent parts."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from bot.imaging import regions
from bot.imaging.regions import Plane, Region

_JUDGED_AT = 512  # pixels of the longer side; enough to tell a mask from a drawing
_GREY_SHARE = 0.99
_CHROMA = 40
_DARK, _LIGHT = 64, 191
_BETWEEN_SHARE = 0.12  # soft edges
_FRAME_SHARE = 0.03
_PART_SHARE = 0.0002
_WHITE_PARTS, _BLACK_PARTS = 16, 6  # drawings and letters are mostly black on white, and of many parts
_FEW_PARTS = 3  # so many may be slim: strokes of a brush, not letters
_LETTER_COMPACTNESS = 0.25
_THIN_SHARE = 0.008  # of the shorter side: what is thinner than twice this is a line
_THICK_ENOUGH = 0.6
_RAGGED = 0.12
_VERSION_ORDER = 0.97
_SEEN_DIFFERENCE = 14.0


def white_region(image: Image.Image) -> Region:
    """What is white in a black-and-white picture of any size, a frame around it left out."""
    grey = np.asarray(image.convert("L"))
    return _without_frame(grey > 127)


def is_black_and_white(image: Image.Image) -> bool:
    """Whether a picture consists of black and white, but for noise and soft edges."""
    colours = np.asarray(_judged(image).filter(ImageFilter.BoxBlur(1)).convert("RGB")).astype(np.int16)
    chroma = colours.max(axis=2) - colours.min(axis=2)
    if (chroma < _CHROMA).mean() < _GREY_SHARE:
        return False
    grey = colours.mean(axis=2)
    return bool(((grey > _DARK) & (grey < _LIGHT)).mean() <= _BETWEEN_SHARE)


def is_masklike(region: Region, source: Image.Image | None) -> bool:
    """Whether a region looks as if somebody marked it, rather than drew, wrote or photographed it.

    Marked regions are few, thick and smooth. Of a two-tone version of the ``source`` itself the region
    follows its brightness; then only a very plain one is believed.
    """
    region = _shrunk_to_judge(region)
    marked = region if region.mean() <= 0.5 else ~region
    if not marked.any():
        return True
    area, side = marked.sum(), min(marked.shape)
    most = _WHITE_PARTS if marked is region else _BLACK_PARTS
    compact = regions.compactness(marked, marked.size * _PART_SHARE)
    thick = regions.opened(marked, side * _THIN_SHARE).sum() / area
    ragged = (regions.smoothed(marked, side * _THIN_SHARE) ^ marked).sum() / area
    lettered = len(compact) > _FEW_PARTS and float(np.median(compact)) < _LETTER_COMPACTNESS
    if len(compact) > most or lettered or thick < _THICK_ENOUGH or ragged > _RAGGED:
        return False
    return source is None or len(compact) <= 1 or not _follows_brightness(region, source)


def _follows_brightness(region: Region, source: Image.Image) -> bool:
    """Whether nearly every pixel inside is brighter (or darker) in the source than those outside."""
    height, width = region.shape
    grey = np.asarray(source.convert("L").resize((width, height), Image.Resampling.BOX))
    inside = np.bincount(grey[region], minlength=256).astype(np.float64)
    outside = np.bincount(grey[~region], minlength=256).astype(np.float64)
    below = np.cumsum(outside) - outside / 2
    order = float((inside * below).sum() / (inside.sum() * outside.sum()))
    return max(order, 1 - order) > _VERSION_ORDER


def is_transparent_mask(image: Image.Image, source: Image.Image | None) -> bool:
    """Whether an RGBA picture's transparency marks a region, rather than cuts something out.

    What is left opaque is the ``source`` itself or one plain colour.
    """
    small = _judged(image)
    alpha = np.asarray(small.getchannel("A"))
    if ((alpha > _DARK) & (alpha < _LIGHT)).mean() > _BETWEEN_SHARE:
        return False
    opaque = alpha >= _LIGHT
    if not opaque.any():
        return True
    colours = np.asarray(small.convert("RGB")).astype(np.float32)
    if source is not None and _shows(colours, opaque, source):
        return True
    plain = float(colours[opaque].std(axis=0).max()) < _SEEN_DIFFERENCE
    return plain and is_masklike(alpha < 128, None)


def _shows(colours: Plane, opaque: Region, source: Image.Image) -> bool:
    height, width = opaque.shape
    original = np.asarray(source.convert("RGB").resize((width, height), Image.Resampling.BOX))
    difference = np.abs(colours - original.astype(np.float32)).mean(axis=2)
    return float(np.median(difference[opaque])) < _SEEN_DIFFERENCE


def _without_frame(region: Region) -> Region:
    """The region with an even frame around the picture replaced by what is next to it inside."""
    limit = max(2, round(min(region.shape) * _FRAME_SHARE))
    if min(region.shape) <= 4 * limit:
        return region
    rings = [_ring_mean(region, depth) for depth in range(limit + 1)]
    for value in (1.0, 0.0):
        shares = [mean if value else 1 - mean for mean in rings]
        end = next((depth for depth, share in enumerate(shares) if share < 0.6), None)
        if end and shares[0] > 0.9:
            inner = region[end + 1 : -end - 1, end + 1 : -end - 1]
            return np.pad(inner, end + 1, mode="edge")
    return region


def _ring_mean(region: Region, depth: int) -> float:
    """The share of white among the pixels that are ``depth`` from the border."""
    height, width = region.shape
    ring = region[depth : height - depth, depth : width - depth]
    edges = (ring[0], ring[-1], ring[1:-1, 0], ring[1:-1, -1])
    return float(np.concatenate(edges).mean())


def _judged(image: Image.Image) -> Image.Image:
    scale = _JUDGED_AT / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BOX)


def _shrunk_to_judge(region: Region) -> Region:
    return np.asarray(_judged(Image.fromarray(region.astype(np.uint8) * 255))) > 127
