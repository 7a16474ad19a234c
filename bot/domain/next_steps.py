"""What can be done after an edit: the same once more, better, or with another model. Values only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.domain.catalogue import ASPECT, COMPLEXITY, QUALITY, RESOLUTION, Catalogue, Model
from bot.domain.edits import Edit
from bot.domain.geometry import lay_out
from bot.domain.pictures import Inspection
from bot.domain.plan import Draft, Plan, draft, row_of
from bot.domain.preferences import Preferences
from bot.errors import ModelWithdrawn, PriceUnknown, Refused

AGAIN, BETTER, MODEL = "again", "quality", "model"


def next_plan(catalogue: Catalogue, edit: Edit, step: str) -> Plan:
    """The `next_draft` at its table's price, for the face of a button."""
    return next_draft(catalogue, edit, step).at_table_price()


def next_draft(catalogue: Catalogue, edit: Edit, step: str) -> Draft:
    """What a step after an edit would buy.

    Args:
        catalogue: as it is now.
        edit: the one before. Its pictures were looked at then, so they are not fetched for this.
        step: `AGAIN`, ``quality:<value>`` or ``model:<name>``.

    Raises:
        Refused: its model is gone, or the other one can't do this edit.
        ValueError: no such step.
    """
    name, _, value = step.partition(":")
    if name == MODEL:
        return _with_model(catalogue, edit, value)
    if name not in {AGAIN, BETTER} or (edit.fit is None and not edit.from_words):
        raise ValueError(f"no step {step!r} after {edit.id}")
    model = row_of(catalogue, edit)
    if model is None or not is_live(catalogue, edit):
        title = catalogue.title_of(edit.model)
        raise ModelWithdrawn(edit.model, name=title, offered=catalogue.offered_names)
    choices = edit.choices if name == AGAIN else {**edit.choices, QUALITY: value}
    return Draft(model, choices, edit.fit)


def better(catalogue: Catalogue, edit: Edit) -> tuple[str, Plan] | None:
    """The step to the next quality of the edit's model, if it has a better one; with what it would buy."""
    model = row_of(catalogue, edit)
    values = model.choices[QUALITY].values if model and QUALITY in model.choices else ()
    used = edit.choices.get(QUALITY)
    if used not in values or used == values[-1]:
        return None
    step = f"{BETTER}:{values[values.index(used) + 1]}"
    try:
        return step, next_plan(catalogue, edit, step)
    except Refused:
        return None


def other_models(catalogue: Catalogue, edit: Edit) -> Iterator[tuple[str, Plan]]:
    """The steps to the other models that can do this edit, each with what it would buy."""
    for model in catalogue.offered:
        if model.name != edit.model:
            try:
                yield f"{MODEL}:{model.name}", _with_model(catalogue, edit, model.name).at_table_price()
            except Refused:
                continue


def _with_model(catalogue: Catalogue, edit: Edit, name: str) -> Draft:
    """The same on another model, with the settings as they were where it has them."""
    if edit.fit is None and not edit.from_words:
        raise PriceUnknown(f"{edit.id} has no size", model=name)
    source = [Inspection("", edit.fit.source, transparent=False)] if edit.fit is not None else []
    preferences = replace(_settings(row_of(catalogue, edit), edit), model=catalogue.find(name).name)
    pictures, masked = source * edit.pictures_sent, edit.mask_key is not None
    return draft(catalogue, preferences, edit.prompt, pictures, masked=masked)


def is_live(catalogue: Catalogue, edit: Edit) -> bool:
    """Whether what an edit was bought from is offered now."""
    model = catalogue.models[edit.model]
    return catalogue.is_live(edit.model) and (not edit.from_words or catalogue.creator(model) is not None)


def _settings(model: Model | None, edit: Edit) -> Preferences:
    """The settings that an edit shows to have had."""
    aspect = edit.choices.get(ASPECT)
    # Padded to the very shape that was asked for: that is what `auto` does.
    automatic = aspect is not None and edit.fit is not None and edit.fit == lay_out(edit.fit.source, aspect)
    sizeless = model is not None and (ASPECT not in model.choices or model.choices[ASPECT].field is None)
    if edit.mask_key is not None or automatic or sizeless:
        aspect = "auto"
    return Preferences(
        quality=edit.choices.get(QUALITY),
        aspect=aspect or "model",
        resolution=edit.choices.get(RESOLUTION),
        complexity=edit.choices.get(COMPLEXITY),
    )
