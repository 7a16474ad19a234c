"""Ends of edits that their people have still to be told: the rows of `bot.domain.untold.Untold`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.edits import UNFINISHED, Edit, EditState
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

    async def claim(self, edit_id: str, before: datetime, now: datetime) -> Edit | None:
        """Take it on to tell its person now; None if that was done, or begun, since ``before``."""
        taken = update(UNTOLD).where(UNTOLD.c.edit_id == edit_id, UNTOLD.c.at < before).values(at=now)
        found = select(EDITS).where(
            EDITS.c.id == edit_id, EDITS.c.state.not_in(UNFINISHED), EDITS.c.reason.is_not(None)
        )
        async with self._database.writing() as connection:
            if (await connection.execute(taken)).rowcount != 1:
                return None
            row = (await connection.execute(found)).one_or_none()
        return None if row is None else edit_of(row)

    async def told(self, edit_id: str) -> None:
        """Its person was told, or can't be: also of the others of its batch that failed alike."""
        other = EDITS.alias("other")
        alike = (
            select(other.c.id)
            .join(EDITS, and_(EDITS.c.batch == other.c.batch, EDITS.c.reason == other.c.reason))
            .where(EDITS.c.id == edit_id, *(one.c.state == EditState.FAILED for one in (EDITS, other)))
            .where(EDITS.c.charged == 0, other.c.charged == 0)
        )
        done = or_(UNTOLD.c.edit_id == edit_id, UNTOLD.c.edit_id.in_(alike))
        async with self._database.writing() as connection:
            await connection.execute(delete(UNTOLD).where(done))

    async def forget(self, before: datetime) -> int:
        """Tell nobody any more what ended before a time; how many."""
        old = UNTOLD.c.edit_id.in_(select(EDITS.c.id).where(EDITS.c.ended_at < before))
        async with self._database.writing() as connection:
            return (await connection.execute(delete(UNTOLD).where(old))).rowcount
