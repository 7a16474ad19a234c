"""From what a person wants to what will be bought: a plan, or a refusal that says what to do instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.catalogue import Catalogue, Model
from bot.domain.geometry import lay_out
from bot.domain.pictures import Fit, Inspection
from bot.domain.preferences import Preferences, resolve
from bot.errors import PromptMissing, PromptTooLong, TooManyPictures


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be bought: the model, its choices, how the source is laid out, and the price held (µ$)."""

    model: Model
    choices: Mapping[str, str]
    fit: Fit
    quote: int


def plan(
    catalogue: Catalogue, preferences: Preferences, prompt: str | None, pictures: Sequence[Inspection]
) -> Plan:
    """Decide what is bought for a prompt and its pictures, the source first.

    Raises:
        Refused: one of its subclasses, each with what the sentence for the person needs.
    """
    if not prompt or not prompt.strip():
        raise PromptMissing("no prompt")
    model = catalogue.for_person(preferences.model)
    if len(prompt) > model.prompt_limit:
        raise PromptTooLong(
            f"{len(prompt)} characters", length=len(prompt), limit=model.prompt_limit, model=model.title
        )
    if len(pictures) > model.most_pictures:
        raise TooManyPictures(
            f"{len(pictures)} pictures", count=len(pictures), limit=model.most_pictures, model=model.title
        )
    source = pictures[0].size
    resolved = resolve(preferences, model, source)
    return Plan(model, resolved.choices, lay_out(source, resolved.pad_to), model.price(resolved.choices))
