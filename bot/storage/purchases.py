"""What was bought of the provider, beside what it was charged: `bot.domain.billing.Purchases`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, func, select

from bot.domain.billing import Purchase
from bot.domain.edits import EditState
from bot.storage.database import Database
from bot.storage.ledger import SPENT, Kind
from bot.storage.tables import ATTEMPTS, EDITS, LEDGER


class SqlPurchases:
    """The named attempts with the sums of their edits' charges."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, since: datetime, until: datetime) -> list[Purchase]:
        """The attempts with a prediction that were opened in a window, oldest first."""
        charged = (
            select(func.coalesce(func.sum(LEDGER.c.micros), 0))
            .where(LEDGER.c.edit_id == EDITS.c.id, LEDGER.c.kind.in_(SPENT))
            .scalar_subquery()
        )
        adjusted = exists().where(LEDGER.c.edit_id == EDITS.c.id, LEDGER.c.kind == Kind.ADJUST)
        query = (
            select(
                ATTEMPTS.c.edit_id,
                ATTEMPTS.c.prediction_id,
                ATTEMPTS.c.opened_at,
                EDITS.c.model,
                EDITS.c.state,
                charged.label("charged"),
                adjusted.label("adjusted"),
            )
            .join(EDITS, EDITS.c.id == ATTEMPTS.c.edit_id)
            .where(
                ATTEMPTS.c.prediction_id.is_not(None),
                ATTEMPTS.c.opened_at >= since,
                ATTEMPTS.c.opened_at < until,
            )
            .order_by(ATTEMPTS.c.opened_at, ATTEMPTS.c.id)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return [
            Purchase(
                edit_id=row.edit_id,
                prediction_id=row.prediction_id,
                model=row.model,
                opened_at=row.opened_at,
                charged=int(row.charged),
                settled=EditState(row.state).final and row.state != EditState.UNKNOWN,
                adjusted=row.adjusted,
            )
            for row in rows
        ]
