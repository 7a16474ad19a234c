"""Sizes and qualities as people type them, and what they mean on each model."""

from __future__ import annotations

import pytest

from bot.domain.catalogue import ASPECT, COMPLEXITY, QUALITY, RESOLUTION, Model
from bot.domain.catalogue_file import load
from bot.domain.pictures import Size
from bot.domain.preferences import (
    Preferences,
    model_for,
    offered_sizes,
    parse_quality,
    parse_size,
    price_range,
    resolve,
)
from bot.errors import ModelWithdrawn, QualityUnknown, SizeUnknown
from tests.catalogues import having

ONE, MINI, TWO = (load().models[name] for name in ("gpt-image-1", "gpt-image-1-mini", "gpt-image-2"))
FLARE, BANANA, SEEDREAM = (
    load().models[name] for name in ("gpt-image-2.6-flare", "nano-banana-2", "seedream-4.5")
)
PHOTO = Size(4000, 3000)


@pytest.mark.parametrize(
    ("text", "aspect", "resolution"),
    [
        ("auto", "auto", None),
        ("model", "model", None),
        ("AUTO", "auto", None),
        ("square", "1:1", None),
        ("portrait", "2:3", None),
        ("Landscape", "3:2", None),
        ("wide", "16:9", None),
        ("tall", "9:16", None),
        ("2:3", "2:3", None),
        ("4:6", "2:3", None),
        ("21:9", "21:9", None),
        ("1024x1536", "2:3", None),
        ("1024×1536", "2:3", None),
        ("1024*1536", "2:3", None),
        ("2048X2048", "1:1", None),
        ("3000x1000", "3:1", None),
        ("2k", None, "2k"),
        ("4K", None, "4k"),
        ("16:9 4k", "16:9", "4k"),
        ("  4k   portrait ", "2:3", "4k"),
    ],
)
def test_a_size_is_read(text: str, aspect: str | None, resolution: str | None) -> None:
    """Words, ratios and pixels come to an aspect and a resolution; what is not named is left alone."""
    wish = parse_size(text, TWO)
    assert (wish.aspect, wish.resolution) == (aspect, resolution)


@pytest.mark.parametrize(
    ("text", "aspect", "resolution"),
    [
        ("auto", "auto", None),
        ("AUTO", "auto", None),
        ("1024x1536", "2:3", None),
        ("1024×1536", "2:3", None),
        ("auto 2k", "auto", "2k"),
        ("1024x1536 2k", "2:3", "2k"),
        ("portrait", "2:3", "4k"),
        ("16:9", "16:9", "4k"),
        ("2k", "21:9", "2k"),
    ],
)
def test_what_is_not_named_is_kept(text: str, aspect: str, resolution: str | None) -> None:
    """Except for the resolution where the whole size was named: by its pixels, or as nothing but ``auto``."""
    before = Preferences("gpt-image-2", "high", "21:9", "4k")
    after = Preferences("gpt-image-2", "high", aspect, resolution)
    assert parse_size(text, TWO).applied(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "big",
        "1024",
        "3k",
        "0k",
        "k",
        "10:1",
        "1:4",
        "0:3",
        "3:0",
        "1:1:1",
        "0000x1024",
        "-2:3",
        "2:3 big",
    ],
)
def test_an_unreadable_size_is_refused_with_what_there_is(text: str) -> None:
    """Also shapes over 3:1, and a good word beside a bad one."""
    with pytest.raises(SizeUnknown) as refusal:
        parse_size(text, ONE)
    assert refusal.value.params["offered"] == "auto, 1:1, 2:3, 3:2"
    assert refusal.value.params["value"]


def test_an_endless_word_is_not_repeated() -> None:
    """An answer has to fit into a message."""
    with pytest.raises(SizeUnknown) as size:
        parse_size("x" * 5000, TWO)
    with pytest.raises(QualityUnknown) as quality:
        parse_quality("x" * 5000, TWO)
    assert len(str(size.value.params["value"])) <= 30
    assert len(str(quality.value.params["value"])) <= 30


@pytest.mark.parametrize(
    ("text", "quality"),
    [
        ("high", "high"),
        ("HIGH", "high"),
        (" medium ", "medium"),
        ("med", "medium"),
        ("l", "low"),
        ("h", "high"),
    ],
)
def test_a_quality_is_read(text: str, quality: str) -> None:
    """Its name or its beginning."""
    assert parse_quality(text, TWO) == quality


