"""Values that describe pictures: sizes, roles, what a look at one found, and how one was fitted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels, as a person sees the picture (after EXIF orientation)."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"

    @property
    def ratio(self) -> float:
        """Width by height."""
        return self.width / self.height

    @property
    def elongation(self) -> float:
        """The longer side by the shorter; 1.0 for a square."""
        return max(self.ratio, 1 / self.ratio)


class Role(StrEnum):
    """What a picture is for in an edit."""

    SOURCE = "source"
    REFERENCE = "reference"
    MASK = "mask"


class MaskForm(StrEnum):
    """The ways people send a mask."""

    TRANSPARENT = "transparent"
    BLACK_AND_WHITE = "black-and-white"
    PAINTED = "painted"


class WireMask(StrEnum):
    """The forms providers want a mask in."""

    WHITE_AND_ALPHA = "white-and-alpha"  # PNG RGBA: white, alpha 0 = edit; black, opaque = keep
    ALPHA = "alpha"  # PNG RGBA: alpha 0 = edit
    WHITE = "white"  # PNG L: white = edit


@dataclass(frozen=True, slots=True)
class Limits:
    """What is taken from people. ``pixels`` is checked from the header, before decoding."""

    pixels: int = 50_000_000
    bytes: int = 20 * 1024 * 1024
    elongation: float = 20.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the header of a picture says; ``size`` is the oriented one, ``format`` Pillow's name."""

    format: str
    size: Size
    transparent: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """How a source was laid into the picture that is sent: scaled evenly to ``box`` within ``canvas``.

    ``box`` is (left, top, width, height) in the canvas's pixels. The rest of the canvas is padding
    that continues the picture's edge. Without padding ``box`` is the whole canvas.
    """

    source: Size
    canvas: Size
    box: tuple[int, int, int, int]

    @property
    def padded(self) -> bool:
        """Whether any of the canvas is padding."""
        return self.box != (0, 0, self.canvas.width, self.canvas.height)


@dataclass(frozen=True, slots=True)
class Encoded:
    """An encoded picture. ``media_type`` is a MIME type, ``extension`` has no dot."""

    data: bytes
    media_type: str
    extension: str
    size: Size


@dataclass(frozen=True, slots=True)
class Recognised:
    """A picture that was found to be a mask.

    ``plane`` is a one-channel PNG of the source's oriented size, 255 = edit, 0 = keep; ``coverage``
    is the share of the source that it marks (0 to 1).
    """

    form: MaskForm
    plane: bytes
    coverage: float


@dataclass(frozen=True, slots=True)
class Finished:
    """An edit's result after finishing: ``lossless`` as it is kept, ``photo`` to be looked at.

    ``drift`` is the mean absolute difference (0 to 255) that the provider made outside the mask
    before it was undone; None without a mask.
    """

    lossless: Encoded
    drift: float | None
