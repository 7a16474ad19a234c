"""Who uses the bot, and what they chose: the rows of `bot.domain.stores.People`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, select

from bot.clock import Clock, SystemClock
from bot.domain.preferences import Preferences
from bot.storage.database import Database
from bot.storage.tables import PREFERENCES, USERS

_FRESH = timedelta(hours=20)  # so long a noted sight is new enough


class SqlPeople:
    """The people in the database."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def seen(self, user_id: int, name: str, username: str | None, language: str | None) -> None:
        """Remember how a person is called, and (to the day) when they were here.

        It writes only what changed, since it comes with every update.
        """
        named = {"name": name, "username": username, "language": language}
        known = select(*(USERS.c[column] for column in named), USERS.c.seen_at).where(USERS.c.id == user_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(known)).one_or_none()
        now = self._clock.now()
        if row is None or row[:-1] != tuple(named.values()) or not _recent(row.seen_at, now):
            await self._put(USERS, "id", user_id, **named, seen_at=now)

    async def name(self, user_id: int) -> str | None:
        """How a person was called when last seen, if ever."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(USERS.c.name).where(USERS.c.id == user_id))
            name: str | None = found.scalar_one_or_none()
        return name or None

    async def preferences(self, user_id: int) -> Preferences:
        """What a person chose; the defaults if nothing."""
        query = select(PREFERENCES).where(PREFERENCES.c.user_id == user_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return Preferences()
        return Preferences(**{name: value for name, value in row._mapping.items() if name != "user_id"})

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        """Keep all of a person's choices."""
        await self._put(PREFERENCES, "user_id", user_id, **asdict(preferences))

    async def _put(self, table: Table, key: str, user_id: int, **columns: Any) -> None:
        upsert = (
            self._database.insert(table)
            .values(**{key: user_id}, **columns)
            .on_conflict_do_update(index_elements=[key], set_=columns)
        )
        async with self._database.writing() as connection:
            await connection.execute(upsert)


def _recent(seen_at: datetime | None, now: datetime) -> bool:
    return seen_at is not None and abs(now - seen_at) < _FRESH
