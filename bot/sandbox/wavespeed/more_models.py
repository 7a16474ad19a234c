"""Models of other makers than OpenAI, as data, like `models`.

Their inputs are those of the models' own pages and ``llms.txt``; base prices are those of the catalogue
in October 2026. What is not documented is noted at the entry.
"""

from __future__ import annotations

from .schema import COMMON, PROMPT, Field, Model, aspect, images

_BANANA_ASPECTS = (
    *("1:1", "3:2", "2:3", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"),
    *("1:4", "4:1", "1:8", "8:1"),
)
_KONTEXT_ASPECTS = ("21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21")
_SEED = Field("integer", bounds=(-1, 2**31 - 1), default=-1, description="The random seed.")
_IMAGE = Field("url", required=True, description="The image to edit.")
_MASK = Field("url", required=True, description="White areas will be filled, black areas preserved.")
_SIDES = Field("size", bounds=(256, 1536), description="The size of the media in pixels (width*height).")

NANO_BANANA_2 = Model(
    id="google/nano-banana-2/edit",
    description="Google Nano Banana 2 Edit edits images with natural language.",
    fields={
        "prompt": PROMPT,
        "images": images(14),
        "aspect_ratio": aspect(_BANANA_ASPECTS),
        "resolution": Field("choice", values=("0.5k", "1k", "2k", "4k"), default="1k"),
        "output_format": Field("choice", values=("png", "jpeg"), default="png"),
        "enable_web_search": Field("flag", default=False),
        "enable_image_search": Field("flag", default=False),
        **COMMON,
    },
    priced_by=("resolution",),
    # $0.07 is the base price; the other resolutions' prices are made up.
    prices={("0.5k",): 50_000, ("1k",): 70_000, ("2k",): 105_000, ("4k",): 140_000},
)

SEEDREAM_4_5 = Model(
    id="bytedance/seedream-v4.5/edit",
    description="ByteDance Seedream 4.5 Edit keeps facial features, lighting and colour of its references.",
    fields={
        "prompt": PROMPT,
        "images": images(10),
        # From 2560*1440 pixels up to 8192 a side; which size it takes by itself is not documented.
        "size": Field("size", bounds=(1024, 8192), pixels=2560 * 1440),
        **COMMON,
    },
    priced_by=(),
    prices={(): 40_000},
    area=2048 * 2048,
)

FLUX_KONTEXT_PRO = Model(
    id="wavespeed-ai/flux-kontext-pro",
    description="FLUX.1 Kontext [pro] offers improved prompt adherence and accurate typography.",
    fields={
        "prompt": PROMPT,
        "image": _IMAGE,
        "guidance_scale": Field("number", bounds=(1, 20), default=3.5),
        "aspect_ratio": aspect(_KONTEXT_ASPECTS),
        **COMMON,
    },
    priced_by=(),
    prices={(): 40_000},
    encoding="jpeg",
)

QWEN_EDIT_PLUS = Model(
    id="wavespeed-ai/qwen-image/edit-plus",
    description="Qwen Image Edit Plus edits up to three images.",
    fields={
        "prompt": PROMPT,
        "images": images(3),
        "size": _SIDES,
        "seed": _SEED,
        "output_format": Field("choice", values=("jpeg", "png", "webp"), default="jpeg"),
        **COMMON,
    },
    priced_by=(),
    prices={(): 20_000},
)

FLUX_FILL_DEV = Model(
    id="wavespeed-ai/flux-fill-dev",
    description="FLUX.1 Fill [dev] fills areas in existing images based on a text description.",
    fields={
        "prompt": PROMPT,
        "image": _IMAGE,
        "mask_image": _MASK,
        "size": Field("size", bounds=(256, 1536), default="1024*1024"),
        "num_inference_steps": Field("integer", bounds=(1, 50), default=28),
        "guidance_scale": Field("number", bounds=(0, 100), default=30.0),
        "num_images": Field("integer", bounds=(1, 4), default=1),
        "seed": _SEED,
        "loras": Field("objects", count=(0, 3)),
        **COMMON,
    },
    priced_by=(),
    prices={(): 35_000},
    encoding="jpeg",
)

Z_IMAGE_INPAINT = Model(
    id="wavespeed-ai/z-image/turbo-inpaint",
    description="Z-Image Turbo Inpaint fills, fixes or replaces regions in images.",
    fields={"prompt": PROMPT, "image": _IMAGE, "mask_image": _MASK, "size": _SIDES, **COMMON},
    priced_by=(),
    prices={(): 20_000},
    encoding="jpeg",
)

MORE_MODELS = (
    NANO_BANANA_2,
    SEEDREAM_4_5,
    FLUX_KONTEXT_PRO,
    QWEN_EDIT_PLUS,
    FLUX_FILL_DEV,
    Z_IMAGE_INPAINT,
)
