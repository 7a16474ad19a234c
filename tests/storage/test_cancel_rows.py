"""Cancelling or failing against submitting: whoever comes first wins, and the other one knows."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.edits import AttemptState, EditState
from bot.domain.stores import EditEnded
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger

from .makers import CHAT, LATER, NOW, USER, accepted, an_edit, prepared

# What the newest attempt of an edit may be, and whether it provably cost nothing.
_NEWEST = [
    (AttemptState.OPEN, False),
    (AttemptState.RUNNING, False),
    (AttemptState.COMPLETED, False),
    (AttemptState.UNKNOWN, False),
    (AttemptState.REFUSED, True),
    (AttemptState.FAILED, True),
]


@pytest.fixture
def edits(database: Database) -> SqlEdits:
    return SqlEdits(database)


async def _held(database: Database) -> int:
    return (await SqlLedger(database).spending(USER, NOW)).held


async def _submit(edits: SqlEdits, edit_id: str) -> bool:
    try:
        await edits.open_attempt(edit_id, "https://up/1", "step", NOW)
    except EditEnded:
        return False
    return True


async def _fail(edits: SqlEdits, edit_id: str, *, unbought: bool = False) -> bool:
    return await edits.settle(edit_id, EditState.FAILED, charge=0, reason=None, now=LATER, unbought=unbought)


async def test_cancelled_before_any_attempt(database: Database, edits: SqlEdits) -> None:
    """The hold is given back, nothing is charged, and nothing can be bought any more."""
    edit = await accepted(database, quote=42_000)
    assert await edits.cancel(edit.id, LATER)
    cancelled = await edits.get(edit.id)
    assert (cancelled.state, cancelled.charged, cancelled.ended_at) == (EditState.CANCELLED, 0, LATER)
    assert await _held(database) == 0
    with pytest.raises(EditEnded):
        await edits.open_attempt(edit.id, "https://up/1", "step", LATER)
    assert not await edits.cancel(edit.id, LATER)
    assert not await edits.cancel("none", LATER)


@pytest.mark.parametrize(("state", "free"), _NEWEST)
async def test_what_may_have_been_bought_is_not_cancelled(
    database: Database, edits: SqlEdits, state: AttemptState, free: bool
) -> None:
    """An attempt that provably cost nothing is no hindrance; every other one is."""
    edit = await accepted(database, quote=42_000)
    attempt = await edits.open_attempt(edit.id, "https://up/1", "step", NOW)
    if state is AttemptState.RUNNING:
        await edits.named(attempt.id, "p1")
    elif state is not AttemptState.OPEN:
        await edits.close_attempt(attempt.id, state)
    assert await edits.cancel(edit.id, LATER) is free
    assert await _held(database) == (0 if free else 42_000)


@pytest.mark.parametrize("turn", range(6))
async def test_a_cancel_that_races_with_the_submit(database: Database, other: Database, turn: int) -> None:
    """In two processes at once: either it is cancelled and no attempt opens, or it is bought and stays."""
    edit = await accepted(database, quote=42_000)
    one, two = SqlEdits(database), SqlEdits(other)
    calls = [_submit(one, edit.id), two.cancel(edit.id, LATER)]
    first, second = await asyncio.gather(*(calls if turn % 2 else reversed(calls)))
    submitted, cancelled = (first, second) if turn % 2 else (second, first)
    assert submitted is not cancelled
    assert (await one.current_attempt(edit.id) is not None) is submitted
    assert await _held(database) == (42_000 if submitted else 0)


@pytest.mark.parametrize(("state", "free"), [(None, True), *_NEWEST])
async def test_what_may_have_been_bought_does_not_fail_as_unbought(
    database: Database, edits: SqlEdits, state: AttemptState | None, free: bool
) -> None:
    """The failure of a process that was cut off ends no edit that another one has bought meanwhile."""
    edit = await accepted(database, quote=42_000)
    if state is not None:
        attempt = await edits.open_attempt(edit.id, "https://up/1", "step", NOW)
        await edits.close_attempt(attempt.id, state)
    assert await _fail(edits, edit.id, unbought=True) is free
    assert await _held(database) == (0 if free else 42_000)
    assert await _fail(edits, edit.id) is not free


async def test_an_unknown_edit_proves_to_be_unbought(database: Database, edits: SqlEdits) -> None:
    """Its answer came after all, and was a refusal: it fails for nothing; cancelled it can't be."""
    edit = await accepted(database, quote=42_000)
    attempt = await edits.open_attempt(edit.id, "https://up/1", "step", NOW)
    await edits.settle(edit.id, EditState.UNKNOWN, charge=0, reason=None, now=NOW)
    assert not await _fail(edits, edit.id, unbought=True)
    await edits.close_attempt(attempt.id, AttemptState.REFUSED)
    assert not await edits.cancel(edit.id, LATER)
    assert await _fail(edits, edit.id, unbought=True)
    assert await _held(database) == 0


