"""Finishing a provider's result: verified, its padding undone, composited over the original."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageStat
from scipy import ndimage

from bot.domain.pictures import Encoded, Finished, Fit, Inspection, Limits, Size
from bot.imaging import decode, encode
from bot.imaging import fit as fitting

_FEATHER_SHARE = 0.006  # of the shorter side: about 6 pixels of 1024
_FEATHER_PIXELS = 4_000_000  # distances are measured on at most this many pixels, for memory's sake


def verify(data: bytes, limits: Limits) -> Inspection:
    """Decode a provider's output fully, to be sure that it is a whole picture.

    Raises:
        PictureRefused: it is none.
    """
    limits = fitting.for_results(limits)
    inspection = decode.inspect(data, limits)
    decode.load(data, limits)
    return inspection


def keep(result: bytes, fit: Fit | None, limits: Limits) -> Finished:
    """A result without a mask: verified, its padding removed, losslessly encoded.

    Raises:
        PictureRefused: the result is no whole picture.
    """
    image = decode.load(result, fitting.for_results(limits))
    taken = None if fit is None else fitting.taken_out(image, fit, None)
    return Finished(encode.png(image if taken is None else taken), None)


def finish(
    source: bytes,
    plane: bytes,
    result: bytes,
    fit: Fit | None,
    limits: Limits,
    *,
    feather: int | None = None,
) -> Finished:
    """Composite a result over its source through the mask.

    Args:
        source: the person's picture.
        plane: PNG of the source's oriented size, 255 = edit.
        result: the provider's output, of the canvas's shape at any resolution.
        fit: how the source was laid into what was sent.
        limits: for decoding.
        feather: width of the soft edge in pixels; it grows inwards only.

    Returns:
        a PNG of the source's oriented size that equals the source (upright, sRGB) wherever the mask is 0,
        and the mean absolute difference that the provider had made there. A result of quite another
        shape can't be put in its place: it is returned as it is, with a drift of None.

    Raises:
        PictureRefused: a picture can't be decoded.
    """
    original = decode.load(source, limits)
    image = decode.load(result, fitting.for_results(limits))
    placed = _placed(image, fit, encode.size_of(original))
    if placed is None:
        return Finished(encode.png(image), None)
    mask = _hard(decode.open_plane(plane), encode.size_of(original))
    placed = _like(placed, original)
    drift = _drift(original, placed, mask)
    original.paste(placed, mask=feathered(mask, feather))
    return Finished(_png(original), drift)


def feathered(mask: Image.Image, width: int | None = None) -> Image.Image:
    """A mask whose edge rises softly from 0 within the region; where ``mask`` is 0 it stays 0.

    Args:
        mask: mode L, 0 and 255.
        width: of the soft edge in pixels; by default in proportion to the picture, and never more than a
            third of the way to the region's middle, so that thin regions stay.
    """
    bounds = mask.getbbox()
    wanted = round(min(mask.size) * _FEATHER_SHARE) if width is None else width
    if bounds is None or wanted < 1:
        return mask
    region = mask.crop(bounds)
    scale = max(1.0, (region.width * region.height / _FEATHER_PIXELS) ** 0.5)
    small = region.reduce(int(np.ceil(scale))) if scale > 1 else region
    scale = region.width / small.width
    soft = Image.fromarray(_ramp(small, wanted / scale)).resize(region.size, Image.Resampling.BILINEAR)
    feather = Image.new("L", mask.size, 0)
    feather.paste(ImageChops.multiply(soft, region), bounds)
    return feather


def _ramp(region: Image.Image, width: float) -> NDArray[np.uint8]:
    """0 to 255 over ``width`` pixels from the edge inwards. A picture's own border is no edge."""
    inside = np.pad(np.asarray(region) > 127, 1, mode="edge")
    if inside.all():
        return np.full((region.height, region.width), 255, np.uint8)
    depth = np.asarray(ndimage.distance_transform_edt(inside))[1:-1, 1:-1]
    width = max(1.0, min(width, float(depth.max()) / 3))
    return np.clip(depth * (255 / width), 0, 255).astype(np.uint8)


def _placed(image: Image.Image, fit: Fit | None, size: Size) -> Image.Image | None:
    """A result at the source's place and size, or None where its shape fits neither way."""
    if fit is not None:
        taken = fitting.taken_out(image, fit, size)
        if taken is not None:
            return taken
    if fitting.same_shape(encode.size_of(image), size):
        return fitting.resized(image, size)
    return None


def _like(image: Image.Image, original: Image.Image) -> Image.Image:
    """``image`` in the original's mode."""
    if image.mode == original.mode:
        return image
    if original.mode == "RGBA":
        return image.convert("RGBA")
    ground = original.convert("RGBA")
    ground.alpha_composite(image)
    return ground.convert("RGB")


def _drift(original: Image.Image, placed: Image.Image, mask: Image.Image) -> float:
    difference = ImageChops.difference(original.convert("RGB"), placed.convert("RGB"))
    outside = ImageStat.Stat(difference, mask=ImageChops.invert(mask))
    if not outside.count[0]:
        return 0.0
    return sum(outside.mean) / 3


def _hard(mask: Image.Image, size: Size) -> Image.Image:
    """The mask of 0 and 255 only, at ``size``."""
    if encode.size_of(mask) != size:
        mask = mask.resize((size.width, size.height), Image.Resampling.NEAREST)
    return mask.point([0] * 128 + [255] * 128)


def _png(image: Image.Image) -> Encoded:
    image.info = {}
    return encode.png(image)
