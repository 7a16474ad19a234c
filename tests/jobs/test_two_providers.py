"""Each edit goes to its model's provider; one that answers with the picture itself goes the same way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.domain.catalogue_file import load
from bot.domain.edits import AttemptState, EditState
from bot.domain.pictures import Encoded, Finished, Fit, Size
from bot.domain.timing import Timing
from bot.errors import ContentRefused, EditUnknown, ModelGone
from bot.jobs.ending import ENDED, LOST, ON
from bot.jobs.providers import Providers
from tests.fakes import FakeImaging, FakeProvider
from tests.jobs.bench import Bench
from tests.providers import openai_bench
from tests.virtual_time import in_virtual_time

MODEL, QUOTE = "gpt-image-2-openai", 500_000


class Imaging(FakeImaging):
    """Sends a real picture, and keeps what came as it came."""

    async def clean(self, data: bytes, fit: Fit | None, *, lossless: bool = False) -> Encoded:
        return openai_bench.picture()

    async def keep(self, result: bytes, fit: Fit | None) -> Finished:
        return Finished(Encoded(result, "image/png", "png", Size(1024, 1024)), None)


@pytest.fixture
async def openai() -> AsyncIterator[openai_bench.Bench]:
    async with openai_bench.bench() as opened:
        yield opened


def an_edit_there(openai: openai_bench.Bench, **changes: Any) -> Bench:
    """An edit of a model of the OpenAI-compatible server, over HTTP."""
    values = {"model": MODEL, "choices": {"quality": "low"}, "quote": QUOTE, "fit": None, **changes}
    return Bench(
        values,
        others={"openai": openai.ours},
        imaging=Imaging(),
        blobs=openai.blobs,
        timing=Timing().faster(20),
        clock=SystemClock(),
    )


async def test_an_edit_whose_picture_comes_with_the_answer(openai: openai_bench.Bench) -> None:
    """One paid call; the picture that came is kept, and what its tokens cost is charged."""
    bench = an_edit_there(openai)
    assert await bench.steps.submit("e1", await bench.steps.upload("e1")) == ON
    assert bench.attempt.state is AttemptState.COMPLETED
    assert [await bench.steps.wait("e1"), await bench.steps.collect("e1")] == [ON, ON]
    assert await bench.steps.deliver("e1") == ENDED
    [billed] = await openai.see("edits")
    assert bench.outcome == (EditState.DONE, billed["billed"])
    assert 0 < billed["billed"] < QUOTE
    assert await openai.posts() == ["/v1/images/edits"]
    assert list(openai.blobs.kept) == ["e1.png"]
    assert (bench.provider.submitted, bench.provider.read, bench.provider.listed_since) == ([], [], [])


async def test_a_connection_that_breaks_is_unknown_and_not_called_again(openai: openai_bench.Bench) -> None:
    """It may be paid, and nobody lists it: the money stays held, and the person is told at once."""
    bench = an_edit_there(openai)
    await openai.fault("submit", "drop")
    uploaded = await bench.steps.upload("e1")
    assert await bench.steps.submit("e1", uploaded) == LOST
    assert await bench.steps.find("e1") == ENDED
    assert bench.told == [EditUnknown]
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert len(await openai.posts()) == 1


async def test_a_refusal_costs_nothing(openai: openai_bench.Bench) -> None:
    """Moderation says no before anything was made."""
    bench = an_edit_there(openai, prompt="something [moderated]")
    assert await bench.steps.submit("e1", await bench.steps.upload("e1")) == ENDED
    assert bench.told == [ContentRefused]
    assert bench.outcome == (EditState.FAILED, 0)


@in_virtual_time
async def test_a_provider_that_is_no_longer_set_up() -> None:
    """What waited for it ends with words and without a charge; what was sent to it is unknown."""
    waiting = Bench({"model": MODEL})
    assert await waiting.steps.upload("e1") == ENDED
    assert waiting.told == [ModelGone]
    assert waiting.outcome == (EditState.FAILED, 0)
    sent = Bench({"model": MODEL})
    sent.opened()
    assert await sent.steps.find("e1") == ENDED
    assert sent.told == [EditUnknown]


def test_the_provider_of_a_model() -> None:
    """By the name in its row; the others are not asked."""
    wavespeed, openai = FakeProvider(), FakeProvider()
    providers = Providers(wavespeed=wavespeed, openai=openai)
    models = load().models
    assert providers.of(models["gpt-image-2"]) is wavespeed
    assert providers.of(models[MODEL]) is openai
    assert list(providers) == ["wavespeed", "openai"]
    for gone in (None, replace(models[MODEL], provider="elsewhere")):
        with pytest.raises(ModelGone):
            providers.of(gone)
