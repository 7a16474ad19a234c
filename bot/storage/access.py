"""Who may use the bot, and where: the rows of `bot.domain.access.Access`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import Clock, SystemClock
from bot.domain.access import Group, Member, Standing
from bot.storage.database import Database
from bot.storage.tables import GROUPS, NOTES, USERS

_CLAIM = "claim"  # the note that keeps the hash of the claim code


class SqlAccess:
    """The standings in the database. Whom nobody has heard of gets a row with the first word about them."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    async def member(self, user_id: int) -> Member:
        """A person as known; a nameless one of standing unknown if never seen."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(USERS).where(USERS.c.id == user_id))).one_or_none()
        return Member(user_id, "") if row is None else _member(row)

    async def group(self, chat_id: int) -> Group:
        """A group as known; an untitled one of standing unknown if never seen."""
        async with self._database.reading() as connection:
            row = (await connection.execute(select(GROUPS).where(GROUPS.c.id == chat_id))).one_or_none()
        return Group(chat_id, "") if row is None else _group(row)

    async def met_group(self, chat_id: int, title: str) -> Group:
        """Remember what a group is called; it writes only what changed. The group as known."""
        known = await self.group(chat_id)
        if known.title == title and title:
            return known
        return _group(await self._put(GROUPS, chat_id, title=title))

    async def ask(self, user_id: int, now: datetime) -> bool:
        """unknown → waiting; False if it was not unknown, so that admins are asked once."""
        return await self._ask(USERS, user_id, now)

    async def ask_group(self, chat_id: int, now: datetime) -> bool:
        """The same for a group."""
        return await self._ask(GROUPS, chat_id, now)

    async def decide(self, user_id: int, standing: Standing, by: int, now: datetime) -> Member:
        """Put a person to a standing, whatever it was; as they stand now. Also for ids never seen.

        A blocked person is to be told of it, also if they were blocked and told before.
        """
        decided = {"standing": standing, "decided_by": by, "decided_at": now, "told": False}
        return _member(await self._put(USERS, user_id, **decided))

    async def decide_group(
        self, chat_id: int, standing: Standing, by: int, now: datetime, *, per_member: bool = False
    ) -> Group:
        """The same for a group."""
        decided = {"standing": standing, "decided_by": by, "decided_at": now, "per_member": per_member}
        return _group(await self._put(GROUPS, chat_id, **decided))

    async def told(self, user_id: int) -> bool:
        """Note that a blocked person was told; False if they were before."""
        note = update(USERS).where(USERS.c.id == user_id, ~USERS.c.told).values(told=True)
        async with self._database.writing() as connection:
            return (await connection.execute(note)).rowcount == 1

    async def offer_claim(self, code_hash: str) -> bool:
        """Keep the hash of the one claim code, in place of an earlier one; False once an admin exists."""
        kept = {"text": code_hash, "at": self._clock.now()}
        async with self._database.writing() as connection:
            if await _has_admin(connection):
                return False
            insert = self._database.insert(NOTES).values(name=_CLAIM, **kept)
            await connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=kept))
            return True

    async def claim(self, user_id: int, code_hash: str, now: datetime) -> bool:
        """Make who knows the code an admin, once and only one person; False if it is not (any more) right."""
        code = select(NOTES.c.text).where(NOTES.c.name == _CLAIM).with_for_update()
        async with self._database.writing() as connection:
            kept = (await connection.execute(code)).scalar_one_or_none()
            if kept is None or not compare_digest(kept.encode(), code_hash.encode()):
                return False
            await connection.execute(delete(NOTES).where(NOTES.c.name == _CLAIM))
            if await _has_admin(connection):  # the code was offered in the moment that another was used
                return False
            made = {"admin": True, "standing": Standing.APPROVED, "decided_by": user_id, "decided_at": now}
            await connection.execute(self._upsert(USERS, user_id, made))
            return True

    async def admins(self) -> list[Member]:
        """The admins by claim."""
        query = select(USERS).where(USERS.c.admin).order_by(USERS.c.id)
        async with self._database.reading() as connection:
            return [_member(row) for row in await connection.execute(query)]

    async def revoke(self, user_id: int) -> bool:
        """Take back that a person is an admin by the claim code; False if they are not.

        They are served as before. Without any admin the next start offers a code again.
        """
        take_back = update(USERS).where(USERS.c.id == user_id, USERS.c.admin).values(admin=False)
        async with self._database.writing() as connection:
            return (await connection.execute(take_back)).rowcount == 1

    async def members(self, wanted: str = "", offset: int = 0, limit: int = 8) -> Sequence[Member]:
        """People whose name, username or id contains ``wanted``, waiting ones first, then the latest seen."""
        last = USERS.c.seen_at.desc().nulls_last()
        query = select(USERS).order_by(_waiting_first(USERS), last, USERS.c.id)
        columns = ("name", "username", "id")
        return [_member(row) for row in await self._found(query, columns, wanted, offset, limit)]

    async def groups(self, wanted: str = "", offset: int = 0, limit: int = 8) -> Sequence[Group]:
        """Groups whose title or id contains ``wanted``, waiting ones first."""
        query = select(GROUPS).order_by(_waiting_first(GROUPS), GROUPS.c.title, GROUPS.c.id)
        return [_group(row) for row in await self._found(query, ("title", "id"), wanted, offset, limit)]

    async def _ask(self, table: Table, id_: int, now: datetime) -> bool:
        asked = {"standing": Standing.WAITING, "asked_at": now}
        upsert = self._upsert(table, id_, asked, where=table.c.standing == Standing.UNKNOWN)
        async with self._database.writing() as connection:
            return (await connection.execute(upsert.returning(table.c.id))).one_or_none() is not None

    async def _put(self, table: Table, id_: int, **changes: Any) -> Row[Any]:
        async with self._database.writing() as connection:
            put = await connection.execute(self._upsert(table, id_, changes).returning(*table.columns))
            row: Row[Any] = put.one()
        return row

    def _upsert(
        self, table: Table, id_: int, changes: Mapping[str, Any], where: ColumnElement[bool] | None = None
    ) -> sqlite.Insert | postgresql.Insert:
        new = {"id": id_, **_NEW[table], **changes}
        insert = self._database.insert(table).values(new)
        return insert.on_conflict_do_update(index_elements=["id"], set_=dict(changes), where=where)

    async def _found(
        self, query: Select[Any], columns: Sequence[str], wanted: str, offset: int, limit: int
    ) -> Sequence[Row[Any]]:
        """A page of what is wanted. SQLite ignores case in English only, so names are compared here."""
        wanted = wanted.strip().removeprefix("@").casefold()
        if not wanted:
            query = query.offset(offset).limit(limit)
        async with self._database.reading() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
        if not wanted:
            return rows
        names = ((row, [str(getattr(row, column) or "") for column in columns]) for row in rows)
        found = [row for row, texts in names if any(wanted in text.casefold() for text in texts)]
        return found[offset : offset + limit]


# What a row begins with beside its id.
_NEW: dict[Table, dict[str, Any]] = {
    USERS: {"name": "", "standing": Standing.UNKNOWN, "admin": False, "told": False},
    GROUPS: {"title": "", "standing": Standing.UNKNOWN, "per_member": False},
}


async def _has_admin(connection: AsyncConnection) -> bool:
    admin = select(USERS.c.id).where(USERS.c.admin).limit(1)
    return (await connection.execute(admin)).one_or_none() is not None


def _waiting_first(table: Table) -> ColumnElement[int]:
    return case((table.c.standing == Standing.WAITING, 0), else_=1)


def _member(row: Row[Any]) -> Member:
    return Member(
        id=row.id,
        name=row.name,
        username=row.username,
        standing=Standing(row.standing),
        admin=row.admin,
        told=row.told,
        language=row.language,
    )


def _group(row: Row[Any]) -> Group:
    return Group(row.id, row.title, Standing(row.standing), row.per_member)
