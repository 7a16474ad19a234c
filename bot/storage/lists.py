"""Reads over all edits, for admins: `bot.domain.stores.EditLists`."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from bot.domain.edits import Edit, EditState
from bot.storage.database import Database
from bot.storage.tables import EDITS
from bot.storage.values import edit_of

_SHORTEST = 4  # fewer characters name no edit


class SqlEditLists:
    """The edits as lists. Nothing here changes one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self, states: Collection[EditState] = (), user_id: int | None = None, limit: int = 50
    ) -> list[Edit]:
        """Those of some states (of all) and of a person (of everybody), newest first."""
        query = select(EDITS).order_by(EDITS.c.created_at.desc(), EDITS.c.id).limit(limit)
        if states:
            query = query.where(EDITS.c.state.in_(states))
        if user_id is not None:
            query = query.where(EDITS.c.user_id == user_id)
        async with self._database.reading() as connection:
            return [edit_of(row) for row in await connection.execute(query)]

    async def named(self, beginning: str) -> Edit | None:
        """The one edit whose id begins so; None if there is none, or several."""
        if len(beginning) < _SHORTEST:
            return None
        query = select(EDITS).where(EDITS.c.id.startswith(beginning, autoescape=True)).limit(2)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return edit_of(rows[0]) if len(rows) == 1 else None

    async def unknown_held(self, user_id: int) -> int:
        """What of a person's held money is set aside for edits that nobody knows the fate of."""
        query = select(func.coalesce(func.sum(EDITS.c.quote), 0)).where(
            EDITS.c.user_id == user_id, EDITS.c.state == EditState.UNKNOWN
        )
        async with self._database.reading() as connection:
            return int((await connection.execute(query)).scalar_one())
