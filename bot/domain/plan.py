"""From what a person wants to what will be bought: a plan, or a refusal that says what to do instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.catalogue import Catalogue, Model
from bot.domain.edits import Edit
from bot.domain.geometry import lay_out
from bot.domain.pictures import Fit, Inspection
from bot.domain.preferences import Preferences, resolve
from bot.errors import MaskMissing, OnlyEdits, PromptMissing, PromptTooLong, TooManyPictures


@dataclass(frozen=True, slots=True)
class Draft:
    """What will be bought, not priced yet: the model, its choices, and how the source is laid out.

    ``fit`` is None where there is no source: a picture from words alone.
    """

    model: Model
    choices: Mapping[str, str]
    fit: Fit | None

    def at(self, quote: int) -> Plan:
        """The same with its price."""
        return Plan(self.model, self.choices, self.fit, quote)

    def at_table_price(self) -> Plan:
        """The same with the price of the model's table.

        Raises:
            PriceUnknown: there is none.
        """
        return self.at(self.model.price(self.choices))


@dataclass(frozen=True, slots=True)
class Plan(Draft):
    """What will be bought, and the price held (µ$)."""

    quote: int


def draft(
    catalogue: Catalogue,
    preferences: Preferences,
    prompt: str | None,
    pictures: Sequence[Inspection],
    *,
    masked: bool = False,
) -> Draft:
    """Decide what is bought for a prompt and its pictures, the source first.

    Args:
        catalogue: as it is now.
        preferences: of the person.
        prompt: what they wrote.
        pictures: all that go to the provider but the mask; none: a picture is made from the words alone.
        masked: whether there is a mask.

    Raises:
        Refused: one of its subclasses, each with what the sentence for the person needs.
    """
    if not prompt or not prompt.strip():
        raise PromptMissing("no prompt")
    model = _model(catalogue, preferences, pictures)
    if len(prompt) > model.prompt_limit:
        raise PromptTooLong(
            f"{len(prompt)} characters", length=len(prompt), limit=model.prompt_limit, model=model.title
        )
    if len(pictures) > model.most_pictures:
        raise TooManyPictures(
            f"{len(pictures)} pictures", count=len(pictures), limit=model.most_pictures, model=model.title
        )
    if model.needs_mask and not masked:
        raise MaskMissing(f"{model.name} without a mask", model=model.title)
    source = pictures[0].size if pictures else None
    resolved = resolve(preferences, model, source)
    fit = None if source is None else lay_out(source, resolved.pad_to)
    return Draft(model, resolved.choices, fit)


def row_of(catalogue: Catalogue, edit: Edit) -> Model | None:
    """The row that an edit is bought from, live or not: without pictures the sibling of its model."""
    model = catalogue.models.get(edit.model)
    return model.create if model is not None and edit.from_words else model


def _model(catalogue: Catalogue, preferences: Preferences, pictures: Sequence[Inspection]) -> Model:
    """The person's model, or its sibling for words alone."""
    model = catalogue.for_person(preferences.model)
    if pictures:
        return model
    creator = catalogue.creator(model)
    if creator is None:
        able = [one.name for one in catalogue.offered if catalogue.creator(one)]
        raise OnlyEdits(
            f"{model.name} without a picture", model=model.title, offered=", ".join(able), count=len(able)
        )
    return creator
