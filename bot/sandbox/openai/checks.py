"""Checks what was sent against OpenAI's reference, and says what is wrong the way OpenAI does."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps

from .models import FIXED_SIZES, LEAST_PIXELS, LONGEST_SIDE, MOST_PIXELS, STEP, Model

MOST_PICTURES = 16
LARGEST_PICTURE = 50 * 1024 * 1024
LARGEST_MASK = 4 * 1024 * 1024
LONGEST_PROMPT = 32_000
FORMATS = ("PNG", "WEBP", "JPEG")
COMMON = frozenset(
    {
        "model",
        "prompt",
        "n",
        "size",
        "quality",
        "background",
        "output_format",
        "output_compression",
        "complexity",
        "stream",
        "partial_images",
        "safety_identifier",
        "user",
    }
)
ONLY_EDITS = frozenset({"input_fidelity"})
ONLY_GENERATIONS = frozenset({"moderation"})
PICTURE_FIELDS = frozenset({"image", "image[]", "mask"})


class Refusal(Exception):
    """An answer with OpenAI's error object."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": kind, "param": param, "code": code}


@dataclass(frozen=True, slots=True)
class File:
    """One file of a form. ``field`` as it was sent."""

    field: str
    name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Wish:
    """What a call asks for, checked. ``size`` is None where it is left to the model."""

    prompt: str
    n: int
    size: tuple[int, int] | None
    quality: str
    encoding: str
    fidelity: str


