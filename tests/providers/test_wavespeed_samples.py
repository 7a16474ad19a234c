"""Each recorded answer that is no success: what the person reads, and what becomes of the money."""

from __future__ import annotations

import json
from contextlib import aclosing
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.chat.texts import FALLBACK, bundle
from bot.errors import (
    AnswerLost,
    ContentRefused,
    CreditsExhausted,
    InputRejected,
    InputUnusable,
    KeyRejected,
    ModelGone,
    Moderated,
    NoSuchPrediction,
    PredictionFailed,
    ProviderBroke,
    ProviderDown,
    ProviderError,
    ProviderRefused,
    Throttled,
)
from bot.providers import wavespeed_wire as wire
from bot.providers.wavespeed import WaveSpeed

from .conftest import KEY, submission
from .raw_server import http, raw_server

FOLDER = Path(__file__).parents[1] / "samples" / "wavespeed"
SAMPLES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
REFUSALS: set[type[ProviderError]] = {
    KeyRejected,
    CreditsExhausted,
    ModelGone,
    ContentRefused,
    InputRejected,
}
FAILURES: set[type[ProviderError]] = {Moderated, InputUnusable, ProviderBroke}
ID = "45b392b22c3b449fa935bd4dc2219dfe"


def of(call: str) -> pytest.MarkDecorator:
    """The samples of one call, each a case."""
    found = [pytest.param(sample, id=name) for name, sample in SAMPLES.items() if sample["call"] == call]
    return pytest.mark.parametrize("sample", found)


def raw(sample: dict[str, Any]) -> bytes:
    body = sample["body"]
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


async def submitted(sample: dict[str, Any]) -> ProviderError | None:
    """What our client makes of it over HTTP, where it may be an answer to the paid POST."""
    status = HTTPStatus(sample["status"])
    headers = [f"{name}: {value}" for name, value in sample["headers"].items()]
    answer = http(raw(sample), *headers, status=f"{status.value} {status.phrase}")
    async with raw_server(answer) as server, aclosing(WaveSpeed(KEY, base_url=server.url)) as ours:
        try:
            return (await ours.submit(submission("https://cdn.example/a.png"))).failure
        except ProviderError as error:
            return error


def read(sample: dict[str, Any]) -> ProviderError | None:
    """What is made of it where a prediction was asked for: an error, raised or in the prediction."""
    headers = httpx.Headers(sample["headers"])
    try:
        data = wire.decipher(sample["status"], headers, raw(sample), missing=NoSuchPrediction)
        return wire.prediction(data, ID).failure
    except ProviderError as error:
        return error


def expected(sample: dict[str, Any]) -> str | None:
    """The class that the sample says: of an error, or of a prediction's failure."""
    said = sample["expected"]
    found: str | None = said.get("error") or said.get("failure")
    return found


def assert_a_sentence(error: ProviderError) -> None:
    assert bundle(FALLBACK).has_message(error.key), error.key


@of("submit")
async def test_a_submits_answer_decides_over_the_hold(sample: dict[str, Any]) -> None:
    """Released only where it was refused; put off by 429; held where nobody can tell."""
    error = await submitted(sample)
    said = expected(sample)
    if said is None:
        assert error is None
        return
    assert error is not None
    assert_a_sentence(error)
    assert type(error).__name__ == ("AnswerLost" if said == "ProviderDown" else said)
    if type(error) in REFUSALS:
        assert isinstance(error, ProviderRefused)
        assert error.permanent
    elif isinstance(error, Throttled):
        assert not error.permanent
        assert error.retry_after == sample["expected"]["retry_after"]
    else:
        assert type(error) is AnswerLost


@of("result")
def test_a_results_answer_decides_over_the_charge(sample: dict[str, Any]) -> None:
    """A failure releases; what can't be read is asked again, for the work is paid for."""
    error = read(sample)
    said = expected(sample)
    assert (type(error).__name__ if error else None) == said
    if error is None:
        return
    assert_a_sentence(error)
    if type(error) in FAILURES:
        assert isinstance(error, PredictionFailed)
        assert error.permanent
    else:
        assert isinstance(error, ProviderDown | NoSuchPrediction | ProviderRefused)
        assert error.permanent == (not isinstance(error, ProviderDown))


def test_every_class_of_answer_was_recorded() -> None:
    """None of the tree's classes for answers is without a sample."""
    seen = {expected(sample) for sample in SAMPLES.values() if isinstance(sample["expected"], dict)}
    classes: set[type[ProviderError]] = {*REFUSALS, *FAILURES, Throttled, ProviderDown, NoSuchPrediction}
    assert {kind.__name__ for kind in classes} <= seen


@pytest.mark.parametrize("code", [1200, 1400, 1401, 1402, 1403, 1405, 5000, 5003, 5004])
def test_every_documented_code_was_recorded(code: int) -> None:
    """Those of the page "Error codes", each in a failed prediction."""
    failed = [sample["body"]["data"] for sample in SAMPLES.values() if sample["expected"] and failure(sample)]
    assert any(str(data.get("code")) == str(code) for data in failed)


def failure(sample: dict[str, Any]) -> bool:
    return isinstance(sample["expected"], dict) and sample["expected"].get("failure") is not None


def test_the_readme_has_the_rule_for_every_class() -> None:
    """Its table names each, so that who adds an answer knows what follows."""
    text = (FOLDER / "README.md").read_text("utf-8")
    kinds: set[type[ProviderError]] = {*REFUSALS, *FAILURES, Throttled, ProviderDown, AnswerLost}
    for kind in kinds:
        assert f"`{kind.__name__}`" in text
