"""Predictions that may have ended, for whoever waits: the rows of `bot.domain.shared.Hints`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete

from bot.storage.database import Database
from bot.storage.tables import HINTS

_DAY = timedelta(days=1)


class SqlHints:
    """The hints in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def leave(self, prediction_id: str, now: datetime) -> None:
        """Say that one may have ended. What nobody took in a day is deleted."""
        insert = self._database.insert(HINTS).values(prediction_id=prediction_id, at=now)
        async with self._database.writing() as connection:
            await connection.execute(delete(HINTS).where(HINTS.c.at < now - _DAY))
            await connection.execute(insert.on_conflict_do_nothing(index_elements=["prediction_id"]))

    async def take(self, prediction_ids: Collection[str]) -> set[str]:
        """Those of them that may have ended; each is told once."""
        taken = (
            delete(HINTS).where(HINTS.c.prediction_id.in_(prediction_ids)).returning(HINTS.c.prediction_id)
        )
        async with self._database.writing() as connection:
            return set((await connection.execute(taken)).scalars())
