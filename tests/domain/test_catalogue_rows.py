"""Every row of ``catalogue.toml``, against the tables of the providers' own pages."""

from __future__ import annotations

from itertools import product

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION, Model, aspect_ratio
from bot.domain.catalogue_file import load
from bot.domain.pictures import Size, WireMask
from bot.domain.preferences import Preferences, resolve
from bot.errors import PriceUnknown

MODELS = list(load().models.values())
EVERY_MODEL = pytest.mark.parametrize("model", MODELS, ids=[model.name for model in MODELS])
PRICED = [model for model in MODELS if not model.quoted]
EVERY_PRICED_MODEL = pytest.mark.parametrize("model", PRICED, ids=[model.name for model in PRICED])

# WaveSpeed's pages "Openai Gpt Image 1" and "Openai Gpt Image 2 Edit", in micro-dollars.
GPT_IMAGE_1 = {
    ("low", "1:1"): 11_000,
    ("medium", "1:1"): 42_000,
    ("high", "1:1"): 167_000,
    ("low", "2:3"): 16_000,
    ("medium", "2:3"): 63_000,
    ("high", "2:3"): 250_000,
    ("low", "3:2"): 16_000,
    ("medium", "3:2"): 63_000,
    ("high", "3:2"): 250_000,
}
GPT_IMAGE_2 = {
    ("low", "1k"): 30_000,
    ("low", "2k"): 60_000,
    ("low", "4k"): 90_000,
    ("medium", "1k"): 60_000,
    ("medium", "2k"): 120_000,
    ("medium", "4k"): 180_000,
    ("high", "1k"): 220_000,
    ("high", "2k"): 440_000,
    ("high", "4k"): 660_000,
}


def model(name: str) -> Model:
    return load().models[name]


def combinations(model: Model) -> list[dict[str, str]]:
    """Every way to choose, an aspect left to the model among them."""
    values = {
        name: [*choice.values, *([None] if name == ASPECT else [])] for name, choice in model.choices.items()
    }
    return [
        {name: value for name, value in zip(values, chosen, strict=True) if value is not None}
        for chosen in product(*values.values())
    ]


@pytest.mark.parametrize(("choice", "micros"), GPT_IMAGE_1.items())
def test_gpt_image_1_costs_what_its_page_says(choice: tuple[str, str], micros: int) -> None:
    """Quality and shape decide; both rectangles cost the same."""
    quality, aspect = choice
    assert model("gpt-image-1").price({QUALITY: quality, ASPECT: aspect}) == micros


@pytest.mark.parametrize(("quality", "micros"), [("low", 16_000), ("medium", 63_000), ("high", 250_000)])
def test_gpt_image_1_with_a_shape_left_to_it_holds_the_dearer(quality: str, micros: int) -> None:
    """What is not decided yet is held at its dearest."""
    assert model("gpt-image-1").price({QUALITY: quality}) == micros


def test_gpt_image_1_with_nothing_chosen_holds_the_dearest_of_all() -> None:
    """A choice that nobody made can't make the hold too small."""
    assert model("gpt-image-1").price({}) == 250_000


@pytest.mark.parametrize(("choice", "micros"), GPT_IMAGE_2.items())
@pytest.mark.parametrize("aspect", [None, *load().models["gpt-image-2"].aspects])
def test_gpt_image_2_costs_what_its_page_says(
    choice: tuple[str, str], micros: int, aspect: str | None
) -> None:
    """Quality and resolution decide, and the shape never does."""
    quality, resolution = choice
    chosen = {QUALITY: quality, RESOLUTION: resolution} | ({ASPECT: aspect} if aspect else {})
    assert model("gpt-image-2").price(chosen) == micros


@pytest.mark.parametrize("aspect", [None, "1:1", "2:3", "3:2"])
def test_gpt_image_1_mini_always_costs_the_same(aspect: str | None) -> None:
    """Two cents, whatever comes back."""
    assert model("gpt-image-1-mini").price({ASPECT: aspect} if aspect else {}) == 20_000


@pytest.mark.parametrize(
    ("name", "micros"),
    [
        ("seedream-4.5", 40_000),
        ("flux-kontext-pro", 40_000),
        ("qwen-image-edit-plus", 20_000),
        ("flux-fill-dev", 35_000),
        ("z-image-turbo-inpaint", 20_000),
    ],
)
def test_these_cost_the_same_whatever_is_chosen(name: str, micros: int) -> None:
    """The catalogue's base prices, which no parameter changes."""
    assert {model(name).price(choices) for choices in combinations(model(name))} == {micros}


@pytest.mark.parametrize("name", ["gpt-image-2.6-flare", "gpt-image-2.6-sunburst", "nano-banana-2"])
def test_what_only_the_provider_can_price_has_no_price_here(name: str) -> None:
    """None is made up."""
    assert model(name).quoted
    with pytest.raises(PriceUnknown):
        model(name).price({})


