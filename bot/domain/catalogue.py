"""The models as values: what each takes, offers and costs. `bot.domain.catalogue_file` reads them.

Nothing here or elsewhere names a model; a new one is a new table in the file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.pictures import Size, WireMask
from bot.errors import ModelUnclear, ModelUnknown, ModelWithdrawn, PriceUnknown

QUALITY, ASPECT, RESOLUTION, COMPLEXITY = "quality", "aspect", "resolution", "complexity"
_MILLION = 1_000_000  # tokens
MOST_MODELS = 5  # that are offered at once where the question is another one
AUTOMATIC = ("auto", "model")  # aspects that a person can choose on every model


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a person can choose. ``field`` is None where nothing of it is sent.

    Two choices of one field are sent as one word: the first choice's ``wire`` has it for both values,
    as ``"2:3 4k"``.
    """

    values: tuple[str, ...]
    default: str | None = None
    field: str | None = None
    wire: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def on_the_wire(self, value: str) -> str:
        """The provider's word for one of ``values``, or for the values of all choices of the field."""
        return self.wire.get(value, value)


@dataclass(frozen=True, slots=True)
class MaskField:
    """Where the provider takes a mask, in which form, and whether it needs one."""

    field: str
    form: WireMask
    required: bool = False


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
class Tokens:
    """What a model that is billed by tokens charges, in micro-dollars for a million of them.

    ``picture`` is the most image tokens that one picture which is sent can count as.
    """

    text: int
    image: int
    output: int
    picture: int

    def cost(self, text: int, image: int, output: int) -> int:
        """What so many tokens cost in micro-dollars, rounded up."""
        return -(-(text * self.text + image * self.image + output * self.output) // _MILLION)

    def unused(self, pictures: int) -> int:
        """What that many pictures would at most have cost in micro-dollars, rounded down."""
        return pictures * self.picture * self.image // _MILLION


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the catalogue. Money is micro-US-dollars.

    Without ``prices`` only the provider can tell what it costs. With ``tokens`` they are the most that
    it can cost, and what it did cost is known with its result. ``create`` is the row's sibling that
    makes a picture from words alone; it has the same name, and takes no pictures.
    """

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
    markup_field: str | None = None
    successor: str | None = None
    create: Model | None = None
    tokens: Tokens | None = None

    @property
    def quoted(self) -> bool:
        """Whether only the provider knows the price."""
        return not self.prices

    @property
    def needs_mask(self) -> bool:
        """Whether it only edits what a mask marks."""
        return self.mask is not None and self.mask.required

    @property
    def fields(self) -> Mapping[str, tuple[str, ...]]:
        """The provider's fields for choices, each with the choices that its word is made of."""
        found: dict[str, tuple[str, ...]] = {}
        for name, choice in self.choices.items():
            if choice.field is not None:
                found[choice.field] = (*found.get(choice.field, ()), name)
        return found

    def parameters(self, choices: Mapping[str, str]) -> dict[str, str]:
        """What is sent for what was chosen; a field is left to the model while a choice of it is."""
        return {
            field: self.choices[names[0]].on_the_wire(" ".join(choices[name] for name in names))
            for field, names in self.fields.items()
            if all(name in choices for name in names)
        }

    @property
    def aspects(self) -> tuple[str, ...]:
        """The shapes that can come back, as ``W:H``; empty if nothing is known."""
        return self.choices[ASPECT].values if ASPECT in self.choices else ()

    def price(self, choices: Mapping[str, str]) -> int:
        """The price in micro-dollars; of what is left to the model, the dearest that could apply.

        Raises:
            PriceUnknown: no row of the table fits, or there is none.
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
    """All models. ``live`` are the names that their providers have now; None before anyone asked.

    ``creating`` are likewise the names whose text-to-image sibling they have. `bot.domain.live` finds out.
    """

    models: Mapping[str, Model]
    preference: tuple[str, ...]
    live: frozenset[str] | None = None
    creating: frozenset[str] | None = None

    @property
    def usable(self) -> tuple[Model, ...]:
        """The live models, in order of preference; of some the price may not be known yet."""
        names = [*self.preference, *(name for name in self.models if name not in self.preference)]
        return tuple(self.models[name] for name in names if self.is_live(name))

    @property
    def offered(self) -> tuple[Model, ...]:
        """Those of them whose price is known."""
        return tuple(model for model in self.usable if not model.quoted)

    @property
    def preferred(self) -> tuple[Model, ...]:
        """Those of them in the preference: one of them is the default."""
        return tuple(model for model in self.offered if model.name in self.preference)

    def title_of(self, name: str) -> str:
        """What people know a model as; its name if it is no longer in the catalogue."""
        model = self.models.get(name)
        return model.title if model else name

    def is_live(self, name: str) -> bool:
        """Whether the provider has the model, as far as is known, and its price may be known or not."""
        return name in self.models if self.live is None else name in self.live

    def creator(self, model: Model) -> Model | None:
        """The live sibling of a model that makes a picture from words alone."""
        return model.create if self.creating is None or model.name in self.creating else None

    def find(self, name: str) -> Model:
        """The live model that a person means by ``name``: its name, title or endpoint in any spelling.

        A name counts before a title and that before an endpoint, since one's endpoint may be another's name.

        Raises:
            ModelUnknown: there is none of that name.
            ModelWithdrawn: there is, but the provider no longer offers it.
        """
        wanted, models = _spelling(name), self.models.values()
        called = [
            *((model.name, model) for model in models),
            *((model.title, model) for model in models),
            *((model.endpoint, model) for model in models),
        ]
        found = next((model for spelled, model in called if _spelling(spelled) == wanted), None)
        if found is None:
            raise ModelUnknown(name, name=name[:60], offered=self.offered_names)
        if not self.is_live(found.name):
            raise ModelWithdrawn(found.name, name=found.title, offered=self.offered_names)
        return found

    def typed(self, words: str) -> Model:
        """The model that a person typed: as `find` has it, or the only one whose name has all these words.

        Raises:
            ModelUnclear: there are several. ModelUnknown, ModelWithdrawn.
        """
        try:
            return self.find(words)
        except ModelUnknown:
            parts = [part for word in words.split() if (part := _spelling(word))]
            found = [model for model in self.usable if parts and _has(model, parts)]
            if not found:
                raise
        if len(found) > 1:
            raise ModelUnclear(words, name=words[:60], offered=_listed(found))
        return found[0]

    @property
    def offered_names(self) -> str:
        """The names of the first offered models, for a sentence; `/model` shows all."""
        return _listed(self.offered)

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
        usable = self.offered or tuple(model for model in self.models.values() if self.is_live(model.name))
        if not usable:
            raise ModelWithdrawn("no model is live", name="—", offered="—")
        # Nobody who chose nothing is asked for a mask, unless there is no other way.
        return next((model for model in usable if not model.needs_mask), usable[0])


def _listed(models: Sequence[Model]) -> str:
    return ", ".join(model.name for model in models[:MOST_MODELS]) or "—"


def _has(model: Model, parts: Sequence[str]) -> bool:
    return any(all(part in _spelling(text) for part in parts) for text in (model.name, model.title))


def _spelling(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
