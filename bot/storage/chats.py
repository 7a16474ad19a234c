"""What is done to all rows of a chat at once: the rows of `bot.domain.stores.Chats`."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, false, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access import Standing
from bot.domain.budgets import GROUP_DAY, Scope
from bot.domain.edits import OPEN_REQUESTS, UNFINISHED, Edit, RequestState
from bot.storage.books import Counter, add
from bot.storage.database import Database
from bot.storage.ledger import held_by, spent_by
from bot.storage.tables import EDITS, GROUPS, INBOX, LEDGER, LIMITS, METADATA, REQUESTS
from bot.storage.values import edit_of

_MANY = 100


class SqlChats:
    """The chats in the database. A chat is mostly a column of other tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def move(self, old: int, new: int) -> None:
        """Make every row of a chat one of another, in one transaction.

        A supergroup counts its messages anew, so that the ids of the old chat would name others there.
        Those that a row needs are made negative, which no message's id is; the others are forgotten.
        """
        async with self._database.writing() as connection:
            # Requests first, as where one is accepted: its edits are there by then, or go to the new chat.
            # Edits come before the ledger, as where one is settled.
            for table in sorted(METADATA.sorted_tables, key=lambda table: table is not REQUESTS):
                if "chat_id" in table.columns and table is not LEDGER:
                    moved = update(table).where(table.c.chat_id == old)
                    await connection.execute(moved.values(chat_id=new, **_gone(table)))
            await self._move_money(connection, old, new)
            await self._move_standing(connection, old, new)
            await connection.execute(update(INBOX).where(INBOX.c.lane == old).values(lane=new))
            await _forget_pictures(connection, new)

    async def _move_money(self, connection: AsyncConnection, old: int, new: int) -> None:
        """Move the ledger's rows, as much of the counters as these rows are, and the limits.

        So rows and counters agree whatever is accepted in the old group meanwhile. A limit that the new
        one has stays.
        """
        move = update(LEDGER).where(LEDGER.c.chat_id == old).values(chat_id=new)
        moved: dict[date, tuple[int, int]] = {}
        for row in await connection.execute(move.returning(LEDGER.c.day, LEDGER.c.kind, LEDGER.c.micros)):
            held, spent = moved.get(row.day, (0, 0))
            moved[row.day] = (held + held_by(row.kind, row.micros), spent + spent_by(row.kind, row.micros))
        for chat, sign in sorted(((old, -1), (new, 1))):
            for day, (held, spent) in sorted(moved.items()):
                await add(
                    self._database, connection, Counter(GROUP_DAY, chat, day), sign * held, sign * spent
                )
        group = (LIMITS.c.scope == Scope.GROUP, LIMITS.c.scope_id == old)
        columns = [column.name for column in LIMITS.columns]
        copied = [literal(new) if name == "scope_id" else LIMITS.c[name] for name in columns]
        copy = self._database.insert(LIMITS).from_select(columns, select(*copied).where(*group))
        await connection.execute(copy.on_conflict_do_nothing())
        await connection.execute(delete(LIMITS).where(*group))

    async def _move_standing(self, connection: AsyncConnection, old: int, new: int) -> None:
        """Move the group's own row. If both have one, what was decided about one of them stays."""
        remove = delete(GROUPS).where(GROUPS.c.id == old).returning(*GROUPS.columns)
        row = (await connection.execute(remove)).one_or_none()
        if row is None:
            return
        columns = {name: value for name, value in row._mapping.items() if name != "id"}
        undecided = GROUPS.c.standing.in_((Standing.UNKNOWN, Standing.WAITING))
        keep = undecided if row.standing != Standing.UNKNOWN else false()
        insert = self._database.insert(GROUPS).values(id=new, **columns)
        await connection.execute(
            insert.on_conflict_do_update(index_elements=["id"], set_=columns, where=keep)
        )

    async def left(self, chat_id: int) -> list[Edit]:
        """Close the open requests of a chat that takes no more answers; its edits that are not final."""
        requests = update(REQUESTS).where(REQUESTS.c.chat_id == chat_id, REQUESTS.c.state.in_(OPEN_REQUESTS))
        edits = select(EDITS).where(EDITS.c.chat_id == chat_id, EDITS.c.state.in_(UNFINISHED))
        async with self._database.writing() as connection:
            await connection.execute(requests.values(state=RequestState.EXPIRED, due_at=None))
            return [edit_of(row) for row in await connection.execute(edits)]

    async def stale_statuses(self) -> list[Edit]:
        """Some final edits whose status message was left behind, and shows no other edit."""
        other = EDITS.alias("other")
        shared = exists().where(
            other.c.chat_id == EDITS.c.chat_id,
            other.c.status_message_id == EDITS.c.status_message_id,
            other.c.state.in_(UNFINISHED),
        )
        left = and_(EDITS.c.status_message_id.is_not(None), EDITS.c.state.not_in(UNFINISHED), ~shared)
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
        REQUESTS.c.chat_id == chat_id, REQUESTS.c.message_id < 0, REQUESTS.c.state.in_(OPEN_REQUESTS)
    )
    for row in (await connection.execute(query)).all():
        pictures = [{**picture, "message_id": -abs(picture["message_id"])} for picture in row.pictures]
        await connection.execute(update(REQUESTS).where(REQUESTS.c.id == row.id).values(pictures=pictures))
