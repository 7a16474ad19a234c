"""The models as values, read from ``catalogue.toml``: what each takes, offers and costs.

Nothing here or elsewhere names a model; a new one is a new table in the file.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from bot.domain.pictures import Size, WireMask
from bot.errors import ModelUnknown, ModelWithdrawn, PriceUnknown

QUALITY, ASPECT, RESOLUTION = "quality", "aspect", "resolution"
_ASPECT = re.compile(r"[1-9]\d*:[1-9]\d*")
AUTOMATIC = frozenset({"auto", "model"})  # aspects that a person can choose on every model


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person can choose. ``field`` is None where nothing of it is sent."""

    values: tuple[str, ...]
    default: str | None = None
    field: str | None = None
    wire: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def on_the_wire(self, value: str) -> str:
        """The provider's word for one of ``values``."""
        return self.wire.get(value, value)


@dataclass(frozen=True, slots=True)
class MaskField:
    """Where the provider takes a mask, and in which form."""

    field: str
    form: WireMask


@dataclass(frozen=True, slots=True)
class Price:
    """One row of a price table: it applies when every choice in ``when`` agrees."""

    micros: int
    when: Mapping[str, str]

    def could_apply(self, choices: Mapping[str, str]) -> bool:
        """Whether no known choice speaks against this row."""
        return all(choices.get(name, value) == value for name, value in self.when.items())

    def applies(self, choices: Mapping[str, str]) -> bool:
        """Whether every choice of this row is known and agrees."""
        return all(choices.get(name) == value for name, value in self.when.items())


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the catalogue. Money is micro-US-dollars."""

    name: str
    title: str
    provider: str
    endpoint: str
    pictures_field: str
    most_pictures: int
    prompt_limit: int
    seconds: float
    prices: tuple[Price, ...]
    choices: Mapping[str, Choice]
    mask: MaskField | None = None
    successor: str | None = None

    @property
    def aspects(self) -> tuple[str, ...]:
        """The shapes that can come back, as ``W:H``; empty if nothing is known."""
        return self.choices[ASPECT].values if ASPECT in self.choices else ()

    def price(self, choices: Mapping[str, str]) -> int:
        """The price in micro-dollars; of what is left to the model, the dearest that could apply.

        Raises:
            PriceUnknown: no row of the table fits.
        """
        for row in self.prices:
            if row.applies(choices):
                return row.micros
            if row.could_apply(choices):
                return max(other.micros for other in self.prices if other.could_apply(choices))
        raise PriceUnknown(f"{self.name}: no price for {dict(choices)}", model=self.title)

    def price_of_result(self, choices: Mapping[str, str], result: Size) -> int:
        """The price once the picture is there: an aspect left to the model is read off the picture."""
        if ASPECT in choices or not self.aspects:
            return self.price(choices)
        return self.price({**choices, ASPECT: nearest_aspect(self.aspects, result)})


def aspect_ratio(aspect: str) -> float:
    """``"3:2"`` as 1.5."""
    width, _, height = aspect.partition(":")
    return int(width) / int(height)


def nearest_aspect(aspects: Collection[str], size: Size) -> str:
    """The aspect whose shape is nearest to ``size``, measured as the factor between the two."""

    def distance(aspect: str) -> float:
        factor = aspect_ratio(aspect) / size.ratio
        return max(factor, 1 / factor)

    return min(aspects, key=distance)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All models. ``live`` are the names that the provider offers now; None before anyone asked it."""

    models: Mapping[str, Model]
    preference: tuple[str, ...]
    live: frozenset[str] | None = None

    def with_live(self, endpoints: Collection[str]) -> Catalogue:
        """The same catalogue knowing which endpoints the provider has."""
        live = frozenset(name for name, model in self.models.items() if model.endpoint in endpoints)
        return Catalogue(self.models, self.preference, live)

    @property
    def offered(self) -> tuple[Model, ...]:
        """The models that can be used now, in order of preference."""
        names = [*self.preference, *(name for name in self.models if name not in self.preference)]
        return tuple(self.models[name] for name in names if self.is_live(name))

    def is_live(self, name: str) -> bool:
        """Whether the provider offers the model, as far as is known."""
        return self.live is None or name in self.live

    def find(self, name: str) -> Model:
        """The live model that a person means by ``name``: its name, title or endpoint in any spelling.

        Raises:
            ModelUnknown: there is none of that name.
            ModelWithdrawn: there is, but the provider no longer offers it.
        """
        wanted = _spelling(name)
        for model in self.models.values():
            if wanted in {_spelling(model.name), _spelling(model.title), _spelling(model.endpoint)}:
                if not self.is_live(model.name):
                    raise ModelWithdrawn(model.name, name=model.title, offered=self.offered_names)
                return model
        raise ModelUnknown(name, name=name[:60], offered=self.offered_names)

    @property
    def offered_names(self) -> str:
        """The names of the offered models, for a sentence."""
        return ", ".join(model.name for model in self.offered) or "—"

    def for_person(self, chosen: str | None) -> Model:
        """The model to use for a person who chose ``chosen`` (or nothing): it, its successor, or the default.

        Raises:
            ModelWithdrawn: nothing at all is live.
        """
        name = chosen if chosen in self.models else None
        seen: set[str] = set()
        while name is not None and name not in seen and not self.is_live(name):
            seen.add(name)
            name = self.models[name].successor
        if name is not None and self.is_live(name):
            return self.models[name]
        if not self.offered:
            raise ModelWithdrawn("no model is live", name="—", offered="—")
        return self.offered[0]


