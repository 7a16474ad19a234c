"""Which rows fit what a provider has: each way in which one can stop fitting, and what is tolerated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION, Catalogue, Choice, Model
from bot.domain.catalogue_file import load
from bot.domain.live import LiveInput, LiveModel, LiveModels, Misfit, checked, fitted
from bot.domain.preferences import Preferences, resolve

TWO, FLARE, FILL = (load().models[name] for name in ("gpt-image-2", "gpt-image-2.6-flare", "flux-fill-dev"))


def schema(row: Model) -> dict[str, LiveInput]:
    """Exactly what a row needs."""
    kind = "string" if row.most_pictures == 1 else "array"
    most = None if row.most_pictures == 1 else row.most_pictures
    fields = {
        field: LiveInput("string", tuple(map(choice.on_the_wire, choice.values)))
        for field, names in row.fields.items()
        for choice in [row.choices[names[0]]]
    }
    inputs = {"prompt": LiveInput("string", required=True), **fields}
    if row.most_pictures:
        inputs[row.pictures_field] = LiveInput(kind, required=True, most=most)
    if row.mask is not None:
        inputs[row.mask.field] = LiveInput("string", required=row.mask.required)
    if row.markup_field is not None:
        inputs[row.markup_field] = LiveInput("string")
    return inputs


def live(row: Model, **changed: LiveInput | None) -> LiveModel:
    """A model that fits a row, but for some inputs; None: it has no such input."""
    inputs = {name: found for name, found in {**schema(row), **changed}.items() if found is not None}
    return LiveModel(row.endpoint, inputs=inputs)


@pytest.mark.parametrize("row", [TWO, FLARE, FILL])
def test_what_fits_is_left_as_it_is(row: Model) -> None:
    """Also with further inputs that nobody has to send."""
    extra = LiveInput("integer", required=True, default="-1")
    assert fitted(row, live(row, seed=extra, loras=LiveInput("array"))) == (row, "")


@pytest.mark.parametrize(
    ("row", "changed", "why"),
    [
        (TWO, {"prompt": None}, "field prompt: we send it, but the model no longer has it"),
        (TWO, {"images": None}, "field images: we send it"),
        (TWO, {"quality": None}, "field quality: we send it"),
        (FLARE, {"mask_image": None}, "field mask_image: we send it"),
        (TWO, {"style": LiveInput(required=True)}, "field style: the model requires it, but we don't send"),
        (FLARE, {"mask_image": LiveInput(required=True)}, "field mask_image: the model requires it, but not"),
        (TWO, {"images": LiveInput("string")}, "field images: we send type array, but the model takes"),
        (FILL, {"image": LiveInput("array")}, "field image: we send type string, but the model takes"),
        (TWO, {"images": LiveInput("array", most=1)}, "field images: we send a list of pictures, but the"),
        (TWO, {"images": LiveInput("array", least=2)}, "field images: we may send one picture, but"),
        (TWO, {"quality": LiveInput(values=("good", "best"))}, "field quality: the model takes none of our"),
    ],
)
def test_what_no_longer_fits(row: Model, changed: dict[str, LiveInput | None], why: str) -> None:
    """The reason names the field."""
    with pytest.raises(Misfit) as misfit:
        fitted(row, live(row, **changed))
    assert str(misfit.value).startswith(why)


def test_a_value_that_is_gone_is_taken_out() -> None:
    """The model stays, and what a person had chosen becomes the nearest, as on any other model."""
    fewer = {"quality": LiveInput(values=("low", "high")), "aspect_ratio": LiveInput(values=("1:1", "x"))}
    row, lost = fitted(TWO, live(TWO, **fewer))
    assert lost == (
        "field quality: the model no longer takes medium; field aspect_ratio: the model no longer takes "
        "3:2, 2:3, 3:4, 4:3, 4:5, 5:4, 9:16, 16:9, 21:9"
    )
    assert (row.choices[QUALITY].values, row.choices[QUALITY].default) == (("low", "high"), "low")
    assert row.aspects == ("1:1",)
    resolved = resolve(Preferences(quality="medium"), row, None)
    assert resolved.choices == {QUALITY: "low", RESOLUTION: "1k"}
    assert resolved.nearest == {QUALITY: ("medium", "low")}


def test_fewer_pictures_than_a_row_has() -> None:
    """The model stays, with so many: it may be everybody's."""
    row, lost = fitted(TWO, live(TWO, images=LiveInput("array", most=10)))
    assert row == replace(TWO, most_pictures=10)
    assert lost == "field images: the model takes 10 pictures, no longer 16"


