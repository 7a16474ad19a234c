"""Masks painted onto the picture itself: what differs from the source, cleaned of noise and filled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from bot.domain.pictures import Size
from bot.imaging import regions
from bot.imaging.regions import Plane, Region

_COMPARED_AT = 1280  # what Telegram makes of a photo
_NOISE = 24.0  # differences below are JPEG's, in 8-bit steps of the most different channel
_EDGE_NOISE = 0.6  # and this much of the local contrast, since re-scaling moves edges
_SURE = 48.0
_SAME_SHARE = 0.35  # so much of the picture has to be as it was
_SPECK_SHARE = 0.0002
_MOST_PARTS = 12
_SAME_COLOUR = 20.0
_FAINT = 9.0
_HALO = 0.45
_CORE = 0.7
_BRIDGED_AT = 400  # pixels of the longer side; strokes are widened to a pixel there
_GAP_SHARES = (0.01, 0.025, 0.045, 0.07)  # of the shorter side: half the gap that is bridged
_ENCLOSED_SHARE = 0.4
_PAINT_SPREAD = 32.0
_PAINT_SHARE = 0.8
_LEAST_OPACITY = 0.2
_OPAQUE = 0.05  # a slope below this is noise
_VAGUE_SHARE = 0.4


def painted_region(source: Image.Image, candidate: Image.Image, *, forced: bool = False) -> Region | None:
    """The region that was painted over, or None if ``candidate`` is not the source with paint on it.

    Args:
        source: the picture, RGB.
        candidate: one of the same shape, at any size and re-encoded.
        forced: every difference counts as paint.

    Returns:
        height × width at most `_COMPARED_AT`, not the source's size.
    """
    size = _compared_size(source, candidate)
    before, after = _pixels(source, size), _pixels(candidate, size)
    difference = _difference(before, after)
    marks = _marks(difference, _tolerance(before))
    if not forced:
        if not marks.any() or not _mostly_as_it_was(difference, marks):
            return None
        if not _is_paint(before, after, difference, marks):
            return None
    return _enclosed(_crisp(_extended(marks, before, after, difference), difference))


def same_picture(source: Image.Image, candidate: Image.Image) -> bool:
    """Whether a good part of ``candidate`` is the source, pixel by pixel."""
    size = _compared_size(source, candidate)
    difference = _difference(_pixels(source, size), _pixels(candidate, size))
    return bool((difference < _NOISE).mean() > _SAME_SHARE)


def _compared_size(source: Image.Image, candidate: Image.Image) -> Size:
    longest = min(_COMPARED_AT, max(source.size), max(candidate.size))
    scale = longest / max(source.size)
    return Size(max(1, round(source.width * scale)), max(1, round(source.height * scale)))


def _pixels(image: Image.Image, size: Size) -> Plane:
    if image.size != (size.width, size.height):
        image = image.resize((size.width, size.height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.asarray(image.convert("RGB").filter(ImageFilter.GaussianBlur(0.7))).astype(np.float32)


def _difference(before: Plane, after: Plane) -> Plane:
    return np.asarray(np.abs(before - after).max(axis=2), dtype=np.float32)


def _tolerance(before: Plane) -> Plane:
    """How much each pixel may differ by re-encoding and re-scaling alone."""
    grey = Image.fromarray(before.mean(axis=2).astype(np.uint8))
    high = np.asarray(grey.filter(ImageFilter.MaxFilter(3))).astype(np.float32)
    low = np.asarray(grey.filter(ImageFilter.MinFilter(3))).astype(np.float32)
    return np.asarray(_NOISE + _EDGE_NOISE * (high - low), dtype=np.float32)


def _marks(difference: Plane, tolerance: Plane) -> Region:
    """What differs beyond doubt, without specks."""
    marks = difference > tolerance
    sure = regions.widened(difference > np.maximum(tolerance, _SURE), 3)
    return regions.without_specks(marks & sure, marks.size * _SPECK_SHARE)


def _extended(marks: Region, before: Plane, after: Plane, difference: Plane) -> Region:
    """The marks and what continues them in their paint where the picture has nearly the same colour."""
    core = _core(marks, difference)
    like = np.zeros_like(marks)
    for part in regions.parts(marks, marks.size * _SPECK_SHARE)[:_MOST_PARTS]:
        paint = _Paint.of(before[part & core], after[part & core])
        like |= paint.missed(before, after) < _SAME_COLOUR
    return regions.reached(marks, marks | (like & (difference > _FAINT)))


def _crisp(marks: Region, difference: Plane) -> Region:
    """The marks without the halo that JPEG's coarse colour leaves around them."""
    full = ndimage.maximum_filter(difference, size=7)
    halo = difference < _HALO * full
    return marks & ~(halo & regions.widened(~marks, 3))


