"""Reading a catalogue, finding models in it, and what a person gets when one is withdrawn."""

from __future__ import annotations

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, Catalogue, load, nearest_aspect, parse
from bot.domain.pictures import Size
from bot.errors import ModelUnknown, ModelWithdrawn, PriceUnknown

ROW = """
preference = ["one"]
[models.one]
title = "Number One"
provider = "wavespeed"
endpoint = "makers/one/edit"
pictures = { field = "images", most = 2 }
prompt = 100
seconds = 10
successor = "one"
prices = [{ quality = "low", micros = 1_000 }, { quality = "high", micros = 3_000 }]
[models.one.choices.quality]
field = "quality"
values = ["low", "high"]
default = "low"
wire = { low = "l" }
[models.one.choices.aspect]
values = ["1:1", "3:2"]
"""


def with_live(*names: str) -> Catalogue:
    catalogue = load()
    return catalogue.with_live([catalogue.models[name].endpoint for name in names])


def chain(**successors: str) -> Catalogue:
    """A catalogue of models that only differ in their names and successors."""
    first, rest = ROW.split("[models.one]")
    row = rest.replace("models.one", "models.NAME").replace('successor = "one"\n', "SUCCESSOR")
    rows = [
        f"[models.{name}]"
        + row.replace("NAME", name)
        .replace("makers/one", f"makers/{name}")
        .replace("Number One", f"Number {name}")
        .replace("SUCCESSOR", f'successor = "{successor}"\n' if successor else "")
        for name, successor in successors.items()
    ]
    return parse("".join([first.replace("one", "last"), *rows]))