def test_a_field_for_notes_that_is_gone() -> None:
    """No edit needs it; what is gone besides is said too."""
    row, lost = fitted(FLARE, live(FLARE, markup_image=None, quality=LiveInput(values=("medium",))))
    assert row.markup_field is None
    assert row.choices[QUALITY].values == ("medium",)
    assert lost.startswith("field markup_image: the model no longer has it; field quality: the model no")


def test_a_word_of_two_choices_that_is_gone() -> None:
    """Neither choice says what it means without it: the row is withdrawn."""
    row = load().models["seedream-4.5"]
    words = set(row.choices[ASPECT].wire.values())
    assert fitted(row, live(row, size=LiveInput(values=tuple(words)))) == (row, "")
    with pytest.raises(Misfit, match=r"field size: .* 2048\*2048"):
        fitted(row, live(row, size=LiveInput(values=tuple(words - {"2048*2048"}))))


def test_a_model_without_a_readable_schema_is_kept() -> None:
    """Nothing speaks against it."""
    unread = LiveModel(TWO.endpoint)
    assert fitted(TWO, unread) == (TWO, "")
    found = checked(load(), {"wavespeed": {TWO.endpoint: unread, FILL.endpoint: live(FILL)}})
    assert found.withdrawn.keys().isdisjoint({"gpt-image-2", "flux-fill-dev"})
    assert found.unread == {"gpt-image-2"}
    # A provider that publishes none at all is no surprise.
    assert not checked(load(), {"wavespeed": {TWO.endpoint: unread}}).unread


def whole(catalogue: Catalogue) -> LiveModels:
    rows = [row for row in catalogue.models.values() if row.provider == "wavespeed"]
    return {row.endpoint: LiveModel(row.endpoint) for row in rows}


def test_rows_are_matched_with_their_own_providers() -> None:
    """A list of one says nothing of another's models."""
    found = checked(load(), {"wavespeed": whole(load()), "openai": {"gpt-image-2": LiveModel("gpt-image-2")}})
    assert set(found.withdrawn) == {
        "gpt-image-1-openai",
        "gpt-image-2.6-flare-openai",
        "gpt-image-2.6-sunburst-openai",
    }
    without = checked(load(), {"wavespeed": whole(load())})
    assert without.withdrawn["gpt-image-2-openai"] == "its provider (openai) is not set up"
    assert "gpt-image-2-openai" not in checked(load(), {"wavespeed": {}, "openai": None}).withdrawn


def test_a_sibling_that_no_longer_fits_takes_only_itself_away() -> None:
    """Pictures are still edited."""
    sibling = TWO.create
    assert sibling is not None
    fits = {TWO.endpoint: live(TWO), sibling.endpoint: live(sibling)}
    assert checked(load(), {"wavespeed": fits}).catalogue.creator(TWO) == sibling
    broken = {**fits, sibling.endpoint: live(sibling, style=LiveInput(required=True))}
    found = checked(load(), {"wavespeed": broken}).catalogue
    assert found.is_live("gpt-image-2")
    assert found.creator(TWO) is None


def test_the_default_of_a_choice_without_one_stays_none() -> None:
    """Nothing is sent for it, as before."""
    row = replace(TWO, choices={"complexity": Choice(("low", "high"), field="complexity")})
    narrow = LiveModel("x", inputs={**schema(row), "complexity": LiveInput(values=("high",))})
    assert fitted(row, narrow)[0].choices["complexity"].default is None
