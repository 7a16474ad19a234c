"""What an endpoint of the stand-in takes and costs, and the inputs that many have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Inputs = Mapping[str, Any]

FIXED_SIZES = ("1024*1024", "1024*1536", "1536*1024")


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a model: a row of its page's parameter table.

    ``count`` is the least and the most items of ``urls`` or ``objects``; ``bounds`` are those of a number
    or of both sides of a ``size`` (``W*H``), which has at least ``pixels``. The default ``None`` means:
    none, or chosen by the model.
    """

    kind: Literal["text", "choice", "url", "urls", "flag", "size", "integer", "number", "objects"]
    required: bool = False
    values: tuple[str, ...] = ()
    default: str | bool | float | None = None
    count: tuple[int, int] | None = None
    bounds: tuple[float, float] | None = None
    pixels: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """One endpoint: its inputs, its prices and the shapes that come back.

    ``prices`` (micro-US-dollars) has one row for each combination of the values of the fields named
    in ``priced_by``. ``exact_mask``: the mask has to be a PNG of the first picture's size, under
    4 MB (OpenAI's reference for ``mask``); otherwise it is resized to the first picture. ``area`` is
    that of a picture whose size nobody chose; ``encoding`` is what comes where it can't be chosen.
    """

    id: str
    description: str
    fields: Mapping[str, Field]
    priced_by: tuple[str, ...]
    prices: Mapping[tuple[str, ...], int]
    exact_mask: bool = False
    type: str = "image-to-image"
    area: int = 1024 * 1024
    encoding: str = "png"

    def price(self, inputs: Inputs) -> int:
        """Return the price in micro-US-dollars; what is not given counts as its default."""
        return self.prices[tuple(self._chosen(name, inputs) for name in self.priced_by)]

    def settled_price(self, inputs: Inputs, width: int, height: int) -> int:
        """Return what is charged once the picture is there: an ``auto`` size has become a real one."""
        if "size" in self.fields and self._chosen("size", inputs) == "auto":
            return self.price({**inputs, "size": f"{width}*{height}"})
        return self.price(inputs)

    def base_price(self) -> int:
        """Return the price of the defaults, as the catalogue and ``model/pricing`` tell it."""
        return self.price({"size": FIXED_SIZES[0]})

    def format(self, inputs: Inputs) -> str:
        """Return the format of the picture that comes: png, jpeg or webp."""
        return self._chosen("output_format", inputs) if "output_format" in self.fields else self.encoding

    def _chosen(self, name: str, inputs: Inputs) -> str:
        return str(inputs.get(name) or self.fields[name].default)


COMMON = {
    "enable_sync_mode": Field(
        "flag",
        default=False,
        description="If set to true, the function will wait for the result to be generated and uploaded "
        "before returning the response. This property is only available through the API.",
    ),
    "enable_base64_output": Field(
        "flag",
        default=False,
        description="If enabled, the output will be encoded into a BASE64 string instead of a URL. "
        "This property is only available through the API.",
    ),
}
PROMPT = Field("text", required=True, description="The positive prompt for the generation.")
RESOLUTION = Field(
    "choice", values=("1k", "2k", "4k"), default="1k", description="The resolution of the output image."
)


def quality(*values: str) -> Field:
    """Return a choice of qualities."""
    return Field("choice", values=values, default="medium", description="The quality of the generated image.")


def aspect(values: tuple[str, ...]) -> Field:
    """Return a choice of aspect ratios, which is the model's where nobody makes it."""
    return Field(
        "choice",
        values=values,
        description="The aspect ratio of the generated image. "
        "Auto-detected from input image if not specified.",
    )


def images(most: int) -> Field:
    """Return the pictures that are edited, the first of them the one that is changed."""
    return Field("urls", required=True, count=(1, most), description="The images to edit.")
