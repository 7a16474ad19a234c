"""Which of several pictures is what: decided from what was said and what was seen, or asked.

What a person said wins over any guess, and what can't be told is asked before anything is paid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from bot.domain.pictures import MaskForm

_MASK_WORDS = re.compile(
    r"\b(as|is) (a |the |my )?mask\b|\bmask (image|picture|photo)\b|^mask\b", re.IGNORECASE
)
_TOGETHER_WORDS = re.compile(
    r"\b(both|together|combine|merge|blend)\b"
    r"|\b(second|other|third|last) (image|picture|photo|one)\b"
    r"|\b(reference|these|two|three) (image|picture|photo)s?\b",
    re.IGNORECASE,
)
_AGREED = " confirmed:"
_MOST_UNASKED = 0.5  # a region over half of the picture may be upside down, so it is shown first


class Use(StrEnum):
    """What a person says that several pictures are for."""

    MASK = "mask"  # one of them marks where to edit
    TOGETHER = "together"  # the others guide the edit of the first
    EACH = "each"  # one edit for each
    FIRST = "first"  # only the first
    WHOLE = "whole"  # the one picture that arrived
    PICTURE = "picture"  # what looks like a mask is an ordinary picture


class Region(StrEnum):
    """What a person says of the region that they were shown."""

    CONFIRMED = "confirmed"
    INVERTED = "inverted"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person answered so far. ``model`` is for this request only.

    ``confirmed`` is the price that they agreed to, in micro-dollars; what costs more is asked about.
    """

    use: Use | None = None
    region: Region | None = None
    model: str | None = None
    confirmed: int | None = None

    def with_answer(self, value: str) -> Decision:
        """The decision after one more answer, an `Option.answer`.

        Raises:
            ValueError: it is none.
        """
        value, said, price = value.partition(_AGREED)
        if said:
            return replace(self.with_answer(value), confirmed=int(price))
        name, _, answer = value.partition(":")
        if name == "use":
            return replace(self, use=Use(answer))
        if name == "region":
            return replace(self, region=Region(answer))
        if name == "model" and answer:
            return replace(self, model=answer)
        if name == "confirmed":
            return replace(self, confirmed=int(answer))
        raise ValueError(f"not an answer: {value!r}")

    def as_json(self) -> dict[str, str]:
        """For keeping."""
        return {name: str(value) for name, value in asdict(self).items() if value is not None}

    @classmethod
    def of_json(cls, kept: Mapping[str, str] | None) -> Decision:
        """As it was kept."""
        decision = cls()
        for name, value in (kept or {}).items():
            decision = decision.with_answer(f"{name}:{value}")
        return decision


@dataclass(frozen=True, slots=True)
class Sight:
    """What a further picture was seen to be: a mask of some form with its share of the source, or neither."""

    form: MaskForm | None = None
    coverage: float = 0.0


@dataclass(frozen=True, slots=True)
class Roles:
    """The pictures by their places: the first is the source; ``each`` makes an edit of every one."""

    references: tuple[int, ...] = ()
    mask: int | None = None
    each: bool = False


class Topic(StrEnum):
    """What a question is about."""

    USE = "use"
    REGION = "region"
    MODEL = "model"
    CONFIRM = "confirm"
    ALBUM = "album"
    CREATE = "create"
    SUCCESSOR = "successor"


CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Option:
    """One button. ``value`` is an answer, or `CANCEL`; ``params`` fill its label.

    ``agreed`` is the price that its label shows, in micro-dollars: who presses it, perhaps a day later,
    agrees to that and not to more.
    """

    value: str
    params: Mapping[str, str] = field(default_factory=dict)
    agreed: int | None = None

    @property
    def answer(self) -> str:
        """What `Decision.with_answer` takes."""
        return self.value if self.agreed is None else f"{self.value}{_AGREED}{self.agreed}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before anything is paid."""

    topic: Topic
    options: tuple[Option, ...]
    params: Mapping[str, str] = field(default_factory=dict)


def use_by_words(prompt: str) -> Use | None:
    """What the words of a person say that several pictures are for, if anything."""
    if _MASK_WORDS.search(prompt):
        return Use.MASK
    return Use.TOGETHER if _TOGETHER_WORDS.search(prompt) else None


def decide(sights: Sequence[Sight], prompt: str, decision: Decision, most_pictures: int) -> Roles | None:
    """The roles of the pictures after the source; None if they can't be told.

    Args:
        sights: what each further picture was seen to be, in order.
        prompt: the person's words.
        decision: the person's answers; they win.
        most_pictures: how many the model takes.
    """
    others = tuple(range(1, len(sights) + 1))
    masks = [place for place, sight in zip(others, sights, strict=True) if sight.form is not None]
    use = decision.use or use_by_words(prompt)
    if not others or use is Use.FIRST:
        return Roles()
    if use is Use.EACH:
        return Roles(each=True)
    if use is Use.TOGETHER or (use is Use.PICTURE and most_pictures > len(others)):
        return Roles(references=others)
    if use is Use.MASK or (use is None and len(masks) == 1):
        mask = masks[0] if len(masks) == 1 else others[-1]
        return Roles(references=tuple(place for place in others if place != mask), mask=mask)
    return None


def must_show(sight: Sight, decision: Decision) -> bool:
    """Whether a region is a guess, or looks upside down, and has not been confirmed."""
    return decision.region is None and (sight.form is MaskForm.PAINTED or sight.coverage > _MOST_UNASKED)
