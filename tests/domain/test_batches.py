"""Who delivers the results of a batch, and when: all of them together, by the first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.domain.batches import led_by, to_be_told, to_come
from bot.domain.edits import Edit, EditState
from tests.jobs.bench import an_edit
from tests.virtual_time import START

PATIENCE, GRACE = timedelta(seconds=180), timedelta(seconds=3)
DELIVERING, RUNNING = EditState.DELIVERING, EditState.RUNNING


def member(number: int, state: EditState = DELIVERING, **changes: Any) -> Edit:
    """One edit of a batch."""
    values = {"id": f"e{number}", "origin": f"request:r1:{number}", "batch": "r1:0", "state": state}
    return an_edit(**{**values, **changes})


def kept(**seconds: float) -> dict[str, datetime]:
    """When results were kept, in seconds from the start."""
    return {name: START + timedelta(seconds=at) for name, at in seconds.items()}


def led(edit: Edit, batch: list[Edit], results: dict[str, datetime], now: float) -> list[str] | None:
    """The ids of those that an edit delivers, so many seconds after the start."""
    found = led_by(edit, batch, results, START + timedelta(seconds=now), PATIENCE, GRACE)
    return None if found is None else [one.id for one in found]


def test_the_first_delivers_all() -> None:
    """Once none is missing; the others leave it to it, whoever was ready first."""
    batch = [member(0), member(1), member(2)]
    results = kept(e0=9, e1=0, e2=5)
    assert led(batch[0], batch, results, 9) == ["e0", "e1", "e2"]
    assert led(batch[1], batch, results, 9) is None
    assert led(batch[2], batch, results, 9) is None


def test_a_missing_one_is_waited_for() -> None:
    """Whoever it is; a few minutes, and a little more, since its row may just be being written."""
    batch = [member(0, RUNNING), member(1)]
    assert led(batch[1], batch, kept(e1=0), 180) is None
    assert led(batch[1], batch, kept(e1=0), 183) is None
    assert led(batch[1], batch, kept(e1=0), 184) == ["e1"]


@pytest.mark.parametrize("end", [EditState.FAILED, EditState.CANCELLED, EditState.UNKNOWN])
def test_one_that_ended_without_a_picture_is_not_waited_for(end: EditState) -> None:
    """Not even the first."""
    batch = [member(0, end), member(1), member(2)]
    assert led(batch[1], batch, kept(e1=0, e2=0), 1) == ["e1", "e2"]


@pytest.mark.parametrize("late", [0, 2])
def test_a_late_one_goes_alone(late: int) -> None:
    """Also if it would be the first: the others may be on their way at this moment."""
    batch = [member(0), member(1), member(2)]
    results = kept(**{f"e{number}": 500.0 if number == late else 0.0 for number in range(3)})
    first, *others = [one for one in batch if one.number != late]
    assert led(batch[late], batch, results, 501) == [f"e{late}"]
    assert led(first, batch, results, 501) == [first.id, others[0].id]
    assert led(others[0], batch, results, 501) is None


def test_what_was_delivered_is_not_delivered_again() -> None:
    """A crash came before the leader was told: the rest is the next one's."""
    batch = [member(0, EditState.DONE), member(1, result_message_id=7), member(2)]
    assert led(batch[2], batch, kept(e0=0, e1=0, e2=0), 1) == ["e2"]


def test_failures_are_told_with_the_first_that_is_delivered() -> None:
    """And with that alone."""
    failed = member(0, EditState.FAILED)
    assert to_be_told([failed, member(1), member(2, EditState.CANCELLED)]) == [failed]
    assert to_be_told([failed, member(1), member(2, EditState.DONE)]) == []
    assert to_be_told([failed, member(1, result_message_id=7)]) == []


def test_a_failure_keeps_quiet_while_a_result_may_come() -> None:
    """Not if all have ended, or something was delivered, or the rest is not waited for any longer."""
    failed, running = member(0, EditState.FAILED), member(1, RUNNING)
    soon, later = START + timedelta(seconds=10), START + timedelta(seconds=181)
    assert to_come([failed, running], {}, later, PATIENCE)
    assert to_come([failed, running, member(2)], kept(e2=0), soon, PATIENCE)
    assert not to_come([failed, running, member(2)], kept(e2=0), later, PATIENCE)
    assert not to_come([failed, member(1, EditState.FAILED)], {}, soon, PATIENCE)
    assert not to_come([failed, running, member(2, result_message_id=7)], {}, soon, PATIENCE)
