"""A provider whose calls are measured answers as it does by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from bot.domain.catalogue_file import load
from bot.domain.ports import Provider, Submission
from bot.errors import AnswerLost, KeyRejected, ProviderDown, ProviderError
from bot.providers.metered import Metered
from tests.fakes import PNG, FakeProvider, Turns

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SUBMISSION = Submission(load().models["gpt-image-2"], "blue", ("https://up/1",), {})
CALLS: dict[str, Callable[[Provider], Awaitable[Any]]] = {
    "upload": lambda provider: provider.upload(PNG),
    "submit": lambda provider: provider.submit(SUBMISSION),
    "result": lambda provider: provider.result("p1"),
    "predictions": lambda provider: provider.predictions(NOW, NOW, inputs=True),
    "download": lambda provider: provider.download("https://out/p1"),
    "models": lambda provider: provider.live_models(),
    "balance": lambda provider: provider.balance(),
    "quote": lambda provider: provider.quote(SUBMISSION),
    "billings": lambda provider: provider.billings(NOW, NOW),
}


def calls(call: str) -> float:
    """How many were measured."""
    labels = {"provider": "test", "call": call}
    return REGISTRY.get_sample_value("wavebrush_provider_call_seconds_count", labels) or 0.0


def errors(call: str, error: type[ProviderError]) -> float:
    """How many failed in that way."""
    labels = {"provider": "test", "call": call, "error": error.__name__}
    return REGISTRY.get_sample_value("wavebrush_provider_errors_total", labels) or 0.0


@pytest.mark.parametrize("call", CALLS)
async def test_each_call_is_measured(call: str) -> None:
    """Once, and its answer is the provider's own."""
    before = calls(call)
    assert await CALLS[call](Metered("test", FakeProvider())) == await CALLS[call](FakeProvider())
    assert calls(call) == before + 1


@pytest.mark.parametrize(
    ("call", "provider", "error"),
    [
        ("submit", FakeProvider(submits=Turns(AnswerLost("cut"))), AnswerLost),
        ("balance", FakeProvider(balances=Turns(KeyRejected("401"))), KeyRejected),
        ("predictions", FakeProvider(listings=Turns(ProviderDown("500"))), ProviderDown),
    ],
)
async def test_what_fails_is_counted_by_its_class(
    call: str, provider: FakeProvider, error: type[ProviderError]
) -> None:
    """It fails as before, and its seconds count too."""
    before = (calls(call), errors(call, error))
    with pytest.raises(error):
        await CALLS[call](Metered("test", provider))
    assert (calls(call), errors(call, error)) == (before[0] + 1, before[1] + 1)


def test_it_is_as_searchable_as_what_is_within() -> None:
    """Who can't be searched is not made so."""
    for searchable in (True, False):
        assert Metered("test", FakeProvider(searchable=searchable)).searchable is searchable
