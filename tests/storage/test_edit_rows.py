"""What the rows of edits, attempts and results promise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.edits import Attempt, AttemptState, EditState, KeptResult, Place
from bot.domain.stores import EditEnded, OpenedElsewhere
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger
from bot.storage.requests import SqlRequests

from .makers import CHAT, LATER, NOW, USER, accepted, an_edit, prepared


@pytest.fixture
def edits(database: Database) -> SqlEdits:
    return SqlEdits(database)


async def test_a_strange_edit_is_a_key_error(edits: SqlEdits) -> None:
    """Nobody asks for an edit that never was."""
    with pytest.raises(KeyError):
        await edits.get("none")


async def test_an_edit_without_extras_comes_back_as_it_was(database: Database, edits: SqlEdits) -> None:
    """No fit, no mask, no choices, no pictures: each as empty as it was."""
    edit = await accepted(database, fit=None, mask_key=None, choices={}, pictures=(), language=None)
    assert await edits.get(edit.id) == edit


async def test_an_edit_moves_until_it_is_final(database: Database, edits: SqlEdits) -> None:
    """Moving on is repeatable; after the end nothing moves."""
    edit = await accepted(database)
    assert await edits.advance(edit.id, EditState.QUEUED)
    assert await edits.advance(edit.id, EditState.QUEUED)
    assert (await edits.get(edit.id)).state is EditState.QUEUED
    assert await edits.settle(edit.id, EditState.CANCELLED, charge=0, reason=None, now=NOW)
    assert not await edits.advance(edit.id, EditState.RUNNING)
    assert (await edits.get(edit.id)).state is EditState.CANCELLED


async def test_an_edit_never_moves_back(database: Database, edits: SqlEdits) -> None:
    """Of two that move it on at once the slower one, or one that repeats an old step, changes nothing."""
    edit = await accepted(database)
    states = [state for state in EditState if not state.final]
    for place, state in enumerate(states):
        assert await edits.advance(edit.id, state)
        assert await edits.advance(edit.id, state)
        assert not any([await edits.advance(edit.id, earlier) for earlier in states[:place]])
        assert (await edits.get(edit.id)).state is state


async def test_a_final_state_is_not_reached_by_moving_on(database: Database, edits: SqlEdits) -> None:
    """Only settling ends an edit, since only that does the money."""
    edit = await accepted(database)
    with pytest.raises(ValueError, match="settle"):
        await edits.advance(edit.id, EditState.DONE)


async def test_unfinished_ones_are_listed_oldest_first(database: Database, edits: SqlEdits) -> None:
    """Final ones, also unknown ones, and those created too late are not in the list."""
    younger = await accepted(database, created_at=NOW - timedelta(seconds=1))
    older = await accepted(database, created_at=NOW - timedelta(seconds=2))
    ended = await accepted(database, created_at=NOW - timedelta(seconds=3))
    await edits.settle(ended.id, EditState.UNKNOWN, charge=0, reason=None, now=NOW)
    await accepted(database, created_at=NOW)
    assert [edit.id for edit in await edits.unfinished(NOW)] == [older.id, younger.id]


async def test_an_attempt_is_written_then_named(database: Database, edits: SqlEdits) -> None:
    """The open attempt is there before its prediction; the name makes it and its edit run."""
    edit = await accepted(database)
    assert await edits.current_attempt(edit.id) is None
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", LATER)
    assert attempt == Attempt(attempt.id, edit.id, 1, AttemptState.OPEN, "https://media/1", LATER)
    assert await edits.current_attempt(edit.id) == attempt
    await edits.named(attempt.id, "p1")
    await edits.named(attempt.id, "p2")
    named = replace(attempt, state=AttemptState.RUNNING, prediction_id="p1")
    assert await edits.current_attempt(edit.id) == named
    running = await edits.get(edit.id)
    assert (running.state, running.submitted_at) == (EditState.RUNNING, LATER)


@pytest.mark.parametrize("state", [AttemptState.REFUSED, AttemptState.FAILED])
async def test_what_was_not_bought_may_be_tried_again(
    database: Database, edits: SqlEdits, state: AttemptState
) -> None:
    """A closed attempt stays as it ended, and the next one has the next number."""
    edit = await accepted(database)
    first = await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    await edits.close_attempt(first.id, state, "429")
    await edits.close_attempt(first.id, AttemptState.COMPLETED)
    assert await edits.current_attempt(edit.id) == replace(first, state=state)
    assert (await edits.open_attempt(edit.id, "https://media/2", "step", NOW)).number == 2


@pytest.mark.parametrize("state", [None, AttemptState.RUNNING, AttemptState.COMPLETED, AttemptState.UNKNOWN])
async def test_what_may_have_been_bought_is_not_bought_again(
    database: Database, edits: SqlEdits, state: AttemptState | None
) -> None:
    """While an attempt is open, runs, is complete or lost, no other opens."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    if state is AttemptState.RUNNING:
        await edits.named(attempt.id, "p1")
    elif state is not None:
        await edits.close_attempt(attempt.id, state)
    with pytest.raises(OpenedElsewhere, match="attempt 1"):
        await edits.open_attempt(edit.id, "https://media/2", "another", NOW)


