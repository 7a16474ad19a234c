"""Small measurements on regions: boolean arrays of height × width, at the size masks are judged at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from bot.domain.pictures import Size

Region = NDArray[np.bool_]
Plane = NDArray[np.float32]
_AROUND = np.ones((3, 3), dtype=np.bool_)


def grown(region: Region, radius: float) -> Region:
    """Everything within ``radius`` pixels of the region."""
    if not region.any():
        return region.copy()
    return np.asarray(ndimage.distance_transform_edt(~region) <= radius)


def shrunk(region: Region, radius: float) -> Region:
    """What lies deeper than ``radius`` in the region; the picture's border is no edge of it."""
    if region.all():
        return region.copy()
    return np.asarray(ndimage.distance_transform_edt(region) > radius)


def opened(region: Region, radius: float) -> Region:
    """The region without what is thinner than twice ``radius``."""
    return grown(shrunk(region, radius), radius)


def widened(region: Region, pixels: int) -> Region:
    """The region grown by whole pixels in all eight directions: coarser and quicker than `grown`."""
    return np.asarray(ndimage.maximum_filter(region, size=2 * pixels + 1))


def reached(start: Region, allowed: Region) -> Region:
    """What of ``allowed`` hangs together with ``start``."""
    labels, count = ndimage.label(allowed, structure=_AROUND)
    touched = np.zeros(count + 1, dtype=np.bool_)
    touched[labels[start]] = True
    touched[0] = False
    return np.asarray(touched[labels])


def coarse(region: Region, longest: int) -> Region:
    """The region at a lower resolution, where a cell is marked if any of its pixels was."""
    step = _step(region, longest)
    height, width = -(-region.shape[0] // step), -(-region.shape[1] // step)
    padded = np.zeros((height * step, width * step), dtype=np.bool_)
    padded[: region.shape[0], : region.shape[1]] = region
    return np.asarray(padded.reshape(height, step, width, step).any(axis=(1, 3)))


def fine(cells: Region, like: Region) -> Region:
    """What `coarse` made of a region of ``like``'s size, at that size again."""
    step = _step(like, max(cells.shape))
    large = cells.repeat(step, axis=0).repeat(step, axis=1)
    return np.asarray(large[: like.shape[0], : like.shape[1]])


def filled(region: Region) -> Region:
    """The region with what it encloses."""
    return np.asarray(ndimage.binary_fill_holes(region))


def parts(region: Region, least: float) -> list[Region]:
    """The connected parts of at least ``least`` pixels, the largest first."""
    labels, count = ndimage.label(region, structure=_AROUND)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    numbers = sorted((n for n in range(1, count + 1) if areas[n] >= least), key=lambda n: -areas[n])
    return [np.asarray(labels == number) for number in numbers]


def compactness(region: Region, least: float) -> list[float]:
    """For each connected part of at least ``least`` pixels: its greatest depth by the root of its area.

    0.56 for a disk, 0.5 for a square, 0.25 for a bar of 1:4, under 0.2 for most letters. Parts that touch
    at a corner only are separate.
    """
    labels, count = ndimage.label(region)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    depth = np.asarray(ndimage.distance_transform_edt(np.pad(region, 1)))[1:-1, 1:-1]
    if not count:
        return []
    deepest = np.asarray(ndimage.maximum(depth, labels, np.arange(1, count + 1)))
    return [float(d) / float(a) ** 0.5 for d, a in zip(deepest, areas[1:], strict=True) if a >= least]


def without_specks(region: Region, least: float) -> Region:
    """The region without its parts, and with its holes, of fewer than ``least`` pixels."""
    return ~_without_small(~_without_small(region, least), least)


def smoothed(region: Region, sigma: float) -> Region:
    """The region with its outline evened out."""
    return np.asarray(ndimage.gaussian_filter(region.astype(np.float32), sigma) > 0.5)


def at_size(region: Region, size: Size) -> Image.Image:
    """The region as a plane of 0 and 255 in ``size``, its outline smooth where it is enlarged."""
    image = Image.fromarray(region.astype(np.uint8) * 255)
    if image.size == (size.width, size.height):
        return image
    image = image.resize((size.width, size.height), Image.Resampling.BILINEAR)
    return image.point([0] * 128 + [255] * 128)


def _step(region: Region, longest: int) -> int:
    return max(1, -(-int(max(region.shape)) // longest))


def _without_small(region: Region, least: float) -> Region:
    labels, count = ndimage.label(region, structure=_AROUND)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    areas[0] = 0
    return np.asarray((areas >= least)[labels])
