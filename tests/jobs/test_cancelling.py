"""A cancelled edit: its steps stop, nothing is submitted, and its person hears of nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from bot.domain.edits import Attempt, AttemptState, EditState
from bot.domain.stores import EditEnded
from bot.errors import PictureGone
from bot.jobs.cancelling import Cancelled, Cancelling
from bot.jobs.ending import ENDED
from tests.fakes import FakeEdits, Turns
from tests.jobs.bench import Bench, uploaded
from tests.virtual_time import LoopClock


async def _cancel(bench: Bench) -> Cancelled:
    return await Cancelling(bench.edits, bench.messenger, LoopClock()).cancel(bench.edit)


async def test_between_two_steps() -> None:
    """Each step sees it and stops; nothing is uploaded or bought."""
    bench = Bench()
    assert await _cancel(bench) is Cancelled.FREE
    assert await bench.steps.upload("e1") == ENDED
    assert await bench.steps.submit("e1", uploaded()) == ENDED
    assert (bench.provider.uploaded, bench.provider.submitted) == ([], [])
    assert bench.outcome == (EditState.CANCELLED, 0)
    assert bench.told == [None]


async def test_at_the_very_moment_of_the_submit() -> None:
    """It was not cancelled when the step looked, and is when the attempt is to be opened: no POST."""

    class Late(FakeEdits):
        async def open_attempt(self, edit_id: str, source_url: str, opener: str, now: datetime) -> Attempt:
            assert await self.cancel(edit_id, now)
            return await super().open_attempt(edit_id, source_url, opener, now)

    bench = Bench(edits=Late())
    assert await bench.steps.submit("e1", uploaded()) == ENDED
    assert bench.provider.submitted == []
    assert bench.outcome == (EditState.CANCELLED, 0)


async def test_a_failure_after_it_is_not_told() -> None:
    """The upload under way fails: who cancelled is not told of a failure."""
    bench = Bench()

    class Fetch(Turns[bytes]):
        def take(self) -> bytes:
            bench.edits.change("e1", state=EditState.CANCELLED, charged=0)
            return super().take()

    bench.pictures.fetches = Fetch(PictureGone("lost"))
    assert await bench.steps.upload("e1") == ENDED
    assert bench.outcome == (EditState.CANCELLED, 0)
    assert bench.told == [None]


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"state": EditState.RUNNING}, Cancelled.BOUGHT),
        ({"state": EditState.DONE}, Cancelled.OVER),
        ({"state": EditState.FAILED}, Cancelled.OVER),
    ],
)
async def test_too_late(changes: dict[str, Any], outcome: Cancelled) -> None:
    """With the provider, or ended: nothing changes, and nobody's status is taken away."""
    bench = Bench()
    bench.opened(AttemptState.OPEN)
    bench.edits.edits["e1"] = replace(bench.edit, **changes)
    before = bench.edit
    assert await _cancel(bench) is outcome
    assert bench.edit == before
    assert bench.told == []


async def test_after_a_refusal_it_is_free() -> None:
    """A 429 bought nothing, and the next attempt does not open."""
    bench = Bench()
    bench.opened(AttemptState.REFUSED)
    assert await _cancel(bench) is Cancelled.FREE
    with pytest.raises(EditEnded):
        await bench.edits.open_attempt("e1", "https://up/2", "step", LoopClock().now())
