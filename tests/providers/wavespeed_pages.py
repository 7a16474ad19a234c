"""The parameter tables of WaveSpeed's model pages, written down by hand and not made from our catalogue.

Each parameter that people's choices decide, with every value that its page documents for it, as it has
to be in the JSON. Where a page takes any ``W*H``, here are the sizes that we promise to ask for; where it
has an ``auto``, leaving the parameter out is the same. What we never send (seeds, guidance, formats) is in
``wrong`` only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Values = dict[tuple[str, ...], str]  # what is chosen, by us, to the value of the parameter


@dataclass(frozen=True)
class Page:
    """One model's page. ``choices``: parameter → (our choices that decide it, their values → its value)."""

    endpoint: str
    pictures: str | None  # the parameter; None: it takes none
    most: int
    choices: Mapping[str, tuple[tuple[str, ...], Values]] = field(default_factory=dict)
    mask: bool = False
    needs_mask: bool = False
    wrong: Mapping[str, object] = field(
        default_factory=dict
    )  # a value for each parameter that it does not take


def same(*values: str) -> Values:
    """Our words are the page's."""
    return {(value,): value for value in values}


def one(name: str, values: Values) -> tuple[tuple[str, ...], Values]:
    """A parameter that one choice decides."""
    return (name,), values


TEN_RATIOS = same("1:1", "3:2", "2:3", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
FIFTEEN_RATIOS = TEN_RATIOS | same("1:2", "2:1", "9:21", "1:3", "3:1")
THREE_RESOLUTIONS = same("1k", "2k", "4k")
THREE_SIZES: Values = {("1:1",): "1024*1024", ("2:3",): "1024*1536", ("3:2",): "1536*1024"}
UP_TO_1536: Values = {
    ("1:1",): "1024*1024",
    ("3:2",): "1536*1024",
    ("2:3",): "1024*1536",
    ("3:4",): "960*1280",
    ("4:3",): "1280*960",
    ("4:5",): "1024*1280",
    ("5:4",): "1280*1024",
    ("9:16",): "864*1536",
    ("16:9",): "1536*864",
}
FROM_2K: Values = {
    ("1:1", "2k"): "2048*2048",
    ("3:2", "2k"): "2496*1664",
    ("2:3", "2k"): "1664*2496",
    ("3:4", "2k"): "1728*2304",
    ("4:3", "2k"): "2304*1728",
    ("4:5", "2k"): "1792*2240",
    ("5:4", "2k"): "2240*1792",
    ("9:16", "2k"): "1440*2560",
    ("16:9", "2k"): "2560*1440",
    ("21:9", "2k"): "3024*1296",
    ("1:1", "4k"): "4096*4096",
    ("3:2", "4k"): "4992*3328",
    ("2:3", "4k"): "3328*4992",
    ("3:4", "4k"): "3456*4608",
    ("4:3", "4k"): "4608*3456",
    ("4:5", "4k"): "3584*4480",
    ("5:4", "4k"): "4480*3584",
    ("9:16", "4k"): "2880*5120",
    ("16:9", "4k"): "5120*2880",
    ("21:9", "4k"): "6048*2592",
}
GPT_IMAGE_2 = {
    "quality": one("quality", same("low", "medium", "high")),
    "resolution": one("resolution", THREE_RESOLUTIONS),
    "aspect_ratio": one("aspect", TEN_RATIOS),
}
GPT_IMAGE_2_6 = {
    "quality": one("quality", same("low", "medium", "high", "xhigh", "max")),
    "resolution": one("resolution", THREE_RESOLUTIONS),
    "aspect_ratio": one("aspect", FIFTEEN_RATIOS),
    "complexity": one("complexity", same("low", "medium", "high")),
}
WRONG_2 = {
    "quality": "max",
    "resolution": "8k",
    "aspect_ratio": "auto",
    "size": "1024*1024",
    "mask_image": "x",
}
WRONG_2_6 = {
    "quality": "ultra",
    "resolution": "0.5k",
    "aspect_ratio": "4:1",
    "complexity": "max",
    "output_format": "bmp",
}

EDITS = {
    "gpt-image-1": Page(
        "openai/gpt-image-1",
        "image",
        1,
        {
            "quality": one("quality", same("low", "medium", "high")),
            "size": one("aspect", THREE_SIZES),
        },
        mask=True,
        wrong={"quality": "max", "size": "1024x1024", "image": ["u"], "images": ["u"], "mask_image": ["u"]},
    ),
    "gpt-image-1-mini": Page(
        "openai/gpt-image-1-mini/edit",
        "images",
        4,
        wrong={"quality": "low", "size": "1024*1024", "images": "u"},
    ),
    "gpt-image-2": Page(
        "openai/gpt-image-2/edit", "images", 16, GPT_IMAGE_2, wrong=WRONG_2 | {"images": "u"}
    ),
    "gpt-image-2.6-flare": Page(
        "openai/gpt-image-2.6-flare/edit", "images", 16, GPT_IMAGE_2_6, mask=True, wrong=WRONG_2_6
    ),
    "gpt-image-2.6-sunburst": Page(
        "openai/gpt-image-2.6-sunburst/edit", "images", 16, GPT_IMAGE_2_6, mask=True, wrong=WRONG_2_6
    ),
    "nano-banana-2": Page(
        "google/nano-banana-2/edit",
        "images",
        14,
        {
            "aspect_ratio": one("aspect", TEN_RATIOS | same("1:4", "4:1", "1:8", "8:1")),
            "resolution": one("resolution", same("0.5k", "1k", "2k", "4k")),
        },
        wrong={"aspect_ratio": "1:3", "resolution": "8k", "quality": "high", "output_format": "webp"},
    ),
    "seedream-4.5": Page(
        "bytedance/seedream-v4.5/edit",
        "images",
        10,
        {"size": (("aspect", "resolution"), FROM_2K)},
        wrong={"size": "1024*1024", "resolution": "2k", "aspect_ratio": "1:1"},
    ),
    "flux-kontext-pro": Page(
        "wavespeed-ai/flux-kontext-pro",
        "image",
        1,
        {
            "aspect_ratio": one(
                "aspect", same("21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21")
            )
        },
        wrong={"aspect_ratio": "4:5", "guidance_scale": 0.5, "size": "1024*1024", "mask_image": "u"},
    ),
    "qwen-image-edit-plus": Page(
        "wavespeed-ai/qwen-image/edit-plus",
        "images",
        3,
        {"size": one("aspect", UP_TO_1536)},
        wrong={"size": "2048*2048", "seed": "7", "output_format": "gif"},
    ),
    "flux-fill-dev": Page(
        "wavespeed-ai/flux-fill-dev",
        "image",
        1,
        {"size": one("aspect", UP_TO_1536)},
        mask=True,
        needs_mask=True,
        wrong={
            "size": "200*200",
            "num_images": 5,
            "num_inference_steps": 2.5,
            "loras": ["a"],
            "mask_image": "",
        },
    ),
    "z-image-turbo-inpaint": Page(
        "wavespeed-ai/z-image/turbo-inpaint",
        "image",
        1,
        {"size": one("aspect", UP_TO_1536)},
        mask=True,
        needs_mask=True,
        wrong={"size": "1537*1024", "mask_image": None, "strength": 0.5},
    ),
}
CREATIONS = {
    "gpt-image-2": Page(
        "openai/gpt-image-2/text-to-image", None, 0, GPT_IMAGE_2, wrong=WRONG_2 | {"images": ["u"]}
    ),
    "gpt-image-2.6-flare": Page(
        "openai/gpt-image-2.6-flare/text-to-image",
        None,
        0,
        GPT_IMAGE_2_6,
        wrong=WRONG_2_6 | {"images": ["u"]},
    ),
    "gpt-image-2.6-sunburst": Page(
        "openai/gpt-image-2.6-sunburst/text-to-image",
        None,
        0,
        GPT_IMAGE_2_6,
        wrong=WRONG_2_6 | {"mask_image": "u"},
    ),
}
