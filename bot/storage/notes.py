"""A few facts about the whole bot: the rows of `bot.domain.stores.Notes`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from bot.storage.database import Database
from bot.storage.tables import NOTES


class SqlNotes:
    """The notes in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> str | None:
        """The text under a name, if there is one."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(NOTES.c.text).where(NOTES.c.name == name))
            text: str | None = found.scalar_one_or_none()
        return text

    async def put(self, name: str, text: str, now: datetime) -> None:
        """Keep a text under a name, in place of an earlier one."""
        upsert = (
            self._database.insert(NOTES)
            .values(name=name, text=text, at=now)
            .on_conflict_do_update(index_elements=["name"], set_={"text": text, "at": now})
        )
        async with self._database.writing() as connection:
            await connection.execute(upsert)

    async def put_new(self, name: str, text: str, now: datetime) -> bool:
        """Keep a text if there is none of its name; False if there is."""
        insert = (
            self._database.insert(NOTES)
            .values(name=name, text=text, at=now)
            .on_conflict_do_nothing(index_elements=["name"])
            .returning(NOTES.c.name)
        )
        async with self._database.writing() as connection:
            return (await connection.execute(insert)).one_or_none() is not None

    async def drop(self, name: str) -> bool:
        """Forget what is under a name; False if there was nothing."""
        async with self._database.writing() as connection:
            return (await connection.execute(delete(NOTES).where(NOTES.c.name == name))).rowcount == 1