@pytest.mark.parametrize("text", ["", " ", "best", "highest", "igh"])
def test_an_unreadable_quality_is_refused_with_what_there_is(text: str) -> None:
    """No beginning, or none of these."""
    with pytest.raises(QualityUnknown) as refusal:
        parse_quality(text, TWO)
    assert refusal.value.params["offered"] == "low, medium, high"
    assert refusal.value.params["model"] == "GPT Image 2"


def test_a_model_without_qualities_refuses_all() -> None:
    """Nothing is pretended."""
    with pytest.raises(QualityUnknown) as refusal:
        parse_quality("high", MINI)
    assert refusal.value.params["offered"] == "—"


def test_the_offered_sizes_are_those_that_can_be_asked_for() -> None:
    """A model that sends no size offers none, though the shapes that it gives are known."""
    assert offered_sizes(ONE) == "auto, 1:1, 2:3, 3:2"
    assert offered_sizes(MINI) == "auto"
    assert offered_sizes(TWO).endswith("21:9, 1k, 2k, 4k")


def test_with_nothing_chosen_the_models_defaults_are_used() -> None:
    """And the source's shape."""
    resolved = resolve(Preferences(), TWO, PHOTO)
    assert resolved.choices == {QUALITY: "medium", RESOLUTION: "1k", ASPECT: "4:3"}
    assert resolved.pad_to == "4:3"
    assert resolved.nearest == {}


def test_auto_is_the_shape_nearest_to_the_source() -> None:
    """It is padded to that, not stretched, and nobody is told of a nearest: they asked for their own."""
    resolved = resolve(Preferences(aspect="auto"), ONE, PHOTO)
    assert resolved.choices[ASPECT] == "3:2"
    assert resolved.pad_to == "3:2"
    assert ASPECT not in resolved.nearest


def test_model_leaves_the_shape_to_the_model() -> None:
    """Nothing is asked for and nothing padded."""
    resolved = resolve(Preferences(aspect="model"), ONE, PHOTO)
    assert ASPECT not in resolved.choices
    assert resolved.pad_to is None


def test_a_chosen_shape_is_not_padded() -> None:
    """The model is asked for a picture of that shape, from the source as it is."""
    resolved = resolve(Preferences(aspect="2:3"), ONE, PHOTO)
    assert resolved.choices[ASPECT] == "2:3"
    assert resolved.pad_to is None


@pytest.mark.parametrize(
    ("preferences", "nearest"),
    [
        (Preferences(aspect="16:9"), {ASPECT: ("16:9", "3:2")}),
        (Preferences(aspect="9:16"), {ASPECT: ("9:16", "2:3")}),
        (Preferences(quality="max"), {QUALITY: ("max", "medium")}),
        (Preferences(aspect="3:2", quality="high"), {}),
    ],
)
def test_what_the_model_lacks_becomes_the_nearest_and_is_said(
    preferences: Preferences, nearest: dict[str, tuple[str, str]]
) -> None:
    """A size survives a change of model."""
    resolved = resolve(preferences, ONE, PHOTO)
    assert resolved.nearest == nearest
    assert all(resolved.choices[choice] == used for choice, (_, used) in nearest.items())


def test_a_resolution_that_the_model_lacks_becomes_its_default() -> None:
    """And one that it has no field for is not sent at all."""
    assert resolve(Preferences(resolution="8k"), TWO, PHOTO).nearest == {RESOLUTION: ("8k", "1k")}
    assert RESOLUTION not in resolve(Preferences(resolution="4k"), ONE, PHOTO).choices


def test_a_shape_written_in_other_numbers_is_the_same_shape() -> None:
    """``7:3`` is offered where ``21:9`` is: no "nearest" is told."""
    resolved = resolve(Preferences(aspect="7:3"), TWO, PHOTO)
    assert resolved.choices[ASPECT] == "21:9"
    assert resolved.nearest == {}


def test_a_model_whose_shape_cannot_be_asked_for_decides_itself() -> None:
    """It knows which shapes come back, and pads to them when the source's own is wished."""
    assert ASPECT not in resolve(Preferences(aspect="16:9"), MINI, PHOTO).choices
    assert resolve(Preferences(aspect="auto"), MINI, PHOTO).pad_to == "3:2"


@pytest.mark.parametrize(("text", "aspect"), [("1:8", "1:8"), ("2:16", "1:8"), ("400x100", "4:1")])
def test_a_longer_shape_is_read_where_the_model_has_it(text: str, aspect: str) -> None:
    """Elsewhere 3:1 is the longest."""
    assert parse_size(text, BANANA).aspect == aspect
    with pytest.raises(SizeUnknown):
        parse_size(text, TWO)


