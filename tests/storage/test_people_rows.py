"""What is kept of people."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from bot.domain.preferences import Preferences
from bot.storage.database import Database
from bot.storage.people import SqlPeople
from bot.storage.tables import USERS

from .makers import NOW, USER


async def test_who_chose_nothing_has_the_defaults(database: Database) -> None:
    """Also somebody who was never seen."""
    assert await SqlPeople(database).preferences(USER) == Preferences()


async def test_choices_are_kept_for_each_person(database: Database) -> None:
    """The last choice holds, also an undone one; others keep theirs."""
    people = SqlPeople(database)
    chosen = Preferences("gpt-image-2", "high", "16:9", "4k", "both", 2**40, False, "low", 4)
    await people.save_preferences(USER, chosen)
    await people.save_preferences(USER - 1, Preferences(quality="low"))
    assert await people.preferences(USER) == chosen
    await people.save_preferences(USER, Preferences())
    assert await people.preferences(USER) == Preferences()
    assert await people.preferences(USER - 1) == Preferences(quality="low")


async def test_a_person_is_known_by_the_last_name(database: Database) -> None:
    """Names and languages change; the id stays. First sights at the same moment are one person."""
    people = SqlPeople(database)
    await asyncio.gather(*(people.seen(USER, "Ana", None, None) for _ in range(5)))
    await people.seen(USER, "Ана 🌺", "ana", "uk")
    async with database.reading() as connection:
        names = select(USERS.c.id, USERS.c.name, USERS.c.username, USERS.c.language)
        rows = (await connection.execute(names)).all()
    assert [tuple(row) for row in rows] == [(USER, "Ана 🌺", "ana", "uk")]


async def test_a_person_who_did_not_change_costs_no_write(database: Database) -> None:
    """People are seen with every update, so an unchanged name must not wait for the writer's turn."""
    people = SqlPeople(database)
    await people.seen(USER, "Ana", "ana", "uk")
    async with database.writing() as connection:
        await connection.execute(update(USERS).values(name="Ana"))
        async with asyncio.timeout(3):
            await people.seen(USER, "Ana", "ana", "uk")


async def test_a_person_was_seen_at_most_once_a_day(database: Database) -> None:
    """The time is noted to the day, so that most updates cost no write; a clock set back is noted, too."""
    clock = SetClock(NOW)
    people = SqlPeople(database, clock)
    noted = []
    for hours in (0, 5, 19, 25, -30):
        clock.time = NOW + timedelta(hours=hours)
        await people.seen(USER, "Ana", None, None)
        async with database.reading() as connection:
            noted.append((await connection.execute(select(USERS.c.seen_at))).scalar_one())
    assert noted == [NOW, NOW, NOW, NOW + timedelta(hours=25), NOW - timedelta(hours=30)]


@dataclass
class SetClock:
    """A clock that is set by hand."""

    time: datetime

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()
