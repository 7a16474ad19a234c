"""Delivering and charging: the picture reaches its person or is kept, and its price is booked once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.edits import AttemptState, EditState
from bot.domain.ports import Stage
from bot.errors import (
    ArrivalUnknown,
    EditUnknown,
    MessengerBusy,
    MessengerError,
    Moderated,
    OutputUnusable,
    PersonUnreachable,
    StorageBusy,
    WavebrushError,
)
from bot.jobs.ending import ENDED, WAIT
from tests.fakes import PNG, FakeEdits, FakeMessenger, Turns
from tests.jobs.bench import TIMING, Bench
from tests.virtual_time import START, LoopClock, in_virtual_time


def with_result(*deliveries: int | Exception, **changes: object) -> Bench:
    messenger = FakeMessenger(deliveries=Turns(*deliveries)) if deliveries else FakeMessenger()
    bench = Bench(dict(changes), messenger=messenger)
    bench.keep_result()
    return bench


@in_virtual_time
async def test_the_kept_picture_is_delivered_and_charged() -> None:
    """At the price of its shape, which may be less than what was held."""
    bench = with_result()
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.messenger.delivered == [(PNG.data, 63_000)]
    assert bench.outcome == (EditState.DONE, 63_000)
    assert bench.edit.result_message_id == 77
    assert bench.messenger.stages == [Stage.SENDING]
    assert bench.told == [None]


@in_virtual_time
async def test_a_square_that_the_model_chose_is_charged_as_a_square() -> None:
    """The dearer shape was held; the rest is given back."""
    bench = with_result()
    kept = bench.edits.results["e1"]
    bench.edits.results["e1"] = type(kept)("e1", kept.key, kept.media_type, 1024, 1024)
    await bench.steps.deliver("e1")
    assert bench.outcome == (EditState.DONE, 42_000)


@pytest.mark.parametrize("error", [PersonUnreachable("403"), MessengerError("400")])
@in_virtual_time
async def test_a_person_who_cannot_be_reached_is_charged_and_the_picture_stays(error: WavebrushError) -> None:
    """It was made for them, and they can have it when they come back."""
    bench = with_result(error)
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.outcome == (EditState.UNDELIVERABLE, 63_000)
    assert bench.edit.reason == error.key
    assert bench.blobs.kept == {"e1.png": PNG.data}
    assert len(bench.messenger.delivered) == 1


@in_virtual_time
async def test_telegram_in_trouble_is_waited_out() -> None:
    """A result is worth an hour."""
    bench = with_result(*[MessengerBusy("502")] * 10, 78)
    await bench.steps.deliver("e1")
    assert bench.outcome == (EditState.DONE, 63_000)
    assert bench.edit.result_message_id == 78


@in_virtual_time
async def test_telegram_in_longer_trouble_is_waited_out_between_rounds() -> None:
    """The wait is the workflow's, so that it outlives restarts."""
    bench = with_result(MessengerBusy("502"))
    assert (await bench.steps.deliver("e1")).startswith(WAIT)
    assert not bench.edit.state.final
    assert bench.told == []
    assert LoopClock().monotonic() <= TIMING.send_deadline


@in_virtual_time
async def test_telegram_in_endless_trouble_leaves_the_edit_undeliverable() -> None:
    """After three days it is charged and kept; nothing stays open for ever."""
    bench = with_result(MessengerBusy("502"), created_at=START - timedelta(days=3))
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.outcome == (EditState.UNDELIVERABLE, 63_000)


@in_virtual_time
async def test_an_answer_that_is_lost_twice_is_taken_for_a_delivery() -> None:
    """The picture has most likely arrived both times. If not, its person hears where it is."""
    lost = MessengerBusy("TimedOut")
    lost.uncertain = True
    bench = with_result(lost)
    assert await bench.steps.deliver("e1") == ENDED
    assert len(bench.messenger.delivered) == 2
    assert bench.outcome == (EditState.DONE, 63_000)
    assert bench.edit.result_message_id is None
    assert bench.told == [ArrivalUnknown]


