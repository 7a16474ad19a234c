"""Safe decoding: the header is judged before anything is decoded, and what comes out is plain sRGB."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFile

from bot.domain.pictures import Inspection, Limits, Size
from bot.errors import (
    NotAPicture,
    PictureAnimated,
    PictureBroken,
    PictureTooHeavy,
    PictureTooLarge,
    PictureTooLong,
)
from bot.imaging import sniff

pillow_heif.register_heif_opener()
# Pillow's own limit is laxer and only warns up to twice its value; `_judge` looks at every header instead.
Image.MAX_IMAGE_PIXELS = None

FORMATS: Final = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF")
_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = (5, 6, 7, 8)
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SRGB: Final = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
# What Pillow's readers raise on damaged data; everything else is a mistake of ours.
_DAMAGE: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    RuntimeError,
    struct.error,
    zlib.error,
)


def inspect(data: bytes, limits: Limits) -> Inspection:
    """Read a picture's header and judge it by ``limits``; nothing is decoded.

    Raises:
        PictureTooHeavy, PictureTooLarge, PictureTooLong, PictureAnimated: beyond ``limits``.
        NotAPicture: no format that is taken. PictureBroken: a header that can't be read.
    """
    with _opened(data, limits) as image:
        return Inspection(_format(image), _oriented_size(image), image.has_transparency_data)


def load(data: bytes, limits: Limits, *, at_least: Size | None = None) -> Image.Image:
    """Decode a picture fully: upright, in sRGB, 8 bits a channel, without metadata.

    Args:
        data: the encoded picture.
        limits: as for `inspect`.
        at_least: an oriented size in pixels that is enough; a much larger JPEG is decoded at 1/2, 1/4
            or 1/8 of its size, but never smaller than this.

    Returns:
        mode RGBA if any pixel is transparent, else RGB.

    Raises:
        What `inspect` raises; PictureBroken also for truncated or damaged data.
    """
    with _opened(data, limits) as image, _damage_told():
        turn = _UPRIGHT.get(_orientation(image))
        if at_least is not None and image.format == "JPEG":
            width, height = at_least.width, at_least.height
            sideways = _orientation(image) in _SIDEWAYS
            image.draft(None, (height, width) if sideways else (width, height))
        image.load()
        plain = _to_srgb(image)
        if turn is not None:
            plain = plain.transpose(turn)
        return _fresh(plain)


def open_plane(plane: bytes) -> Image.Image:
    """Decode one of our own mask planes: mode L, 255 = edit."""
    with Image.open(io.BytesIO(plane), formats=["PNG"]) as image:
        return image.convert("L")


@contextmanager
def _opened(data: bytes, limits: Limits) -> Iterator[Image.Image]:
    if len(data) > limits.bytes:
        raise PictureTooHeavy(f"{len(data)} bytes", limit_mb=limits.bytes // (1024 * 1024))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata; damage that matters is raised
        with _open(data) as image:
            _judge(image, limits)
            yield image


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=list(FORMATS))
    except _DAMAGE as error:
        known = sniff.picture_format(data)
        if known is not None:
            raise PictureBroken(f"{known} header: {error}") from error
        found = sniff.other_format(data)
        raise NotAPicture(f"not a picture: {found or data[:12]!r}", found=found) from error


def _judge(image: Image.Image, limits: Limits) -> None:
    size = _oriented_size(image)
    if size.width < 1 or size.height < 1:
        raise PictureBroken(f"a size of {size}")
    pixels = size.width * size.height
    if pixels > limits.pixels:
        raise PictureTooLarge(
            f"{size}", megapixels=round(pixels / 1_000_000), limit=round(limits.pixels / 1_000_000)
        )
    if size.elongation > limits.elongation:
        raise PictureTooLong(f"{size}", width=size.width, height=size.height)
    frames = _frames(image)
    if frames > 1:
        raise PictureAnimated(f"{frames} frames", frames=frames)


def _format(image: Image.Image) -> str:
    # MPO is a JPEG with further pictures behind it: phones write their depth or HDR maps there.
    return "JPEG" if image.format == "MPO" else str(image.format)


def _frames(image: Image.Image) -> int:
    if image.format == "MPO":
        return 1
    with _damage_told():
        return int(getattr(image, "n_frames", 1))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8. 1 where the reader turns the picture itself (TIFF, HEIF)."""
    if image.format in ("TIFF", "HEIF"):
        return 1
    try:
        # The base class's method: PNG's own decodes the whole picture to look for a late chunk.
        return int(Image.Image.getexif(image).get(_ORIENTATION, 1))
    except _DAMAGE:
        return 1  # a picture with damaged EXIF is still a picture


def _oriented_size(image: Image.Image) -> Size:
    width, height = image.size
    return Size(height, width) if _orientation(image) in _SIDEWAYS else Size(width, height)


@contextmanager
def _damage_told() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise PictureBroken(f"{type(error).__name__}: {error}") from error


def _to_srgb(image: Image.Image) -> Image.Image:
    """An 8-bit RGB or RGBA picture in sRGB, from any mode and colour space."""
    profile = image.info.get("icc_profile")
    flat = _to_8_bit(image)
    if profile:
        converted = _convert_profile(flat, profile)
        if converted is not None:
            return converted
    return flat.convert("RGBA" if flat.has_transparency_data else "RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    """The same picture in one of 1, L, LA, RGB, RGBA, CMYK, LAB…; never clipped, only scaled."""
    if image.mode.startswith("I;16"):
        # Pillow's own conversion clips every value over 255 to white.
        deep = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((deep * 255 + 32767) // 65535).astype(np.uint8))
    if image.mode in ("I", "F"):
        return Image.fromarray(_scale_deep(np.nan_to_num(np.asarray(image, dtype=np.float32))))
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in ("La", "RGBa"):
        return image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    return image


def _scale_deep(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """8 bits from 32-bit samples, whose range is told by their greatest value only."""
    top = float(values.max(initial=0.0))
    full = next((full for full in (1.0, 255.0, 65535.0) if top <= full), top)
    scaled: NDArray[np.float32] = np.clip(values * (255 / full) + 0.5, 0, 255)
    return scaled.astype(np.uint8)


def _convert_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """``image`` in sRGB by its embedded profile; None where the profile is sRGB, unusable or unfitting."""
    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(embedded).lower():
            return None
        if image.mode == "LA":
            grey, alpha = image.split()
            converted = _transformed(grey, embedded, "RGB")
            converted.putalpha(alpha)
            return converted
        return _transformed(image, embedded, "RGBA" if image.mode == "RGBA" else "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _transformed(image: Image.Image, profile: ImageCms.ImageCmsProfile, mode: str) -> Image.Image:
    if image.has_transparency_data and mode == "RGB":
        raise ValueError("a transparent colour by key has no profile")
    converted = ImageCms.profileToProfile(
        image, profile, _SRGB, ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode=mode
    )
    if converted is None:
        raise ValueError("nothing was converted")
    return converted


def _fresh(image: Image.Image) -> Image.Image:
    """A picture that carries nothing but pixels; opaque RGBA becomes RGB."""
    if image.mode == "RGBA":
        lowest, _ = image.getchannel("A").getextrema()
        if lowest == 255:
            image = image.convert("RGB")
    if isinstance(image, ImageFile.ImageFile):
        image = image.copy()
    image.info = {}
    return image
