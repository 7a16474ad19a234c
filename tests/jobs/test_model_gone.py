"""An edit whose model is gone by its submit: refused, given back, and told as what it is."""

from __future__ import annotations

import pytest

from bot.domain.catalogue_file import load
from bot.domain.edits import AttemptState, EditState
from bot.errors import InputRejected, ModelGone, ProviderRefused
from bot.jobs.ending import ENDED
from tests.catalogues import having
from tests.fakes import Turns
from tests.jobs.bench import Bench, uploaded
from tests.virtual_time import in_virtual_time


@pytest.mark.parametrize(
    ("refusal", "gone", "told"),
    [
        (ModelGone, True, ModelGone),
        (ModelGone, False, ModelGone),  # of a list that is read late
        (InputRejected, True, ModelGone),  # of a provider that answers 400 for what it does not know
        (InputRejected, False, InputRejected),
    ],
)
@in_virtual_time
async def test_a_refused_submit(
    refusal: type[ProviderRefused], gone: bool, told: type[ProviderRefused]
) -> None:
    """Nothing is charged, nothing is bought again; the provider's list says whether it was the model."""
    bench = Bench(gone={"gpt-image-1"} if gone else set())
    bench.provider.submits = Turns(refusal("HTTP 400"))
    assert await bench.steps.submit("e1", uploaded()) == ENDED
    assert bench.told == [told]
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.edit.reason == told.key
    assert bench.attempt.state is AttemptState.REFUSED
    assert len(bench.provider.submitted) == 1


@in_virtual_time
async def test_what_makes_pictures_from_words_is_gone() -> None:
    """Its model still edits, and that is no comfort: the edit's own endpoint counts."""
    words = {"model": "gpt-image-2", "choices": {"quality": "medium"}, "pictures": (), "fit": None}
    catalogue = having(load(), [load().models["gpt-image-2"].endpoint])
    bench = Bench(words, catalogue=lambda: catalogue)
    bench.provider.submits = Turns(InputRejected("HTTP 400"))
    assert await bench.steps.submit("e1", uploaded("words:1")) == ENDED
    assert (bench.told, bench.outcome) == ([ModelGone], (EditState.FAILED, 0))


@in_virtual_time
async def test_a_row_that_was_taken_out_of_the_catalogue() -> None:
    """By the operator, between two starts: what was not bought is given back, and told as what it is."""
    bench = Bench({"model": "taken-out"})
    assert await bench.steps.upload("e1") == ENDED
    assert (bench.told, bench.outcome) == ([ModelGone], (EditState.FAILED, 0))


@in_virtual_time
async def test_what_runs_while_its_model_dies_is_finished() -> None:
    """Its prediction was bought, and comes."""
    bench = Bench(gone={"gpt-image-1"})
    bench.running()
    await bench.steps.wait("e1")
    await bench.steps.collect("e1")
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.outcome == (EditState.DONE, 63_000)
