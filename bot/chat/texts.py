"""The bot's sentences: one Fluent file a language, chosen by the person's, English for what it lacks."""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from fluent.runtime import FluentBundle, FluentResource

from bot.errors import WavebrushError

FALLBACK = "en"
_UNSEEN = {"Cf", "Cn", "Co", "Cs"}  # Unicode's categories of what shows nothing but can turn text around
_JOINERS = "\u200c\u200d"


def _locales() -> Traversable:
    return resources.files("bot.chat").joinpath("locales")


@cache
def languages() -> frozenset[str]:
    """The languages there are, as IETF tags."""
    return frozenset(entry.name.removesuffix(".ftl") for entry in _locales().iterdir())


@cache
def bundle(language: str) -> FluentBundle:
    """The sentences of one language."""
    loaded = FluentBundle([language], use_isolating=False)
    loaded.add_resource(FluentResource(_locales().joinpath(f"{language}.ftl").read_text("utf-8")))
    return loaded


def say(key: str, language: str | None = None, /, **values: str | int) -> str:
    """The sentence ``key`` in a person's language (Telegram's ``language_code``), filled in.

    Raises:
        KeyError: no such sentence. ValueError: a value for it is missing.
    """
    chosen = next((name for name in _wanted(language) if bundle(name).has_message(key)), FALLBACK)
    message = bundle(chosen).get_message(key)
    if message.value is None:
        raise KeyError(key)
    text, problems = bundle(chosen).format_pattern(message.value, dict(values))
    if problems:
        raise ValueError(f"{key}: {problems}")
    return str(text).strip()


def _wanted(language: str | None) -> list[str]:
    tags = [language, language.partition("-")[0]] if language else []
    return [tag for tag in (*tags, FALLBACK) if tag in languages()]


def shortened(text: str, longest: int = 40) -> str:
    """A person's words on one line, cut where they are too long for it.

    They can't hide, break or turn around the words beside them: what shows nothing is left out, but for
    the joiners within emoji and words.
    """
    seen = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in text)
    seen = "".join(sign for sign in seen if sign in _JOINERS or unicodedata.category(sign) not in _UNSEEN)
    line = " ".join(seen.split()).strip(_JOINERS + " ")
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def explain(error: WavebrushError, language: str | None = None, **values: str | int) -> str:
    """What a person is told of an error: what happened, whether it cost anything, what to do.

    Never ``str(error)``, which is for the log. ``values`` are what the place of the error knows beside
    the error itself (what was charged, the edit's number).
    """
    try:
        return say(error.key, language, **{**values, **error.params})
    except (KeyError, ValueError, LookupError):
        return say(WavebrushError.key, language)