async def test_of_many_openers_at_once_one_opens(database: Database, edits: SqlEdits) -> None:
    """An edit whose workflow runs twice is still posted once, with uploads of its own or the same."""
    edit = await accepted(database)
    openers = (edits.open_attempt(edit.id, f"https://media/{n // 2}", f"step {n}", NOW) for n in range(10))
    outcomes = await asyncio.gather(*openers, return_exceptions=True)
    assert sum(isinstance(outcome, Attempt) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, OpenedElsewhere) for outcome in outcomes) == 9


async def test_a_final_edit_opens_no_attempt(database: Database, edits: SqlEdits) -> None:
    """What is settled is not bought."""
    edit = await accepted(database)
    await edits.settle(edit.id, EditState.CANCELLED, charge=0, reason=None, now=NOW)
    with pytest.raises(EditEnded, match="final"):
        await edits.open_attempt(edit.id, "https://media/1", "step", NOW)


async def test_a_lost_attempt_may_be_found(database: Database, edits: SqlEdits) -> None:
    """The attempt gets its name, but its edit, being final, waits to be settled."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    await edits.close_attempt(attempt.id, AttemptState.UNKNOWN)
    await edits.settle(edit.id, EditState.UNKNOWN, charge=0, reason=None, now=NOW)
    await edits.named(attempt.id, "p1")
    found = await edits.current_attempt(edit.id)
    assert found is not None
    assert (found.state, found.prediction_id) == (AttemptState.RUNNING, "p1")
    assert (await edits.get(edit.id)).state is EditState.UNKNOWN


async def test_a_result_is_kept_and_replaced(database: Database, edits: SqlEdits) -> None:
    """One edit has one result, the last one kept; its drift is the edit's."""
    edit = await accepted(database)
    assert await edits.result(edit.id) is None
    await edits.kept(KeptResult(edit.id, "results/1.png", "image/png", 300, 200), NOW)
    kept = KeptResult(edit.id, "results/2.webp", "image/webp", 301, 201, drift=12.5)
    await edits.kept(kept, LATER)
    assert await edits.result(edit.id) == kept
    assert await edits.kept_since([edit.id, "another"]) == {edit.id: LATER}
    assert (await edits.get(edit.id)).drift == 12.5


async def test_messages_are_remembered_after_the_end(database: Database, edits: SqlEdits) -> None:
    """The status message can be forgotten, and the picture's message noted, of an edit that is final."""
    edit = await accepted(database)
    await edits.set_status_message(edit.id, 10**12)
    assert (await edits.get(edit.id)).status_message_id == 10**12
    await edits.settle(edit.id, EditState.DONE, charge=1, reason=None, now=NOW)
    await edits.set_status_message(edit.id, None)
    await edits.delivered(edit.id, 10**12 + 1)
    ended = await edits.get(edit.id)
    assert (ended.status_message_id, ended.result_message_id) == (None, 10**12 + 1)


async def test_an_edit_is_found_by_the_message_of_its_result(database: Database, edits: SqlEdits) -> None:
    """Message ids are unique in a chat only, and the message that asked for the edit is not its result."""
    edit, elsewhere, _ = [
        await accepted(database, place=Place(chat, 5)) for chat in (CHAT, CHAT - 1, CHAT - 2)
    ]
    await edits.delivered(edit.id, 10**12)
    await edits.delivered(elsewhere.id, 10**12)
    assert await edits.of_result(CHAT, 10**12) == replace(edit, result_message_id=10**12)
    found = await edits.of_result(CHAT - 1, 10**12)
    assert found is not None
    assert found.id == elsewhere.id
    assert await edits.of_result(CHAT, 5) is None
    assert await edits.of_result(CHAT - 2, 10**12) is None


