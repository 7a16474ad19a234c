"""Every sentence that the code says exists, is said somewhere, and gets what it needs to be filled in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor

import bot.chat.polling  # noqa: F401 - its error is one of the tree's
from bot import errors
from bot.chat.texts import FALLBACK, explain, languages, say
from bot.domain.ports import Stage
from bot.domain.roles import CANCEL, Region, Topic, Use
from bot.errors import WavebrushError

SOURCES = [path for path in Path(errors.__file__).parent.rglob("*.py") if "sandbox" not in path.parts]
SECRET = "https://api.telegram.org/bot123:TOKEN Traceback sk-secret"

# Told at the start, to who starts it, in its own words; and what stops the process, told to its supervisor.
NEVER_TOLD = {"StartRefused", "PollingStopped"}
# What `Messages.end` adds to every error of an edit, for errors that only an edit ends with.
OF_AN_EDIT = {"charged", "held", "edit"}
ONLY_OF_AN_EDIT = {"OutputUnusable", "EditUnknown", "EditFoundBilled", "EditFoundFree"}
COMPOSED = {
    *(f"stage-{stage}" for stage in Stage),
    *(f"ask-{topic}" for topic in Topic),
    *(f"option-use-{use}" for use in Use),
    *(f"option-region-{region}" for region in Region),
    f"option-{Topic.MODEL}",
    "option-confirmed",
    f"option-{CANCEL}",
}


def classes(base: type[WavebrushError] = WavebrushError) -> Iterator[type[WavebrushError]]:
    for child in base.__subclasses__():
        yield child
        yield from classes(child)


ALL = sorted(set(classes()), key=lambda error: error.__name__)
LEAVES = [error for error in ALL if not error.__subclasses__() and error.__name__ not in NEVER_TOLD]


class _Names(Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802 - fluent's name for it
        self.found.add(node.id.name)


@cache
def sentences(language: str) -> dict[str, frozenset[str]]:
    """The keys of a language, each with the names of its placeholders."""
    text = resources.files("bot.chat").joinpath(f"locales/{language}.ftl").read_text("utf-8")
    found = {}
    for entry in FluentParser().parse(text).body:
        assert not isinstance(entry, ftl.Junk), entry.content
        if isinstance(entry, ftl.Message):
            names = _Names()
            names.visit(entry)
            assert entry.id.name not in found, f"{entry.id.name} is there twice"
            found[entry.id.name] = frozenset(names.found)
    return found


@cache
def calls() -> list[tuple[str, ast.Call]]:
    """Every call in the bot's code, by the name of what is called."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                found.append((name, node))
    return found


@cache
def literals() -> set[str]:
    """Every string in the code of the room that speaks."""
    found = set()
    for path in (path for path in SOURCES if path.parent.name == "chat"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def said() -> list[tuple[str, set[str]]]:
    """The sentences that the code names outright, each with the values that it gives."""
    found = []
    for name, call in calls():
        if name in {"say", "tell_admins"} and call.args and isinstance(call.args[0], ast.Constant):
            given = {word.arg for word in call.keywords if word.arg}
            found.append((str(call.args[0].value), given))
    return found


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: error.__name__)
def test_every_error_has_a_sentence(error: type[WavebrushError]) -> None:
    """A new error can't be forgotten here."""
    assert error.key in sentences(FALLBACK)


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: error.__name__)
def test_who_raises_an_error_gives_what_its_sentence_needs(error: type[WavebrushError]) -> None:
    """Else the person would only hear that something went wrong."""
    needed = sentences(FALLBACK)[error.key]
    raised = [call for name, call in calls() if name == error.__name__]
    added = OF_AN_EDIT if error.__name__ in ONLY_OF_AN_EDIT else set()
    for call in raised:
        given = {word.arg for word in call.keywords}
        assert needed <= given | added, f"line {call.lineno} lacks {needed - given}"
    assert raised or not needed


@pytest.mark.parametrize(("key", "given"), said(), ids=[key for key, _ in said()])
def test_who_says_a_sentence_gives_what_it_needs(key: str, given: set[str]) -> None:
    """It exists, and nothing that it names is missing."""
    assert key in sentences(FALLBACK)
    assert sentences(FALLBACK)[key] <= given


