"""Pictures from words alone: what may follow one, and what is bought for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, Catalogue
from bot.domain.catalogue_file import parse
from bot.domain.edits import Edit, Place, SentPicture
from bot.domain.next_steps import AGAIN, better, next_plan, other_models
from bot.domain.plan import draft, row_of
from bot.domain.preferences import Preferences
from bot.errors import ModelWithdrawn
from tests.catalogues import having

ROW = """
[models.{name}]
title = "Number {name}"
provider = "wavespeed"
endpoint = "makers/{name}/edit"
pictures = {{ field = "images", most = 2 }}
prompt = 100
seconds = 10
prices = [{{ quality = "low", micros = 1_000 }}, {{ quality = "high", micros = 2_000 }}]
[models.{name}.choices.quality]
field = "quality"
values = ["low", "high"]
default = "low"
[models.{name}.choices.aspect]
field = "size"
values = ["1:1", "3:2"]
"""
CREATE = """
[models.{name}.create]
endpoint = "makers/{name}"
prices = [{{ quality = "low", micros = 3_000 }}, {{ quality = "high", micros = 4_000 }}]
"""
ROWS = [ROW.format(name=name) for name in ("one", "two", "three")]
SIBLINGS = [CREATE.format(name=name) for name in ("one", "two")]
CATALOGUE = parse("\n".join(['preference = ["one", "two", "three"]', *ROWS, *SIBLINGS]))


def created(preferences: Preferences | None = None, **changes: Any) -> Edit:
    """A picture from words alone as it is accepted with these settings."""
    planned = draft(CATALOGUE, preferences or Preferences(), "a fox", []).at_table_price()
    values: dict[str, Any] = {
        "id": "e1",
        "origin": "request:r1:0",
        "user_id": 7,
        "place": Place(7, 1),
        "prompt": "a fox",
        "model": planned.model.name,
        "choices": planned.choices,
        "pictures": (),
        "quote": planned.quote,
        "created_at": datetime(2026, 3, 1, tzinfo=UTC),
        "fit": planned.fit,
    }
    return Edit(**{**values, **changes})


def live(*endpoints: str) -> Catalogue:
    return having(CATALOGUE, endpoints)


def test_the_shape_of_no_picture_is_left_to_the_model() -> None:
    """``auto`` sends nothing; a shape that was chosen is sent."""
    assert created().choices == {QUALITY: "low"}
    assert created(Preferences(aspect="3:2")).choices == {QUALITY: "low", ASPECT: "3:2"}


def test_it_is_bought_from_the_sibling() -> None:
    """And an edit from the model itself, also once the catalogue has lost either."""
    edit = created()
    bought = row_of(CATALOGUE, edit)
    assert bought is not None
    assert (bought.name, bought.endpoint) == ("one", "makers/one")
    of_a_picture = row_of(CATALOGUE, created(pictures=(SentPicture(file_id="a"),)))
    assert of_a_picture is not None
    assert of_a_picture.endpoint == "makers/one/edit"
    assert row_of(CATALOGUE, created(model="three")) is None
    assert row_of(CATALOGUE, created(model="gone")) is None


@pytest.mark.parametrize("aspect", ["auto", "model", "3:2"])
def test_again_is_the_same(aspect: str) -> None:
    """Model, choices and price, of the sibling."""
    edit = created(Preferences(aspect=aspect))
    planned = next_plan(CATALOGUE, edit, AGAIN)
    assert planned.model == CATALOGUE.models["one"].create
    assert (planned.choices, planned.fit, planned.quote) == (edit.choices, None, 3_000)


def test_better_goes_up_at_the_siblings_price() -> None:
    """Until the best."""
    step = better(CATALOGUE, created())
    assert step is not None
    assert (step[0], step[1].quote) == ("quality:high", 4_000)
    assert better(CATALOGUE, created(Preferences(quality="high"))) is None


def test_other_models_are_those_that_create() -> None:
    """With the settings as they were."""
    edit = created(Preferences(quality="high", aspect="3:2"))
    [(step, planned)] = other_models(CATALOGUE, edit)
    assert step == "model:two"
    assert planned.model == CATALOGUE.models["two"].create
    assert (planned.choices, planned.quote) == (edit.choices, 4_000)


@pytest.mark.parametrize("endpoints", [("makers/one/edit",), ("makers/one",)])
def test_once_the_sibling_or_its_model_is_gone_nothing_follows(endpoints: tuple[str, ...]) -> None:
    """The button says why."""
    with pytest.raises(ModelWithdrawn):
        next_plan(live("makers/two/edit", *endpoints), created(), AGAIN)
