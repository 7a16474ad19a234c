"""What the ledger promises about money."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.domain.edits import EditState, ModelSpend, Spending
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger
from bot.storage.tables import LEDGER

from .makers import LATER, NOW, USER, accepted


@pytest.fixture
def ledger(database: Database) -> SqlLedger:
    return SqlLedger(database)


async def movements(database: Database, edit_id: str) -> dict[str, int]:
    """The movements of one edit by kind."""
    query = select(LEDGER.c.kind, LEDGER.c.micros).where(LEDGER.c.edit_id == edit_id)
    async with database.reading() as connection:
        return {row.kind: row.micros for row in await connection.execute(query)}


async def test_who_spent_nothing_has_no_spending(ledger: SqlLedger) -> None:
    """No rows are zeros."""
    assert await ledger.spending(USER, NOW) == Spending()


@pytest.mark.parametrize(
    ("state", "charge", "expected"),
    [
        (EditState.DONE, 42_000, {"hold": 42_000, "charge": 42_000}),
        (EditState.DONE, 11_000, {"hold": 42_000, "charge": 11_000, "release": 31_000}),
        (EditState.DONE, 50_000, {"hold": 42_000, "charge": 50_000, "release": -8_000}),
        (EditState.DONE, 0, {"hold": 42_000, "release": 42_000}),
        (EditState.UNDELIVERABLE, 42_000, {"hold": 42_000, "charge": 42_000}),
        (EditState.FAILED, 0, {"hold": 42_000, "release": 42_000}),
        (EditState.FAILED, 42_000, {"hold": 42_000, "charge": 42_000}),
        (EditState.CANCELLED, 0, {"hold": 42_000, "release": 42_000}),
    ],
)
async def test_a_hold_is_what_was_charged_and_what_was_released(
    database: Database, ledger: SqlLedger, state: EditState, charge: int, expected: dict[str, int]
) -> None:
    """However an edit ends: hold = charge + release, and nothing is held any more."""
    edit = await accepted(database)
    await SqlEdits(database).settle(edit.id, state, charge=charge, reason=None, now=LATER)
    assert await movements(database, edit.id) == expected
    assert (await ledger.spending(USER, NOW)).held == 0


async def test_an_unknown_edit_keeps_its_hold_until_it_is_known(
    database: Database, ledger: SqlLedger
) -> None:
    """What may have been bought stays set aside; it is charged when it is found."""
    edit = await accepted(database)
    edits = SqlEdits(database)
    await edits.settle(edit.id, EditState.UNKNOWN, charge=42_000, reason=None, now=NOW)
    assert await movements(database, edit.id) == {"hold": 42_000}
    assert await ledger.spending(USER, NOW) == Spending(held=42_000)
    await edits.settle(edit.id, EditState.DONE, charge=42_000, reason=None, now=LATER)
    assert await movements(database, edit.id) == {"hold": 42_000, "charge": 42_000}


async def test_a_charge_after_midnight_is_of_the_day_of_its_hold(
    database: Database, ledger: SqlLedger
) -> None:
    """What was accepted on the last evening of March is March's, though it was charged in April."""
    edit = await accepted(database)
    await SqlEdits(database).settle(edit.id, EditState.DONE, charge=42_000, reason=None, now=LATER)
    by_model = (ModelSpend("gpt-image-2", 42_000, 1),)
    assert await ledger.spending(USER, NOW) == Spending(42_000, 42_000, 42_000, 0, by_model)
    assert await ledger.spending(USER, LATER) == Spending(0, 0, 42_000, 0, by_model)


async def test_the_day_is_the_utc_day_wherever_the_time_was_read(
    database: Database, ledger: SqlLedger
) -> None:
    """An edit accepted at 01:30 in Kyiv counts for the day it still is in Greenwich."""
    kyiv = datetime.fromisoformat("2026-04-01T01:30:00+03:00")
    edit = await accepted(database, created_at=kyiv)
    await SqlEdits(database).settle(edit.id, EditState.DONE, charge=1, reason=None, now=kyiv)
    assert (await ledger.spending(USER, datetime(2026, 3, 31, 12, tzinfo=UTC))).today == 1
    assert (await ledger.spending(USER, kyiv)).today == 1


async def test_spending_is_by_person_period_and_model(database: Database, ledger: SqlLedger) -> None:
    """Days, the month, all time and each model add up; others' money is not in it."""
    for days, model, charge in ((0, "a", 1), (1, "a", 20), (1, "b", 300), (31, "b", 4_000)):
        await _spend(database, charge, model=model, created_at=NOW - timedelta(days=days))
    await _spend(database, 50_000, user_id=USER - 1)
    await accepted(database, quote=600_000)
    models = (ModelSpend("b", 4_300, 2), ModelSpend("a", 21, 2))
    assert await ledger.spending(USER, NOW) == Spending(1, 321, 4_321, 600_000, models)


async def test_a_million_dollars_fits(database: Database, ledger: SqlLedger) -> None:
    """Money needs 64 bits: 10**12 micro-dollars are held, charged, summed."""
    for _ in range(3):
        await _spend(database, 10**12, quote=2 * 10**12)
    spending = await ledger.spending(USER, NOW)
    assert (spending.ever, spending.held) == (3 * 10**12, 0)


async def test_the_books_balance_over_all(database: Database) -> None:
    """Over many edits, however they ended, the ledger's kinds add up to what is still held."""
    await _spend(database, 10, quote=30)
    await _spend(database, 40, quote=30)
    await accepted(database, quote=30)
    sums = select(LEDGER.c.kind, func.sum(LEDGER.c.micros).label("micros")).group_by(LEDGER.c.kind)
    async with database.reading() as connection:
        kinds = {row.kind: int(row.micros) for row in await connection.execute(sums)}
    assert kinds == {"hold": 90, "charge": 50, "release": 10}


async def _spend(database: Database, charge: int, **changes: object) -> None:
    edit = await accepted(database, **changes)
    await SqlEdits(database).settle(edit.id, EditState.DONE, charge=charge, reason=None, now=LATER)
