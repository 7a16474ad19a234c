"""The models that the stand-in knows, as data: adding one is one entry in ``MODELS``.

Fields, values, defaults and counts are those of the models' pages in WaveSpeed's documentation; what
a page says in two ways is noted at the entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

Inputs = Mapping[str, Any]

ASPECTS = ("1:1", "3:2", "2:3", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
MORE_ASPECTS = (*ASPECTS, "1:2", "2:1", "9:21", "1:3", "3:1")
FIXED_SIZES = ("1024*1024", "1024*1536", "1536*1024")


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a model: a row of its page's parameter table.

    ``count`` is the least and the most items of ``urls``. The default ``None`` means: none, or
    chosen by the model.
    """

    kind: Literal["text", "choice", "url", "urls", "flag"]
    required: bool = False
    values: tuple[str, ...] = ()
    default: str | bool | None = None
    count: tuple[int, int] | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """One endpoint: its inputs, its prices and the shapes that come back.

    ``prices`` (micro-US-dollars) has one row for each combination of the values of the fields named
    in ``priced_by``. ``exact_mask``: the mask has to be a PNG of the first picture's size, under
    4 MB (OpenAI's reference for ``mask``); otherwise it is resized to the first picture.
    """

    id: str
    description: str
    fields: Mapping[str, Field]
    priced_by: tuple[str, ...]
    prices: Mapping[tuple[str, ...], int]
    exact_mask: bool = False
    type: str = "image-to-image"

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


def _quality(*values: str) -> Field:
    return Field("choice", values=values, default="medium", description="The quality of the generated image.")


def _aspect(values: tuple[str, ...]) -> Field:
    return Field(
        "choice",
        values=values,
        description="The aspect ratio of the generated image. "
        "Auto-detected from input image if not specified.",
    )


def _images(most: int, *, required: bool = True) -> Field:
    return Field("urls", required=required, count=(1, most), description="The images to edit.")


GPT_IMAGE_1 = Model(
    id="openai/gpt-image-1",
    description="OpenAI's gpt-image-1 enables image generation and image editing.",
    fields={
        "prompt": PROMPT,
        "image": Field("url", required=True, description="The image to edit."),
        "quality": _quality("high", "medium", "low"),
        # The page contradicts itself (white = edit, or alpha 0 = edit); the painter takes both.
        "mask_image": Field("url", description="An additional image that indicates where to edit."),
        # The older page of this model has no "auto"; the setting ``withheld`` plays it.
        "size": Field(
            "choice",
            values=("auto", *FIXED_SIZES),
            default="auto",
            description="The size of the generated media in pixels (width*height).",
        ),
        **COMMON,
    },
    priced_by=("quality", "size"),
    prices={
        (quality, size): price
        for quality, square, oblong in (
            ("low", 11_000, 16_000),
            ("medium", 42_000, 63_000),
            ("high", 167_000, 250_000),
        )
        for size, price in zip(("auto", *FIXED_SIZES), (oblong, square, oblong, oblong), strict=True)
    },
    exact_mask=True,
)

GPT_IMAGE_1_MINI = Model(
    id="openai/gpt-image-1-mini/edit",
    description="GPT Image 1 Mini is a cost-efficient, natively multimodal OpenAI model.",
    # The features table marks `images` as needed, the schema as not; an edit without one can't be.
    fields={"prompt": PROMPT, "images": _images(4), **COMMON},
    priced_by=(),
    prices={(): 20_000},
)

_GPT_IMAGE_2_PRICES: dict[tuple[str, ...], int] = {
    ("low", "1k"): 30_000,
    ("low", "2k"): 60_000,
    ("low", "4k"): 90_000,
    ("medium", "1k"): 60_000,
    ("medium", "2k"): 120_000,
    ("medium", "4k"): 180_000,
    ("high", "1k"): 220_000,
    ("high", "2k"): 440_000,
    ("high", "4k"): 660_000,
}

GPT_IMAGE_2 = Model(
    id="openai/gpt-image-2/edit",
    description="OpenAI's GPT Image 2 Edit enables image editing from natural-language instructions.",
    fields={
        "images": _images(16),
        "prompt": PROMPT,
        "aspect_ratio": _aspect(ASPECTS),
        "resolution": RESOLUTION,
        "quality": _quality("low", "medium", "high"),
        **COMMON,
    },
    priced_by=("quality", "resolution"),
    prices=_GPT_IMAGE_2_PRICES,
)

GPT_IMAGE_2_TEXT = Model(
    id="openai/gpt-image-2/text-to-image",
    description="OpenAI's GPT Image 2 generates images from natural-language prompts.",
    fields={name: field for name, field in GPT_IMAGE_2.fields.items() if name != "images"},
    priced_by=GPT_IMAGE_2.priced_by,
    prices=_GPT_IMAGE_2_PRICES,  # no page of its own was found; its sibling's prices
    type="text-to-image",
)


def _gpt_image_2_6(name: str, dearer: int) -> Model:
    """Both 2.6 models take the same inputs. Only "from $0.045" is public: the other prices are made up."""
    by_quality = {"low": 45_000, "medium": 75_000, "high": 240_000, "xhigh": 360_000, "max": 480_000}
    by_resolution = {"1k": 1, "2k": 2, "4k": 3}
    return Model(
        id=f"openai/gpt-image-2.6-{name}/edit",
        description=f"OpenAI GPT Image 2.6 {name.capitalize()} Edit edits images, with mask or markup.",
        fields={
            "prompt": PROMPT,
            "images": _images(16),
            "mask_image": Field(
                "url",
                description="White = edit, black = keep (a PNG where transparent = edit is also accepted). "
                "It is resized to the first image.",
            ),
            "markup_image": Field("url", description="A transparent PNG of annotations."),
            "aspect_ratio": _aspect(MORE_ASPECTS),
            "resolution": RESOLUTION,
            "quality": _quality(*by_quality),
            "complexity": Field("choice", values=("low", "medium", "high"), default="medium"),
            "output_format": Field("choice", values=("png", "jpeg", "webp"), default="png"),
            **COMMON,
        },
        priced_by=("quality", "resolution"),
        prices={
            (quality, resolution): by_quality[quality] * by_resolution[resolution] * dearer
            for quality, resolution in product(by_quality, by_resolution)
        },
    )


MODELS = {
    model.id: model
    for model in (
        GPT_IMAGE_1,
        GPT_IMAGE_1_MINI,
        GPT_IMAGE_2,
        GPT_IMAGE_2_TEXT,
        _gpt_image_2_6("flare", 1),
        _gpt_image_2_6("sunburst", 2),
    )
}
