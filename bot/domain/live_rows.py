"""Rows for models that the catalogue does not have yet, made from their live schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from math import gcd

from bot.domain.catalogue import ASPECT, COMPLEXITY, QUALITY, RESOLUTION, Catalogue
from bot.domain.catalogue_file import parse
from bot.domain.live import ARRAY, PROMPT, LiveInput, LiveModel, LiveModels, Misfit, fitted
from bot.domain.money import dollars

_STILL = re.compile(r"image$|edit(ing)?$")  # the ends of the kinds that give a still picture
_ENDPOINT = re.compile(r"[\w.-]+(/[\w.-]+)+")
_RATIO = re.compile(r"[1-9]\d{0,2}:[1-9]\d{0,2}")
_PIXELS = re.compile(r"([1-9]\d{1,4})\*([1-9]\d{1,4})")
_WORD = re.compile(r"[\w.+-]{1,30}")
_MASKS = ("mask_image", "mask")
_MOST, _PROMPT, _SECONDS = 4, 4000, 30  # where nothing is known
_RISING = ("low", "medium", "high", "xhigh", "max")  # so that "better" is the next one
_ENDINGS = {"edit", "image-to-image"}


def others(catalogue: Catalogue, provider: str, models: LiveModels) -> list[LiveModel]:
    """The provider's models that edit pictures and that no row has, by endpoint."""
    known = {row.endpoint for row in catalogue.models.values() if row.provider == provider}
    return [model for endpoint, model in sorted(models.items()) if endpoint not in known and _fits(model)]


def _fits(model: LiveModel) -> bool:
    try:
        drafted(model, "", {})
    except Misfit:
        return False
    return True


def drafted(model: LiveModel, provider: str, models: LiveModels, taken: Collection[str] = ()) -> str:
    """A table for the catalogue, in TOML, with a remark wherever a person should look.

    Args:
        model: what it is for.
        provider: by the catalogue's name.
        models: all that the provider has, to find the sibling for words alone.
        taken: names that other rows have.

    Raises:
        Misfit: it edits no pictures, or needs what we never send; the text says which field.
    """
    if not _ENDPOINT.fullmatch(model.endpoint):
        raise Misfit("its id has a form that is not known")
    if model.inputs is None:
        raise Misfit("it has no schema that could be read")
    if model.kind and not _STILL.search(model.kind):
        raise Misfit(f"it is of another kind: {model.kind[:40]}")
    name = _name(model.endpoint, taken)
    lines = [*_head(name, model, model.inputs, provider, models), *_choices(name, model.inputs)]
    text = "\n".join(lines) + "\n"
    try:
        row = parse(f"preference = []\n{text}").models[name]
    except ValueError as error:
        raise Misfit(str(error)) from error
    fitted(row, model)
    return text


def _name(endpoint: str, taken: Collection[str]) -> str:
    maker, *parts = endpoint.split("/")
    name = "-".join(part for part in parts if part not in _ENDINGS) or maker
    return f"{maker}-{name}" if name in taken else name


def _head(
    name: str, model: LiveModel, inputs: Mapping[str, LiveInput], provider: str, models: LiveModels
) -> Iterator[str]:
    yield f"[models.{_text(name)}]"
    yield f"title = {_text(' '.join(word.capitalize() for word in re.split('[-_]', name)))}"
    yield f"provider = {_text(provider)}"
    yield f"endpoint = {_text(model.endpoint)}"
    yield _pictures(inputs)
    mask = next((field for field in _MASKS if field in inputs), None)
    if mask is not None:
        needed = ", required = true" if inputs[mask].required else ""
        yield f'mask = {{ field = "{mask}", form = "white"{needed} }}  # check on its page: white = edit?'
    yield f"prompt = {_PROMPT}  # check on its page: the longest prompt, in characters"
    yield f"seconds = {_SECONDS}  # about how long it takes"
    yield '# successor = "…"  # the row that takes over when this model is gone'
    base = "not known" if model.micros is None else dollars(model.micros)
    yield f"prices = []  # the provider is asked for every price; its base price is {base}"
    stem = model.endpoint.removesuffix("/edit")
    for sibling in (f"{stem}/text-to-image", stem):
        if sibling != model.endpoint and sibling in models and "image" not in (models[sibling].inputs or {}):
            yield f"create = {{ endpoint = {_text(sibling)} }}  # check: it makes a picture from words alone"
            break


def _pictures(inputs: Mapping[str, LiveInput]) -> str:
    """The line for the field that takes pictures. Raises Misfit: there is none, or none for words."""
    if PROMPT not in inputs:
        raise Misfit(f"field {PROMPT}: it takes no words")
    field = next((field for field in ("images", "image") if field in inputs), None)
    if field is None:
        raise Misfit("field image or images: it takes no pictures")
    if inputs[field].kind != ARRAY:
        return f'pictures = {{ field = "{field}", most = 1 }}'
    most = inputs[field].most
    remark = "  # check on its page: how many" if most is None else ""
    return f'pictures = {{ field = "{field}", most = {max(most or _MOST, 2)} }}{remark}'


def _choices(name: str, inputs: Mapping[str, LiveInput]) -> Iterator[str]:
    for choice, field in ((QUALITY, "quality"), (RESOLUTION, "resolution"), (COMPLEXITY, "complexity")):
        if field in inputs and (words := _words(inputs[field])):
            default = inputs[field].default
            start = next((value for value, wire in words.items() if wire == default), next(iter(words)))
            yield from _choice(name, choice, field, words, None if choice == COMPLEXITY else start)
    for field in ("aspect_ratio", "size"):
        if field in inputs and (words := _shapes(inputs[field])):
            yield from _choice(name, ASPECT, field, words, None)
            return


def _choice(
    name: str, choice: str, field: str, words: Mapping[str, str], default: str | None
) -> Iterator[str]:
    yield ""
    yield f"[models.{_text(name)}.choices.{choice}]"
    yield f"field = {_text(field)}"
    yield f"values = [{', '.join(map(_text, words))}]"
    if default is not None:
        yield f"default = {_text(default)}"
    odd = [f"{_text(value)} = {_text(wire)}" for value, wire in words.items() if value != wire]
    if odd:
        yield f"wire = {{ {', '.join(odd)} }}"


def _words(live: LiveInput) -> dict[str, str]:
    """The values of a choice: ours, and the provider's word for each."""
    found = {value.lower(): value for value in live.values if _WORD.fullmatch(value)}
    rising = [word for word in _RISING if word in found]
    return {word: found[word] for word in rising} if len(rising) == len(found) else found


def _shapes(live: LiveInput) -> dict[str, str]:
    """The same of shapes, given as ``W:H`` or as pixels; of several sizes of one shape, the first."""
    shapes: dict[str, str] = {}
    for value in live.values:
        if _RATIO.fullmatch(value):
            shapes.setdefault(value, value)
        elif found := _PIXELS.fullmatch(value):
            width, height = int(found[1]), int(found[2])
            shared = gcd(width, height)
            shapes.setdefault(f"{width // shared}:{height // shared}", value)
    return shapes


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
