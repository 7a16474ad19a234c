"""The pure half of WaveSpeed's list of models: ``GET /api/v3/models``, as the official CLI reads it.

The list has megabytes and is written by many hands, so what can't be read is "not said" and never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.domain.live import LiveInput, LiveModel, LiveModels
from bot.domain.money import micros
from bot.errors import ProviderDown


def models(data: Any) -> LiveModels:
    """The models by id.

    Raises:
        ProviderDown: there are none. That is a fault of the list, not the end of all models.
    """
    rows = data if isinstance(data, list) else []
    found = [_model(row) for row in rows if isinstance(row, dict) and isinstance(row.get("model_id"), str)]
    if not found:
        raise ProviderDown("the list of models is empty or can't be read")
    return {model.endpoint: model for model in found}


def _model(row: Mapping[str, Any]) -> LiveModel:
    return LiveModel(row["model_id"], _text(row.get("type")), _price(row.get("base_price")), _inputs(row))


def _inputs(row: Mapping[str, Any]) -> Mapping[str, LiveInput] | None:
    """The inputs of its ``model_run`` schema, a JSON Schema; None where there is none of any use."""
    schemas = _object(row.get("api_schema")).get("api_schemas")
    runs = [_object(each) for each in schemas] if isinstance(schemas, list) else []
    run = next((each for each in runs if each.get("type") == "model_run"), {})
    schema = _object(run.get("request_schema"))
    properties = _object(schema.get("properties"))
    if not properties:
        return None
    required = schema.get("required")
    needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
    return {name: _input(_object(entry), name in needed) for name, entry in properties.items()}


def _input(entry: Mapping[str, Any], required: bool) -> LiveInput:
    values = entry.get("enum")
    return LiveInput(
        kind=_text(entry.get("type")),
        values=tuple(str(value) for value in values) if isinstance(values, list) else (),
        required=required,
        default=_default(entry.get("default")),
        least=_number(entry.get("minItems")),
        most=_number(entry.get("maxItems")),
    )


def _default(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int | float) and value != "" else None


def _price(value: Any) -> int | None:
    try:
        return micros(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except ValueError:
        return None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
