"""Safe decoding: what is refused from the header, and what comes out as plain upright sRGB."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from bot.domain.pictures import Inspection, Limits, Size
from bot.errors import (
    NotAPicture,
    PictureAnimated,
    PictureBroken,
    PictureRefused,
    PictureTooHeavy,
    PictureTooLarge,
    PictureTooLong,
)
from bot.imaging import decode
from tests.imaging.samples import LIMITS, encoded, photo, pixels

FORMATS = ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "GIF", "BMP", "TIFF"]


def one_bit_png(side: int) -> bytes:
    """A tiny PNG file of an enormous one-bit picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side * (1 + (side + 7) // 8)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def animation(form: str, frames: int) -> bytes:
    """Frames of changing colour."""
    images = [Image.new("RGB", (8, 8), (n * 80 % 256, n * 7 % 256, 90)) for n in range(frames)]
    buffer = io.BytesIO()
    images[0].save(buffer, form, save_all=True, append_images=images[1:])
    return buffer.getvalue()


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_that_is_taken(form: str) -> None:
    """Its header is read, and its pixels come out as they went in (but for lossy coding)."""
    image = photo("cat", 120)
    data = encoded(image, form)
    assert decode.inspect(data, LIMITS) == Inspection(form, Size(120, image.height), transparent=False)
    assert np.abs(pixels(data) - np.asarray(image)).mean() < 12


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "empty file"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "PostScript"),
        (b"\n<!DOCTYPE html><html>", "HTML"),
        (b'<?xml version="1.0"?><svg/>', "SVG"),
        (b"\x1f\x8b\x08\x00tgs", "animated sticker"),
        (b"\x1aE\xdf\xa3webm", "video"),
        (b"\x00\x00\x00\x18ftypmp42", "video"),
        (b"hello", "text"),
        (b"\x00\x01\x02\x03", ""),
    ],
)
def test_not_a_picture(data: bytes, found: str) -> None:
    """What is no picture is refused by a name a person knows, whatever its file is called."""
    with pytest.raises(NotAPicture) as refusal:
        decode.inspect(data, LIMITS)
    assert refusal.value.params == {"found": found}


def test_one_bit_bomb() -> None:
    """13000×13000 in 20 KB is refused from its header, with its megapixels."""
    with pytest.raises(PictureTooLarge) as refusal:
        decode.load(one_bit_png(13_000), LIMITS)
    assert refusal.value.params == {"megapixels": 169, "limit": 50}


@pytest.mark.parametrize(("form", "frames"), [("GIF", 300), ("WEBP", 3), ("PNG", 3), ("TIFF", 2)])
def test_animations(form: str, frames: int) -> None:
    """More than one frame is refused, with their number."""
    with pytest.raises(PictureAnimated) as refusal:
        decode.inspect(animation(form, frames), LIMITS)
    assert refusal.value.params == {"frames": frames}


def test_a_phones_jpeg_with_further_pictures() -> None:
    """A JPEG with a depth or HDR map behind it (MPO) is a JPEG."""
    data = animation("MPO", 2)
    assert decode.inspect(data, LIMITS).format == "JPEG"
    assert pixels(data).shape == (8, 8, 3)


def test_too_long() -> None:
    """Over 20:1 is refused; 20:1 is not."""
    assert decode.inspect(encoded(Image.new("L", (200, 10))), LIMITS).size == Size(200, 10)
    with pytest.raises(PictureTooLong) as refusal:
        decode.inspect(encoded(Image.new("L", (10, 201))), LIMITS)
    assert refusal.value.params == {"width": 10, "height": 201}


def test_too_heavy() -> None:
    """Bytes are counted before anything is read."""
    with pytest.raises(PictureTooHeavy) as refusal:
        decode.inspect(bytes(3 * 1024 * 1024), Limits(bytes=2 * 1024 * 1024))
    assert refusal.value.params == {"limit_mb": 2}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated(form: str, share: float) -> None:
    """A file that ends early is a broken picture, not a crash and not half a picture."""
    data = encoded(photo("coffee", 160), form)
    with pytest.raises(PictureBroken):
        decode.load(data[: int(len(data) * share)], LIMITS)