def _spelling(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _model(name: str, row: Mapping[str, Any]) -> Model:
    mask = row.get("mask")
    return Model(
        name=name,
        title=row["title"],
        provider=row["provider"],
        endpoint=row["endpoint"],
        pictures_field=row["pictures"]["field"],
        most_pictures=row["pictures"]["most"],
        prompt_limit=row["prompt"],
        seconds=float(row["seconds"]),
        prices=tuple(
            Price(price["micros"], {key: value for key, value in price.items() if key != "micros"})
            for price in row["prices"]
        ),
        choices={
            key: Choice(
                values=tuple(choice["values"]),
                default=choice.get("default"),
                field=choice.get("field"),
                wire=choice.get("wire", {}),
            )
            for key, choice in row.get("choices", {}).items()
        },
        mask=MaskField(mask["field"], WireMask(mask["form"])) if mask else None,
        successor=row.get("successor"),
    )


def parse(text: str) -> Catalogue:
    """Read a catalogue from TOML.

    Raises:
        ValueError: a row contradicts itself or names what is not there.
        KeyError: a row lacks a required entry.
    """
    document = tomllib.loads(text)
    models = {name: _model(name, row) for name, row in document["models"].items()}
    preference = tuple(document["preference"])
    for name in (*preference, *(model.successor for model in models.values() if model.successor)):
        if name not in models:
            raise ValueError(f"catalogue: {name} is named but has no table")
    for model in models.values():
        _validate(model)
    return Catalogue(models, preference)


def _validate(model: Model) -> None:
    for name, choice in model.choices.items():
        if choice.default is not None and choice.default not in choice.values:
            raise ValueError(f"catalogue: {model.name}: the default {name} {choice.default} is not offered")
        if set(choice.wire) - set(choice.values):
            raise ValueError(f"catalogue: {model.name}: {name} has a wire word for a value it lacks")
    for aspect in model.aspects:
        if not _ASPECT.fullmatch(aspect):
            raise ValueError(f"catalogue: {model.name}: the aspect {aspect} is not of the form W:H")
    for price in model.prices:
        if type(price.micros) is not int or price.micros < 0:
            raise ValueError(f"catalogue: {model.name}: a price of {price.micros} is no whole micro-dollars")
        for name, value in price.when.items():
            if name not in model.choices or value not in model.choices[name].values:
                raise ValueError(f"catalogue: {model.name}: a price for {name}={value}, which is not offered")


@cache
def load() -> Catalogue:
    """The catalogue that ships with the program."""
    return parse(resources.files("bot.domain").joinpath("catalogue.toml").read_text("utf-8"))
