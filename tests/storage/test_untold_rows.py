"""Which ends of edits people have still to be told."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.edits import EditState
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.untold import SqlUntold

from .makers import LATER, NOW, accepted

MODERATED = "error-moderated"


@pytest.fixture
def edits(database: Database) -> SqlEdits:
    return SqlEdits(database)


@pytest.fixture
def untold(database: Database) -> SqlUntold:
    return SqlUntold(database)


async def waiting(untold: SqlUntold) -> list[str]:
    return [edit.id for edit in await untold.waiting(LATER + timedelta(days=1))]


@pytest.mark.parametrize(
    ("state", "reason", "says"),
    [
        (EditState.FAILED, MODERATED, True),
        (EditState.UNKNOWN, "error-edit-unknown", True),
        (EditState.DONE, "error-arrival-unknown", True),
        (EditState.DONE, None, False),
        (EditState.CANCELLED, None, False),
        (EditState.UNDELIVERABLE, "error-person-unreachable", False),
    ],
)
async def test_an_end_with_a_reason_is_noted_with_it(
    database: Database, edits: SqlEdits, untold: SqlUntold, state: EditState, reason: str | None, says: bool
) -> None:
    """Until it is told. Who has a picture, or can't be reached, hears nothing."""
    edit = await accepted(database)
    await edits.settle(edit.id, state, charge=0, reason=reason, now=NOW)
    assert await waiting(untold) == ([edit.id] if says else [])
    await untold.told(edit.id)
    assert await waiting(untold) == []


async def test_what_was_said_before_is_not_noted(
    database: Database, edits: SqlEdits, untold: SqlUntold
) -> None:
    """Who settles it knows."""
    edit = await accepted(database)
    await edits.settle(edit.id, EditState.FAILED, charge=0, reason=MODERATED, now=NOW, tell=False)
    assert await waiting(untold) == []


async def test_a_settling_that_comes_too_late_notes_nothing(
    database: Database, edits: SqlEdits, untold: SqlUntold
) -> None:
    """The edit has ended otherwise."""
    edit = await accepted(database)
    await edits.settle(edit.id, EditState.DONE, charge=0, reason=None, now=NOW)
    assert not await edits.settle(edit.id, EditState.FAILED, charge=0, reason=MODERATED, now=LATER)
    assert await waiting(untold) == []


async def test_what_became_known_is_said_instead(
    database: Database, edits: SqlEdits, untold: SqlUntold
) -> None:
    """An unknown edit whose person was not told, and that then ends well, needs no sentence."""
    edit = await accepted(database)
    await edits.settle(edit.id, EditState.UNKNOWN, charge=0, reason="error-edit-unknown", now=NOW)
    await edits.settle(edit.id, EditState.DONE, charge=0, reason=None, now=LATER)
    assert await waiting(untold) == []


async def test_the_oldest_come_first_and_the_newest_later(
    database: Database, edits: SqlEdits, untold: SqlUntold
) -> None:
    """Who ended an edit just now is about to say so; what is days old is forgotten."""
    old, new = await accepted(database), await accepted(database)
    await edits.settle(new.id, EditState.FAILED, charge=0, reason=MODERATED, now=LATER)
    await edits.settle(old.id, EditState.FAILED, charge=0, reason=MODERATED, now=NOW)
    assert [edit.id for edit in await untold.waiting(LATER)] == [old.id]
    assert await waiting(untold) == [old.id, new.id]
    assert await untold.forget(LATER) == 1
    assert await waiting(untold) == [new.id]


async def test_one_of_many_takes_it_on(database: Database, other: Database, edits: SqlEdits) -> None:
    """Who began to tell has time for it; then it may be begun again, with the edit as it is by then."""
    edit = await accepted(database)
    await edits.settle(edit.id, EditState.FAILED, charge=0, reason=MODERATED, now=NOW)
    one, two = SqlUntold(database), SqlUntold(other)
    assert await one.claim(edit.id, NOW, LATER) is None, "it was noted just now"
    claims = await asyncio.gather(*(process.claim(edit.id, LATER, LATER) for process in (one, two)))
    assert [claimed.id for claimed in claims if claimed] == [edit.id]
    assert await one.claim(edit.id, LATER, LATER) is None
    assert await one.claim(edit.id, LATER + timedelta(minutes=10), LATER) is not None
    await one.told(edit.id)
    assert await two.claim(edit.id, LATER + timedelta(hours=1), LATER) is None


async def test_what_goes_on_again_is_not_told(database: Database, edits: SqlEdits, untold: SqlUntold) -> None:
    """An unknown edit that was found since."""
    edit = await accepted(database)
    await edits.settle(edit.id, EditState.UNKNOWN, charge=0, reason="error-edit-unknown", now=NOW)
    assert await edits.found(edit.id)
    assert await waiting(untold) == []
    assert await untold.claim(edit.id, LATER, LATER) is None


async def test_who_was_told_of_one_was_told_of_those_that_failed_alike(
    database: Database, edits: SqlEdits, untold: SqlUntold
) -> None:
    """Of the same batch and for the same reason; each other reason is said for itself."""
    reasons = (MODERATED, MODERATED, "error-provider-broke")
    batch = [await accepted(database, batch="b") for _ in reasons]
    alone = await accepted(database)
    for edit, reason in zip([*batch, alone], [*reasons, MODERATED], strict=True):
        await edits.settle(edit.id, EditState.FAILED, charge=0, reason=reason, now=NOW)
    await untold.told(batch[1].id)
    assert set(await waiting(untold)) == {batch[2].id, alone.id}
    await untold.told(alone.id)
    assert await waiting(untold) == [batch[2].id]


async def test_of_a_batch_once_all_have_ended(database: Database, edits: SqlEdits, untold: SqlUntold) -> None:
    """The result of another may say it in its caption."""
    failed, other = await accepted(database, batch="b"), await accepted(database, batch="b")
    await edits.settle(failed.id, EditState.FAILED, charge=0, reason=MODERATED, now=NOW)
    assert await waiting(untold) == []
    await edits.settle(other.id, EditState.CANCELLED, charge=0, reason=None, now=NOW)
    assert await waiting(untold) == [failed.id]
