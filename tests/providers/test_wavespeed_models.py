"""WaveSpeed's list of models: what is read of it, and how odd it may be."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.live import LiveInput, LiveModel
from bot.errors import ProviderDown
from bot.providers.wavespeed_models import models

PROPERTIES = {
    "prompt": {"type": "string", "title": "Prompt", "x-ui-component": "textarea"},
    "images": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 16, "default": []},
    "quality": {"type": "string", "enum": ["low", "medium"], "default": "medium"},
    "seed": {"type": "integer", "minimum": -1, "default": -1},
}


def entry(properties: Any = PROPERTIES, **changes: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": ["prompt", "images"]}
    run = {"type": "model_run", "request_schema": schema}
    return {
        "model_id": "makers/one/edit",
        "name": "One",
        "type": "image-to-image",
        "base_price": 0.07,
        "api_schema": {"api_schemas": [{"type": "other"}, run]},
        **changes,
    }


def one(row: dict[str, Any]) -> LiveModel:
    [found] = models([row]).values()
    return found


def test_what_is_read() -> None:
    """The kind, the price rounded up to a micro-dollar, and of each input what a row depends on."""
    assert one(entry(base_price=0.0700001)) == LiveModel(
        "makers/one/edit",
        "image-to-image",
        70_001,
        {
            "prompt": LiveInput("string", required=True),
            "images": LiveInput("array", required=True, least=1, most=16),
            "quality": LiveInput("string", ("low", "medium"), default="medium"),
            "seed": LiveInput("integer", default="-1"),
        },
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"api_schema": None},
        {"api_schema": []},
        {"api_schema": {"api_schemas": {}}},
        {"api_schema": {"api_schemas": [{"type": "other"}, 7]}},
        {"api_schema": {"api_schemas": [{"type": "model_run", "request_schema": "none"}]}},
        {"api_schema": {"api_schemas": [{"type": "model_run", "request_schema": {"properties": []}}]}},
    ],
)
def test_a_schema_that_can_not_be_read_is_none(odd: dict[str, Any]) -> None:
    """The model is there all the same."""
    assert one(entry(**odd)).inputs is None


@pytest.mark.parametrize("price", [None, "free", True, {}, "nan"])
def test_a_price_that_can_not_be_read(price: Any) -> None:
    """It is not known, and not zero."""
    assert one(entry(base_price=price)).micros is None


def test_odd_inputs_say_nothing() -> None:
    """Each is there; what it says of itself is not."""
    odd = {"a": None, "b": {"type": 7, "enum": "x", "minItems": "2", "maxItems": True, "default": {}}}
    assert one(entry(odd)).inputs == {"a": LiveInput(), "b": LiveInput()}
    schema = {"properties": {"a": {}}, "required": "a"}
    row = entry(api_schema={"api_schemas": [{"type": "model_run", "request_schema": schema}]})
    assert one(row).inputs == {"a": LiveInput()}


def test_what_is_no_model_is_left_out() -> None:
    """The others count."""
    assert list(models([None, {}, {"model_id": 7}, entry()])) == ["makers/one/edit"]


@pytest.mark.parametrize("data", [None, {}, [], "models", [{}], [{"name": "One"}]])
def test_an_empty_list_is_a_fault_of_the_list(data: Any) -> None:
    """And not the end of all models."""
    with pytest.raises(ProviderDown):
        models(data)
