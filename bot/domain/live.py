"""What a provider has now, and which rows of the catalogue still fit it. Values only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.catalogue import Catalogue, Choice, Model

PROMPT = "prompt"
STRING, ARRAY = "string", "array"
_FEWEST = 2  # of a list; a row of one picture sends no list


@dataclass(frozen=True, slots=True)
class LiveInput:
    """One input of a live model, as its schema has it; empty or None is "not said".

    ``least`` and ``most`` are the numbers of items of a list.
    """

    kind: str = ""
    values: tuple[str, ...] = ()
    required: bool = False
    default: str | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class LiveModel:
    """One model that a provider has. ``inputs`` is None where its schema is missing or can't be read."""

    endpoint: str
    kind: str = ""  # the provider's word for what it does: image-to-image
    micros: int | None = None  # its base price
    inputs: Mapping[str, LiveInput] | None = None


LiveModels = Mapping[str, LiveModel]
"""A provider's models by endpoint."""


@dataclass(frozen=True, slots=True)
class LiveList:
    """What a provider had at a time; ``models`` is None where it keeps no list."""

    models: LiveModels | None
    at: datetime


class Misfit(ValueError):
    """A row that can't be bought as it is; the text says which field, and why."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A catalogue that knows what is live.

    ``withdrawn`` says why of each row that isn't, by name; ``narrowed`` what was taken out of others;
    ``unread`` are the rows whose model has no schema that could be read.
    """

    catalogue: Catalogue
    withdrawn: Mapping[str, str]
    narrowed: Mapping[str, str]
    unread: frozenset[str]


def checked(catalogue: Catalogue, lists: Mapping[str, LiveModels | None]) -> Checked:
    """Compare each row with what its provider has.

    Args:
        catalogue: the rows as they are written.
        lists: what each provider that is set up has; None where that is not known: then all its rows are
            offered.
    """
    models = dict(catalogue.models)
    withdrawn: dict[str, str] = {}
    narrowed: dict[str, str] = {}
    creating: set[str] = set()
    for name, row in catalogue.models.items():
        try:
            models[name], lost = fitted(row, _live(row, lists))
        except Misfit as reason:
            withdrawn[name] = str(reason)
            continue
        if lost:
            narrowed[name] = lost
        if row.create is not None and (sibling := _creating(row.create, lists)) is not None:
            models[name] = replace(models[name], create=sibling)
            creating.add(name)
    live = frozenset(models) - frozenset(withdrawn)
    known = replace(catalogue, models=models, live=live, creating=frozenset(creating))
    return Checked(known, withdrawn, narrowed, frozenset(_unread(catalogue, lists)))


def _live(row: Model, lists: Mapping[str, LiveModels | None]) -> LiveModel | None:
    """The model of a row; None where nothing is known of it. Raises Misfit if it is gone."""
    if row.provider not in lists:
        raise Misfit(f"its provider ({row.provider}) is not set up")
    models = lists[row.provider]
    if models is None:
        return None
    if row.endpoint not in models:
        raise Misfit("gone from its provider's list")
    return models[row.endpoint]


def _creating(sibling: Model, lists: Mapping[str, LiveModels | None]) -> Model | None:
    try:
        return fitted(sibling, _live(sibling, lists))[0]
    except Misfit:
        return None


def _unread(catalogue: Catalogue, lists: Mapping[str, LiveModels | None]) -> Iterator[str]:
    """The rows without a schema, of the providers whose lists have some."""
    for provider, models in lists.items():
        if models and any(model.inputs is not None for model in models.values()):
            for name, row in catalogue.models.items():
                live = models.get(row.endpoint) if row.provider == provider else None
                if live is not None and live.inputs is None:
                    yield name


