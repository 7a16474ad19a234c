"""The settings' menus as values: for every model, nothing is offered that is not there."""

from __future__ import annotations

import pytest
from telegram import User

from bot.chat.asker import Asker
from bot.chat.menus import CONFIRM_ABOVE, MENUS, Menu, chosen, menu_of, nested
from bot.domain import catalogue_file
from bot.domain.money import dollars
from bot.domain.preferences import DELIVERIES, RESULTS, Preferences
from bot.errors import ModelUnknown, QualityUnknown

ADA = User(1001, "Ada", is_bot=False, language_code="en")
MODELS = [model.name for model in catalogue_file.load().offered]


def asker(**settings: object) -> Asker:
    return Asker.of(ADA, "", Preferences(**settings), catalogue_file.load())  # type: ignore[arg-type] # any setting


def items(menu: Menu) -> dict[str, str]:
    """Values with their labels."""
    return {item.value: item.name for row in menu.rows for item in row}


def marked(menu: Menu) -> list[str]:
    return [item.value for row in menu.rows for item in row if item.current]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", sorted(MENUS))
def test_every_button_of_every_menu_does_something(model: str, name: str) -> None:
    """It can be pressed, leads to a menu, and shows what was chosen."""
    menu = MENUS[name](asker(model=model))
    for value in items(menu):
        after = asker(model=model).choosing(chosen(asker(model=model), value))
        shown = MENUS[menu_of(value)](after)
        assert shown.text
        if not value.startswith("open:"):
            assert value in marked(shown)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", sorted(MENUS))
def test_menus_fit_a_phone(model: str, name: str) -> None:
    """Labels are short where there are several in a row, and no row has more than four."""
    for row in MENUS[name](asker(model=model, quality="high", resolution="4k")).rows:
        longest = max(len(item.name) for item in row) + len("✓ ")
        assert len(row) <= 4
        assert longest <= {1: 40, 2: 16, 3: 10, 4: 6}[len(row)]
        assert all(len(item.value.encode()) <= 64 for item in row)


@pytest.mark.parametrize("model", MODELS)
def test_what_is_offered_is_what_the_model_has(model: str) -> None:
    """Each quality, shape, resolution and complexity once, with one mark in each group."""
    row = catalogue_file.load().models[model]
    groups = (("quality", ["quality"]), ("size", ["aspect", "resolution"]), ("complexity", ["complexity"]))
    for name, choices in groups:
        menu = MENUS[name](asker(model=model))
        for choice in choices:
            offered = row.choices.get(choice)
            values = list(offered.values) if offered and offered.field else []
            shown = [v.partition(":")[2] for v in items(menu) if v.startswith(f"{choice}:")]
            assert [value for value in shown if value not in ("auto", "model")] == values
            assert len([value for value in marked(menu) if value.startswith(choice)]) == bool(values)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_that_needs_a_mask_says_so_when_it_is_chosen(model: str) -> None:
    """Before a picture is sent to it in vain; no other model says it."""
    says_so = "only edits a part that you mark" in MENUS["model"](asker(model=model)).text
    assert says_so == (model in ("flux-fill-dev", "z-image-turbo-inpaint"))


def test_shapes_that_cost_differently_say_so() -> None:
    """Where all cost the same, the price stands in the text only."""
    assert items(MENUS["size"](asker(model="gpt-image-1")))["aspect:1:1"] == "1:1 · $0.042"
    assert items(MENUS["size"](asker(model="gpt-image-1")))["aspect:2:3"] == "2:3 · $0.063"
    assert items(MENUS["size"](asker(model="gpt-image-2")))["aspect:1:1"] == "1:1"


def test_a_shape_the_model_lacks_marks_the_nearest() -> None:
    """And says so."""
    menu = MENUS["size"](asker(model="gpt-image-1", aspect="16:9"))
    assert marked(menu) == ["aspect:3:2"]
    assert "GPT Image 1 has no 16:9, so I use the nearest, 3:2." in menu.text


@pytest.mark.parametrize("model", MODELS)
def test_complexity_is_a_setting_where_the_model_has_it(model: str) -> None:
    """Elsewhere there is nothing to choose, and an old menu says so."""
    has_it = "complexity" in catalogue_file.load().models[model].choices
    settings = MENUS["settings"](asker(model=model))
    assert ("open:complexity" in items(settings)) == has_it
    assert ("Complexity: Model decides" in settings.text) == has_it
    assert bool(items(MENUS["complexity"](asker(model=model)))) == has_it


def test_complexity_is_chosen_and_left_to_the_model_again() -> None:
    """As the menu says, it costs nothing; another model keeps the wish."""
    asking = asker(model="gpt-image-2.6-flare")
    high = asking.choosing(chosen(asking, "complexity:high"))
    assert high.preferences.complexity == "high"
    assert marked(MENUS["complexity"](high)) == ["complexity:high"]
    assert chosen(high, "complexity:model").complexity is None
    other = high.choosing(chosen(high, "model:gpt-image-2"))
    assert "“high” stays for other models" in MENUS["model"](other).text


@pytest.mark.parametrize("delivery", DELIVERIES)
def test_delivery(delivery: str) -> None:
    """The chosen one is marked."""
    assert marked(MENUS["delivery"](asker(delivery=delivery))) == [f"delivery:{delivery}"]


@pytest.mark.parametrize("amount", CONFIRM_ABOVE)
def test_confirm_above(amount: int | None) -> None:
    """Never, or one of four amounts."""
    menu = MENUS["confirm"](asker(confirm_above=amount))
    assert list(items(menu).values()) == ["Never", "$0.05", "$0.10", "$0.25", "$0.50"]
    assert marked(menu) == [f"confirm:{amount or 'never'}"]


def test_a_nested_menu_leads_back() -> None:
    """In a row of its own, at the end."""
    asking = asker()
    [back] = nested(MENUS["quality"](asking), asking).rows[-1]
    assert menu_of(back.value) == "settings"
    assert chosen(asking, back.value) == asking.preferences


def test_what_is_no_longer_offered_is_refused() -> None:
    """A button outlives the model it was made for."""
    with pytest.raises(QualityUnknown):
        chosen(asker(model="gpt-image-1-mini"), "quality:high")
    with pytest.raises(ModelUnknown):
        chosen(asker(), "model:gone")


@pytest.mark.parametrize("count", RESULTS)
def test_how_many_results_a_request_makes(count: int) -> None:
    """Each number with what all of them cost, and the chosen one marked."""
    asking = asker(model="gpt-image-2")
    asking = asking.choosing(chosen(asking, f"results:{count}"))
    assert asking.preferences.results == count
    menu = MENUS["results"](asking)
    assert list(items(menu).values()) == ["1 · $0.06", "2 · $0.12", "3 · $0.18", "4 · $0.24"]
    assert marked(menu) == [f"results:{count}"]
    sum_ = "" if count == 1 else f" × $0.06 = {dollars(count * 60_000)}"
    assert f"Results: {count}{sum_}\n" in MENUS["settings"](asking).text