@in_virtual_time
async def test_an_answer_that_is_lost_once_is_not_taken_for_a_delivery() -> None:
    """The picture is sent once more: twice is better than never."""
    lost = MessengerBusy("TimedOut")
    lost.uncertain = True
    bench = with_result(lost, 78)
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.outcome == (EditState.DONE, 63_000)
    assert bench.edit.result_message_id == 78


@in_virtual_time
async def test_a_refusal_after_a_lost_answer_is_waited_out() -> None:
    """It says that nothing is delivered now, so the count of lost answers begins anew."""
    lost, refused = MessengerBusy("TimedOut"), MessengerBusy("502")
    lost.uncertain = True
    bench = with_result(lost, refused, lost, 78)
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.edit.result_message_id == 78


@in_virtual_time
async def test_what_was_delivered_is_not_delivered_again() -> None:
    """As after a crash between delivering and charging."""
    bench = with_result(result_message_id=70)
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.messenger.delivered == []
    assert bench.outcome == (EditState.DONE, 63_000)


@in_virtual_time
async def test_what_is_done_is_not_charged_again() -> None:
    """However often the step runs."""
    bench = with_result()
    await bench.steps.deliver("e1")
    await bench.steps.deliver("e1")
    assert len(bench.messenger.delivered) == 1
    assert bench.told == [None]


@in_virtual_time
async def test_a_busy_database_delivers_nothing_twice() -> None:
    """Only the writing is repeated."""
    bench = Bench(edits=FakeEdits(busy=Turns(StorageBusy(), StorageBusy(), None)))
    bench.keep_result()
    await bench.steps.deliver("e1")
    assert len(bench.messenger.delivered) == 1
    assert bench.outcome == (EditState.DONE, 63_000)


@in_virtual_time
async def test_a_kept_picture_that_was_lost_is_charged_and_said() -> None:
    """It was made and is billed; an edit without an end would hold its money for ever."""
    bench = with_result()
    bench.blobs.kept.clear()
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 63_000)
    assert bench.told == [OutputUnusable]


@pytest.mark.parametrize("step", ["upload", "find", "wait", "collect", "deliver"])
@in_virtual_time
async def test_what_ended_before_a_step_loses_its_status(step: str) -> None:
    """A crash came between; its person knows why it ended."""
    bench = Bench({"state": EditState.FAILED, "reason": "error-moderated", "status_message_id": 9})
    bench.running()
    assert await getattr(bench.steps, step)("e1") == ENDED
    assert bench.told == [None]


@pytest.mark.parametrize("step", ["upload", "find", "wait", "collect", "deliver"])
@in_virtual_time
async def test_who_was_not_told_of_the_end_is_told_by_the_next_step(step: str) -> None:
    """A crash came between the settling and the telling, which is noted."""
    bench = Bench({"state": EditState.FAILED, "reason": Moderated.key, "ended_at": START - timedelta(1)})
    bench.untold.edits = [bench.edit]
    bench.running()
    assert await getattr(bench.steps, step)("e1") == ENDED
    assert bench.told == [Moderated]


@pytest.mark.parametrize("state", [AttemptState.OPEN, AttemptState.RUNNING])
@in_virtual_time
async def test_giving_up_after_a_submit_releases_nothing(state: AttemptState) -> None:
    """The provider may have the work."""
    bench = Bench()
    bench.opened(state)
    assert await bench.steps.give_up("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert bench.told == [EditUnknown]


@pytest.mark.parametrize("state", [None, AttemptState.REFUSED, AttemptState.FAILED])
@in_virtual_time
async def test_giving_up_where_nothing_was_bought_costs_nothing(state: AttemptState | None) -> None:
    """The person hears that something went wrong, and nothing more technical."""
    bench = Bench()
    if state is not None:
        bench.opened(state)
    assert await bench.steps.give_up("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.told == [WavebrushError]


@in_virtual_time
async def test_giving_up_on_a_kept_result_charges_it() -> None:
    """It was bought, and it is there: only the delivery broke."""
    bench = with_result()
    await bench.edits.close_attempt(1, AttemptState.COMPLETED)
    assert await bench.steps.give_up("e1") == ENDED
    assert bench.outcome == (EditState.UNDELIVERABLE, 63_000)
    assert bench.blobs.kept == {"e1.png": PNG.data}
    assert bench.told == [None]