def fitted(row: Model, live: LiveModel | None) -> tuple[Model, str]:
    """The row without what its model no longer takes but can do without, and what that is ("": nothing).

    Where nothing is known of the model, the row is believed.

    Raises:
        Misfit: it can't be bought at all.
    """
    if live is None or live.inputs is None:
        return row, ""
    inputs = live.inputs
    row, without_markup = _with_markup(row, inputs)
    for field in _sent(row):
        if field not in inputs:
            raise Misfit(f"field {field}: we send it, but the model no longer has it")
    for field, live_input in inputs.items():
        if live_input.required and not live_input.default and field not in _sent(row):
            raise Misfit(f"field {field}: the model requires it, but we don't send it")
    _check_required_mask(row, inputs)
    row, fewer = _with_pictures(row, inputs)
    row, narrower = _narrowed(row, inputs)
    return row, "; ".join(lost for lost in (without_markup, fewer, narrower) if lost)


def _sent(row: Model) -> tuple[str, ...]:
    """The fields that a submission of a row may have."""
    pictures = [row.pictures_field] if row.most_pictures else []
    mask = [row.mask.field] if row.mask else []
    markup = [row.markup_field] if row.markup_field else []
    return (PROMPT, *pictures, *mask, *markup, *row.fields)


def _with_markup(row: Model, inputs: Mapping[str, LiveInput]) -> tuple[Model, str]:
    """The row without its field for notes, should the model have lost it: every edit can do without."""
    field = row.markup_field
    if field is None or field in inputs:
        return row, ""
    return replace(row, markup_field=None), f"field {field}: the model no longer has it"


def _check_required_mask(row: Model, inputs: Mapping[str, LiveInput]) -> None:
    for field in (row.mask.field if row.mask and not row.mask.required else None, row.markup_field):
        if field is not None and inputs[field].required:
            raise Misfit(f"field {field}: the model requires it, but not every edit has one")


def _with_pictures(row: Model, inputs: Mapping[str, LiveInput]) -> tuple[Model, str]:
    """The row with no more pictures than the model takes, of a list of some. Raises Misfit."""
    if not row.most_pictures:
        return row, ""
    field, found = row.pictures_field, inputs[row.pictures_field]
    kind = STRING if row.most_pictures == 1 else ARRAY
    if found.kind and found.kind != kind:
        raise Misfit(f"field {field}: we send type {kind}, but the model takes type {found.kind}")
    if found.least is not None and found.least > 1:
        raise Misfit(f"field {field}: we may send one picture, but the model needs {found.least}")
    if kind == STRING or found.most is None or found.most >= row.most_pictures:
        return row, ""
    if found.most < _FEWEST:
        raise Misfit(f"field {field}: we send a list of pictures, but the model takes {found.most}")
    fewer = replace(row, most_pictures=found.most)
    return fewer, f"field {field}: the model takes {found.most} pictures, no longer {row.most_pictures}"


def _narrowed(row: Model, inputs: Mapping[str, LiveInput]) -> tuple[Model, str]:
    choices, lost = dict(row.choices), []
    for field, names in row.fields.items():
        taken = inputs[field].values
        if not taken:
            continue
        if len(names) > 1:  # a word of several choices: without it, none of them is what it says
            if missing := sorted(set(row.choices[names[0]].wire.values()) - set(taken)):
                raise Misfit(f"field {field}: the model no longer takes {', '.join(missing)}")
            continue
        [name] = names
        choice = row.choices[name]
        kept = tuple(value for value in choice.values if choice.on_the_wire(value) in taken)
        if not kept:
            raise Misfit(f"field {field}: the model takes none of our values any more")
        if kept != choice.values:
            gone = ", ".join(value for value in choice.values if value not in kept)
            lost.append(f"field {field}: the model no longer takes {gone}")
            choices[name] = _with_values(choice, kept)
    return (replace(row, choices=choices) if lost else row), "; ".join(lost)


def _with_values(choice: Choice, kept: tuple[str, ...]) -> Choice:
    default = choice.default if choice.default is None or choice.default in kept else kept[0]
    return replace(choice, values=kept, default=default)
