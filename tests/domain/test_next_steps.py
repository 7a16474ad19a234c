"""What may follow an edit, and what it costs: on every row of the catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION, Catalogue, load
from bot.domain.edits import Edit, Place, SentPicture
from bot.domain.next_steps import AGAIN, better, next_plan, other_models
from bot.domain.pictures import Inspection, Role, Size
from bot.domain.plan import plan
from bot.domain.preferences import Preferences
from bot.errors import ModelWithdrawn

CATALOGUE = load()
SOURCE = Size(1000, 700)
MODELS = sorted(CATALOGUE.models)


def an_edit(preferences: Preferences | None = None, **changes: Any) -> Edit:
    """An edit as it is accepted with these settings."""
    source = Inspection("JPEG", SOURCE, transparent=False)
    planned = plan(CATALOGUE, preferences or Preferences(), "a comic", [source])
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
    }
    return Edit(**{**values, **changes})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("aspect", ["auto", "model", "2:3"])
def test_again_is_the_same(model: str, aspect: str) -> None:
    """Model, choices, layout and price."""
    edit = an_edit(Preferences(model=model, aspect=aspect))
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
    edit = an_edit(Preferences(model=model, quality=values[0] if values else None))
    for value in values[1:]:
        step = better(CATALOGUE, edit)
        assert step is not None
        assert step[0] == f"quality:{value}"
        assert step[1].choices == {**edit.choices, QUALITY: value}
        assert step[1].fit == edit.fit
        assert step[1].quote > edit.quote
        edit = replace(edit, choices=step[1].choices, quote=step[1].quote)
    assert better(CATALOGUE, edit) is None


@pytest.mark.parametrize("model", MODELS)
def test_another_model_takes_the_settings_that_it_has(model: str) -> None:
    """What it costs is what a request with the same settings would."""
    preferences = Preferences(model=model, quality="high", resolution="2k")
    for step, planned in other_models(CATALOGUE, an_edit(preferences)):
        name = step.removeprefix("model:")
        assert name != model
        had = CATALOGUE.models[model].choices
        same = Preferences(
            model=name,
            quality="high" if QUALITY in had else None,
            resolution="2k" if RESOLUTION in had else None,
        )
        asked = an_edit(same)
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
    assert [step for step, _ in other_models(CATALOGUE, edit)] == ["model:gpt-image-1-mini"]
    alone = Catalogue(CATALOGUE.models, CATALOGUE.preference, frozenset({edit.model}))
    assert list(other_models(alone, edit)) == []


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
