"""What the naming of an attempt promises, on both databases."""

from __future__ import annotations

import pytest

from bot.domain.edits import AttemptState, EditState
from bot.jobs.keyring import Keyring
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.notes import SqlNotes

from .makers import LATER, NOW, accepted


@pytest.fixture
def edits(database: Database) -> SqlEdits:
    return SqlEdits(database)


async def test_what_the_provider_said_it_cost_is_kept(database: Database, edits: SqlEdits) -> None:
    """Until it is charged, also when the picture came with the answer."""
    edit = await accepted(database)
    attempt = await edits.open_attempt(edit.id, "https://media/1", LATER)
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
    mine = await edits.open_attempt(first.id, "https://media/1", LATER)
    other = await edits.open_attempt(second.id, "https://media/2", LATER)
    assert await edits.named(mine.id, "p1")
    assert not await edits.named(mine.id, "p1")
    assert not await edits.named(mine.id, "p2")
    assert not await edits.named(other.id, "p1")
    assert await edits.current_attempt(second.id) == other
    assert (await edits.get(second.id)).state is not EditState.RUNNING
    assert await edits.named(other.id, "p2")


async def test_the_bots_own_secret_is_made_once(database: Database) -> None:
    """Every process and every start has the same, so that addresses stay good."""
    first = await Keyring.open(SqlNotes(database), NOW)
    second = await Keyring.open(SqlNotes(database), LATER)
    assert first.word("a") == second.word("a")
