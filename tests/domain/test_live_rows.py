"""Rows made from live schemas: what the stand-in publishes becomes rows that fit it, and odd models none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, Catalogue, Model
from bot.domain.catalogue_file import load
from bot.domain.live import LiveInput, LiveModel, Misfit, fitted
from bot.domain.live_rows import drafted, others
from bot.providers.wavespeed_models import models
from bot.sandbox.wavespeed.checks import catalogue_entry
from bot.sandbox.wavespeed.models import MODELS

LIVE = models([catalogue_entry(model, 1, "https://api.example", {}) for model in MODELS.values()])
ROWS = [row for row in load().models.values() if row.provider == "wavespeed"]
WORDS = LiveInput("string", required=True)
PLAIN = LiveModel(
    "makers/brush-3/edit",
    "image-to-image",
    25_000,
    {"prompt": WORDS, "images": LiveInput("array", required=True, most=3)},
)


def made(model: LiveModel, taken: tuple[str, ...] = ()) -> Model:
    """The row as the program reads it, beside the others."""
    return next(
        row
        for row in load(drafted(model, "wavespeed", LIVE, taken)).models.values()
        if row.endpoint == model.endpoint
    )


def changed(**inputs: LiveInput) -> LiveModel:
    return replace(PLAIN, inputs={**(PLAIN.inputs or {}), **inputs})


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_model_that_has_a_row_could_have_been_added(row: Model) -> None:
    """With the same pictures, mask, qualities and endpoint as the row that was written by hand."""
    own = replace(load(), models={})
    assert row.endpoint in {model.endpoint for model in others(own, "wavespeed", LIVE)}
    added = made(LIVE[row.endpoint], tuple(load().models))
    assert fitted(added, LIVE[row.endpoint]) == (added, "")
    for entry in ("endpoint", "provider", "pictures_field", "most_pictures", "needs_mask"):
        assert getattr(added, entry) == getattr(row, entry)
    assert (added.mask and added.mask.field) == (row.mask and row.mask.field)
    assert (added.create and added.create.endpoint) == (row.create and row.create.endpoint)
    if QUALITY in row.choices:
        assert added.choices[QUALITY] == row.choices[QUALITY]
    if row.name == "gpt-image-1":
        assert added.choices[ASPECT] == row.choices[ASPECT]


def test_it_is_asked_for_its_price() -> None:
    """The base price is told as a remark only: what is chosen may change it."""
    text = drafted(PLAIN, "wavespeed", LIVE)
    assert "its base price is $0.025" in text
    assert made(PLAIN).quoted
    assert (made(PLAIN).name, made(PLAIN).title, made(PLAIN).most_pictures) == ("brush-3", "Brush 3", 3)


def test_a_name_that_is_taken_gets_its_makers() -> None:
    """No row is replaced unasked."""
    assert made(PLAIN, ("brush-3",)).name == "makers-brush-3"


def test_words_that_are_written_otherwise() -> None:
    """Ours are in lower case, in rising order; the provider gets its own."""
    row = made(changed(quality=LiveInput(values=("HIGH", "Low"), default="HIGH")))
    assert row.choices[QUALITY].values == ("low", "high")
    assert row.choices[QUALITY].default == "high"
    assert row.parameters({QUALITY: "low"}) == {"quality": "Low"}


def test_sizes_in_pixels_become_shapes() -> None:
    """The first of each shape; what is no shape is left to the model."""
    row = made(changed(size=LiveInput(values=("auto", "1024*1024", "2048*2048", "1024*1536"))))
    assert row.aspects == ("1:1", "2:3")
    assert row.parameters({ASPECT: "1:1"}) == {"size": "1024*1024"}


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (replace(PLAIN, inputs=None), "no schema"),
        (replace(PLAIN, kind="image-to-video"), "another kind: image-to-video"),
        (replace(PLAIN, endpoint="makers/brush 3"), "id"),
        (replace(PLAIN, inputs={"images": LiveInput("array")}), "no words"),
        (replace(PLAIN, inputs={"prompt": WORDS}), "no pictures"),
        (changed(video=LiveInput(required=True)), "field video"),
        (changed(images=LiveInput("array", least=2)), "field images"),
        (changed(aspect_ratio=LiveInput(values=("1:0", "0:1", "auto"), required=True)), "field aspect_ratio"),
    ],
)
def test_what_no_row_can_be_made_of(model: LiveModel, why: str) -> None:
    """It is not listed, and asked for by name the reason is told."""
    with pytest.raises(Misfit, match=why):
        drafted(model, "wavespeed", LIVE)
    assert others(load(), "wavespeed", {model.endpoint: model}) == []


@pytest.mark.parametrize("word", ['a"b', "a\nb", "a]b", "\x00", "x" * 31, "é\u202e"])
def test_a_hostile_schema_can_not_write_the_file(word: str) -> None:
    """What is no plain word is left out."""
    row = made(changed(quality=LiveInput(values=("low", word)), resolution=LiveInput(values=(word,))))
    assert row.choices[QUALITY].values == ("low",)
    assert set(row.choices) == {QUALITY}


def test_only_what_has_no_row_is_listed() -> None:
    """By endpoint, whoever's row it is named in."""
    catalogue: Catalogue = load()
    assert others(catalogue, "wavespeed", {**LIVE, PLAIN.endpoint: PLAIN}) == [PLAIN]
    assert others(load(drafted(PLAIN, "wavespeed", LIVE)), "wavespeed", {PLAIN.endpoint: PLAIN}) == []
