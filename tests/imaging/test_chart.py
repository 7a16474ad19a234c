"""The chart of what was spent: every charge is seen, every label is inside, whatever the amounts."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from bot.domain.budgets import Day
from bot.imaging import chart
from bot.imaging.service import Imaging
from tests.imaging.samples import pixels

END = date(2026, 11, 21)
BAR, LAST, BACKGROUND = (0x4F, 0xA8, 0xE8), (0xFF, 0xB3, 0x47), (0x1C, 0x27, 0x33)


def month(**charges: int) -> list[Day]:
    """Thirty days until the end, charged as ``d<days ago>`` says."""
    return [Day(END - timedelta(days=ago), charges.get(f"d{ago}", 0)) for ago in range(29, -1, -1)]


def columns(image: np.ndarray, colour: tuple[int, int, int]) -> int:
    """How many separate bars of a colour there are."""
    there = (np.abs(image[..., :3].astype(int) - colour).max(axis=2) < 8).sum(axis=0) > 3
    return int(there[0]) + int((there[1:] & ~there[:-1]).sum())


@pytest.mark.parametrize(
    ("charges", "bars", "last"),
    [
        ({"d0": 42_000}, 0, 1),
        ({"d29": 42_000}, 1, 0),
        ({f"d{ago}": 200_000 + ago * 100_000 for ago in range(30)}, 29, 1),
        ({"d26": 5_000, "d2": 20_000, "d0": 20_000}, 2, 1),
        ({"d20": 250_000_000, "d10": 20_000}, 2, 0),
        ({"d17": 1_234_567_890_000, "d0": 1}, 1, 1),
    ],
    ids=["today", "first", "all", "tiny", "big beside tiny", "absurd"],
)
def test_every_charge_is_a_bar(charges: dict[str, int], bars: int, last: int) -> None:
    """However little it is beside the others; the last day's has a colour of its own."""
    image = pixels(chart.chart(month(**charges), "Last 30 days").data)
    assert (columns(image, BAR), columns(image, LAST)) == (bars, last)


@pytest.mark.parametrize("largest", [20_000, 999_000, 250_000_000, 99_999_000_000])
def test_nothing_is_cut_off(largest: int) -> None:
    """At the edges there is only background: no label reaches them."""
    image = pixels(chart.chart(month(d29=largest, d0=largest), "Last 30 days").data)
    for edge in (image[:6], image[-6:], image[:, :6], image[:, -6:]):
        assert (edge[..., :3] == BACKGROUND).all()


def test_it_is_opaque() -> None:
    """So it looks the same in a dark chat and in a light one."""
    drawn = chart.chart(month(d3=42_000), "Last 30 days")
    image = pixels(drawn.data)
    assert (image.shape[1], image.shape[0]) == (drawn.size.width, drawn.size.height)
    assert image.shape[2] == 3 or (image[..., 3] == 255).all()


def test_days_without_a_charge_are_no_error() -> None:
    """Though nobody shows it then."""
    assert columns(pixels(chart.chart(month(), "Last 30 days").data), BAR) == 0


@pytest.mark.parametrize(
    ("largest", "distance"),
    [(1, 1_000), (20_000, 5_000), (42_000, 20_000), (3_400_000, 1_000_000), (250_000_000, 100_000_000)],
)
def test_lines_of_the_axis(largest: int, distance: int) -> None:
    """Round amounts, at most four of them up to the largest."""
    assert chart.step(largest) == distance


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "$0.00"),
        (5_000, "$0.005"),
        (42_000, "$0.042"),
        (1_260_000, "$1.26"),
        (44_807_000, "$44.81"),
        (250_000_000, "$250"),
        (3_712_999_998, "$3,713"),
    ],
)
def test_amounts_are_short(micros: int, text: str) -> None:
    """The text beside the chart has them to the micro-dollar."""
    assert chart.amount(micros) == text


async def test_it_is_drawn_in_a_worker() -> None:
    """Under its memory limit, as every other picture work."""
    imaging = Imaging(workers=1)
    try:
        drawn = await imaging.chart(month(d0=42_000), "Last 30 days")
    finally:
        await imaging.stop()
    assert drawn.media_type == "image/png"
