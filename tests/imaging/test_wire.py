"""A mask plane shown, turned round, and written for a provider."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.domain.geometry import lay_out
from bot.domain.pictures import Fit, Size, WireMask
from bot.imaging import wire
from tests.imaging.samples import LIMITS, SHAPES, drawn, ellipse, encoded, photo, pixels, plane_of, region_of


def marked(data: bytes, form: WireMask) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """What a provider that reads ``form`` edits."""
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == ("L" if form is WireMask.WHITE else "RGBA")
        values = np.asarray(image)
    return values > 127 if form is WireMask.WHITE else values[..., 3] == 0


@pytest.mark.parametrize("form", WireMask)
@pytest.mark.parametrize("shape", SHAPES)
def test_without_a_fit(form: WireMask, shape: str) -> None:
    """Each form marks exactly the region, at the plane's size."""
    region = drawn((90, 60), SHAPES[shape])
    sent = wire.for_wire(plane_of(region), None, form)
    assert (sent.media_type, sent.size) == ("image/png", Size(90, 60))
    assert (marked(sent.data, form) == region).all()


@pytest.mark.parametrize("form", WireMask)
def test_laid_out_like_the_picture(form: WireMask) -> None:
    """The mask lies where the picture lies on the canvas, and the padding is kept."""
    region = drawn((90, 60), ellipse)
    sent = wire.for_wire(plane_of(region), Fit(Size(90, 60), Size(200, 200), (10, 40, 180, 120)), form)
    expected = np.zeros((200, 200), bool)
    expected[40:160, 10:190] = region.repeat(2, axis=0).repeat(2, axis=1)
    assert (marked(sent.data, form) == expected).all()


def test_white_and_alpha_agree() -> None:
    """Both readings of the documentation give the same region: white and clear, or black and opaque."""
    region = drawn((90, 60), ellipse)
    data = wire.for_wire(plane_of(region), lay_out(Size(90, 60), "1:1"), WireMask.WHITE_AND_ALPHA).data
    with Image.open(io.BytesIO(data)) as image:
        values = np.asarray(image)
    edit = values[..., 3] == 0
    assert set(np.unique(values)) == {0, 255}
    assert (values[edit][:, :3] == 255).all()
    assert (values[~edit][:, :3] == 0).all()


def test_heavy_mask_is_smoothed() -> None:
    """A mask of noise is made to fit the provider's limit, at its size."""
    region = np.random.default_rng(1).random((200, 300)) > 0.5
    heavy = wire.for_wire(plane_of(region), None, WireMask.WHITE)
    light = wire.for_wire(plane_of(region), None, WireMask.WHITE, max_bytes=len(heavy.data) // 2)
    assert len(light.data) <= len(heavy.data) // 2
    assert light.size == heavy.size


def test_invert() -> None:
    """What was kept is edited, and the reverse; twice is nothing."""
    region = drawn((90, 60), ellipse)
    other = wire.invert(plane_of(region))
    assert (region_of(other) == ~region).all()
    assert (region_of(wire.invert(other)) == region).all()


@pytest.mark.parametrize("orientation", [1, 6])
def test_overlay(orientation: int) -> None:
    """The region is tinted magenta, the rest is darker than it was, and both lie where they belong."""
    image = photo("coffee", 1500)
    region = drawn(image.size, ellipse)
    shown = wire.overlay(encoded(image, "JPEG", orientation=orientation), plane_of(region), LIMITS)
    assert (shown.media_type, shown.size.width) == ("image/jpeg", 1280)
    size = (shown.size.width, shown.size.height)
    before = np.asarray(image.resize(size)).astype(np.int16)
    after, inside = pixels(shown.data), drawn(size, ellipse)
    far = ~drawn(size, lambda draw, w, h: draw.rectangle((w * 0.1, h * 0.15, w * 0.65, h * 0.8), fill=255))
    tint = after[inside].mean(axis=0) - before[inside].mean(axis=0)
    assert tint[0] > tint[1] + 40
    assert tint[2] > tint[1] + 40
    assert after[far].mean() < before[far].mean() * 0.6