async def test_an_edit_is_settled_once(database: Database, edits: SqlEdits) -> None:
    """Of 20 callers at once one settles; its charge is the only one."""
    edit = await accepted(database)
    callers = (
        edits.settle(edit.id, EditState.DONE, charge=40_000 + n, reason=None, now=NOW) for n in range(20)
    )
    settled = await asyncio.gather(*callers)
    assert sum(settled) == 1
    charge = 40_000 + settled.index(True)
    ended = await edits.get(edit.id)
    assert (ended.state, ended.charged, ended.ended_at) == (EditState.DONE, charge, NOW)
    assert (await SqlLedger(database).spending(USER, NOW)).ever == charge


async def test_an_unknown_edit_is_settled_once_more(database: Database, edits: SqlEdits) -> None:
    """Unknown can't be settled as unknown again; known at last, one of many callers settles it."""
    edit = await accepted(database)
    assert await edits.settle(edit.id, EditState.UNKNOWN, charge=0, reason="error-edit-unknown", now=NOW)
    assert not await edits.settle(edit.id, EditState.UNKNOWN, charge=0, reason=None, now=LATER)
    unknown = await edits.get(edit.id)
    assert (unknown.state, unknown.reason, unknown.charged) == (
        EditState.UNKNOWN,
        "error-edit-unknown",
        None,
    )
    callers = (edits.settle(edit.id, EditState.DONE, charge=7, reason=None, now=LATER) for _ in range(10))
    assert sum(await asyncio.gather(*callers)) == 1
    assert (await edits.get(edit.id)).charged == 7


@pytest.mark.parametrize(("state", "charge"), [(EditState.RUNNING, 0), (EditState.DONE, -1)])
async def test_nonsense_is_not_settled(
    database: Database, edits: SqlEdits, state: EditState, charge: int
) -> None:
    """Neither a state that is no end nor a negative charge gets into the books."""
    edit = await accepted(database)
    with pytest.raises(ValueError, match="can't be settled"):
        await edits.settle(edit.id, state, charge=charge, reason=None, now=NOW)
    assert await edits.get(edit.id) == edit


async def test_the_typical_time_is_the_median_of_the_last_50(database: Database, edits: SqlEdits) -> None:
    """Only runs of the same model and quality count; without any there is none."""
    assert await edits.typical_seconds("gpt-image-2", {"quality": "high"}) is None
    for number in range(52):
        await _run(database, number, seconds=1000 if number < 2 else number)
    await _run(database, 60, seconds=9000, choices={"quality": "low"})
    await _run(database, 61, seconds=9000, model="another")
    await _run(database, 62, seconds=5, choices={})
    assert await edits.typical_seconds("gpt-image-2", {"quality": "high", "aspect": "1:1"}) == 26.5
    assert await edits.typical_seconds("gpt-image-2", {"quality": ""}) == 5


async def _run(database: Database, number: int, seconds: float, **changes: object) -> None:
    edits = SqlEdits(database)
    edit = await accepted(database, **changes)
    posted = NOW + timedelta(hours=number)
    await edits.open_attempt(edit.id, f"https://media/run/{number}", "step", posted)
    await edits.kept(KeptResult(edit.id, "k", "image/png", 1, 1), posted + timedelta(seconds=seconds))


async def test_what_was_asked_for_together_is_found_in_its_order(database: Database) -> None:
    """Only those; with their results it is known since when these are kept."""
    edits, request = SqlEdits(database), await prepared(database)
    batch = [an_edit(request, id=f"{9 - n}", origin=f"request:{request.id}:{n}", batch="b") for n in range(3)]
    other = an_edit(request, id="other", origin=f"request:{request.id}:3", batch="c")
    assert await SqlRequests(database).accept(request.id, [batch[2], other, batch[0], batch[1]])
    assert await edits.of_batch("b") == batch
    assert await edits.of_batch("d") == []
    await edits.kept(KeptResult(batch[1].id, "k", "image/png", 1, 1), NOW)
    kept = await edits.result(batch[1].id)
    assert kept is not None
    assert kept.kept_at == NOW