@pytest.mark.parametrize("name", ["gpt-image-2", "gpt-image-2.6-flare", "gpt-image-2.6-sunburst"])
def test_a_sibling_for_words_alone_is_the_same_model_without_pictures(name: str) -> None:
    """Its name, title and choices are the row's; only the provider's quote tells its price."""
    edits, creates = model(name), model(name).create
    assert creates is not None
    assert creates.endpoint == f"openai/{name}/text-to-image"
    assert (creates.name, creates.title, creates.choices) == (edits.name, edits.title, edits.choices)
    assert (creates.most_pictures, creates.mask, creates.markup_field, creates.create) == (
        0,
        None,
        None,
        None,
    )
    assert creates.quoted


@EVERY_PRICED_MODEL
def test_every_combination_has_one_price_and_it_is_used(model: Model) -> None:
    """No choice of a person ends without a price, and no row of the table is out of reach."""
    prices = {model.price(choices) for choices in combinations(model)}
    assert prices == {row.micros for row in model.prices}


@EVERY_PRICED_MODEL
def test_the_hold_is_never_less_than_the_charge(model: Model) -> None:
    """Whatever shape comes back, its price was set aside."""
    for choices in combinations(model):
        held = model.price(choices)
        for shape in (Size(1024, 1024), Size(1024, 1536), Size(1536, 1024), Size(4096, 1755)):
            assert model.price_of_result(choices, shape) <= held


@EVERY_PRICED_MODEL
@pytest.mark.parametrize("source", [Size(1000, 1000), Size(4000, 3000), Size(1080, 1920), Size(100, 2000)])
@pytest.mark.parametrize("aspect", ["auto", "model", "1:1", "7:5"])
def test_every_model_has_a_price_for_every_picture(model: Model, source: Size, aspect: str) -> None:
    """Settings made for another model still come to choices that this one has, and a price."""
    wished = Preferences(quality="ultra", aspect=aspect, resolution="8k")
    choices = resolve(wished, model, source).choices
    assert all(value in model.choices[name].values for name, value in choices.items())
    assert model.price(choices) > 0


@EVERY_MODEL
def test_sizes_on_the_wire_have_the_shape_they_stand_for(model: Model) -> None:
    """``2:3`` is not sent as a landscape."""
    field = model.choices[ASPECT].field if model.aspects else None
    for choices in combinations(model):
        if field is not None and ASPECT in choices:
            word = model.parameters(choices)[field]
            width, _, height = word.replace("*", ":").replace("x", ":").partition(":")
            assert int(width) / int(height) == aspect_ratio(choices[ASPECT])


@EVERY_MODEL
def test_a_successor_is_another_model_that_takes_as_many_pictures(model: Model) -> None:
    """Who chose a model that dies can go on with what they have."""
    if model.successor is not None:
        successor = load().models[model.successor]
        assert successor != model
        assert successor.most_pictures >= model.most_pictures


@EVERY_MODEL
def test_every_model_is_found_by_its_name_and_its_title(model: Model) -> None:
    """Also where its name is the endpoint of another provider's."""
    assert load().find(model.name) == model
    assert load().find(model.title) == model


def test_the_default_is_gpt_image_2() -> None:
    """The first of the preference list while nothing is known of what is live."""
    assert load().for_person(None).name == "gpt-image-2"


def test_masks_are_taken_by_these_models_and_needed_by_two() -> None:
    """gpt-image-1's is white and transparent where to edit, so that both readings of its page agree."""
    masks = {
        model.name: (model.mask.field, model.mask.form, model.mask.required)
        for model in MODELS
        if model.provider == "wavespeed" and model.mask
    }
    assert masks == {
        "gpt-image-1": ("mask_image", WireMask.WHITE_AND_ALPHA, False),
        "gpt-image-2.6-flare": ("mask_image", WireMask.WHITE, False),
        "gpt-image-2.6-sunburst": ("mask_image", WireMask.WHITE, False),
        "flux-fill-dev": ("mask_image", WireMask.WHITE, True),
        "z-image-turbo-inpaint": ("mask_image", WireMask.WHITE, True),
    }


@pytest.mark.parametrize("resolution", ["2k", "4k"])
@pytest.mark.parametrize("aspect", model("seedream-4.5").aspects)
def test_sizes_of_seedream_are_within_its_limits(aspect: str, resolution: str) -> None:
    """Between 2560*1440 pixels and 8192 a side; 4k has four times the pixels of 2k."""
    words = model("seedream-4.5").parameters({ASPECT: aspect, RESOLUTION: resolution})
    width, height = map(int, words["size"].split("*"))
    assert 1024 <= min(width, height) <= max(width, height) <= 8192
    assert width * height >= 2560 * 1440
    assert (width * height > 4096 * 2400) == (resolution == "4k")
