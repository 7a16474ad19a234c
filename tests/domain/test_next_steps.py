"""What may follow an edit, and what it costs: on every row of the catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION, Catalogue
from bot.domain.catalogue_file import load
from bot.domain.edits import Edit, Place, SentPicture
from bot.domain.next_steps import AGAIN, better, next_plan, other_models
from bot.domain.pictures import Inspection, Role, Size
from bot.domain.plan import draft
from bot.domain.preferences import Preferences
from bot.errors import ModelWithdrawn

# The rows of one provider: another's are offered only where it is set up.
ROWS = {name: model for name, model in load().models.items() if model.provider == "wavespeed"}
CATALOGUE = replace(load(), models=ROWS)
SOURCE = Size(1000, 700)
MODELS = sorted(name for name, model in CATALOGUE.models.items() if not model.quoted)


def needs_mask(model: str) -> bool:
    return CATALOGUE.models[model].needs_mask


def an_edit(preferences: Preferences | None = None, *, masked: bool = False, **changes: Any) -> Edit:
    """An edit as it is accepted with these settings."""
    source = Inspection("JPEG", SOURCE, transparent=False)
    drafted = draft(CATALOGUE, preferences or Preferences(), "a comic", [source], masked=masked)
    planned = drafted.at_table_price()
    values: dict[str, Any] = {
        "id": "e1",
        "origin": "request:r1:0",
        "user_id": 7,
        "place": Place(7, 1),
        "prompt": "a comic",
        "model": planned.model.name,
        "choices": planned.choices,
        "pictures": (SentPicture(file_id="a"),),
        "quote": planned.quote,
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
        "fit": planned.fit,
        "mask_key": "masks/r1.png" if masked else None,
    }
    return Edit(**{**values, **changes})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("aspect", ["auto", "model", "2:3"])
def test_again_is_the_same(model: str, aspect: str) -> None:
    """Model, choices, layout and price."""
    edit = an_edit(Preferences(model=model, aspect=aspect), masked=needs_mask(model))
    planned = next_plan(CATALOGUE, edit, AGAIN)
    assert (planned.model.name, planned.choices, planned.fit, planned.quote) == (
        edit.model,
        edit.choices,
        edit.fit,
        edit.quote,
    )


@pytest.mark.parametrize("model", MODELS)
def test_better_goes_up_one_by_one(model: str) -> None:
    """From the first quality to the last, each dearer, with all else as it was; then there is none."""
    offered = CATALOGUE.models[model].choices.get(QUALITY)
    values = offered.values if offered else ()
    preferences = Preferences(model=model, quality=values[0] if values else None)
    edit = an_edit(preferences, masked=needs_mask(model))
    for value in values[1:]:
        step = better(CATALOGUE, edit)
        assert step is not None
        assert step[0] == f"quality:{value}"
        assert step[1].choices == {**edit.choices, QUALITY: value}
        assert step[1].fit == edit.fit
        assert step[1].quote > edit.quote
        edit = replace(edit, choices=step[1].choices, quote=step[1].quote)
    assert better(CATALOGUE, edit) is None


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_another_model_takes_the_settings_that_it_has(model: str, masked: bool) -> None:
    """What it costs is what a request with the same settings would."""
    masked = masked or needs_mask(model)
    preferences = Preferences(model=model, quality="high", resolution="2k")
    edit = an_edit(preferences, masked=masked)
    for step, planned in other_models(CATALOGUE, edit):
        name = step.removeprefix("model:")
        assert name != model
        had = CATALOGUE.models[model].choices
        same = Preferences(
            model=name,
            quality="high" if QUALITY in had else None,
            resolution="2k" if RESOLUTION in had else None,
        )
        asked = an_edit(same, masked=masked)
        assert (planned.choices, planned.fit, planned.quote) == (asked.choices, asked.fit, asked.quote)


def test_a_shape_that_was_chosen_stays() -> None:
    """Portrait stays portrait, and what was left to the model stays left to it."""
    chosen = next_plan(CATALOGUE, an_edit(Preferences(aspect="2:3")), "model:gpt-image-1")
    assert chosen.choices[ASPECT] == "2:3"
    left = next_plan(CATALOGUE, an_edit(Preferences(aspect="model")), "model:gpt-image-1")
    assert ASPECT not in left.choices


def test_models_that_can_not_do_it_are_not_offered() -> None:
    """Too few pictures, or gone."""
    pictures = (SentPicture(file_id="a"), SentPicture(Role.REFERENCE, file_id="b"))
    edit = an_edit(pictures=pictures)
    steps = [step for step, _ in other_models(CATALOGUE, edit)]
    assert steps == ["model:seedream-4.5", "model:qwen-image-edit-plus", "model:gpt-image-1-mini"]
    alone = Catalogue(CATALOGUE.models, CATALOGUE.preference, frozenset({edit.model}))
    assert list(other_models(alone, edit)) == []


def test_a_model_that_needs_a_mask_is_only_a_step_after_one() -> None:
    """Without, it would have nothing to edit."""
    fills = {"model:flux-fill-dev", "model:z-image-turbo-inpaint"}
    assert fills.isdisjoint(step for step, _ in other_models(CATALOGUE, an_edit()))
    assert fills.issubset(step for step, _ in other_models(CATALOGUE, an_edit(masked=True)))


def test_a_model_that_is_gone_can_not_again() -> None:
    """It says which are there instead; the other models are still steps."""
    edit = an_edit(Preferences(model="gpt-image-1"))
    left = Catalogue(CATALOGUE.models, CATALOGUE.preference, frozenset({"gpt-image-2"}))
    with pytest.raises(ModelWithdrawn) as gone:
        next_plan(left, edit, AGAIN)
    assert gone.value.params["offered"] == "gpt-image-2"
    assert better(left, edit) is None
    assert [step for step, _ in other_models(left, edit)] == ["model:gpt-image-2"]


def test_a_step_that_is_none_is_a_mistake() -> None:
    """It is never a guess."""
    with pytest.raises(ValueError, match="no step"):
        next_plan(CATALOGUE, an_edit(), "upside-down")
