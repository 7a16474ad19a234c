"""Ends of edits that their people have still to be told: the rows of `bot.domain.untold.Untold`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.edits import UNFINISHED, Edit
from bot.storage.database import Database
from bot.storage.tables import EDITS, UNTOLD
from bot.storage.values import edit_of

_MANY = 100


async def to_be_told(connection: AsyncConnection, edit_id: str, says: object, now: datetime) -> None:
    """In the transaction that ends an edit: its person is to be told, if there is anything to say."""
    await connection.execute(delete(UNTOLD).where(UNTOLD.c.edit_id == edit_id))
    if says:
        await connection.execute(insert(UNTOLD).values(edit_id=edit_id, at=now))


class SqlUntold:
    """What is untold in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, before: datetime) -> list[Edit]:
        """Some of the edits that ended before a time, and whose people were not told; the oldest first.

        What is said together with the others of a batch is left out until all of those have ended.
        """
        other = EDITS.alias("other")
        others = exists().where(and_(other.c.batch == EDITS.c.batch, other.c.state.in_(UNFINISHED)))
        query = (
            select(EDITS)
            .join(UNTOLD, UNTOLD.c.edit_id == EDITS.c.id)
            .where(UNTOLD.c.at < before, EDITS.c.state.not_in(UNFINISHED), ~others)
            .order_by(UNTOLD.c.at, EDITS.c.id)
            .limit(_MANY)
        )
        async with self._database.reading() as connection:
            return [edit_of(row) for row in await connection.execute(query)]

    async def told(self, edit_id: str) -> None:
        """Its person was told, or can't be."""
        async with self._database.writing() as connection:
            await connection.execute(delete(UNTOLD).where(UNTOLD.c.edit_id == edit_id))

    async def forget(self, before: datetime) -> int:
        """Tell nobody any more what ended before a time; how many."""
        async with self._database.writing() as connection:
            return (await connection.execute(delete(UNTOLD).where(UNTOLD.c.at < before))).rowcount
