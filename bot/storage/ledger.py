"""The movements of money: written inside other rooms' transactions, summed for `/spend`.

Of every settled edit, hold = charge + release, so what a person has held is Σhold − Σcharge − Σrelease.
All movements of an edit carry the day of its hold: what was accepted before midnight is that day's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, case, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.edits import Edit, ModelSpend, Spending
from bot.storage.database import Database
from bot.storage.tables import LEDGER


class Kind(StrEnum):
    """The kinds of movements."""

    HOLD = "hold"
    CHARGE = "charge"
    RELEASE = "release"  # negative when more was charged than held


class SqlLedger:
    """The sums of the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def spending(self, user_id: int, now: datetime) -> Spending:
        """What a person spent today, this month (UTC) and ever, by model, and what is held."""
        today = now.astimezone(UTC).date()
        sums = (
            select(
                LEDGER.c.model,
                LEDGER.c.kind,
                func.count().label("edits"),
                func.sum(LEDGER.c.micros).label("ever"),
                func.sum(case((LEDGER.c.day >= today.replace(day=1), LEDGER.c.micros), else_=0)).label(
                    "month"
                ),
                func.sum(case((LEDGER.c.day == today, LEDGER.c.micros), else_=0)).label("today"),
            )
            .where(LEDGER.c.user_id == user_id)
            .group_by(LEDGER.c.model, LEDGER.c.kind)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(sums)).all()
        return _spending(rows)


def _spending(rows: Sequence[Row[Any]]) -> Spending:
    charges = [row for row in rows if row.kind == Kind.CHARGE]
    models = [ModelSpend(row.model, int(row.ever), row.edits) for row in charges]
    return Spending(
        today=sum(int(row.today) for row in charges),
        month=sum(int(row.month) for row in charges),
        ever=sum(int(row.ever) for row in charges),
        held=sum(int(row.ever) if row.kind == Kind.HOLD else -int(row.ever) for row in rows),
        by_model=tuple(sorted(models, key=lambda spend: (-spend.micros, spend.model))),
    )


async def hold(connection: AsyncConnection, edit: Edit) -> None:
    """Set an accepted edit's quote aside, in the transaction that inserts it."""
    row = {
        "edit_id": edit.id,
        "user_id": edit.user_id,
        "chat_id": edit.place.chat_id,
        "model": edit.model,
        "kind": Kind.HOLD,
        "micros": edit.quote,
        "at": edit.created_at,
        "day": edit.created_at.astimezone(UTC).date(),
    }
    await connection.execute(insert(LEDGER).values(**row))


async def settle(connection: AsyncConnection, edit_id: str, charge: int, now: datetime) -> None:
    """Charge a part of an edit's hold (or more) and give back the rest, in its settling transaction."""
    holding = select(LEDGER).where(LEDGER.c.edit_id == edit_id, LEDGER.c.kind == Kind.HOLD)
    held = (await connection.execute(holding)).one()
    shared = {column: getattr(held, column) for column in ("edit_id", "user_id", "chat_id", "model", "day")}
    movements = ((Kind.CHARGE, charge), (Kind.RELEASE, held.micros - charge))
    rows = [
        {**shared, "kind": kind, "micros": micros, "at": now} for kind, micros in movements if micros != 0
    ]
    if rows:
        await connection.execute(insert(LEDGER), rows)
