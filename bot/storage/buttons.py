"""What each shown button stands for: the rows of `bot.domain.stores.Buttons`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import insert, select

from bot.domain.stores import Button
from bot.storage.database import Database
from bot.storage.tables import BUTTONS


class SqlButtons:
    """The buttons in the database. They work as long as what they are about does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, buttons: Sequence[Button], now: datetime) -> None:
        """Remember buttons that are about to be shown."""
        if not buttons:
            return
        rows = [{**asdict(button), "created_at": now} for button in buttons]
        async with self._database.writing() as connection:
            await connection.execute(insert(BUTTONS), rows)

    async def find(self, button_id: str) -> Button | None:
        """The button of an id that came back, if it is one of ours."""
        query = select(BUTTONS).where(BUTTONS.c.id == button_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else Button(row.id, row.user_id, row.subject, row.value)
