"""What a person chose, and how it is written: quality, size, model. Values and parsing only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import gcd

from bot.domain.catalogue import (
    ASPECT,
    AUTOMATIC,
    COMPLEXITY,
    QUALITY,
    RESOLUTION,
    Catalogue,
    Model,
    aspect_ratio,
    nearest_aspect,
)
from bot.domain.pictures import Size
from bot.errors import PriceUnknown, QualityUnknown, SizeUnknown

_NAMED = {"square": "1:1", "portrait": "2:3", "landscape": "3:2", "wide": "16:9", "tall": "9:16"}
_ASPECT = re.compile(r"^(\d{1,2}):(\d{1,2})$")
_PIXELS = re.compile(r"^(\d{2,5})[x×*✕](\d{2,5})$")
_RESOLUTION = re.compile(r"^(0\.5|[1248])k$")
_LONGEST_ASPECT = 3.0
_SQUARE = Size(1024, 1024)
_SHAPES = (_SQUARE, Size(1024, 1536), Size(1536, 1024))  # prices are told before there is a picture

DELIVERIES = ("photo", "file", "both")
RESULTS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's settings; None is "nothing chosen". A size is an aspect and a resolution."""

    model: str | None = None
    quality: str | None = None
    aspect: str = "auto"  # ``auto``: the source's shape; ``model``: the model decides; else ``W:H``
    resolution: str | None = None
    delivery: str = "photo"  # one of `DELIVERIES`
    confirm_above: int | None = None  # micro-dollars; what costs more is asked about first
    finishing: bool = True  # keep the picture outside a mask, pixel for pixel
    complexity: str | None = None  # how much of the layout is planned ahead, where a model can be told
    results: int = 1  # one of `RESULTS`: so many edits are made of each request

    @property
    def wishes(self) -> Mapping[str, str | None]:
        """The values wished for, by the choice of a model; the aspect has rules of its own."""
        return {QUALITY: self.quality, RESOLUTION: self.resolution, COMPLEXITY: self.complexity}


@dataclass(frozen=True, slots=True)
class SizeWish:
    """What a typed size means."""

    aspect: str | None = None
    resolution: str | None = None
    plain: bool = False  # ``auto`` alone, or pixels: an earlier resolution does not go with it

    def applied(self, preferences: Preferences) -> Preferences:
        """The preferences with this wish."""
        kept = None if self.plain else preferences.resolution
        return replace(
            preferences, aspect=self.aspect or preferences.aspect, resolution=self.resolution or kept
        )


@dataclass(frozen=True, slots=True)
class Resolved:
    """What preferences mean on one model: its choices, and which wishes it could only come near to."""

    choices: Mapping[str, str]
    pad_to: str | None  # the shape the source is padded to (auto), removed from the result again
    nearest: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # choice → (wished, used)


def parse_quality(text: str, model: Model) -> str:
    """The quality of ``model`` that ``text`` means: its name or its beginning.

    Raises:
        QualityUnknown: none, or more than one.
    """
    word = text.strip().lower()
    offered = model.choices[QUALITY].values if QUALITY in model.choices else ()
    if word in offered:
        return word
    meant = [value for value in offered if word and value.startswith(word)]
    if len(meant) == 1:
        return meant[0]
    raise QualityUnknown(word, value=word[:30] or "—", model=model.title, offered=", ".join(offered) or "—")


def parse_size(text: str, model: Model) -> SizeWish:
    """What a typed size means: ``auto``, ``model``, ``portrait``, ``2:3``, ``1024x1536``, ``16:9 4k``.

    Raises:
        SizeUnknown: a word of it is none of these, or a shape longer than 3:1.
    """
    aspect: str | None = None
    resolution: str | None = None
    words = text.lower().split()
    for word in words:
        if found := _RESOLUTION.match(word):
            resolution = found.group(0)
        elif (shape := _shape(word, model)) is not None:
            aspect = shape
        else:
            raise SizeUnknown(word, value=word[:30], model=model.title, offered=offered_sizes(model))
    if not words:
        raise SizeUnknown("empty", value="—", model=model.title, offered=offered_sizes(model))
    plain = resolution is None and (words == ["auto"] or any(map(_PIXELS.match, words)))
    return SizeWish(aspect, resolution, plain)


