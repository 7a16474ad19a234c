"""What each shown button stands for: the rows of `bot.domain.stores.Buttons`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select

from bot.domain.stores import Button
from bot.storage.database import Database
from bot.storage.tables import BUTTONS


class SqlButtons:
    """The buttons in the database. They work as long as the results that they are about are kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, buttons: Sequence[Button], now: datetime) -> None:
        """Remember buttons that are about to be shown."""
        if not buttons:
            return
        rows = [{**asdict(button), "created_at": now} for button in buttons]
        async with self._database.writing() as connection:
            await connection.execute(insert(BUTTONS), rows)

    async def purge(self, before: datetime) -> int:
        """Forget those shown before; how many. Who presses one is told that it is not known any more."""
        async with self._database.writing() as connection:
            return (await connection.execute(delete(BUTTONS).where(BUTTONS.c.created_at < before))).rowcount

    async def find(self, button_id: str) -> Button | None:
        """The button of an id that came back, if it is one of ours."""
        query = select(BUTTONS).where(BUTTONS.c.id == button_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _button(row)

    async def of(self, subject: str) -> list[Button]:
        """The buttons of one subject, oldest first."""
        query = select(BUTTONS).where(BUTTONS.c.subject == subject).order_by(BUTTONS.c.created_at)
        async with self._database.reading() as connection:
            return [_button(row) for row in await connection.execute(query)]


def _button(row: Row[Any]) -> Button:
    return Button(row.id, row.user_id, row.subject, row.value)
