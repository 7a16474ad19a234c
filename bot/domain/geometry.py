"""Laying a picture into a shape that a model offers: scaled evenly, padded, never stretched or cropped."""

from __future__ import annotations

from bot.domain.catalogue import aspect_ratio
from bot.domain.pictures import Fit, Size

LONGEST_SIDE = 2048  # providers look at less; more only costs upload time
SHORTEST_LONG_SIDE = 512  # tiny pictures are enlarged to this, since models refuse or misread them


def lay_out(source: Size, aspect: str | None) -> Fit:
    """Where ``source`` lies in the picture that is sent.

    Args:
        source: oriented size in pixels.
        aspect: the shape to pad it to, ``W:H``; None leaves its own.

    The canvas is the smallest of that shape that holds the source; both are scaled together so that
    the canvas's longer side lies between `SHORTEST_LONG_SIDE` and `LONGEST_SIDE`.
    """
    ratio = source.ratio if aspect is None else aspect_ratio(aspect)
    width, height = float(source.width), float(source.height)
    if aspect is not None:
        width, height = max(width, height * ratio), max(height, width / ratio)
    scale = _scale(max(width, height))
    canvas = _pixels(width * scale, height * scale)
    box = canvas if aspect is None else _pixels(source.width * scale, source.height * scale)
    box = Size(min(box.width, canvas.width), min(box.height, canvas.height))
    left, top = (canvas.width - box.width) // 2, (canvas.height - box.height) // 2
    return Fit(source, canvas, (left, top, box.width, box.height))


def _scale(longest: float) -> float:
    if longest > LONGEST_SIDE:
        return LONGEST_SIDE / longest
    return max(1.0, SHORTEST_LONG_SIDE / longest)


def _pixels(width: float, height: float) -> Size:
    return Size(max(1, round(width)), max(1, round(height)))