@pytest.mark.parametrize("form", FORMATS)
def test_damaged_anywhere(form: str) -> None:
    """Damaged bytes give a picture or a refusal, and never another error."""
    data = encoded(photo("cat", 64), form)
    random = np.random.default_rng(5)
    outcomes = set()
    for _ in range(40):
        damaged = bytearray(data)
        for place in random.integers(0, len(data), 6):
            damaged[place] = random.integers(0, 256)
        try:
            outcomes.add(decode.load(bytes(damaged), LIMITS).mode)
        except PictureRefused as refusal:
            outcomes.add(type(refusal).__name__)
    assert outcomes <= {"RGB", "RGBA", *(error.__name__ for error in PictureRefused.__subclasses__())}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(form: str, orientation: int) -> None:
    """All eight orientations come out upright, and the header's size is the upright one."""
    image = photo("cat", 96)
    data = encoded(image, form, orientation=orientation)
    assert decode.inspect(data, LIMITS).size == Size(image.width, image.height)
    assert np.abs(pixels(data) - np.asarray(image)).mean() < 12


def test_draft_of_a_turned_jpeg_is_large_enough() -> None:
    """A much larger JPEG is decoded small, but never under what is asked, also lying on its side."""
    data = encoded(photo("cat", 1600), "JPEG", orientation=6)
    image = decode.load(data, LIMITS, at_least=Size(300, 200))
    assert 300 <= image.width < 800
    assert 200 <= image.height < 600


@pytest.mark.parametrize(
    ("mode", "values"),
    [
        ("I;16", np.uint16(30_000)),
        ("I;16B", np.uint16(30_000)),
        ("I", np.int32(30_000)),
        ("F", np.float32(0.4578)),
    ],
)
def test_deep_grey_is_scaled_not_clipped(mode: str, values: np.generic) -> None:
    """16 and 32 bits: 30000 of 65535 is 117 of 255."""
    deep = np.full((10, 10), values)
    deep[0, 0] = 1.0 if mode == "F" else 65_535
    data = encoded(Image.fromarray(deep.astype(">u2") if mode == "I;16B" else deep), "TIFF")
    assert np.unique(pixels(data)[1:]).tolist() == [117]


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk(form: str) -> None:
    """Print colours come out as the same red."""
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), form)
    red, green, blue = pixels(data)[8, 8]
    assert red > 200
    assert max(green, blue) < 60


def swapped_profile() -> bytes:
    """sRGB's profile with the red and green primaries' names exchanged, under a name of its own."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_icc_profile_is_applied(mode: str) -> None:
    """A file whose profile calls its first channel green shows green, and keeps its transparency."""
    image = Image.new("RGB", (8, 8), (255, 0, 0))
    if mode == "RGBA":
        image.putalpha(100)
    pixel = pixels(encoded(image, icc_profile=swapped_profile()))[4, 4]
    assert pixel[1] > 240
    assert pixel[0] < 40
    assert len(pixel) == 3 or pixel[3] == 100


@pytest.mark.parametrize("profile", [b"no profile at all", b"\x00" * 200])
def test_unusable_profile_is_ignored(profile: bytes) -> None:
    """A damaged profile does not cost the picture."""
    assert pixels(encoded(Image.new("RGB", (4, 4), (9, 8, 7)), icc_profile=profile))[0, 0].tolist() == [
        9,
        8,
        7,
    ]


def test_damaged_exif_is_ignored() -> None:
    """So does damaged EXIF."""
    data = encoded(photo("cat", 60), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff")
    assert decode.inspect(data, LIMITS).size.width == 60


@pytest.mark.parametrize(("alpha", "mode"), [(255, "RGB"), (254, "RGBA")])
def test_transparency_is_kept_only_where_there_is_some(alpha: int, mode: str) -> None:
    """An alpha channel without a transparent pixel is dropped."""
    image = Image.new("RGBA", (4, 4), (1, 2, 3, 255))
    image.putpixel((0, 0), (1, 2, 3, alpha))
    assert decode.load(encoded(image), LIMITS).mode == mode


def test_palette_with_a_transparent_colour() -> None:
    """A GIF's transparent colour becomes alpha 0."""
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 250, 0, 0])
    image.putpixel((0, 0), 0)
    data = encoded(image, "GIF", transparency=0)
    assert decode.inspect(data, LIMITS).transparent
    assert [pixels(data)[0, 0, 3], pixels(data)[1, 1, 3]] == [0, 255]
