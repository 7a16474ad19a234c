"""The figures for Prometheus, and whether the database answers at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import Period, Scope
from bot.domain.edits import OPEN_REQUESTS, EditState
from bot.domain.figures import Figures, Group
from bot.errors import StorageBusy
from bot.storage.books import Books
from bot.storage.database import Database
from bot.storage.tables import COUNTERS, EDITS, INBOX, NOTES, REQUESTS, TURNS

_SHOWN = tuple(state for state in EditState if not state.final or state is EditState.UNKNOWN)


class SqlFigures:
    """Reads by index only, however much history there is."""

    def __init__(self, database: Database, books: Books) -> None:
        self._database = database
        self._books = books

    async def problem(self) -> str | None:
        """What is wrong with the database, for the health page; None while it answers."""
        try:
            async with self._database.reading() as connection:
                await connection.execute(select(NOTES.c.name).limit(1))
        except StorageBusy:
            return "the database does not answer"
        return None

    async def read(self, now: datetime) -> Figures:
        """All of them, as of now. Raises StorageBusy."""
        async with self._database.reading() as connection:
            updates = (await connection.execute(_UPDATES)).one()
            money = (await connection.execute(self._money(now))).one()
            return Figures(
                edits=await _edits(connection),
                requests={row.state: row.count_ for row in await connection.execute(_REQUESTS)},
                turns={(row.provider, row.kind): row.count_ for row in await connection.execute(_TURNS)},
                updates=updates.count_,
                update_since=updates.oldest,
                held=int(money.held or 0),
                spent_today=int(money.spent or 0),
            )

    def _money(self, now: datetime) -> Select[Any]:
        today = COUNTERS.c.start == self._books.day(now)
        return select(
            func.sum(COUNTERS.c.held).label("held"),
            func.sum(case((today, COUNTERS.c.spent), else_=0)).label("spent"),
        ).where(COUNTERS.c.scope == Scope.BOT, COUNTERS.c.scope_id == 0, COUNTERS.c.period == Period.DAY)


_COUNT = func.count().label("count_")
_EDITS = (
    select(EDITS.c.state, EDITS.c.model, _COUNT, func.min(EDITS.c.created_at).label("oldest"))
    .where(EDITS.c.state.in_(_SHOWN))
    .group_by(EDITS.c.state, EDITS.c.model)
)
_REQUESTS = (
    select(REQUESTS.c.state, _COUNT).where(REQUESTS.c.state.in_(OPEN_REQUESTS)).group_by(REQUESTS.c.state)
)
_KIND = case((TURNS.c.granted_at.is_(None), "waiting"), else_="granted").label("kind")
_TURNS = (
    select(TURNS.c.provider, _KIND, _COUNT).where(TURNS.c.returned_at.is_(None)).group_by("provider", "kind")
)
_UPDATES = select(_COUNT, func.min(INBOX.c.received_at).label("oldest")).where(INBOX.c.state == "waiting")


async def _edits(connection: AsyncConnection) -> dict[tuple[str, str], Group]:
    return {(row.state, row.model): Group(row.count_, row.oldest) for row in await connection.execute(_EDITS)}