def check_fields(model: Model, given: Mapping[str, object], known: frozenset[str]) -> Wish:
    """Check the parameters. Raises `Refusal` (400) for the first thing that is wrong."""
    for name in given:
        if name not in known:
            raise Refusal(400, f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    prompt = given.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise _missing("prompt")
    if len(prompt) > LONGEST_PROMPT:
        text = f"Invalid 'prompt': string too long. Expected a string with maximum length {LONGEST_PROMPT}."
        raise Refusal(400, text, "string_above_max_length", "prompt")
    if str(given.get("stream", "false")).lower() != "false":
        raise _invalid("stream", given["stream"], ("false",))
    _one_of("background", given, ("auto", "opaque", "transparent"))
    _number("output_compression", given, 0, 100, 100)
    if "complexity" in given:
        _supported("complexity", model, model.complexity)
        _one_of("complexity", given, model.complexity)
    if "input_fidelity" in given:
        _supported("input_fidelity", model, model.fidelity)
    return Wish(
        prompt=prompt,
        n=_number("n", given, 1, 10, 1),
        size=_size(model, str(given.get("size", "auto"))),
        quality=_one_of("quality", given, model.qualities, "auto"),
        encoding=_one_of("output_format", given, ("png", "jpeg", "webp"), "png"),
        fidelity=_one_of("input_fidelity", given, model.fidelity, "low"),
    )


def check_integers(body: Mapping[str, object]) -> None:
    """Check that numbers are numbers in a JSON body; a form has only text. Raises `Refusal` (400)."""
    for name in ("n", "output_compression"):
        if name in body and type(body[name]) is not int:
            text = f"Invalid type for '{name}': expected an integer."
            raise Refusal(400, text, "invalid_type", name)


def _missing(name: str) -> Refusal:
    return Refusal(400, f"Missing required parameter: '{name}'.", "missing_required_parameter", name)


def _invalid(name: str, value: object, values: Sequence[str]) -> Refusal:
    listed = ", ".join(f"'{one}'" for one in values)
    text = f"Invalid value: '{value}'. Supported values are: {listed}."
    return Refusal(400, text, "invalid_value", name)


def _supported(name: str, model: Model, values: Sequence[str]) -> None:
    if not values:
        text = f"The model '{model.id}' does not support the '{name}' parameter."
        raise Refusal(400, text, "invalid_input_fidelity_model" if name == "input_fidelity" else None, name)


def _one_of(name: str, given: Mapping[str, object], values: Sequence[str], default: str = "") -> str:
    value = given.get(name)
    if value is None:
        return default
    if value not in values:
        raise _invalid(name, value, values)
    return str(value)


def _number(name: str, given: Mapping[str, object], least: int, most: int, default: int) -> int:
    value = str(given.get(name, default))
    if not re.fullmatch(r"\d{1,4}", value) or not least <= int(value) <= most:
        text = f"Invalid '{name}': expected an integer from {least} to {most}, but got {value}."
        raise Refusal(400, text, "invalid_value", name)
    return int(value)


def _size(model: Model, size: str) -> tuple[int, int] | None:
    if size == "auto":
        return None
    found = re.fullmatch(r"(\d{2,4})x(\d{2,4})", size)
    if found is None or (model.fixed and size not in FIXED_SIZES):
        raise _invalid("size", size, (*FIXED_SIZES, "auto"))
    width, height = int(found[1]), int(found[2])
    fits = (
        width % STEP == height % STEP == 0
        and LEAST_PIXELS <= width * height <= MOST_PIXELS
        and max(width, height) <= LONGEST_SIDE
        and max(width, height) <= 3 * min(width, height)
    )
    if not fits:
        text = f"Invalid size '{size}': sides divisible by {STEP}, of 1:3 to 3:1, {LEAST_PIXELS} to "
        text += f"{MOST_PIXELS} pixels, no side over {LONGEST_SIDE}."
        raise Refusal(400, text, "invalid_value", "size")
    return width, height


def chosen_size(wish: Wish, first: Image.Image | None) -> tuple[int, int]:
    """Return the size that comes back: what is left to the model is the standard size nearest in shape."""
    if wish.size is not None:
        return wish.size
    ratio = first.width / first.height if first is not None else 1.0
    sizes = [tuple(map(int, size.split("x"))) for size in FIXED_SIZES]
    width, height = min(sizes, key=lambda size: abs(math.log(size[0] / size[1] / ratio)))
    return width, height


# --- files ----------------------------------------------------------------------------------------------


def check_pictures(files: Sequence[File]) -> list[Image.Image]:
    """Return the pictures to edit, decoded and oriented. Raises `Refusal` (400)."""
    fields = [file.field for file in files if file.field in {"image", "image[]"}]
    if not fields:
        raise _missing("image")
    if len(set(fields)) > 1 or fields.count("image") > 1:
        text = "Duplicate parameter: 'image'. You provided multiple values for this parameter, whereas only "
        raise Refusal(
            400, f"{text}one is allowed: use the array syntax 'image[]'.", "duplicate_parameter", "image"
        )
    if len(fields) > MOST_PICTURES:
        text = f"Invalid 'image': array too long. Expected an array with maximum length {MOST_PICTURES}."
        raise Refusal(400, text, "array_above_max_length", "image")
    return [_picture(file) for file in files if file.field in {"image", "image[]"}]


def _picture(file: File) -> Image.Image:
    if len(file.data) >= LARGEST_PICTURE:
        raise Refusal(400, "Invalid image: it must be less than 50 MB.", "image_too_large", "image")
    found = _opened(file.data)
    said = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}.get(file.content_type)
    if found is None or found[1] not in FORMATS or said is None:
        text = "Invalid image file or mode for image, please check your image file."
        raise Refusal(400, text, "invalid_image_file", "image", "image_generation_user_error")
    if said != found[1]:
        text = f"Invalid file 'image': unsupported mimetype ('{file.content_type}')."
        raise Refusal(400, text, "unsupported_file_mimetype", "image")
    return found[0]


def _opened(data: bytes) -> tuple[Image.Image, str] | None:
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            return ImageOps.exif_transpose(picture), str(picture.format)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def check_mask(files: Sequence[File], first: Image.Image) -> Image.Image | None:
    """Return where to edit (mode L, 255 = edit), or None without a mask. Raises `Refusal` (400)."""
    found = [file.data for file in files if file.field == "mask"]
    if not found:
        return None
    if len(found) > 1:
        raise Refusal(400, "Duplicate parameter: 'mask'.", "duplicate_parameter", "mask")
    mask = _opened(found[0])
    if mask is None or mask[1] != "PNG":
        raise _bad_mask("mask must be a valid PNG file", "invalid_image_file")
    if len(found[0]) >= LARGEST_MASK:
        raise _bad_mask("mask must be less than 4MB", "image_too_large")
    if "A" not in mask[0].getbands() and "transparency" not in mask[0].info:
        raise _bad_mask("mask image missing alpha channel", "invalid_image_file")
    if mask[0].size != first.size:
        raise _bad_mask("mask size does not match image size", "invalid_mask_image_format")
    alpha = mask[0].convert("RGBA").getchannel("A")
    return alpha.point(lambda value: 255 if value == 0 else 0)


def _bad_mask(reason: str, code: str) -> Refusal:
    text = f"Invalid mask image format - {reason}"
    return Refusal(400, text, code, "mask", "image_generation_user_error")
