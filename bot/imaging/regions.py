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


def closed(region: Region, radius: float) -> Region:
    """The region with gaps up to twice ``radius`` bridged."""
    return shrunk(grown(region, radius), radius)


def filled(region: Region) -> Region:
    """The region with what it encloses."""
    return np.asarray(ndimage.binary_fill_holes(region))


def parts(region: Region, least: float) -> list[Region]:
    """The connected parts of at least ``least`` pixels, the largest first."""
    labels, count = ndimage.label(region, structure=_AROUND)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    numbers = sorted((n for n in range(1, count + 1) if areas[n] >= least), key=lambda n: -areas[n])
    return [np.asarray(labels == number) for number in numbers]


def count_parts(region: Region, least: float) -> int:
    """How many connected parts have at least ``least`` pixels."""
    labels, count = ndimage.label(region, structure=_AROUND)
    areas = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return int((areas >= least).sum())


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


def _without_small(region: Region, least: float) -> Region:
    labels, count = ndimage.label(region, structure=_AROUND)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    areas[0] = 0
    return np.asarray((areas >= least)[labels])
