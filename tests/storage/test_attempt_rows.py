"""What the opening and the naming of an attempt promise, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from bot.domain.edits import AttemptState, EditState
from bot.domain.stores import EditEnded, OpenedElsewhere
from bot.jobs.keyring import Keyring
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.notes import SqlNotes
from bot.storage.tables import ATTEMPTS

from .makers import LATER, NOW, accepted


@pytest.fixture
def edits(database: Database) -> SqlEdits:
    return SqlEdits(database)


async def test_what_the_provider_said_it_cost_is_kept(database: Database, edits: SqlEdits) -> None:
    """Until it is charged, also when the picture came with the answer."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", LATER)
    assert attempt.cost is None
    assert await edits.named(attempt.id, "p1", 41_000)
    await edits.close_attempt(attempt.id, AttemptState.COMPLETED)
    current = await edits.current_attempt(edit.id)
    assert current is not None
    assert (current.state, current.prediction_id, current.cost) == (AttemptState.COMPLETED, "p1", 41_000)


async def test_an_attempt_has_one_name_and_a_prediction_one_attempt(
    database: Database, edits: SqlEdits
) -> None:
    """Who comes second, with the same name or another, is told so and changes nothing."""
    first, second = await accepted(database), await accepted(database)
    mine = await edits.open_attempt(first.id, "https://media/1", "step", LATER)
    other = await edits.open_attempt(second.id, "https://media/2", "step", LATER)
    assert await edits.named(mine.id, "p1")
    assert not await edits.named(mine.id, "p1")
    assert not await edits.named(mine.id, "p2")
    assert not await edits.named(other.id, "p1")
    assert await edits.current_attempt(second.id) == other
    assert (await edits.get(second.id)).state is not EditState.RUNNING
    assert await edits.named(other.id, "p2")


async def test_who_did_not_hear_of_an_open_attempt_gets_it_again(database: Database, edits: SqlEdits) -> None:
    """The connection was lost during the commit: the same opener asks again, and no second row is written."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    assert await edits.open_attempt(edit.id, "https://media/1", "step", LATER) == attempt


async def test_nobody_else_gets_it(database: Database, edits: SqlEdits) -> None:
    """Neither with the same uploads nor with others, so that it is posted by its opener only."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    for url in ("https://media/1", "https://media/2"):
        with pytest.raises(OpenedElsewhere):
            await edits.open_attempt(edit.id, url, "another", LATER)
    assert await edits.current_attempt(edit.id) == attempt
    assert (await edits.get(edit.id)).submitted_at == NOW


@pytest.mark.parametrize("state", [AttemptState.RUNNING, AttemptState.REFUSED, AttemptState.UNKNOWN])
async def test_what_is_no_longer_open_is_not_given_again(
    database: Database, edits: SqlEdits, state: AttemptState
) -> None:
    """Not even to its opener: it was found, refused or given up meanwhile."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    if state is AttemptState.RUNNING:
        await edits.named(attempt.id, "p1")
    else:
        await edits.close_attempt(attempt.id, state)
    with pytest.raises(OpenedElsewhere):
        await edits.open_attempt(edit.id, "https://media/1", "step", LATER)


async def test_an_open_attempt_of_a_settled_edit_is_not_given_again(
    database: Database, edits: SqlEdits
) -> None:
    """An admin settled it while its opener was cut off: it is not bought after that."""
    edit = await accepted(database)
    await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    await edits.settle(edit.id, EditState.UNKNOWN, charge=0, reason=None, now=NOW)
    with pytest.raises(EditEnded):
        await edits.open_attempt(edit.id, "https://media/1", "step", LATER)


async def test_uploads_are_used_once(database: Database, edits: SqlEdits) -> None:
    """Also after a refusal, and with another one between: by them an attempt is known at the provider."""
    edit = await accepted(database)
    for url in ("https://media/1", "https://media/2"):
        attempt = await edits.open_attempt(edit.id, url, f"step of {url}", NOW)
        await edits.close_attempt(attempt.id, AttemptState.REFUSED)
    with pytest.raises(OpenedElsewhere, match="same uploads"):
        await edits.open_attempt(edit.id, "https://media/1", "another", LATER)


async def test_what_the_version_before_opened_is_nobodys(database: Database, edits: SqlEdits) -> None:
    """Its rows have no opener; processes of both versions may share a database."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    async with database.writing() as connection:
        await connection.execute(update(ATTEMPTS).values(opener=None))
    with pytest.raises(OpenedElsewhere):
        await edits.open_attempt(edit.id, "https://media/1", "step", LATER)
    assert await edits.current_attempt(edit.id) == attempt


async def test_what_has_a_name_was_not_refused(database: Database, edits: SqlEdits) -> None:
    """Somebody found it at the provider: a refusal that comes after that says nothing of it."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", "step", NOW)
    await edits.named(attempt.id, "p1")
    await edits.close_attempt(attempt.id, AttemptState.REFUSED, "429")
    current = await edits.current_attempt(edit.id)
    assert current is not None
    assert (current.state, current.prediction_id) == (AttemptState.RUNNING, "p1")


async def test_the_bots_own_secret_is_made_once(database: Database) -> None:
    """Every process and every start has the same, so that addresses stay good."""
    first = await Keyring.open(SqlNotes(database), NOW)
    second = await Keyring.open(SqlNotes(database), LATER)
    assert first.word("a") == second.word("a")
