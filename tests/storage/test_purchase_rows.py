"""What was bought beside what it was charged, and edits that were lost and found, on both databases."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.edits import AttemptState, EditState
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger
from bot.storage.purchases import SqlPurchases

from .makers import NOW, USER, accepted

HOUR = timedelta(hours=1)


async def bought(database: Database, name: str, prediction: str | None) -> str:
    """An edit with an attempt, and its prediction if the provider named one."""
    edit = await accepted(database, id=name)
    attempt = await SqlEdits(database).open_attempt(edit.id, f"https://up/{name}", "step", NOW)
    if prediction is not None:
        await SqlEdits(database).named(attempt.id, prediction)
    return edit.id


async def test_what_was_bought_in_a_window(database: Database) -> None:
    """Its charge with corrections; what is open or unknown is not settled; a lost submit has no name."""
    edits, purchases = SqlEdits(database), SqlPurchases(database)
    states = {"done": EditState.DONE, "failed": EditState.FAILED, "unknown": EditState.UNKNOWN}
    for name in (*states, "running"):
        await bought(database, name, f"p-{name}")
    await bought(database, "lost", None)
    for name, state in states.items():
        charge = 42_000 if state is EditState.DONE else 0
        await edits.settle(name, state, charge=charge, reason=None, now=NOW)
    assert await SqlAccounts(database).adjust("done", -2_000, NOW)
    found = {one.edit_id: one for one in await purchases.between(NOW, NOW + HOUR)}
    assert {name: (one.charged, one.settled, one.adjusted) for name, one in found.items()} == {
        "done": (40_000, True, True),
        "failed": (0, True, False),
        "unknown": (0, False, False),
        "running": (0, False, False),
    }
    assert found["done"].prediction_id == "p-done"
    assert await purchases.between(NOW - HOUR, NOW) == []


async def test_an_edit_that_was_lost_and_is_found(database: Database) -> None:
    """It runs again with its hold, and what its person was told; once, and only if nobody settled it."""
    edits = SqlEdits(database)
    await bought(database, "e1", None)
    assert not await edits.found("e1")
    await edits.settle("e1", EditState.UNKNOWN, charge=0, reason="error-edit-unknown", now=NOW)
    attempt = await edits.current_attempt("e1")
    assert attempt is not None
    await edits.named(attempt.id, "p1")
    assert await edits.found("e1")
    assert not await edits.found("e1")
    edit, named = await edits.get("e1"), await edits.current_attempt("e1")
    assert (edit.state, edit.reason, edit.ended_at) == (EditState.RUNNING, "error-edit-unknown", None)
    assert named is not None
    assert (named.state, named.prediction_id) == (AttemptState.RUNNING, "p1")
    assert (await SqlLedger(database).spending(USER, NOW)).held == edit.quote
    await edits.settle("e1", EditState.DONE, charge=edit.quote, reason=None, now=NOW)
    assert not await edits.found("e1")
    assert list(await SqlAccounts(database).differences()) == []
