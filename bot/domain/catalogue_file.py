"""Reads the catalogue: ``catalogue.toml``, and the rows that operators add to it."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from bot.domain.catalogue import Catalogue, Choice, MaskField, Model, Price, Tokens
from bot.domain.pictures import WireMask

_LONGEST = 86_400.0  # seconds
_ASPECT = re.compile(r"[1-9]\d*:[1-9]\d*")


def _model(name: str, row: Mapping[str, Any]) -> Model:
    mask = row.get("mask")
    model = Model(
        name=name,
        title=row["title"],
        provider=row["provider"],
        endpoint=row["endpoint"],
        pictures_field=row["pictures"]["field"],
        most_pictures=row["pictures"]["most"],
        prompt_limit=row["prompt"],
        seconds=float(row["seconds"]),
        prices=_prices(row["prices"]),
        choices={key: _choice(choice) for key, choice in row.get("choices", {}).items()},
        mask=MaskField(mask["field"], WireMask(mask["form"]), mask.get("required", False)) if mask else None,
        markup_field=row.get("markup"),
        successor=row.get("successor"),
        tokens=_tokens(row["tokens"]) if "tokens" in row else None,
    )
    sibling = row.get("create")
    return dataclasses.replace(model, create=_creating(model, sibling)) if sibling else model


def _tokens(row: Mapping[str, Any]) -> Tokens:
    return Tokens(*(row[entry.name] for entry in dataclasses.fields(Tokens)))


def _creating(model: Model, row: Mapping[str, Any]) -> Model:
    """A model's sibling for words alone: the same but for its endpoint, its pictures and its prices."""
    return dataclasses.replace(
        model,
        endpoint=row["endpoint"],
        pictures_field="",
        most_pictures=0,
        prices=_prices(row.get("prices", [])),
        mask=None,
        markup_field=None,
        successor=None,
    )


def _prices(rows: Sequence[Mapping[str, Any]]) -> tuple[Price, ...]:
    return tuple(
        Price(row["micros"], {key: value for key, value in row.items() if key != "micros"}) for row in rows
    )


def _choice(row: Mapping[str, Any]) -> Choice:
    values, wire = row["values"], row.get("wire", {})
    if not isinstance(values, list) or not values:
        raise TypeError(f"{values!r} is no list of values")
    if not isinstance(wire, dict):
        raise TypeError(f"{wire!r} is no table of words")
    return Choice(tuple(values), row.get("default"), row.get("field"), wire)


def parse(text: str, own: str = "") -> Catalogue:
    """Read a catalogue from TOML.

    Args:
        text: all tables.
        own: more of them: one of a name that there is replaces it, a ``preference`` the other one. A model
            that no preference names comes after those that one does.

    Raises:
        ValueError: it is no TOML, or a row lacks something, contradicts itself or names what is not there.
    """
    document, added = tomllib.loads(text), tomllib.loads(own)
    if unknown := set(added) - {"models", "preference"}:
        raise ValueError(f"catalogue: unknown entry {min(unknown)}")
    own_rows, preference = added.get("models", {}), added.get("preference", document["preference"])
    if not isinstance(own_rows, dict) or not isinstance(preference, list):
        raise ValueError("catalogue: models are tables, and preference is a list of their names")
    models = {name: _read(name, row) for name, row in {**document["models"], **own_rows}.items()}
    for model in models.values():
        _validate(model)
        if model.create is not None:
            _validate(model.create)
    for name in (*preference, *(model.successor for model in models.values() if model.successor)):
        if not isinstance(name, str) or name not in models:
            raise ValueError(f"catalogue: {name} is named but has no table")
    return Catalogue(models, tuple(preference))


def _read(name: str, row: Mapping[str, Any]) -> Model:
    """A row as it is written. Raises ValueError."""
    try:
        return _model(name, row)
    except KeyError as error:
        raise ValueError(f"catalogue: {name} has no {error.args[0]}") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"catalogue: {name} can't be read: {error}") from error


def _validate(model: Model) -> None:
    _validate_kinds(model)
    _validate_choices(model)
    _validate_prices(model)
    if model.tokens is not None:
        _validate_tokens(model, model.tokens)


def _validate_kinds(model: Model) -> None:
    for entry in _texts(model):
        if not isinstance(entry, str):
            raise ValueError(f"catalogue: {model.name}: {entry!r} is no text")
    for number in (model.most_pictures, model.prompt_limit):
        if type(number) is not int or number < 0:
            raise ValueError(f"catalogue: {model.name}: {number!r} is no whole number")
    if not 0 < model.seconds < _LONGEST:
        raise ValueError(f"catalogue: {model.name}: {model.seconds} seconds is no time")


def _texts(model: Model) -> Iterator[object]:
    """All entries that have to be text."""
    yield from (model.title, model.provider, model.endpoint, model.pictures_field)
    yield from [model.mask.field] if model.mask else []
    yield from [model.markup_field] if model.markup_field is not None else []
    for choice in model.choices.values():
        yield from (*choice.values, *choice.wire.values())
        yield from [choice.field] if choice.field is not None else []


def _validate_choices(model: Model) -> None:
    for name, choice in model.choices.items():
        if choice.default is not None and choice.default not in choice.values:
            raise ValueError(f"catalogue: {model.name}: the default {name} {choice.default} is not offered")
        if choice.field is None and choice.wire:
            raise ValueError(f"catalogue: {model.name}: {name} has wire words, but no field")
    for field, names in model.fields.items():
        _validate_words(model, field, names)
    for aspect in model.aspects:
        if not _ASPECT.fullmatch(aspect):
            raise ValueError(f"catalogue: {model.name}: the aspect {aspect} is not of the form W:H")


def _validate_prices(model: Model) -> None:
    for price in model.prices:
        if type(price.micros) is not int or price.micros < 0:
            raise ValueError(f"catalogue: {model.name}: a price of {price.micros} is no whole micro-dollars")
        for name, value in price.when.items():
            if name not in model.choices or value not in model.choices[name].values:
                raise ValueError(f"catalogue: {model.name}: a price for {name}={value}, which is not offered")


def _validate_words(model: Model, field: str, names: Sequence[str]) -> None:
    """Whether the words of a field are for values that there are; of several choices, for all of them."""
    first, *others = (model.choices[name] for name in names)
    values = {" ".join(each) for each in product(*(model.choices[name].values for name in names))}
    if set(first.wire) - values or any(other.wire for other in others):
        raise ValueError(f"catalogue: {model.name}: {field} has a wire word for a value it lacks")
    if others and values - set(first.wire):
        raise ValueError(
            f"catalogue: {model.name}: {field} has no wire word for {min(values - set(first.wire))}"
        )


def _validate_tokens(model: Model, tokens: Tokens) -> None:
    if any(type(value) is not int or value < 0 for value in dataclasses.astuple(tokens)):
        raise ValueError(f"catalogue: {model.name}: a token's price is no whole micro-dollars")
    if model.quoted:
        raise ValueError(f"catalogue: {model.name}: it is billed by tokens, but has no price to hold")


@cache
def shipped() -> str:
    """The text of the catalogue that ships with the program."""
    return resources.files("bot.domain").joinpath("catalogue.toml").read_text("utf-8")


@cache
def load(own: str = "") -> Catalogue:
    """The catalogue that ships with the program, with an operator's own tables. Raises ValueError."""
    return parse(shipped(), own)
