"""What Telegram takes: photos, files, comparisons."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bot.imaging import decode, deliver
from tests.imaging.samples import LIMITS, encoded, noisy, photo, pixels


def test_photo_is_a_jpeg_of_at_most_2560() -> None:
    """A large result becomes a JPEG that Telegram shows whole."""
    shown = deliver.as_photo(encoded(photo("cat", 3000), "JPEG"))
    assert shown is not None
    assert (shown.media_type, shown.size.width) == ("image/jpeg", 2560)
    assert len(shown.data) <= deliver.PHOTO_BYTES


def test_small_photo_keeps_its_size() -> None:
    """Nothing is enlarged."""
    shown = deliver.as_photo(encoded(photo("cat", 100)))
    assert shown is not None
    assert shown.size.width == 100


def test_transparent_photo_lies_on_white() -> None:
    """JPEG has no transparency: it shows white, not black."""
    shown = deliver.as_photo(encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0))))
    assert shown is not None
    assert pixels(shown.data).min() > 250


@pytest.mark.parametrize(("width", "taken"), [(200, True), (201, False)])
def test_photo_of_a_long_picture(width: int, taken: bool) -> None:
    """Beyond 20:1 sendPhoto refuses, so there is no photo."""
    assert (deliver.as_photo(encoded(Image.new("RGB", (width, 10)))) is not None) is taken


def test_file_as_it_is() -> None:
    """What fits goes unchanged, byte for byte."""
    data = encoded(photo("cat", 100))
    sent = deliver.as_file(data)
    assert (sent.data, sent.extension) == (data, "png")


def test_file_too_large_for_png_stays_lossless_as_webp() -> None:
    """The first step down loses nothing, the colours under full transparency included."""
    image = photo("cat", 300)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    data = encoded(image, compress_level=0)
    sent = deliver.as_file(data, max_bytes=len(data) // 2)
    assert sent.media_type == "image/webp"
    assert (pixels(sent.data) == np.asarray(image)).all()


def test_file_too_large_for_anything_lossless() -> None:
    """The next step is a JPEG that fits."""
    data = encoded(noisy(photo("cat", 300), 60))
    sent = deliver.as_file(data, max_bytes=len(data) // 4)
    assert sent.media_type == "image/jpeg"
    assert len(sent.data) <= len(data) // 4


@pytest.mark.parametrize(("crop", "stacked"), [((0, 0, 200, 200), False), ((0, 0, 300, 100), True)])
def test_before_after(crop: tuple[int, int, int, int], stacked: bool) -> None:
    """Both are there at one size, beside each other or, where they are wide, stacked."""
    before = photo("cat", 300).crop(crop)
    sheet = deliver.before_after(encoded(before), encoded(Image.new("RGB", before.size, "red")), LIMITS)
    assert (sheet.size.height > 2 * before.height) is stacked
    assert (sheet.size.width > 2 * before.width) is not stacked
    shown = pixels(sheet.data)
    assert np.abs(shown[: before.height, : before.width] - np.asarray(before)).mean() < 8
    assert np.abs(shown[-20, -20] - (254, 0, 0)).max() < 8


def test_before_after_of_another_shape() -> None:
    """A result of another shape is shown whole, not stretched."""
    sheet = deliver.before_after(
        encoded(photo("cat", 300)), encoded(Image.new("RGB", (10, 90), "red")), LIMITS
    )
    assert decode.inspect(sheet.data, LIMITS).size == sheet.size
    red = (np.abs(pixels(sheet.data) - (254, 0, 0)).max(axis=2) < 60).sum()
    assert red == pytest.approx(sheet.size.height**2 / 9, rel=0.15)
