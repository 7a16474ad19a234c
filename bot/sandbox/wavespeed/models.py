"""The models that the stand-in knows, as data: adding one is one entry in ``MODELS``.

Fields, values, defaults and counts are those of the models' pages in WaveSpeed's documentation; what
a page says in two ways is noted at the entry.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from .more_models import MORE_MODELS
from .schema import COMMON, FIXED_SIZES, PROMPT, RESOLUTION, Field, Model, aspect, images, quality

ASPECTS = ("1:1", "3:2", "2:3", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
MORE_ASPECTS = (*ASPECTS, "1:2", "2:1", "9:21", "1:3", "3:1")

GPT_IMAGE_1 = Model(
    id="openai/gpt-image-1",
    description="OpenAI's gpt-image-1 enables image generation and image editing.",
    fields={
        "prompt": PROMPT,
        "image": Field("url", required=True, description="The image to edit."),
        "quality": quality("high", "medium", "low"),
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
    fields={"prompt": PROMPT, "images": images(4), **COMMON},
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
        "images": images(16),
        "prompt": PROMPT,
        "aspect_ratio": aspect(ASPECTS),
        "resolution": RESOLUTION,
        "quality": quality("low", "medium", "high"),
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


# Both 2.6 models take the same inputs. Only "from $0.045" is public: the other prices are made up.
_2_6_QUALITIES = {"low": 45_000, "medium": 75_000, "high": 240_000, "xhigh": 360_000, "max": 480_000}
_2_6_RESOLUTIONS = {"1k": 1, "2k": 2, "4k": 3}
_2_6_FIELDS = {
    "prompt": PROMPT,
    "aspect_ratio": aspect(MORE_ASPECTS),
    "resolution": RESOLUTION,
    "quality": quality(*_2_6_QUALITIES),
    "complexity": Field(
        "choice", values=("low", "medium", "high"), description="How much the layout is planned. It is free."
    ),
}


def _2_6_prices(dearer: int) -> dict[tuple[str, ...], int]:
    return {
        (quality, resolution): _2_6_QUALITIES[quality] * _2_6_RESOLUTIONS[resolution] * dearer
        for quality, resolution in product(_2_6_QUALITIES, _2_6_RESOLUTIONS)
    }


def _gpt_image_2_6_text(name: str, dearer: int) -> Model:
    return Model(
        id=f"openai/gpt-image-2.6-{name}/text-to-image",
        description=f"OpenAI GPT Image 2.6 {name.capitalize()} generates images from prompts.",
        fields={
            **_2_6_FIELDS,
            "aspect_ratio": replace(_2_6_FIELDS["aspect_ratio"], default="1:1"),
            # Its gif and svg are left out: the painter makes neither.
            "output_format": Field("choice", values=("png", "jpeg", "webp"), default="png"),
            **COMMON,
        },
        priced_by=("quality", "resolution"),
        prices=_2_6_prices(dearer),
        type="text-to-image",
    )


def _gpt_image_2_6(name: str, dearer: int) -> Model:
    return Model(
        id=f"openai/gpt-image-2.6-{name}/edit",
        description=f"OpenAI GPT Image 2.6 {name.capitalize()} Edit edits images, with mask or markup.",
        fields={
            **_2_6_FIELDS,
            "images": images(16),
            "mask_image": Field(
                "url",
                description="White = edit, black = keep (a PNG where transparent = edit is also accepted). "
                "It is resized to the first image.",
            ),
            "markup_image": Field("url", description="A transparent PNG of annotations."),
            "output_format": Field("choice", values=("png", "jpeg", "webp"), default="png"),
            **COMMON,
        },
        priced_by=("quality", "resolution"),
        prices=_2_6_prices(dearer),
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
        _gpt_image_2_6_text("flare", 1),
        _gpt_image_2_6_text("sunburst", 2),
        *MORE_MODELS,
    )
}