def test_half_a_resolution_is_read() -> None:
    """Where a model lacks it, its default is used and said."""
    assert parse_size("0.5k", BANANA).resolution == "0.5k"
    assert resolve(Preferences(resolution="0.5k"), BANANA, PHOTO).choices[RESOLUTION] == "0.5k"
    assert resolve(Preferences(resolution="0.5k"), TWO, PHOTO).nearest == {RESOLUTION: ("0.5k", "1k")}


@pytest.mark.parametrize(("wished", "used"), [("high", "high"), (None, None), ("endless", None)])
def test_complexity_is_the_models_own_unless_it_is_chosen(wished: str | None, used: str | None) -> None:
    """Nothing is sent for it then, and a model without it never gets it."""
    chosen = Preferences(complexity=wished)
    assert resolve(chosen, FLARE, PHOTO).choices.get(COMPLEXITY) == used
    assert resolve(chosen, FLARE, PHOTO).nearest == {}
    assert COMPLEXITY not in resolve(chosen, TWO, PHOTO).choices


def test_without_a_source_auto_is_left_to_the_model() -> None:
    """A picture from words has no shape to keep; a chosen one holds."""
    assert resolve(Preferences(resolution="2k"), TWO, None).choices == {QUALITY: "medium", RESOLUTION: "2k"}
    assert resolve(Preferences(aspect="2:3"), TWO, None).choices[ASPECT] == "2:3"


@pytest.mark.parametrize(
    ("preferences", "model", "prices"),
    [
        (Preferences(), ONE, (42_000, 63_000)),
        (Preferences(aspect="1:1", quality="high"), ONE, (167_000, 167_000)),
        (Preferences(resolution="4k"), TWO, (180_000, 180_000)),
        (Preferences(), SEEDREAM, (40_000, 40_000)),
        (Preferences(), FLARE, None),
    ],
)
def test_prices_are_told_before_there_is_a_picture(
    preferences: Preferences, model: Model, prices: tuple[int, int] | None
) -> None:
    """From and to, where the shape decides; none where only a quote tells."""
    assert price_range(preferences, model) == prices


@pytest.mark.parametrize(
    ("left", "used"),
    [
        (None, "gpt-image-2"),
        (60_000, "gpt-image-2"),
        (59_999, "seedream-4.5"),
        (40_000, "seedream-4.5"),
        (20_000, "qwen-image-edit-plus"),
        (19_999, "gpt-image-2"),
        (0, "gpt-image-2"),
        (-5, "gpt-image-2"),
    ],
)
def test_the_default_is_the_first_that_can_be_paid(left: int | None, used: str) -> None:
    """With nothing left for any it is the first: its refusal says what is left."""
    assert model_for(load(), Preferences(), left).name == used


def test_the_default_is_the_first_that_can_be_paid_with_the_settings_made() -> None:
    """High quality makes the first one dear; low makes it cheap."""
    assert model_for(load(), Preferences(quality="high"), 219_999).name == "seedream-4.5"
    assert model_for(load(), Preferences(quality="low"), 30_000).name == "gpt-image-2"


def test_a_default_that_can_be_paid_is_live() -> None:
    """The next one of the preference is, if the cheap one is gone."""
    live = having(load(), ["openai/gpt-image-2/edit", "wavespeed-ai/qwen-image/edit-plus"])
    assert model_for(live, Preferences(), 59_999).name == "qwen-image-edit-plus"
    with pytest.raises(ModelWithdrawn):
        model_for(having(load(), []), Preferences(), 59_999)


@pytest.mark.parametrize("left", [None, 0, 1_000_000])
def test_who_chose_a_model_keeps_it_whatever_is_left(left: int | None) -> None:
    """Or its successor. Nobody is moved to another one unasked because they are short of money."""
    assert model_for(load(), Preferences("gpt-image-1"), left).name == "gpt-image-1"
    live = having(load(), ["openai/gpt-image-2/edit", "bytedance/seedream-v4.5/edit"])
    assert model_for(live, Preferences("gpt-image-1"), left).name == "gpt-image-2"


def test_who_chose_a_model_that_is_no_more_in_the_catalogue_chose_none() -> None:
    """They get the default, by what they can pay."""
    assert model_for(load(), Preferences("gone-long-ago"), 40_000).name == "seedream-4.5"
