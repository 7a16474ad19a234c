"""Several results of one request: delivered together, charged each once, and none waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.edits import EditState, KeptResult
from bot.errors import EditUnknown, MessengerBusy, Moderated, PersonUnreachable, ProviderBroke
from bot.jobs.cancelling import Cancelled, Cancelling
from bot.jobs.ending import ENDED, WAIT
from tests.fakes import PNG, FakeMessenger, Turns
from tests.jobs.bench import TIMING, Bench, an_edit
from tests.virtual_time import START, LoopClock, in_virtual_time

BEAT = f"{WAIT}{TIMING.batch_beat}"
QUIET = None


def batch_of(*states: EditState, messenger: FakeMessenger | None = None, **changes: Any) -> Bench:
    """Edits e1, e2 … of one batch; those that are delivering have results, kept at the start."""
    bench = Bench(messenger=messenger or FakeMessenger())
    for number, state in enumerate(states):
        edit_id = f"e{number + 1}"
        values = {"id": edit_id, "origin": f"request:r1:{number}", "batch": "r1:0", "state": state}
        bench.edits.edits[edit_id] = an_edit(**{**values, **changes})
        if state is EditState.DELIVERING:
            keep(bench, edit_id)
    return bench


def keep(bench: Bench, edit_id: str, after: float = 0.0) -> None:
    """Put a result into our keeping."""
    bench.blobs.kept[f"{edit_id}.png"] = PNG.data
    kept_at = START + timedelta(seconds=after)
    result = KeptResult(edit_id, f"{edit_id}.png", "image/png", 1536, 1024, kept_at=kept_at)
    bench.edits.results[edit_id] = result


def outcomes(bench: Bench) -> dict[str, tuple[EditState, int | None]]:
    return {key: (edit.state, edit.charged) for key, edit in bench.edits.edits.items()}


def told(bench: Bench) -> list[tuple[str, type[Exception] | None]]:
    """Whose end was told, and by which error."""
    return [(edit.id, type(error) if error else QUIET) for edit, error in bench.messenger.ends]


class _Crash(Exception):
    """The process ends here."""


async def run(bench: Bench, order: Iterable[str]) -> list[str]:
    return [await bench.steps.deliver(edit_id) for edit_id in order]


MADE, FAILED, RUNNING = EditState.DELIVERING, EditState.FAILED, EditState.RUNNING
DONE = (EditState.DONE, 63_000)


@pytest.mark.parametrize("order", [("e1", "e2", "e3"), ("e3", "e2", "e1")])
@in_virtual_time
async def test_they_are_delivered_together(order: tuple[str, ...]) -> None:
    """By the first of them, whoever comes first; each is charged, and told once."""
    bench = batch_of(MADE, MADE, MADE)
    assert set(await run(bench, order)) <= {ENDED, BEAT}
    assert await run(bench, order) == [ENDED] * 3
    assert bench.messenger.together == [["e1", "e2", "e3"]]
    assert outcomes(bench) == {"e1": DONE, "e2": DONE, "e3": DONE}
    assert [edit.result_message_id for edit in bench.edits.edits.values()] == [77, 78, 79]
    assert told(bench) == [("e1", None), ("e2", None), ("e3", None)]


@in_virtual_time
async def test_who_is_made_waits_for_who_is_not() -> None:
    """A look at the rows every few seconds, and nothing is sent."""
    bench = batch_of(MADE, RUNNING, MADE)
    assert await run(bench, ("e3", "e1")) == [BEAT, BEAT]
    assert bench.messenger.together == []
    keep(bench, "e2")
    assert await run(bench, ("e2", "e1")) == [BEAT, ENDED]
    assert bench.messenger.together == [["e1", "e2", "e3"]]


@pytest.mark.parametrize("late", ["e1", "e3"])
@in_virtual_time
async def test_a_late_one_comes_alone(late: str) -> None:
    """The others are not held longer than a few minutes; it is charged like them."""
    states = [RUNNING if late == f"e{number}" else MADE for number in (1, 2, 3)]
    bench = batch_of(*states)
    others = [key for key in bench.edits.edits if key != late]
    assert await run(bench, others) == [BEAT, BEAT]
    await asyncio.sleep(TIMING.batch_wait)
    assert await run(bench, others) == [BEAT, BEAT]
    await asyncio.sleep(2 * TIMING.batch_beat)
    assert await run(bench, others) == [ENDED, ENDED]
    assert bench.messenger.together == [others]
    keep(bench, late, after=LoopClock().monotonic())
    assert await run(bench, [late]) == [ENDED]
    assert bench.messenger.together == [others, [late]]
    assert set(outcomes(bench).values()) == {DONE}


@in_virtual_time
async def test_a_late_one_does_not_take_the_lead() -> None:
    """It would be the first, but the others are being sent at this moment."""
    bench = batch_of(RUNNING, MADE)
    await asyncio.sleep(TIMING.batch_wait + 2 * TIMING.batch_beat)
    keep(bench, "e1", after=LoopClock().monotonic())
    assert await run(bench, ("e1", "e2")) == [ENDED, ENDED]
    assert bench.messenger.together == [["e1"], ["e2"]]


@in_virtual_time
async def test_a_failure_is_said_when_what_it_waited_for_is_cancelled() -> None:
    """Each reason once, by the last that ends."""
    bench = batch_of(RUNNING, EditState.QUEUED, EditState.QUEUED)
    await bench.steps._fail(bench.edits.edits["e1"], Moderated())
    cancelling = Cancelling(bench.edits, bench.messenger, LoopClock())
    for key in ("e2", "e3"):
        assert await cancelling.cancel(bench.edits.edits[key]) is Cancelled.FREE
    assert told(bench) == [("e1", QUIET), ("e2", QUIET), ("e3", QUIET), ("e1", Moderated)]


@pytest.mark.parametrize("failing", ["e1", "e2", "e3"])
@in_virtual_time
async def test_what_failed_is_said_with_the_others_and_costs_nothing(failing: str) -> None:
    """One message says it all."""
    states = [RUNNING if failing == f"e{number}" else MADE for number in (1, 2, 3)]
    bench = batch_of(*states)
    await bench.steps._fail(bench.edits.edits[failing], Moderated("1200"))
    assert told(bench) == [(failing, QUIET)]
    others = [key for key in bench.edits.edits if key != failing]
    await run(bench, others)
    assert bench.messenger.together == [others]
    assert bench.messenger.failed == [[failing]]
    assert outcomes(bench)[failing] == (EditState.FAILED, 0)
    assert [outcomes(bench)[key] for key in others] == [DONE, DONE]


@in_virtual_time
async def test_where_all_fail_each_reason_is_said_once() -> None:
    """By the last of them."""
    bench = batch_of(RUNNING, RUNNING, RUNNING)
    for key, error in (("e1", Moderated()), ("e2", ProviderBroke()), ("e3", ProviderBroke())):
        await bench.steps._fail(bench.edits.edits[key], error)
    said = [(key, error) for key, error in told(bench) if error]
    assert said == [("e3", ProviderBroke), ("e1", Moderated)]


@in_virtual_time
async def test_an_unknown_fate_is_said_at_once() -> None:
    """Its money is held, and its owner is asked; the others do not wait for it."""
    bench = batch_of(MADE, RUNNING)
    await bench.steps._unknown(bench.edits.edits["e2"], "nobody knows")
    assert told(bench) == [("e2", EditUnknown)]
    assert await run(bench, ["e1"]) == [ENDED]
    assert outcomes(bench) == {"e1": DONE, "e2": (EditState.UNKNOWN, None)}


@in_virtual_time
async def test_a_failure_after_the_album_is_said_at_once() -> None:
    """There is nothing left to say it with."""
    bench = batch_of(EditState.DONE, RUNNING)
    await bench.steps._fail(bench.edits.edits["e2"], Moderated())
    assert told(bench) == [("e2", Moderated)]


@pytest.mark.parametrize("write", range(1, 7))
@in_virtual_time
async def test_a_crash_delivers_twice_rather_than_never_and_charges_once(write: int) -> None:
    """Whichever of the writes between the album and the last booking is not made any more."""
    bench = batch_of(MADE, MADE, MADE)
    bench.edits.busy = Turns(*[None] * (write - 1), _Crash(), None)
    with pytest.raises(_Crash):
        await run(bench, ["e1"])
    for _ in range(3):
        await run(bench, ("e3", "e1", "e2"))
    assert outcomes(bench) == {"e1": DONE, "e2": DONE, "e3": DONE}
    assert {edit_id for sent in bench.messenger.together for edit_id in sent} == {"e1", "e2", "e3"}
    assert len(bench.messenger.together) <= 2
    assert all(edit.result_message_id for edit in bench.edits.edits.values())


@in_virtual_time
async def test_a_person_who_cannot_be_reached_is_tried_once_for_all() -> None:
    """All were made for them and stay for them."""
    bench = batch_of(MADE, MADE, messenger=FakeMessenger(deliveries=Turns(PersonUnreachable("403"))))
    assert await run(bench, ("e1", "e2")) == [ENDED, ENDED]
    assert len(bench.messenger.together) == 1
    assert set(outcomes(bench).values()) == {(EditState.UNDELIVERABLE, 63_000)}


@in_virtual_time
async def test_telegram_in_trouble_is_waited_out_by_the_first() -> None:
    """The others leave it the lead."""
    bench = batch_of(MADE, MADE, messenger=FakeMessenger(deliveries=Turns(MessengerBusy("502"), 77)))
    assert await run(bench, ("e2", "e1")) == [BEAT, ENDED]
    assert bench.messenger.together == [["e1", "e2"]] * 2
    assert set(outcomes(bench).values()) == {DONE}


@in_virtual_time
async def test_a_delivery_in_trouble_is_looked_at_ever_less() -> None:
    """It may take days, and each look is written down."""
    bench = batch_of(MADE, MADE)  # e1 is at it
    await asyncio.sleep(TIMING.batch_wait + 3 * TIMING.batch_beat)
    assert await run(bench, ["e2"]) == [f"{WAIT}{TIMING.retry_most}"]


@in_virtual_time
async def test_an_answer_that_is_lost_twice_is_taken_for_a_delivery_of_all() -> None:
    """Nobody sends the album a third time."""
    lost = MessengerBusy("TimedOut")
    lost.uncertain = True
    bench = batch_of(MADE, MADE, messenger=FakeMessenger(deliveries=Turns(lost)))
    assert await run(bench, ("e1", "e2")) == [ENDED, ENDED]
    assert len(bench.messenger.together) == 2
    assert set(outcomes(bench).values()) == {DONE}


@pytest.mark.parametrize("misfit", ["e1", "e2"])
@in_virtual_time
async def test_what_does_not_fit_in_comes_afterwards(misfit: str) -> None:
    """In a message of its own; it is booked when it is there."""
    bench = batch_of(MADE, MADE, MADE)
    bench.messenger.misfits = {misfit}
    await run(bench, ("e1", "e2", "e3"))
    await run(bench, ("e1", "e2", "e3"))
    assert bench.messenger.together == [["e1", "e2", "e3"], [misfit]]
    assert set(outcomes(bench).values()) == {DONE}


@in_virtual_time
async def test_a_kept_picture_that_was_lost_holds_nobody() -> None:
    """It ends by itself, and the others come without it."""
    bench = batch_of(MADE, MADE)
    del bench.blobs.kept["e1.png"]
    assert await run(bench, ("e2", "e1", "e2")) == [BEAT, ENDED, ENDED]
    assert bench.messenger.together == [["e2"]]
    assert outcomes(bench) == {"e1": (EditState.FAILED, 63_000), "e2": DONE}
