"""What is sent is clean and laid out; what comes back is taken out of it again, never stretched."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from bot.domain.geometry import lay_out
from bot.domain.pictures import Encoded, Fit, Size
from bot.imaging import decode, encode, fit
from tests.imaging.samples import LIMITS, encoded, noisy, photo, pixels

SECRETS = (b"SECRET", b"Exif", b"GPS", b"ICC_PROFILE", b"iCCP", b"xmpmeta", b"eXIf", b"tEXt", b"iTXt")


def unfit(result: bytes, laid: Fit, target: Size | None = None) -> Encoded:
    """The picture out of a result, or the whole result, as `bot.imaging.finish` has it."""
    image = decode.load(result, fit.for_results(LIMITS))
    taken = fit.taken_out(image, laid, target)
    return encode.png(image if taken is None else taken)


def with_metadata(form: str, *, transparent: bool = False) -> bytes:
    """A picture with everything that can be attached to one."""
    image = photo("cat", 96)
    if transparent:
        image.putalpha(120)
    exif = Image.Exif()
    exif[0x010E] = "SECRET place"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[29] = "2026:01:01 SECRET"
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Comment", "SECRET comment")
    options: dict[str, Any] = {"exif": exif, "icc_profile": b"SECRET profile"}
    if form == "JPEG":
        options["comment"] = b"SECRET comment"
    if form == "PNG":
        options["pnginfo"] = info
    if form in ("JPEG", "WEBP"):
        options["xmp"] = b"<x:xmpmeta>SECRET</x:xmpmeta>"
    return encoded(image, form, **options)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "HEIF", "TIFF"])
@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("transparent", [False, True])
def test_clean_carries_no_metadata(form: str, lossless: bool, transparent: bool) -> None:
    """Neither EXIF nor GPS, comment, XMP or profile leave with a picture."""
    data = with_metadata(form, transparent=transparent and form != "JPEG")
    assert b"SECRET" in data
    sent = fit.clean(data, None, LIMITS, lossless=lossless)
    assert [secret for secret in SECRETS if secret in sent.data] == []
    with Image.open(io.BytesIO(sent.data)) as image:
        assert dict(image.getexif()) == {}
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("alpha", "lossless", "media_type"),
    [(255, False, "image/jpeg"), (255, True, "image/png"), (90, False, "image/png")],
)
def test_clean_chooses_the_format(alpha: int, lossless: bool, media_type: str) -> None:
    """JPEG unless something would be lost by it that matters."""
    image = photo("cat", 64)
    image.putalpha(alpha)
    sent = fit.clean(encoded(image), None, LIMITS, lossless=lossless)
    assert sent.media_type == media_type
    assert sent.size == Size(image.width, image.height)


def test_clean_within_bytes() -> None:
    """With a byte limit, quality gives way."""
    data = encoded(noisy(photo("cat", 400), 30))
    plain = fit.clean(data, None, LIMITS)
    smaller = fit.clean(data, None, LIMITS, max_bytes=len(plain.data) // 2)
    assert len(smaller.data) <= len(plain.data) // 2
    assert smaller.size == plain.size


@pytest.mark.parametrize("aspect", ["1:1", "16:9", "9:16", "21:9", "3:2"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_padding_and_back(aspect: str, orientation: int) -> None:
    """A picture laid out for any shape and taken out again is the same picture at the same size."""
    image = photo("coffee", 600)
    source = encoded(image, orientation=orientation)
    laid = lay_out(Size(image.width, image.height), aspect)
    sent = fit.clean(source, laid, LIMITS, lossless=True)
    assert sent.size == laid.canvas
    back = unfit(sent.data, laid, laid.source)
    assert back.size == laid.source
    assert np.abs(pixels(back.data) - np.asarray(image)).mean() < 1.5


def test_padding_continues_the_edge() -> None:
    """The padding has the colours of the edge it adjoins, and the picture itself is untouched."""
    image = Image.new("RGB", (60, 40), (200, 30, 30))
    image.paste((30, 30, 200), (30, 0, 60, 40))
    laid = Fit(Size(60, 40), Size(100, 60), (20, 10, 60, 40))
    sent = pixels(fit.clean(encoded(image), laid, LIMITS, lossless=True).data)
    assert (sent[10:50, 20:80] == np.asarray(image)).all()
    assert np.abs(sent[30, 2] - (200, 30, 30)).max() < 8
    assert np.abs(sent[3, 95] - (30, 30, 200)).max() < 8


@pytest.mark.parametrize("scale", [0.5, 1.5, 2.0])
def test_unfit_of_a_scaled_result(scale: float) -> None:
    """A result at another resolution gives the picture at that resolution."""
    laid = Fit(Size(90, 60), Size(120, 120), (15, 30, 90, 60))
    canvas = Image.new("RGB", (120, 120), "white")
    canvas.paste("navy", (15, 30, 105, 90))
    result = canvas.resize((round(120 * scale), round(120 * scale)), Image.Resampling.NEAREST)
    back = unfit(encoded(result), laid)
    assert back.size.width == pytest.approx(90 * scale, abs=1)
    assert back.size.height == pytest.approx(60 * scale, abs=1)
    assert np.abs(pixels(back.data) - (0, 0, 128)).max() == 0


def test_unfit_never_stretches() -> None:
    """A result of another shape comes back whole and as it was."""
    laid = Fit(Size(90, 60), Size(120, 120), (15, 30, 90, 60))
    result = photo("cat", 150)
    back = unfit(encoded(result), laid, Size(90, 60))
    assert back.size == encode.size_of(result)
    assert (pixels(back.data) == np.asarray(result)).all()


def test_large_jpeg_through_clean() -> None:
    """An honest 12 MP JPEG is laid out like any other."""
    source = encoded(photo("cat", 4200), "JPEG", quality=80, orientation=8)
    size = decode.inspect(source, LIMITS).size
    laid = lay_out(size, None)
    assert fit.clean(source, laid, LIMITS).size == laid.canvas
