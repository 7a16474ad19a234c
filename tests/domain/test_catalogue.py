"""Reading a catalogue, finding models in it, and what a person gets when one is withdrawn."""

from __future__ import annotations

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION, Catalogue, nearest_aspect
from bot.domain.catalogue_file import load, parse
from bot.domain.pictures import Size
from bot.errors import ModelUnclear, ModelUnknown, ModelWithdrawn, PriceUnknown
from tests.catalogues import having

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


ONE_WORD = (
    ROW
    + """field = "size"
wire = { "1:1 1k" = "1*1", "1:1 2k" = "2*2", "3:2 1k" = "3*2", "3:2 2k" = "6*4" }
[models.one.choices.resolution]
field = "size"
values = ["1k", "2k"]
"""
)


def with_live(*names: str) -> Catalogue:
    catalogue = load()
    return having(catalogue, [catalogue.models[name].endpoint for name in names])


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
        pytest.param(
            'values = ["1:1"', 'wire = { "1:1" = "1*1" }\nvalues = ["1:1"', id="a word without a field"
        ),
        pytest.param(
            "seconds = 10",
            "seconds = 10\ncreate = { endpoint = 'a', prices = [{ quality = 'best', micros = 1 }] }",
            id="a sibling's price for a value it lacks",
        ),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(right: str, wrong: str) -> None:
    """The mistake is found when the catalogue is read, not when somebody pays."""
    assert right in ROW
    with pytest.raises(ValueError):
        parse(ROW.replace(right, wrong))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param('"3:2 2k" = "6*4"', '"3:2 4k" = "6*4"', id="a word for a value it lacks"),
        pytest.param(', "3:2 2k" = "6*4"', "", id="no word for two of its values"),
        pytest.param(
            'values = ["1k"', 'wire = { "1k" = "k" }\nvalues = ["1k"', id="words at the second choice"
        ),
    ],
)
def test_two_choices_of_one_field_have_a_word_for_both(right: str, wrong: str) -> None:
    """All that can be chosen can be sent."""
    assert right in ONE_WORD
    with pytest.raises(ValueError, match="size"):
        parse(ONE_WORD.replace(right, wrong))


@pytest.mark.parametrize(
    ("choices", "sent"),
    [
        ({}, {}),
        ({QUALITY: "low"}, {"quality": "l"}),
        ({ASPECT: "3:2", RESOLUTION: "2k"}, {"size": "6*4"}),
        ({ASPECT: "1:1", RESOLUTION: "1k", QUALITY: "high"}, {"size": "1*1", "quality": "high"}),
        ({RESOLUTION: "2k"}, {}),
        ({ASPECT: "3:2"}, {}),
        ({"colour": "red"}, {}),
    ],
)
def test_two_choices_of_one_field_are_sent_as_one_word(choices: dict[str, str], sent: dict[str, str]) -> None:
    """It is left out while one of them is left to the model."""
    assert parse(ONE_WORD).models["one"].parameters(choices) == sent


def test_a_mask_can_be_required_and_notes_taken() -> None:
    """Both are said in the row."""
    row = ROW.replace(
        "seconds = 10", "seconds = 10\nmask = { field = 'm', form = 'white' }\nmarkup = 'notes'"
    )
    takes = parse(row).models["one"]
    assert (takes.needs_mask, takes.markup_field) == (False, "notes")
    assert parse(row.replace("'white'", "'white', required = true")).models["one"].needs_mask
    assert not parse(ROW).models["one"].needs_mask


def test_a_sibling_has_prices_of_its_own_or_none() -> None:
    """What an edit costs says nothing of a new picture."""
    row = ROW.replace("seconds = 10", "seconds = 10\ncreate = { endpoint = 'makers/one' }")
    unpriced = parse(row).models["one"].create
    assert unpriced is not None
    assert unpriced.quoted
    priced = (
        parse(row.replace("'makers/one'", "'makers/one', prices = [{ micros = 7 }]")).models["one"].create
    )
    assert priced is not None
    assert (priced.endpoint, priced.price({QUALITY: "high"})) == ("makers/one", 7)


