"""A few facts about the whole bot: the rows of `bot.domain.stores.Notes`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from zlib import crc32

from sqlalchemy import delete, select, text

from bot.storage.database import Database
from bot.storage.tables import NOTES

_ALONE = 0x4E6F7465  # any number that is ours: the first half of an advisory lock's name


class SqlNotes:
    """The notes in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, name: str) -> str | None:
        """The text under a name, if there is one."""
        return await self.newer(name, None)

    async def newer(self, name: str, than: datetime | None) -> str | None:
        """The text, if it was kept after that time; None: whenever."""
        query = select(NOTES.c.text).where(NOTES.c.name == name)
        if than is not None:
            query = query.where(NOTES.c.at > than)
        async with self._database.reading() as connection:
            kept: str | None = (await connection.execute(query)).scalar_one_or_none()
        return kept

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Hold off all others that ask for the same, in every process, while the context lasts.

        On Postgres a transaction stays open meanwhile, so that a process that dies holds off nobody.

        Raises:
            StorageBusy: somebody else takes long.
        """
        async with self._turns[name]:
            if not self._database.on_postgres:
                yield
                return
            async with self._database.reading() as connection:
                lock = text("SELECT pg_advisory_xact_lock(:kind, :name)")
                await connection.execute(lock, {"kind": _ALONE, "name": crc32(name.encode()) >> 1})
                yield

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
