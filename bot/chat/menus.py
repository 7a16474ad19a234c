"""The settings as menus: a text and buttons that show what is chosen, what is offered, what it costs.

Pure: settings in, words and values out. `bot.chat.setting_menus` shows them and takes the presses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from bot.chat.asker import Asker, offers, price, with_choice
from bot.domain.catalogue import ASPECT, AUTOMATIC, COMPLEXITY, QUALITY, RESOLUTION
from bot.domain.money import dollars
from bot.domain.preferences import DELIVERIES, RESULTS, Preferences, parse_quality

CONFIRM_ABOVE = (None, 50_000, 100_000, 250_000, 500_000)  # micro-dollars
OPEN, SETTINGS = "open", "settings"
_ROOM = {4: 6, 3: 10, 2: 16}  # so long may labels be, for so many in a row on a phone
_MARK = 2  # every label has room for the mark, so that no row changes its shape with the choice


@dataclass(frozen=True, slots=True)
class Item:
    """A button: its name, what a press means (as ``<choice>:<value>``), and whether it is what is chosen."""

    name: str
    value: str
    current: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """A message with buttons."""

    text: str
    rows: tuple[tuple[Item, ...], ...] = ()


def model(asker: Asker) -> Menu:
    """Which model edits."""
    items = []
    for offered in asker.catalogue.offered:
        price = asker.price_with(replace(asker.preferences, model=offered.name))
        label = asker.say("label-priced", name=offered.title, price=price)
        items.append(Item(label, f"model:{offered.name}", offered == asker.model))
    text = asker.say("model-current", title=asker.model.title, price=asker.price, example=_other_model(asker))
    return Menu("\n".join([text, *asker.model_limits]), _rows(items))


def quality(asker: Asker) -> Menu:
    """How fine."""
    if not offers(asker.model, QUALITY):
        return Menu(asker.say("quality-none", title=asker.model.title))
    values, used = asker.model.choices[QUALITY].values, asker.resolved.choices.get(QUALITY, "")
    text = asker.say(
        "quality-current",
        value=_quality(asker, used),
        price=asker.price,
        title=asker.model.title,
        example=next((value for value in values if value != used), used),
    )
    items = _priced(asker, QUALITY, values, used, lambda value: _quality(asker, value), True)
    return Menu(text, _rows(items))


def size(asker: Asker) -> Menu:
    """The shape, and the resolution where there are some."""
    shapes, finer = offers(asker.model, ASPECT), offers(asker.model, RESOLUTION)
    if not shapes and not finer:
        return Menu(asker.say("size-fixed", title=asker.model.title))
    used = asker.resolved.choices
    wished = asker.preferences.aspect
    aspect = wished if wished in AUTOMATIC else used.get(ASPECT, wished)
    rows: tuple[tuple[Item, ...], ...] = ()
    if shapes:
        values = (*AUTOMATIC, *asker.model.aspects)
        costs = {asker.price_with(with_choice(asker.preferences, ASPECT, value)) for value in values}
        items = _priced(asker, ASPECT, values, aspect, lambda value: _shape(asker, value), len(costs) > 1)
        rows += (*_rows(items[:2]), *_rows(items[2:]))
    if finer:
        values = asker.model.choices[RESOLUTION].values
        rows += _rows(_priced(asker, RESOLUTION, values, used.get(RESOLUTION), str.upper, True))
    text = asker.say("size-current", value=_size(asker), price=asker.price, title=asker.model.title)
    return Menu("\n".join([text, *asker.not_kept]), rows)


def complexity(asker: Asker) -> Menu:
    """How much of the layout is planned ahead."""
    if not offers(asker.model, COMPLEXITY):
        return Menu(asker.say("complexity-none", title=asker.model.title))
    used = _planned(asker)
    items = [
        Item(asker.say("complexity-name", value=value), f"{COMPLEXITY}:{value}", value == used)
        for value in (_UNSAID, *asker.model.choices[COMPLEXITY].values)
    ]
    text = asker.say("complexity-current", value=asker.say("complexity-name", value=used))
    return Menu(text, _rows(items))


def delivery(asker: Asker) -> Menu:
    """As what results come."""
    chosen = asker.preferences.delivery
    items = [
        Item(asker.say("delivery-name", value=value), f"delivery:{value}", value == chosen)
        for value in DELIVERIES
    ]
    return Menu(asker.say("delivery-current", value=chosen), _rows(items))


def results(asker: Asker) -> Menu:
    """How many pictures each request makes."""
    chosen = asker.preferences.results
    items = []
    for count in RESULTS:
        total = price(asker.preferences, asker.model, count)
        label = asker.say("label-priced", name=str(count), price=total)
        items.append(Item(label, f"results:{count}", count == chosen))
    return Menu(asker.say("results-current", count=chosen, price=asker.together), _rows(items))


def confirm(asker: Asker) -> Menu:
    """From which price on the bot asks first."""
    chosen = asker.preferences.confirm_above
    items = [
        Item(_amount(asker, value), f"confirm:{value or 'never'}", value == chosen) for value in CONFIRM_ABOVE
    ]
    return Menu(asker.say("confirm-current", value=_above(asker)), _rows(items))


def finishing(asker: Asker) -> Menu:
    """Whether the picture outside a mask is kept."""
    chosen = _switch(asker.preferences.finishing)
    items = [
        Item(asker.say("switch-name", value=value), f"finishing:{value}", value == chosen)
        for value in ("on", "off")
    ]
    return Menu(asker.say("finishing-current", value=chosen), _rows(items))


def settings(asker: Asker) -> Menu:
    """All of them, each with a menu of its own."""
    quality_used = asker.resolved.choices.get(QUALITY)
    values = {
        "model": asker.model.title,
        "quality": _quality(asker, quality_used) if quality_used else "–",
        "size": _size(asker),
        **_complexity(asker),
        "delivery": asker.say("delivery-name", value=asker.preferences.delivery),
        "results": _results(asker),
        "confirm": _above(asker),
        "finishing": asker.say("switch-name", value=_switch(asker.preferences.finishing)),
    }
    lines = [
        asker.say("settings-line", name=_name(asker, name), value=value) for name, value in values.items()
    ]
    text = "\n".join([asker.say("settings-current", price=asker.price), *lines])
    return Menu(text, _rows([Item(_name(asker, name), f"{OPEN}:{name}") for name in values]))


MENUS: Mapping[str, Callable[[Asker], Menu]] = {
    "model": model,
    "quality": quality,
    "size": size,
    COMPLEXITY: complexity,
    "delivery": delivery,
    "results": results,
    "confirm": confirm,
    "finishing": finishing,
    SETTINGS: settings,
}
_MENU_OF = {ASPECT: "size", RESOLUTION: "size", OPEN: SETTINGS}
_UNSAID = "model"  # nothing is said about it, so the model decides


def menu_of(value: str) -> str:
    """The name of the menu to show after a press."""
    choice, _, wanted = value.partition(":")
    if choice == OPEN:
        return wanted if wanted in MENUS else SETTINGS
    return _MENU_OF.get(choice, choice)


def chosen(asker: Asker, value: str) -> Preferences:
    """The settings after a press.

    Raises:
        Refused: it is no longer offered. KeyError, ValueError: it is none of our values.
    """
    choice, _, wanted = value.partition(":")
    if choice == "model":
        return replace(asker.preferences, model=asker.catalogue.find(wanted).name)
    if choice == QUALITY:
        return replace(asker.preferences, quality=parse_quality(wanted, asker.model))
    if choice in (ASPECT, RESOLUTION):
        return with_choice(asker.preferences, choice, wanted)
    return replace(asker.preferences, **_CHANGES[choice](wanted))


_CHANGES: Mapping[str, Callable[[str], dict[str, Any]]] = {
    OPEN: lambda _: {},
    "delivery": lambda wanted: {"delivery": wanted},
    "results": lambda wanted: {"results": int(wanted) if int(wanted) in RESULTS else 1},
    "confirm": lambda wanted: {"confirm_above": None if wanted == "never" else int(wanted)},
    "finishing": lambda wanted: {"finishing": wanted == "on"},
    COMPLEXITY: lambda wanted: {COMPLEXITY: None if wanted == _UNSAID else wanted},
}


def nested(menu: Menu, asker: Asker) -> Menu:
    """The same menu with a way back to all settings."""
    return replace(menu, rows=(*menu.rows, (Item(asker.say("label-back"), f"{OPEN}:{SETTINGS}"),)))


def _priced(
    asker: Asker,
    choice: str,
    values: Iterable[str],
    used: str | None,
    name: Callable[[str], str],
    costs_differ: bool,
) -> list[Item]:
    items = []
    for value in values:
        label = name(value)
        if costs_differ:
            price = asker.price_with(with_choice(asker.preferences, choice, value))
            label = asker.say("label-priced", name=label, price=price)
        items.append(Item(label, f"{choice}:{value}", value == used))
    return items


def _rows(items: Sequence[Item]) -> tuple[tuple[Item, ...], ...]:
    """As many in a row as their labels leave room for, evenly."""
    longest = max((len(item.name) for item in items), default=0) + _MARK
    columns = next((columns for columns, room in _ROOM.items() if longest <= room), 1)
    lines = ceil(len(items) / columns)
    columns = ceil(len(items) / lines) if lines else columns
    return tuple(tuple(items[start : start + columns]) for start in range(0, len(items), columns))


def _quality(asker: Asker, value: str) -> str:
    return asker.say("quality-name", value=value)


def _shape(asker: Asker, value: str) -> str:
    return asker.say("aspect-name", value=value)


def _size(asker: Asker) -> str:
    resolution = asker.resolved.choices.get(RESOLUTION)
    return ", ".join([_shape(asker, asker.preferences.aspect), *([resolution.upper()] if resolution else [])])


def _planned(asker: Asker) -> str:
    return asker.resolved.choices.get(COMPLEXITY, _UNSAID)


def _complexity(asker: Asker) -> dict[str, str]:
    """Its line among all settings, where the model has it."""
    if not offers(asker.model, COMPLEXITY):
        return {}
    return {COMPLEXITY: asker.say("complexity-name", value=_planned(asker))}


def _results(asker: Asker) -> str:
    return "1" if asker.preferences.results == 1 else asker.together


def _amount(asker: Asker, micros: int | None) -> str:
    return asker.say("confirm-never") if micros is None else dollars(micros)


def _above(asker: Asker) -> str:
    micros = asker.preferences.confirm_above
    return asker.say("confirm-never") if micros is None else asker.say("confirm-above", price=dollars(micros))


def _name(asker: Asker, name: str) -> str:
    return asker.say("setting-name", value=name)


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _other_model(asker: Asker) -> str:
    return next((m.name for m in asker.catalogue.offered if m != asker.model), asker.model.name)
