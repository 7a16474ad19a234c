"""What is done to all rows of a chat at once: the rows of `bot.domain.stores.Chats`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.edits import Edit, EditState, RequestState
from bot.storage.database import Database
from bot.storage.tables import EDITS, INBOX, METADATA, REQUESTS
from bot.storage.values import edit_of

_OPEN = (RequestState.COLLECTING, RequestState.PREPARING, RequestState.ASKING)
_UNFINISHED = tuple(state for state in EditState if not state.final)
_MANY = 100


class SqlChats:
    """The chats in the database. They have no table: a chat is a column of others."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def move(self, old: int, new: int) -> None:
        """Make every row of a chat one of another, in one transaction.

        A supergroup counts its messages anew, so that the ids of the old chat would name others there.
        Those that a row needs are made negative, which no message's id is; the others are forgotten.
        """
        async with self._database.writing() as connection:
            for table in METADATA.sorted_tables:
                if "chat_id" in table.columns:
                    moved = update(table).where(table.c.chat_id == old)
                    await connection.execute(moved.values(chat_id=new, **_gone(table)))
            await connection.execute(update(INBOX).where(INBOX.c.lane == old).values(lane=new))
            await _forget_pictures(connection, new)

    async def left(self, chat_id: int) -> list[Edit]:
        """Close the open requests of a chat that takes no more answers; its edits that are not final."""
        requests = update(REQUESTS).where(REQUESTS.c.chat_id == chat_id, REQUESTS.c.state.in_(_OPEN))
        edits = select(EDITS).where(EDITS.c.chat_id == chat_id, EDITS.c.state.in_(_UNFINISHED))
        async with self._database.writing() as connection:
            await connection.execute(requests.values(state=RequestState.EXPIRED, due_at=None))
            return [edit_of(row) for row in await connection.execute(edits)]

    async def stale_statuses(self) -> list[Edit]:
        """Some final edits whose status message was left behind, and shows no other edit."""
        other = EDITS.alias("other")
        shared = exists().where(
            other.c.chat_id == EDITS.c.chat_id,
            other.c.status_message_id == EDITS.c.status_message_id,
            other.c.state.in_(_UNFINISHED),
        )
        left = and_(EDITS.c.status_message_id.is_not(None), EDITS.c.state.not_in(_UNFINISHED), ~shared)
        query = select(EDITS).where(left).order_by(EDITS.c.created_at).limit(_MANY)
        async with self._database.reading() as connection:
            return [edit_of(row) for row in await connection.execute(query)]


def _gone(table: Table) -> dict[str, ColumnElement[Any] | None]:
    """What becomes of the columns that name a message or a topic of the old chat."""
    values: dict[str, ColumnElement[Any] | None] = {
        column.name: None
        for column in table.columns
        if column.name == "thread_id" or column.name.endswith("_message_id")
    }
    return values | ({"message_id": -table.c.message_id} if "message_id" in table.columns else {})


async def _forget_pictures(connection: AsyncConnection, chat_id: int) -> None:
    """Open requests remember which message each picture came with, too."""
    query = select(REQUESTS.c.id, REQUESTS.c.pictures).where(
        REQUESTS.c.chat_id == chat_id, REQUESTS.c.message_id < 0, REQUESTS.c.state.in_(_OPEN)
    )
    for row in (await connection.execute(query)).all():
        pictures = [{**picture, "message_id": -abs(picture["message_id"])} for picture in row.pictures]
        await connection.execute(update(REQUESTS).where(REQUESTS.c.id == row.id).values(pictures=pictures))