@pytest.mark.parametrize("turn", range(6))
async def test_a_failure_that_races_with_the_submit(database: Database, other: Database, turn: int) -> None:
    """In two processes at once: either it fails and no attempt opens, or it is bought and does not fail."""
    edit = await accepted(database, quote=42_000)
    one, two = SqlEdits(database), SqlEdits(other)
    calls = [_submit(one, edit.id), _fail(two, edit.id, unbought=True)]
    first, second = await asyncio.gather(*(calls if turn % 2 else reversed(calls)))
    submitted, failed = (first, second) if turn % 2 else (second, first)
    assert submitted is not failed
    assert (await one.current_attempt(edit.id) is not None) is submitted
    assert await _held(database) == (42_000 if submitted else 0)


async def test_an_edit_of_a_button_is_accepted_once(database: Database, other: Database) -> None:
    """Two presses in two processes hold the money once; the origin finds the edit again."""
    request = await prepared(database)
    twins = [an_edit(request, id=f"b{n}-{request.id}", origin="button:abc:0", quote=7) for n in range(2)]
    one, two = SqlEdits(database), SqlEdits(other)
    outcomes = await asyncio.gather(one.accept(twins[0]), two.accept(twins[1]))
    assert sorted(outcomes) == [False, True]
    assert await one.of_origin("button:abc:0") == twins[outcomes.index(True)]
    assert await one.of_origin("button:abc:1") is None
    assert await _held(database) == 7


async def test_what_a_person_has_running_and_done(database: Database, edits: SqlEdits) -> None:
    """Newest first, of one person, in one chat if one is given."""
    first = await accepted(database)
    second = await accepted(database, created_at=LATER)
    await accepted(database, user_id=5)
    assert await edits.unfinished_of(USER) == [second, first]
    assert await edits.unfinished_of(USER, CHAT) == [second, first]
    assert await edits.unfinished_of(USER, 1) == []
    assert await edits.unfinished_at(CHAT, first.place.message_id) == [first]
    await edits.set_status_message(first.id, 10**12)
    assert [edit.id for edit in await edits.unfinished_at(CHAT, 10**12)] == [first.id]
    for edit in (first, second):
        await edits.delivered(edit.id, 10**12 + 1, "AgAC")
        await edits.settle(edit.id, EditState.DONE, charge=1, reason=None, now=LATER)
    assert await edits.unfinished_of(USER) == []
    assert [(edit.id, edit.result_file_id) for edit in await edits.done_of(USER, 1)] == [(second.id, "AgAC")]
    assert [edit.id for edit in await edits.done_of(USER, 9, CHAT)] == [second.id, first.id]


async def test_the_last_different_prompts(database: Database, edits: SqlEdits) -> None:
    """Each once, by when it was last used; what made a picture from words changes none."""
    for number, prompt in enumerate(["a", "b", "a", "c"]):
        await accepted(database, prompt=prompt, created_at=NOW.replace(minute=number))
    await accepted(database, prompt="a fox", pictures=(), fit=None, created_at=NOW.replace(minute=9))
    assert await edits.recent_prompts(USER, 2) == ["c", "a"]
    assert await edits.recent_prompts(USER, 9, CHAT) == ["c", "a", "b"]
    assert await edits.recent_prompts(USER, 9, 1) == []