def _enclosed(marks: Region) -> Region:
    """The painted strokes and everything they go around, also where the outline is not quite closed."""
    region = regions.filled(marks)
    small = regions.coarse(region, _BRIDGED_AT)
    for share in _GAP_SHARES:
        reach = min(small.shape) * share
        swollen = regions.grown(small, reach)
        around = regions.shrunk(regions.filled(swollen), reach)
        inside = around & ~regions.shrunk(swollen, reach)
        if inside.sum() >= _ENCLOSED_SHARE * small.sum():
            return regions.filled(region | regions.fine(regions.shrunk(around, 1.0), region))
    return region


def _mostly_as_it_was(difference: Plane, marks: Region) -> bool:
    """Whether outside the marks hardly anything changed, and enough of it is left."""
    outside = ~regions.widened(marks, 6)
    if outside.mean() < _SAME_SHARE:
        return False
    return bool((difference[outside] < _NOISE).mean() > 0.97)


def _core(marks: Region, difference: Plane) -> Region:
    """The middle of the strokes, where the paint is not mixed with what is beside it."""
    core = marks & (difference > _CORE * ndimage.maximum_filter(difference, size=7))
    return np.asarray(core | (marks & ~regions.reached(core, marks)))  # a part without a middle is all core


def _is_paint(before: Plane, after: Plane, difference: Plane, marks: Region) -> bool:
    """Whether most of the marked area is plain colour, opaque or see-through, with a sharp edge."""
    outside = ~regions.widened(marks, 6)
    core = _core(marks, difference)
    plain = 0
    for part in regions.parts(marks, marks.size * _SPECK_SHARE)[:_MOST_PARTS]:
        if _is_one_paint(before, after, part & core, outside):
            plain += int(part.sum())
    vague = (difference[core] < _SURE).mean()
    return plain >= _PAINT_SHARE * marks.sum() and bool(vague < _VAGUE_SHARE)


def _is_one_paint(before: Plane, after: Plane, part: Region, outside: Region) -> bool:
    """Whether one paint explains a part of the picture, and does not explain the untouched rest too."""
    paint = _Paint.of(before[part], after[part])
    if paint.clear > 1 - _LEAST_OPACITY:
        return False
    explained = paint.missed(before[part], after[part]) < _PAINT_SPREAD
    elsewhere = paint.missed(before[outside], after[outside]) > _NOISE
    return bool(explained.mean() >= _PAINT_SHARE and elsewhere.mean() > 0.5)


@dataclass(frozen=True, slots=True)
class _Paint:
    """A colour laid over a picture: ``after = clear × before + colour``; ``clear`` is 0 if it is opaque."""

    clear: float
    colour: Plane

    @classmethod
    def of(cls, before: Plane, after: Plane) -> _Paint:
        """The paint that explains pixels (n × 3) best, by least squares."""
        x, y = before - before.mean(axis=0), after - after.mean(axis=0)
        spread = float((x**2).sum())
        clear = float((x * y).sum()) / spread if spread > x.size else 0.0
        clear = clear if clear > _OPAQUE else 0.0
        return cls(clear, np.asarray(np.median(after - clear * before, axis=0)))

    def missed(self, before: Plane, after: Plane) -> Plane:
        """How far each pixel is from what this paint would have made of it."""
        return np.asarray(np.abs(after - self.clear * before - self.colour).max(axis=-1), dtype=np.float32)
