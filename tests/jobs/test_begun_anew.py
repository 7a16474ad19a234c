"""A workflow that is begun anew finds in the rows what the lost one did, and buys nothing twice."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from bot.domain.edits import Attempt, AttemptState, EditState
from bot.errors import MessengerBusy, PersonUnreachable, StorageBusy, WavebrushError
from bot.jobs.ending import ENDED, LOST, ON
from tests.fakes import FakeEdits, Turns
from tests.jobs.bench import Bench, uploaded
from tests.virtual_time import in_virtual_time

MAYBE_BOUGHT = [AttemptState.OPEN, AttemptState.RUNNING, AttemptState.COMPLETED]


class Busy(FakeEdits):
    """Its database is busy for the first attempts that are opened."""

    def __init__(self, *before: StorageBusy | None, after: StorageBusy | None = None) -> None:
        """``before`` the row is written; ``after``: it is, but nobody hears of it."""
        super().__init__()
        self.before: Turns[None] = Turns(*before, None)
        self.after: Turns[None] = Turns(after, None)

    async def open_attempt(self, edit_id: str, source_url: str, opener: str, now: datetime) -> Attempt:
        self.before.take()
        attempt = await super().open_attempt(edit_id, source_url, opener, now)
        self.after.take()
        return attempt


@pytest.mark.parametrize("state", MAYBE_BOUGHT)
@in_virtual_time
async def test_what_may_be_bought_is_not_uploaded_again(state: AttemptState) -> None:
    """Its pictures are named again, for the record of the new workflow."""
    bench = Bench({"state": EditState.RUNNING})
    bench.opened(state)
    assert json.loads(await bench.steps.upload("e1")) == {"pictures": ["https://up/1"], "mask": None}
    assert bench.provider.uploaded == []
    assert bench.edit.state is EditState.RUNNING


@pytest.mark.parametrize("state", [AttemptState.REFUSED, AttemptState.FAILED])
@in_virtual_time
async def test_what_was_not_bought_is_uploaded_again(state: AttemptState) -> None:
    """So that the next attempt has a picture of its own."""
    bench = Bench()
    bench.opened(state)
    await bench.steps.upload("e1")
    assert len(bench.provider.uploaded) == 1


@pytest.mark.parametrize(("state", "outcome"), [*zip(MAYBE_BOUGHT, [LOST, ON, ON], strict=True)])
@pytest.mark.parametrize("url", ["https://up/1", "https://up/2"])
@in_virtual_time
async def test_what_may_be_bought_is_not_posted_again(state: AttemptState, outcome: str, url: str) -> None:
    """Whichever pictures the new workflow would have sent."""
    bench = Bench()
    bench.opened(state)
    assert await bench.steps.submit("e1", uploaded(url)) == outcome
    assert bench.provider.submitted == []
    assert len(bench.edits.attempts) == 1


@pytest.mark.parametrize(
    "edits",
    [
        Busy(StorageBusy("locked"), StorageBusy("locked")),
        Busy(after=StorageBusy("lost during the commit")),
        Busy(StorageBusy("locked"), after=StorageBusy("lost during the commit")),
    ],
    ids=["not written", "written", "both"],
)
@in_virtual_time
async def test_a_busy_moment_before_the_post_costs_neither_the_edit_nor_a_second_attempt(edits: Busy) -> None:
    """The attempt is opened once, also where its row was written and nobody heard of it."""
    bench = Bench(edits=edits)
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert len(bench.provider.submitted) == 1
    assert [attempt.state for attempt in edits.attempts] == [AttemptState.RUNNING]


@in_virtual_time
async def test_what_ended_before_is_not_submitted() -> None:
    """As with every other step, its status goes; its person knows why it ended."""
    reason = PersonUnreachable.key
    bench = Bench({"state": EditState.FAILED, "reason": reason, "status_message_id": 9})
    assert await bench.steps.submit("e1", uploaded()) == ENDED
    assert bench.told == [None]
    assert bench.provider.submitted == []


@pytest.mark.parametrize("reason", [WavebrushError.key, MessengerBusy.key])
@in_virtual_time
async def test_nobody_is_told_that_a_paid_picture_cost_nothing(reason: str) -> None:
    """The sentence about a failure says so, but what could not be delivered is charged: no sentence then."""
    bench = Bench({"state": EditState.UNDELIVERABLE, "reason": reason, "status_message_id": 9})
    bench.keep_result()
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.told == [None]