def _shape(word: str, model: Model) -> str | None:
    if word in AUTOMATIC:
        return word
    if word in _NAMED:
        return _as_offered(_NAMED[word], model)
    found = _ASPECT.match(word) or _PIXELS.match(word)
    if not found:
        return None
    width, height = int(found.group(1)), int(found.group(2))
    if not width or not height:
        return None
    shared = gcd(width, height)
    shape = _as_offered(f"{width // shared}:{height // shared}", model)
    longest = max(width / height, height / width)
    return shape if longest <= _LONGEST_ASPECT or shape in model.aspects else None


def _as_offered(shape: str, model: Model) -> str:
    """The model's own words for a shape, where it has some: ``21:9`` for ``7:3``."""
    return next((aspect for aspect in model.aspects if _same_shape(aspect, shape)), shape)


def _same_shape(one: str, other: str) -> bool:
    return not {one, other} & {*AUTOMATIC} and aspect_ratio(one) == aspect_ratio(other)


def offered_sizes(model: Model) -> str:
    """The sizes of a model, for a sentence."""
    resolutions = model.choices[RESOLUTION].values if RESOLUTION in model.choices else ()
    shapes = model.aspects if ASPECT in model.choices and model.choices[ASPECT].field else ()
    return ", ".join(["auto", *shapes, *resolutions])


def resolve(preferences: Preferences, model: Model, source: Size | None) -> Resolved:
    """What a person's settings mean for one picture on one model; what it lacks becomes the nearest.

    Args:
        preferences: what was chosen.
        model: where it is to hold.
        source: the picture's oriented size; None where one is made from words alone.
    """
    choices: dict[str, str] = {}
    nearest: dict[str, tuple[str, str]] = {}
    for name, choice in model.choices.items():
        if name == ASPECT:
            continue
        wished = preferences.wishes.get(name)
        used = wished if wished in choice.values else choice.default
        if used is not None:
            choices[name] = used
            if wished is not None and wished != used:
                nearest[name] = (wished, used)
    aspect, pad_to = _resolve_aspect(preferences.aspect, model, source)
    if aspect is not None:
        choices[ASPECT] = aspect
        if preferences.aspect not in AUTOMATIC and not _same_shape(preferences.aspect, aspect):
            nearest[ASPECT] = (preferences.aspect, aspect)
    return Resolved(choices, pad_to, nearest)


def _resolve_aspect(wished: str, model: Model, source: Size | None) -> tuple[str | None, str | None]:
    """The aspect to ask for (None: the model decides) and the shape to pad the source to."""
    if not model.aspects or wished == "model":
        return None, None
    if wished == "auto":
        shape = None if source is None else nearest_aspect(model.aspects, source)
        return shape, shape
    if not model.choices[ASPECT].field:
        return None, None
    width, _, height = wished.partition(":")
    return nearest_aspect(model.aspects, Size(int(width), int(height))), None


def price_range(preferences: Preferences, model: Model) -> tuple[int, int] | None:
    """The least and the most (µ$) that an edit costs with these settings; None: only a quote tells."""
    prices = _prices(preferences, model)
    return (min(prices), max(prices)) if prices else None


def _prices(preferences: Preferences, model: Model) -> list[int]:
    """What an edit costs of a picture of each of `_SHAPES`; none if only a quote tells."""
    try:
        return [model.price(resolve(preferences, model, shape).choices) for shape in _SHAPES]
    except PriceUnknown:
        return []


def may_cost_more(preferences: Preferences, before: Model, after: Model) -> bool:
    """Whether an edit may cost more on one model than on another with these settings, or nobody knows.

    Of a picture of the same shape: what is cheaper for a wide picture may be dearer for a square one.
    """
    old, new = _prices(preferences, before), _prices(preferences, after)
    return not old or not new or any(more > less for more, less in zip(new, old, strict=True))


def model_for(catalogue: Catalogue, preferences: Preferences, left: int | None = None) -> Model:
    """The model to use for a person.

    It is the one they chose, or its successor. Who chose none gets the first preferred one that is live
    and affordable with their settings, or else the first, whose refusal then says what is left.

    Args:
        catalogue: as it is now.
        preferences: what they chose.
        left: what they can still spend, in micro-dollars; None: there is no limit.

    Raises:
        ModelWithdrawn: nothing at all is live.
    """
    usual = catalogue.for_person(preferences.model)
    if left is None or preferences.model in catalogue.models:
        return usual
    for model in catalogue.preferred:
        prices = price_range(preferences, model)
        if prices is not None and prices[0] * preferences.results <= left:
            return model
    return usual
