"""From a wish to what will be bought, or to a refusal that says what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION
from bot.domain.catalogue_file import load, parse
from bot.domain.pictures import Inspection, Size
from bot.domain.plan import Plan, draft
from bot.domain.preferences import Preferences
from bot.errors import (
    MaskMissing,
    ModelWithdrawn,
    OnlyEdits,
    PriceUnknown,
    PromptMissing,
    PromptTooLong,
    TooManyPictures,
)
from tests.catalogues import having

PHOTO = Inspection("JPEG", Size(4000, 3000), transparent=False)
CREATING = """
preference = ["one"]
[models.one]
title = "Number One"
provider = "wavespeed"
endpoint = "makers/one/edit"
pictures = { field = "images", most = 2 }
prompt = 100
seconds = 10
prices = [{ micros = 1_000 }]
create = { endpoint = "makers/one", PRICES }
[models.one.choices.quality]
field = "quality"
values = ["low", "high"]
default = "low"
"""
LONGEST = load().models["gpt-image-2"].prompt_limit


def plan(*wish: Any, masked: bool = False) -> Plan:
    return draft(*wish, masked=masked).at_table_price()


def test_a_plan_has_the_model_the_choices_the_fit_and_the_price() -> None:
    """Everything that is bought is decided here, once."""
    chosen = Preferences("gpt-image-1", "high", "auto")
    planned = plan(load(), chosen, "make it blue", [PHOTO])
    assert planned.model.name == "gpt-image-1"
    assert planned.choices == {QUALITY: "high", ASPECT: "3:2"}
    assert planned.fit is not None
    assert planned.fit.source == PHOTO.size
    assert planned.fit.padded
    assert planned.quote == 250_000


def test_a_chosen_shape_lays_the_source_out_as_it_is() -> None:
    """Only the model's own shape is padded to."""
    planned = plan(load(), Preferences(aspect="1:1", resolution="2k"), "make it blue", [PHOTO])
    assert planned.choices == {QUALITY: "medium", ASPECT: "1:1", RESOLUTION: "2k"}
    assert planned.fit is not None
    assert not planned.fit.padded
    assert planned.quote == 120_000


def test_a_shape_left_to_the_model_is_quoted_at_its_dearest() -> None:
    """The hold covers whatever comes back."""
    assert plan(load(), Preferences("gpt-image-1", aspect="model"), "blue", [PHOTO]).quote == 63_000


def test_who_chose_a_withdrawn_model_gets_its_successor() -> None:
    """And its limits and prices."""
    live = having(load(), ["openai/gpt-image-2/edit"])
    planned = plan(live, Preferences("gpt-image-1"), "blue", [PHOTO, PHOTO])
    assert (planned.model.name, planned.quote) == ("gpt-image-2", 60_000)


@pytest.mark.parametrize("prompt", [None, "", "   ", "\n\t"])
def test_without_words_nothing_is_bought(prompt: str | None) -> None:
    """The model would do as it likes."""
    with pytest.raises(PromptMissing):
        plan(load(), Preferences(), prompt, [PHOTO])


def test_a_prompt_may_be_as_long_as_the_model_takes_and_no_longer() -> None:
    """The refusal says both lengths."""
    assert plan(load(), Preferences(), "x" * LONGEST, [PHOTO]).quote
    with pytest.raises(PromptTooLong) as refusal:
        plan(load(), Preferences(), "x" * (LONGEST + 1), [PHOTO])
    assert refusal.value.params == {"length": LONGEST + 1, "limit": LONGEST, "model": "GPT Image 2"}


@pytest.mark.parametrize(
    ("model", "most"), [("gpt-image-1", 1), ("gpt-image-1-mini", 4), ("gpt-image-2", 16)]
)
def test_a_model_takes_only_so_many_pictures(model: str, most: int) -> None:
    """The refusal says how many it takes."""
    assert plan(load(), Preferences(model), "blue", [PHOTO] * most).model.name == model
    with pytest.raises(TooManyPictures) as refusal:
        plan(load(), Preferences(model), "blue", [PHOTO] * (most + 1))
    assert (refusal.value.params["count"], refusal.value.params["limit"]) == (most + 1, most)


def test_with_nothing_live_nothing_is_planned() -> None:
    """The person hears that, and not of an internal error."""
    with pytest.raises(ModelWithdrawn):
        plan(having(load(), []), Preferences(), "blue", [PHOTO])


@pytest.mark.parametrize("model", ["flux-fill-dev", "z-image-turbo-inpaint"])
def test_a_model_that_needs_a_mask_is_not_bought_without_one(model: str) -> None:
    """The refusal names the model; with a mask the plan is made."""
    with pytest.raises(MaskMissing) as refusal:
        plan(load(), Preferences(model), "a hat", [PHOTO])
    assert refusal.value.params == {"model": load().models[model].title}
    assert plan(load(), Preferences(model), "a hat", [PHOTO], masked=True).quote


def test_a_mask_does_no_harm_to_the_others() -> None:
    """It changes neither the price nor the choices."""
    for name in ("gpt-image-1", "gpt-image-2"):
        chosen = Preferences(name)
        assert plan(load(), chosen, "a hat", [PHOTO]) == plan(load(), chosen, "a hat", [PHOTO], masked=True)


@pytest.mark.parametrize("model", ["gpt-image-2.6-flare", "nano-banana-2"])
def test_what_only_the_provider_can_price_is_not_bought_at_a_guess(model: str) -> None:
    """Without a quote there is no plan."""
    with pytest.raises(PriceUnknown):
        plan(load(), Preferences(model), "a hat", [PHOTO])


def test_words_alone_are_planned_with_the_models_sibling() -> None:
    """It has its own endpoint and price, and nothing is laid out."""
    text = CREATING.replace("PRICES", "prices = [{ quality = 'high', micros = 9 }, { micros = 5 }]")
    planned = plan(parse(text), Preferences(quality="high"), "a fox", [])
    assert (planned.model.endpoint, planned.quote, planned.fit) == ("makers/one", 9, None)
    assert planned.choices == {QUALITY: "high"}


def test_a_model_without_a_sibling_makes_nothing_from_words() -> None:
    """The refusal says which ones do."""
    with pytest.raises(OnlyEdits) as refusal:
        plan(load(), Preferences("gpt-image-1"), "a fox", [])
    assert refusal.value.params["model"] == "GPT Image 1"
    assert str(refusal.value.params["offered"]).startswith("gpt-image-2, ")
    assert "gpt-image-1" not in str(refusal.value.params["offered"]).split(", ")