@pytest.mark.parametrize("key", sorted(COMPOSED))
def test_every_composed_key_exists(key: str) -> None:
    """Stages, questions and buttons are named by their values."""
    assert key in sentences(FALLBACK)


@pytest.mark.parametrize("key", sorted(sentences(FALLBACK)))
def test_every_sentence_is_said_somewhere(key: str) -> None:
    """A sentence that nobody says would be translated for nothing."""
    errors_keys = {error.key for error in LEAVES} | {WavebrushError.key}
    assert key in errors_keys | COMPOSED | literals() | {key for key, _ in said()}


@pytest.mark.parametrize("language", sorted(languages()))
def test_every_language_has_the_same_sentences(language: str) -> None:
    """With the same placeholders: a translation may leave none out."""
    assert sentences(language) == sentences(FALLBACK)


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
@pytest.mark.parametrize("values", [{}, {"charged": "$0.042", "held": "$0.042", "edit": "abcd1234"}])
def test_no_technical_detail_is_ever_shown(error: type[WavebrushError], values: dict[str, str]) -> None:
    """Not even where the sentence can't be filled in."""
    text = explain(error(SECRET), "en", **values)
    assert text
    assert not set(SECRET.split()) & set(text.split())
    assert "{" not in text


def test_an_error_whose_sentence_cannot_be_filled_in_is_still_explained() -> None:
    """With the general sentence: an answer is never missing."""
    assert explain(errors.PictureTooLarge("no params")) == say(WavebrushError.key)


def test_what_an_error_carries_fills_its_sentence() -> None:
    """Numbers are written in the person's language."""
    text = explain(errors.PictureTooLarge("x", megapixels=64, limit=50))
    assert "64 megapixels" in text
    assert "50" in text


@pytest.mark.parametrize(
    ("hours", "said_as"),
    [(0, "within the hour"), (1, "in 1 hour."), (23, "in 23 hours"), (24, "in 1 day."), (640, "in 26 days")],
)
def test_when_a_limit_turns(hours: int, said_as: str) -> None:
    """In words that fit."""
    values = {"which": "user-month", "limit": "$5", "left": "$0", "price": "$1"}
    assert said_as in explain(errors.OverBudget("x", **values, hours=hours, days=hours // 24))


@pytest.mark.parametrize(
    ("waiting", "said_as"),
    [(0, "That is 14 edits at once, and at most 13 fit"), (1, "1 edit that"), (9, "9 edits")],
)
def test_too_many_edits(waiting: int, said_as: str) -> None:
    """One big request is told that it is too big: to wait would not help."""
    text = explain(errors.TooManyWaiting("x", waiting=waiting, wanted=14, limit=13))
    assert said_as in text
    assert text.endswith("Nothing was charged.")


def test_what_the_place_knows_fills_the_rest() -> None:
    """The error itself does not know what was charged."""
    text = explain(errors.OutputUnusable("x"), "en", charged="$0.042", edit="abcd1234")
    assert "$0.042" in text
    assert "abcd1234" in text


@pytest.mark.parametrize("language", [None, "", "en", "en-GB", "xx", "xx-YY", "../en", "../../errors"])
def test_an_unknown_language_gets_english(language: str | None) -> None:
    """Whatever Telegram says it is."""
    assert say("error-mask-empty", language).startswith("Nothing is marked in the mask")


def test_an_unknown_sentence_is_a_mistake_of_ours() -> None:
    """And is not said as its key."""
    with pytest.raises(LookupError):
        say("no-such-key")


def test_a_missing_value_is_a_mistake_of_ours() -> None:
    """No person sees a placeholder."""
    with pytest.raises(ValueError, match="error-picture-too-heavy"):
        say("error-picture-too-heavy", "en")


def test_markup_in_values_stays_text() -> None:
    """Nothing that a person writes is read as markup or as another placeholder."""
    text = say("error-model-unknown", "en", name="<b>{ $offered }</b>", offered="one")
    assert "<b>{ $offered }</b>" in text
