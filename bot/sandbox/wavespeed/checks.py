"""Checks what was sent against a model's fields, and says the same fields as the catalogue's schema."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .schema import FIXED_SIZES, Field, Inputs, Model

AREAS = {"0.5k": 512 * 512, "1k": 1024 * 1024, "2k": 4 * 1024 * 1024, "4k": 3840 * 2160}
LONGEST_SIDE = 3840
STEP = 16
NEVER_BOTH = ("mask_image", "markup_image")
_SIZE = re.compile(r"[1-9]\d{0,5}\*[1-9]\d{0,5}")


class Refusal(Exception):
    """An answer that is not a success: HTTP ``status`` and the envelope's ``code`` and ``message``."""

    def __init__(self, status: int, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = status if code is None else code
        self.message = message


def check_inputs(model: Model, inputs: Inputs, withheld: Mapping[str, Sequence[str]]) -> None:
    """Check ``inputs`` strictly against the model's page.

    ``withheld`` are values by field that are not taken although the page has them. Raises `Refusal`
    (400) for the first thing that is wrong.
    """
    for name, field in model.fields.items():
        if field.required and _missing(inputs.get(name)):
            raise Refusal(400, f'field "{name}" is required')
    check_given(model, inputs, withheld)
    if all(inputs.get(name) for name in NEVER_BOTH):
        raise Refusal(400, 'use either "mask_image" or "markup_image", not both')


def check_given(model: Model, inputs: Inputs, withheld: Mapping[str, Sequence[str]]) -> None:
    """Check only what is there, as a price can be asked for before the pictures are."""
    for name, value in inputs.items():
        if name not in model.fields:
            raise Refusal(400, f'field "{name}" is not allowed')
        if not _missing(value):
            _check_value(name, model.fields[name], value, withheld.get(name, ()))


def _missing(value: object) -> bool:
    return value is None or value in ("", [])


def _check_value(name: str, field: Field, value: object, withheld: Sequence[str]) -> None:
    if field.kind == "flag":
        if not isinstance(value, bool):
            raise Refusal(400, f'field "{name}" must be a boolean')
    elif field.kind in ("integer", "number"):
        _check_number(name, field, value)
    elif field.kind in ("urls", "objects"):
        _check_list(name, field, value)
    elif not isinstance(value, str):
        raise Refusal(400, f'field "{name}" must be a string')
    elif field.kind == "size":
        _check_size(name, field, value)
    elif field.kind == "choice":
        taken = [one for one in field.values if one not in withheld]
        if value not in taken:
            raise Refusal(400, f'field "{name}" must be one of {", ".join(taken)}')


def _check_number(name: str, field: Field, value: object) -> None:
    kinds: tuple[type[int | float], ...] = (int,) if field.kind == "integer" else (int, float)
    if not isinstance(value, kinds) or isinstance(value, bool):
        called = "an integer" if field.kind == "integer" else "a number"
        raise Refusal(400, f'field "{name}" must be {called}')
    least, most = field.bounds or (-math.inf, math.inf)
    if not least <= value <= most:
        raise Refusal(400, f'field "{name}" must be from {least:g} to {most:g}')


def _check_size(name: str, field: Field, value: str) -> None:
    if not _SIZE.fullmatch(value):
        raise Refusal(400, f'field "{name}" must be of the form width*height')
    width, height = _sides(value)
    least, most = field.bounds or (1, math.inf)
    if not least <= min(width, height) <= max(width, height) <= most:
        raise Refusal(400, f'field "{name}" must have sides from {least:g} to {most:g}')
    if width * height < field.pixels:
        raise Refusal(400, f'field "{name}" must have at least {field.pixels} pixels')


def _check_list(name: str, field: Field, value: object) -> None:
    kind, called = (str, "strings") if field.kind == "urls" else (dict, "objects")
    if not isinstance(value, list) or not all(isinstance(item, kind) and item for item in value):
        raise Refusal(400, f'field "{name}" must be an array of {called}')
    least, most = field.count or (0, len(value))
    if not least <= len(value) <= most:
        raise Refusal(400, f'field "{name}" must have {least} to {most} items')


def output_size(model: Model, inputs: Inputs, ratio: float) -> tuple[int, int]:
    """Return the pixels that come back for a first picture of this width/height ``ratio``.

    Models with fixed sizes give exactly those; the others an area by resolution in multiples of 16,
    no side over 3840. What is left to the model becomes the offered shape nearest to the picture.
    """
    if "aspect_ratio" in model.fields:
        field = model.fields["aspect_ratio"]
        aspects = {name: _ratio(name, ":") for name in field.values}
        shape = aspects[inputs.get("aspect_ratio") or str(field.default or _nearest(aspects, ratio))]
        return _by_area(shape, AREAS[inputs.get("resolution") or "1k"])
    if "size" in model.fields and model.fields["size"].kind == "size":
        chosen = inputs.get("size") or model.fields["size"].default
        return _sides(str(chosen)) if chosen else _by_area(ratio, model.area)
    sizes = {name: _ratio(name, "*") for name in FIXED_SIZES}
    size = str(inputs.get("size") or "auto")
    return _sides(size if size in sizes else _nearest(sizes, ratio))


def _sides(size: str) -> tuple[int, int]:
    width, height = size.split("*")
    return int(width), int(height)


def _ratio(name: str, separator: str) -> float:
    width, height = name.split(separator)
    return int(width) / int(height)


def _nearest(shapes: Mapping[str, float], ratio: float) -> str:
    return min(shapes, key=lambda name: abs(math.log(shapes[name] / ratio)))


def _by_area(ratio: float, area: int) -> tuple[int, int]:
    width = math.sqrt(area * ratio)
    shrink = min(1.0, LONGEST_SIDE / max(width, width / ratio))
    return _step(width * shrink), _step(width * shrink / ratio)


def _step(length: float) -> int:
    return max(STEP, int(length + 1e-6) // STEP * STEP)


def catalogue_entry(
    model: Model, order: int, server: str, withheld: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return the model as ``GET /api/v3/models`` lists it, without the values that are withheld."""
    properties = {
        name: _property(name, field, withheld.get(name, ())) for name, field in model.fields.items()
    }
    schema = {
        "type": "object",
        "properties": properties,
        "required": [name for name, field in model.fields.items() if field.required],
        "x-order-properties": list(model.fields),
    }
    run = {
        "type": "model_run",
        "method": "POST",
        "server": server,
        "api_path": f"/api/v3/{model.id}",
        "request_schema": schema,
    }
    return {
        "model_id": model.id,
        "name": model.id,
        "description": model.description,
        "type": model.type,
        "base_price": model.base_price() / 1e6,
        "sort_order": order,
        "formula": "",
        "api_schema": {"api_schemas": [run]},
    }


_TYPES = {"flag": "boolean", "urls": "array", "objects": "array", "integer": "integer", "number": "number"}


def _property(name: str, field: Field, withheld: Sequence[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "title": name,
        "type": _TYPES.get(field.kind, "string"),
        "description": field.description,
    }
    if field.values:
        entry["enum"] = [value for value in field.values if value not in withheld]
    if field.default is not None:
        entry["default"] = field.default
    if field.bounds is not None:
        entry |= {"minimum": field.bounds[0], "maximum": field.bounds[1]}
    if field.count is not None:
        least, most = field.count
        items = {"type": "string" if field.kind == "urls" else "object"}
        entry |= {"items": items, "minItems": least, "maxItems": most, "default": []}
    if field.kind in ("url", "urls"):
        entry["x-ui-component"] = "uploader" if field.kind == "url" else "uploaders"
    if field.kind == "flag":
        entry["x-hidden"] = True
    return entry