@pytest.mark.parametrize(
    ("endpoints", "endpoint"),
    [
        (["openai/gpt-image-2/edit", "openai/gpt-image-2/text-to-image"], "openai/gpt-image-2/text-to-image"),
        (["openai/gpt-image-2/edit"], None),
    ],
)
def test_a_sibling_is_used_while_it_is_live(endpoints: list[str], endpoint: str | None) -> None:
    """It may die before its model does."""
    catalogue = having(load(), endpoints)
    creator = catalogue.creator(catalogue.models["gpt-image-2"])
    assert (creator.endpoint if creator else None) == endpoint


def test_before_anyone_asked_every_sibling_is_there() -> None:
    """A row without one has none."""
    assert load().creator(load().models["gpt-image-2"]) is not None
    assert load().creator(load().models["gpt-image-1"]) is None


@pytest.mark.parametrize(
    "entry", ["title", "provider", "endpoint", "pictures", "prompt", "seconds", "prices"]
)
def test_a_row_without_a_required_entry_is_refused(entry: str) -> None:
    """Nothing is guessed."""
    lines = [line for line in ROW.splitlines() if not line.startswith(f"{entry} =")]
    with pytest.raises(ValueError, match=entry):
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
    assert refusal.value.params["offered"] == load().offered_names


@pytest.mark.parametrize("words", ["flare", "gpt FLARE", "2.6 flare", "gpt-image-2.6-flare"])
def test_a_part_of_a_name_is_enough(words: str) -> None:
    """Where only one live model has it; a whole name counts first."""
    catalogue = with_live("gpt-image-2", "gpt-image-2.6-flare", "gpt-image-1-mini")
    assert catalogue.typed(words).name == "gpt-image-2.6-flare"
    assert catalogue.typed("gpt-image-2").name == "gpt-image-2"


def test_several_models_with_the_words_are_named() -> None:
    """At most five of them; what is withdrawn is not among them."""
    with pytest.raises(ModelUnclear) as refusal:
        with_live("gpt-image-2", "gpt-image-1-mini").typed("GPT IMAGE")
    assert refusal.value.params == {"name": "GPT IMAGE", "offered": "gpt-image-2, gpt-image-1-mini"}
    with pytest.raises(ModelUnclear) as refusal:
        load().typed("e")
    assert len(str(refusal.value.params["offered"]).split(", ")) == 5


@pytest.mark.parametrize("words", ["", "…", "dall-e-3", "x" * 500])
def test_words_that_no_model_has(words: str) -> None:
    """They are unknown."""
    with pytest.raises(ModelUnknown):
        load().typed(words)


def test_a_sentence_names_five_models() -> None:
    """All of them are in /model."""
    assert load().offered_names.split(", ") == [model.name for model in load().offered[:5]]


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
    catalogue = having(load(), ["openai/gpt-image-2/edit", "makers/video"])
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
    assert having(catalogue, ["makers/c/edit", "makers/last/edit"]).for_person("a").name == "c"


def test_successors_in_a_circle_end_at_the_default() -> None:
    """A mistake in the catalogue hangs nobody."""
    catalogue = chain(a="b", b="a", last="")
    assert having(catalogue, ["makers/last/edit"]).for_person("a").name == "last"


def test_who_chose_nothing_is_not_asked_for_a_mask() -> None:
    """A model that needs one is the default only when there is no other."""
    assert with_live("flux-fill-dev", "qwen-image-edit-plus").for_person(None).name == "qwen-image-edit-plus"
    assert with_live("flux-fill-dev").for_person(None).name == "flux-fill-dev"


def test_nothing_live_is_said() -> None:
    """There is no model to fall back to."""
    with pytest.raises(ModelWithdrawn) as refusal:
        having(load(), []).for_person("gpt-image-1")
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