def test_a_row_is_read_whole() -> None:
    """The sample that the broken rows are made of is itself right."""
    model = parse(ROW).models["one"]
    assert (model.title, model.most_pictures, model.prompt_limit) == ("Number One", 2, 100)
    assert model.choices[QUALITY].on_the_wire("low") == "l"
    assert model.choices[QUALITY].on_the_wire("high") == "high"
    assert model.price({QUALITY: "high"}) == 3_000


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param('default = "low"', 'default = "best"', id="a default that is not offered"),
        pytest.param('{ low = "l" }', '{ mid = "m" }', id="a wire word for a value it lacks"),
        pytest.param('quality = "high"', 'quality = "best"', id="a price for a value it lacks"),
        pytest.param('quality = "high"', 'colour = "high"', id="a price for a choice it lacks"),
        pytest.param('successor = "one"', 'successor = "two"', id="a successor without a table"),
        pytest.param('preference = ["one"]', 'preference = ["two"]', id="a preference without a table"),
        pytest.param("seconds = 10", "seconds = 10\nmask = { field = 'm', form = 'blue' }", id="a mask form"),
        pytest.param("micros = 1_000", "micros = 0.042", id="a price that is no integer"),
        pytest.param("micros = 1_000", "micros = -1", id="a price below nothing"),
        pytest.param('"3:2"', '"wide"', id="an aspect that is no shape"),
        pytest.param('"3:2"', '"3:0"', id="an aspect without a height"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(right: str, wrong: str) -> None:
    """The mistake is found when the catalogue is read, not when somebody pays."""
    assert right in ROW
    with pytest.raises(ValueError):
        parse(ROW.replace(right, wrong))


@pytest.mark.parametrize(
    "entry", ["title", "provider", "endpoint", "pictures", "prompt", "seconds", "prices"]
)
def test_a_row_without_a_required_entry_is_refused(entry: str) -> None:
    """Nothing is guessed."""
    lines = [line for line in ROW.splitlines() if not line.startswith(f"{entry} =")]
    with pytest.raises(KeyError, match=entry):
        parse("\n".join(lines))


@pytest.mark.parametrize(
    "name",
    [
        "gpt-image-1-mini",
        "GPT Image 1 Mini",
        "gptimage1mini",
        "openai/gpt-image-1-mini/edit",
        " Gpt_Image 1-mini ",
    ],
)
def test_a_model_is_found_by_any_spelling(name: str) -> None:
    """Its name, its title and its endpoint, whatever the case and the signs between."""
    assert load().find(name).name == "gpt-image-1-mini"


@pytest.mark.parametrize("name", ["", "…", "gpt-image", "gpt-image-1-minim", "dall-e-3", "x" * 500])
def test_an_unknown_model_is_refused_with_what_there_is(name: str) -> None:
    """The sentence repeats no endless word, and lists the models to choose from."""
    with pytest.raises(ModelUnknown) as refusal:
        load().find(name)
    assert len(str(refusal.value.params["name"])) <= 60
    assert refusal.value.params["offered"] == "gpt-image-2, gpt-image-1, gpt-image-1-mini"


def test_a_withdrawn_model_is_told_from_an_unknown_one() -> None:
    """Somebody who used it until yesterday did not misspell it."""
    with pytest.raises(ModelWithdrawn) as refusal:
        with_live("gpt-image-2").find("gpt-image-1")
    assert refusal.value.params == {"name": "GPT Image 1", "offered": "gpt-image-2"}


def test_all_are_offered_before_anyone_asked_the_provider() -> None:
    """In the order of preference, and those that the preference does not name after that."""
    catalogue = chain(a="", last="", b="")
    assert [model.name for model in catalogue.offered] == ["last", "a", "b"]


def test_endpoints_of_others_make_nothing_live() -> None:
    """The provider's list has hundreds of models that are not ours."""
    catalogue = load().with_live(["openai/gpt-image-2/edit", "makers/video"])
    assert [model.name for model in catalogue.offered] == ["gpt-image-2"]


@pytest.mark.parametrize(
    ("chosen", "live", "used"),
    [
        (None, ["gpt-image-1", "gpt-image-1-mini"], "gpt-image-1"),
        ("gpt-image-1-mini", ["gpt-image-1-mini", "gpt-image-2"], "gpt-image-1-mini"),
        ("gpt-image-1", ["gpt-image-2"], "gpt-image-2"),
        ("gpt-image-2", ["gpt-image-1-mini"], "gpt-image-1-mini"),
        ("gone-long-ago", ["gpt-image-1", "gpt-image-2"], "gpt-image-2"),
    ],
)
def test_a_person_gets_their_model_or_the_next_best(chosen: str | None, live: list[str], used: str) -> None:
    """Theirs while it lives, then its successor, then the first of the preference that lives."""
    assert with_live(*live).for_person(chosen).name == used


def test_successors_are_followed_to_the_end() -> None:
    """A successor may be gone too."""
    catalogue = chain(a="b", b="c", c="", last="")
    assert catalogue.with_live(["makers/c/edit", "makers/last/edit"]).for_person("a").name == "c"


def test_successors_in_a_circle_end_at_the_default() -> None:
    """A mistake in the catalogue hangs nobody."""
    catalogue = chain(a="b", b="a", last="")
    assert catalogue.with_live(["makers/last/edit"]).for_person("a").name == "last"


def test_nothing_live_is_said() -> None:
    """There is no model to fall back to."""
    with pytest.raises(ModelWithdrawn) as refusal:
        load().with_live([]).for_person("gpt-image-1")
    assert refusal.value.params["offered"] == "—"


def test_a_table_that_lacks_the_choice_gives_no_price() -> None:
    """Nothing is bought at a guess."""
    text = ROW.replace(', { quality = "high", micros = 3_000 }', "")
    with pytest.raises(PriceUnknown) as refusal:
        parse(text).models["one"].price({QUALITY: "high"})
    assert refusal.value.params == {"model": "Number One"}


@pytest.mark.parametrize(
    ("size", "micros"),
    [
        (Size(1024, 1024), 42_000),
        (Size(1023, 1024), 42_000),
        (Size(1024, 1536), 63_000),
        (Size(1536, 1024), 63_000),
    ],
)
def test_a_shape_left_to_the_model_is_charged_by_the_picture(size: Size, micros: int) -> None:
    """What came back decides."""
    assert load().models["gpt-image-1"].price_of_result({QUALITY: "medium"}, size) == micros


def test_a_chosen_shape_is_charged_whatever_came_back() -> None:
    """The provider bills what was asked for."""
    model = load().models["gpt-image-1"]
    assert model.price_of_result({QUALITY: "medium", ASPECT: "1:1"}, Size(1024, 1536)) == 42_000


@pytest.mark.parametrize(
    ("size", "nearest"),
    [(Size(4000, 3000), "3:2"), (Size(1100, 1000), "1:1"), (Size(3000, 4000), "2:3"), (Size(9, 900), "2:3")],
)
def test_the_nearest_shape_is_measured_as_a_factor(size: Size, nearest: str) -> None:
    """Wide and tall are treated alike."""
    assert nearest_aspect(["1:1", "2:3", "3:2"], size) == nearest
