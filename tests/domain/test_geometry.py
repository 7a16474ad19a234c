"""Laying a picture into a shape: even for the oddest of them nothing is stretched and nothing cropped."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.catalogue import aspect_ratio
from bot.domain.catalogue_file import load
from bot.domain.geometry import LONGEST_SIDE, SHORTEST_LONG_SIDE, lay_out
from bot.domain.pictures import Fit, Limits, Size

ASPECTS = sorted({aspect for model in load().models.values() for aspect in model.aspects})
HALF = 0.5 + 1e-6  # a side is rounded to whole pixels

sizes = st.builds(Size, st.integers(1, 20_000), st.integers(1, 20_000))
shapes = st.none() | st.sampled_from(ASPECTS)


def laid_out(source: Size, aspect: str | None) -> Fit:
    assume(source.elongation <= Limits().elongation)
    return lay_out(source, aspect)


@given(sizes, shapes)
def test_nothing_is_stretched(source: Size, aspect: str | None) -> None:
    """One factor explains both sides of the box, to within half a pixel of each."""
    _, _, width, height = laid_out(source, aspect).box
    least = max((width - HALF) / source.width, (height - HALF) / source.height)
    most = min((width + HALF) / source.width, (height + HALF) / source.height)
    assert least <= most


@given(sizes, st.sampled_from(ASPECTS))
def test_the_canvas_has_the_asked_shape(source: Size, aspect: str) -> None:
    """To within half a pixel of each side."""
    canvas = laid_out(source, aspect).canvas
    ratio = aspect_ratio(aspect)
    assert (canvas.width - HALF) <= (canvas.height + HALF) * ratio
    assert (canvas.width + HALF) >= (canvas.height - HALF) * ratio


@given(sizes, shapes)
def test_nothing_is_cropped_and_no_padding_is_wasted(source: Size, aspect: str | None) -> None:
    """The box lies inside the canvas, in the middle of it, and touches two of its edges."""
    fit = laid_out(source, aspect)
    left, top, width, height = fit.box
    right, bottom = fit.canvas.width - left - width, fit.canvas.height - top - height
    assert min(left, top, right, bottom) >= 0
    assert abs(left - right) <= 1
    assert abs(top - bottom) <= 1
    assert (left, right) == (0, 0) or (top, bottom) == (0, 0)


@given(sizes, shapes)
def test_what_is_sent_is_neither_tiny_nor_huge(source: Size, aspect: str | None) -> None:
    """Whatever came: the longer side of the canvas keeps to its limits, and no side vanishes."""
    fit = laid_out(source, aspect)
    assert SHORTEST_LONG_SIDE <= max(fit.canvas.width, fit.canvas.height) <= LONGEST_SIDE
    assert min(fit.box[2:]) >= 1
    assert fit.source == source


@given(sizes)
def test_its_own_shape_needs_no_padding(source: Size) -> None:
    """Without an asked shape the picture is the canvas."""
    fit = laid_out(source, None)
    assert not fit.padded
    assert fit.box == (0, 0, fit.canvas.width, fit.canvas.height)


@given(st.integers(SHORTEST_LONG_SIDE, LONGEST_SIDE), st.integers(SHORTEST_LONG_SIDE, LONGEST_SIDE))
def test_a_picture_within_the_limits_is_sent_as_it_is(width: int, height: int) -> None:
    """Not a pixel is resampled without need."""
    assert lay_out(Size(width, height), None).canvas == Size(width, height)


def test_a_photo_is_padded_to_a_wider_shape() -> None:
    """An example to look at: 4:3 into 3:2 gets equal bars at its sides."""
    fit = lay_out(Size(4000, 3000), "3:2")
    assert fit.canvas == Size(2048, 1365)
    assert fit.box == (114, 0, 1820, 1365)
    assert fit.padded
