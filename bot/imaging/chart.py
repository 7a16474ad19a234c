"""What was spent day by day, drawn as bars that are read at a glance on a phone."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from bot.domain.budgets import Day
from bot.domain.money import MICROS, dollars
from bot.domain.pictures import Encoded, Size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = Size(1200, 800)  # a phone shows it 300 to 390 points wide, at three or four pixels a point
_DPI = 100
# Its own dark background: a calm card in a dark chat and in a light one.
_BACKGROUND, _TEXT, _FAINT, _GRID = "#1c2733", "#f4f7fa", "#a9b8c6", "#33424f"
_BAR, _LAST = "#4fa8e8", "#ffb347"
_FONT = "DejaVu Sans"  # comes with matplotlib
_TITLE, _LABEL = 37, 31  # at 100 dpi: about 14 and 12 points on the phone
_DIGIT = 0.0225  # of the width, for one digit of a label
_STEPS = (1, 2, 5)
_MOST_LINES = 4
_LEAST = 0.012  # of the height of the axis


def chart(days: Sequence[Day], title: str) -> Encoded:
    """Draw one bar for each day, the last one in a colour of its own, as an opaque PNG.

    Args:
        days: every day to show, oldest first, those without a charge included; at least one.
        title: one short line of words above.
    """
    # Where no folder can be written it would complain, in plain text in the middle of the log.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    # Half a second and 40 MB, so only where a chart is drawn; and without pyplot, which keeps figures.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZE.width / _DPI, SIZE.height / _DPI), dpi=_DPI, facecolor=_BACKGROUND)
    axes = figure.add_axes((0.2, 0.14, 0.77, 0.66), facecolor=_BACKGROUND)
    micros = [max(0, day.micros) for day in days]
    top = _scale(axes, max(1, max(micros)))
    # However little a day's charge is beside the others, it is seen.
    heights = [max(spent, top * _LEAST) if spent else 0 for spent in micros]
    colours = [_BAR] * (len(days) - 1) + [_LAST]
    axes.bar(range(len(days)), heights, width=0.72, color=colours, zorder=2)
    _dates(axes, [day.day for day in days])
    _crown(axes, micros, top)
    _head(figure, title, amount(sum(micros)))
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    return Encoded(drawn.getvalue(), "image/png", "png", SIZE)


def step(largest: int) -> int:
    """The distance of the axis's lines, at most four: 1, 2 or 5 times a power of ten, from $0.001 on."""
    unit = 1_000
    while True:
        for factor in _STEPS:
            if unit * factor * _MOST_LINES >= largest:
                return unit * factor
        unit *= 10


def amount(micros: int) -> str:
    """An amount as short as a chart wants it: from a dollar on in cents, from a hundred on in dollars."""
    if micros < MICROS:
        return dollars(micros)
    return f"${Decimal(micros) / MICROS:,.{2 if micros < 100 * MICROS else 0}f}"


def _line(micros: int, distance: int) -> str:
    """An amount on the axis, with as many decimals as the distance of the lines needs."""
    if micros == 0 or distance >= MICROS:
        return f"${micros // MICROS:,}"
    decimals = len(dollars(distance).partition(".")[2])
    return f"${Decimal(micros) / MICROS:.{decimals}f}"


def _scale(axes: Axes, largest: int) -> int:
    """The axis in dollars, with room above the highest bar for its amount; the upper end."""
    distance = step(largest)
    lines = range(0, largest + distance, distance)
    top = max(lines[-1], round(largest * 1.16))
    axes.set_ylim(0, top)
    texts = [_line(line, distance) for line in lines]
    axes.set_yticks(list(lines), texts)
    left = 0.05 + _DIGIT * max(map(len, texts))
    axes.set_position((left, 0.14, 0.97 - left, 0.66))
    axes.tick_params(axis="y", length=0, pad=10, labelsize=_LABEL, labelcolor=_FAINT, labelfontfamily=_FONT)
    axes.grid(axis="y", color=_GRID, linewidth=1.6, zorder=1)
    axes.spines[:].set_visible(False)
    return top


def _dates(axes: Axes, days: list[date]) -> None:
    """Every ninth day, counted back from the last: more would touch each other."""
    axes.set_xlim(-0.7, len(days) - 0.3)
    places = list(range(len(days) - 1, -1, -9))
    texts = [f"{days[place].day} {days[place]:%b}" for place in places]
    axes.set_xticks([len(days) - 0.5, *places[1:]], texts)
    axes.axhline(0, color=_FAINT, linewidth=1.6, zorder=3)
    axes.get_xticklabels()[0].set_horizontalalignment("right")  # the last day's, at the edge
    axes.tick_params(axis="x", length=0, pad=12, labelsize=_LABEL, labelcolor=_FAINT, labelfontfamily=_FONT)


def _crown(axes: Axes, micros: list[int], top: int) -> None:
    """The amount above the highest bar."""
    largest = max(micros)
    place = len(micros) - 1 - micros[::-1].index(largest)
    last = len(micros) - 1
    side = "left" if place < 3 else "right" if place > last - 3 else "center"
    at = {"left": place - 0.4, "center": place, "right": place + 0.4}[side]
    above = largest + top * 0.02
    axes.text(
        at, above, amount(largest), ha=side, va="bottom", fontsize=_LABEL, color=_TEXT, fontfamily=_FONT
    )


def _head(figure: Figure, title: str, total: str) -> None:
    figure.text(0.035, 0.9, title, va="center", fontsize=_TITLE, color=_FAINT, fontfamily=_FONT)
    figure.text(
        0.97,
        0.9,
        total,
        va="center",
        ha="right",
        fontsize=_TITLE + 3,
        color=_TEXT,
        fontweight="bold",
        fontfamily=_FONT,
    )
