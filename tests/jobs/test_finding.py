"""A submit whose answer was lost is looked for, never repeated; and the wait for one that runs."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.edits import AttemptState, EditState
from bot.domain.ports import Prediction
from bot.errors import EditUnknown, ProviderDown, StorageBusy
from bot.jobs.ending import ENDED, ON
from tests.fakes import FakeEdits, FakeProvider, Turns, completed, running
from tests.jobs.bench import TIMING, Bench
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

OURS = [running("other", {"image": "https://up/9"}), running("p7", {"images": ["https://up/1"]})]
OTHERS = [running("other", {"image": "https://up/9"}), running("bare")]


def that_lists(*turns: list[Prediction] | Exception) -> Bench:
    return Bench(provider=FakeProvider(listings=Turns(*turns)))


@in_virtual_time
async def test_it_is_found_at_once_by_its_picture() -> None:
    """The URL of its upload is unique, wherever the inputs have it."""
    bench = that_lists(OURS)
    bench.opened()
    assert await bench.steps.find("e1") == ON
    assert (bench.attempt.state, bench.attempt.prediction_id) == (AttemptState.RUNNING, "p7")
    assert bench.edit.state is EditState.RUNNING


@in_virtual_time
async def test_it_is_found_when_the_list_has_it_later() -> None:
    """The list may lag, and the provider may be down."""
    bench = that_lists([], OTHERS, ProviderDown("502"), OURS)
    bench.opened()
    assert await bench.steps.find("e1") == ON
    assert bench.attempt.prediction_id == "p7"
    assert LoopClock().monotonic() == 3 * TIMING.reconcile_beat


@in_virtual_time
async def test_a_list_that_cannot_be_read_is_not_taken_for_an_empty_one() -> None:
    """The search goes on until it could be read once after the end of its time."""
    bench = that_lists(*[ProviderDown("502")] * 200, OURS)
    bench.opened()
    assert await bench.steps.find("e1") == ON
    assert LoopClock().monotonic() > TIMING.reconcile_for


@in_virtual_time
async def test_a_list_that_can_never_be_read_leaves_the_edit_unknown() -> None:
    """After its own deadline: nothing stays open for ever."""
    bench = that_lists(ProviderDown("502"))
    bench.opened()
    assert await bench.steps.find("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert LoopClock().monotonic() >= TIMING.edit_deadline


@in_virtual_time
async def test_the_window_begins_before_the_attempt() -> None:
    """With room for clocks that differ."""
    bench = that_lists(OURS)
    opened = bench.opened(ago=60)
    await bench.steps.find("e1")
    assert bench.provider.listed_since == [opened.opened_at - timedelta(minutes=15)]


@in_virtual_time
async def test_one_that_is_never_found_is_unknown_and_keeps_its_hold() -> None:
    """Nothing is released, nothing charged, nothing bought again; the person is told."""
    bench = that_lists(OTHERS)
    bench.opened()
    assert await bench.steps.find("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert bench.told == [EditUnknown]
    assert bench.provider.submitted == []
    assert LoopClock().monotonic() == TIMING.reconcile_for


@in_virtual_time
async def test_restarts_do_not_prolong_the_search() -> None:
    """It is measured from the submit; but one look is always taken."""
    late = that_lists(OURS)
    late.opened(ago=TIMING.reconcile_for + 1)
    assert await late.steps.find("e1") == ON
    too_late = that_lists(OTHERS)
    too_late.opened(ago=TIMING.reconcile_for + 1)
    assert await too_late.steps.find("e1") == ENDED
    assert len(too_late.provider.listed_since) == 1


@in_virtual_time
async def test_one_that_was_named_meanwhile_is_not_looked_for() -> None:
    """As when a crash came just after it was found."""
    bench = Bench()
    bench.running()
    assert await bench.steps.find("e1") == ON
    assert bench.provider.listed_since == []


@in_virtual_time
async def test_an_edit_that_was_settled_meanwhile_is_not_looked_for() -> None:
    """An admin may have done it."""
    bench = Bench({"state": EditState.FAILED})
    bench.opened()
    assert await bench.steps.find("e1") == ENDED
    assert bench.provider.listed_since == []


@in_virtual_time
async def test_a_busy_database_loses_no_finding() -> None:
    """It is written down, however long that takes."""
    bench = Bench(
        provider=FakeProvider(listings=Turns(OURS)), edits=FakeEdits(busy=Turns(StorageBusy(), None))
    )
    bench.opened()
    assert await bench.steps.find("e1") == ON
    assert bench.attempt.prediction_id == "p7"


@in_virtual_time
async def test_the_wait_ends_with_the_prediction() -> None:
    """However it ended: the next step reads how."""
    bench = that_lists([completed("p1")])
    bench.running()
    watching = asyncio.create_task(bench.watch.run())
    assert await bench.steps.wait("e1") == ON
    assert not bench.edit.state.final
    await cancelled(watching)


@in_virtual_time
async def test_the_wait_for_a_prediction_ends_at_its_deadline() -> None:
    """By the wall clock; the next step reads the result itself, and knows what that means for the edit."""
    bench = that_lists([running("p1")])
    bench.running(ago=600)
    watching = asyncio.create_task(bench.watch.run())
    assert await bench.steps.wait("e1") == ON
    assert LoopClock().monotonic() == TIMING.prediction_deadline - 600
    await cancelled(watching)


@in_virtual_time
async def test_a_prediction_that_never_ends_is_unknown() -> None:
    """It may be billed, so its money stays held; the person is told."""
    bench = Bench(provider=FakeProvider(results=Turns(running("p1"))))
    bench.running(ago=86_400)
    assert await bench.steps.wait("e1") == ON
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert bench.told == [EditUnknown]


@in_virtual_time
async def test_one_that_is_taken_up_after_its_deadline_is_still_collected() -> None:
    """A machine that was off for a day misses no picture that was made meanwhile."""
    bench = Bench(provider=FakeProvider(results=Turns(completed("p1"))))
    bench.running(ago=86_400)
    assert await bench.steps.wait("e1") == ON
    assert await bench.steps.collect("e1") == ON
    assert "e1" in bench.edits.results


@in_virtual_time
async def test_an_attempt_without_a_prediction_is_unknown() -> None:
    """It should not be here, and nothing is bought for it."""
    bench = Bench()
    bench.opened(AttemptState.RUNNING)
    assert await bench.steps.wait("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)


@in_virtual_time
async def test_how_long_it_takes_is_learnt() -> None:
    """From our own runs; until there are some, the catalogue says it."""
    bench = Bench()
    assert await bench.steps.expected_seconds(bench.edit) == 25
    bench.edits.typical = 41.0
    assert await bench.steps.expected_seconds(bench.edit) == 41.0
