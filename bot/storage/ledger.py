"""The movements of money: written inside other rooms' transactions, summed for `/spend`.

Of every settled edit, hold = charge + release, so what a person has held is Σhold − Σcharge − Σrelease;
what was spent is Σcharge + Σadjust. All movements of an edit carry the day of its hold: what was accepted
before midnight is that day's. Every movement moves the counters of `bot.storage.books` along.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import Period
from bot.domain.edits import Edit, ModelSpend, Spending
from bot.storage.books import Books, move
from bot.storage.database import Database
from bot.storage.tables import LEDGER


class Kind(StrEnum):
    """The kinds of movements."""

    HOLD = "hold"
    CHARGE = "charge"
    RELEASE = "release"  # negative when more was charged than held
    ADJUST = "adjust"  # a correction of the charge, either way


SPENT = (Kind.CHARGE, Kind.ADJUST)
_COPIED = ("edit_id", "user_id", "chat_id", "model", "day")


class SqlLedger:
    """The sums of the ledger."""

    def __init__(self, database: Database, books: Books | None = None) -> None:
        self._database = database
        self._books = books or Books()

    async def spending(self, user_id: int, now: datetime) -> Spending:
        """What a person spent today, this month and ever, by model, and what is held."""
        today = self._books.day(now)
        month = Period.MONTH.start(today)
        next_month = Period.MONTH.start(month + timedelta(days=32))
        sums = (
            select(
                LEDGER.c.model,
                LEDGER.c.kind,
                func.count().label("edits"),
                func.sum(LEDGER.c.micros).label("ever"),
                _sum_where(and_(LEDGER.c.day >= month, LEDGER.c.day < next_month)).label("month"),
                _sum_where(LEDGER.c.day == today).label("today"),
            )
            .where(LEDGER.c.user_id == user_id)
            .group_by(LEDGER.c.model, LEDGER.c.kind)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(sums)).all()
        return _spending(rows)


def _sum_where(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((condition, LEDGER.c.micros), else_=0))


def _spending(rows: Sequence[Row[Any]]) -> Spending:
    spent = [row for row in rows if row.kind in SPENT]
    return Spending(
        today=sum(int(row.today) for row in spent),
        month=sum(int(row.month) for row in spent),
        ever=sum(int(row.ever) for row in spent),
        held=sum(held_by(row.kind, int(row.ever)) for row in rows),
        by_model=_by_model(spent),
    )


def _by_model(spent: Sequence[Row[Any]]) -> tuple[ModelSpend, ...]:
    micros: dict[str, int] = {}
    edits: dict[str, int] = {}
    for row in spent:
        micros[row.model] = micros.get(row.model, 0) + int(row.ever)
        edits[row.model] = edits.get(row.model, 0) + (row.edits if row.kind == Kind.CHARGE else 0)
    models = [ModelSpend(model, micros[model], edits[model]) for model in micros]
    return tuple(sorted(models, key=lambda spend: (-spend.micros, spend.model)))


def held_by(kind: str, micros: int) -> int:
    """What a movement, or a sum of some, adds to what is held."""
    signs = {Kind.HOLD: 1, Kind.CHARGE: -1, Kind.RELEASE: -1, Kind.ADJUST: 0}
    return signs[Kind(kind)] * micros


def spent_by(kind: str, micros: int) -> int:
    """What a movement, or a sum of some, adds to what was spent."""
    return micros if kind in SPENT else 0


async def hold(database: Database, connection: AsyncConnection, edits: Sequence[Edit], books: Books) -> None:
    """Set the quotes of one person's accepted edits aside, in the transaction that inserts them.

    Raises:
        OverBudget, TooManyWaiting: the transaction must not be committed.
    """
    await books.hold(database, connection, edits)
    rows = [
        {
            "edit_id": edit.id,
            "user_id": edit.user_id,
            "chat_id": edit.place.chat_id,
            "model": edit.model,
            "kind": Kind.HOLD,
            "micros": edit.quote,
            "at": edit.created_at,
            "day": books.day(edit.created_at),
        }
        for edit in edits
    ]
    await connection.execute(insert(LEDGER), rows)


async def settle(connection: AsyncConnection, edit_id: str, charge: int, now: datetime) -> None:
    """Charge a part of an edit's hold (or more) and give back the rest, in its settling transaction.

    The edit's row must be locked by then, so that its group does not become another one meanwhile.
    """
    held = await holding(connection, edit_id)
    movements = ((Kind.CHARGE, charge), (Kind.RELEASE, held.micros - charge))
    rows = [movement(held, kind, micros, now) for kind, micros in movements if micros != 0]
    if rows:
        await connection.execute(insert(LEDGER), rows)
        await move(connection, held, held=-held.micros, spent=charge)


async def holding(connection: AsyncConnection, edit_id: str) -> Row[Any]:
    """The row of an edit's hold."""
    query = select(LEDGER).where(LEDGER.c.edit_id == edit_id, LEDGER.c.kind == Kind.HOLD)
    return (await connection.execute(query)).one()


def movement(held: Row[Any], kind: Kind, micros: int, now: datetime) -> dict[str, Any]:
    """A further movement of an edit, as the columns of its row."""
    return {
        **{column: getattr(held, column) for column in _COPIED},
        "kind": kind,
        "micros": micros,
        "at": now,
    }
