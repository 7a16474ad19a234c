"""The updates as Telegram sent them, kept until their effect is: the rows of `bot.domain.stores.Inbox`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, exists, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.stores import InboxUpdate
from bot.storage.database import Database
from bot.storage.tables import INBOX

_WAITING = "waiting"
_DONE = "done"
_UNREADABLE = "unreadable"
_CLAIM_LOCK = 0x496E626F  # any number that is ours: the name of the advisory lock


class SqlInbox:
    """The inbox in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        """Keep the updates that are not known yet, in their order; how many were new.

        Known are those of the last days: Telegram's ids restart at random after an idle week, so they
        tell duplicates, but no order (https://core.telegram.org/bots/api#update).
        """
        if not updates:
            return 0
        rows = [
            {
                "update_id": incoming.update_id,
                "lane": incoming.lane,
                "body": incoming.body,
                "state": _WAITING,
                "received_at": now,
            }
            for incoming in updates
        ]
        insert = (
            self._database.insert(INBOX)
            .values(rows)
            .on_conflict_do_nothing(index_elements=["update_id"])
            .returning(INBOX.c.update_id)
        )
        async with self._database.writing() as connection:
            return len((await connection.execute(insert)).all())

    async def claim(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[InboxUpdate]:
        """Take waiting updates that nobody holds, oldest first; they are ``owner``'s until the lease ends.

        An update whose lane has an earlier one in another owner's hands is left for that owner, so that
        a lane keeps its order over all processes.
        """
        free = and_(
            INBOX.c.state == _WAITING, or_(INBOX.c.leased_until.is_(None), INBOX.c.leased_until <= now)
        )
        earlier = INBOX.alias("earlier")
        elsewhere = exists().where(
            earlier.c.lane == INBOX.c.lane,
            earlier.c.position < INBOX.c.position,
            earlier.c.state == _WAITING,
            earlier.c.leased_until > now,
            earlier.c.owner != owner,
        )
        oldest = select(INBOX.c.position).where(free, ~elsewhere).order_by(INBOX.c.position).limit(limit)
        claim = (
            update(INBOX)
            .where(free, INBOX.c.position.in_(oldest.correlate(None)))
            .values(owner=owner, leased_until=lease_until)
            .returning(INBOX)
        )
        async with self._database.writing() as connection:
            await self._alone(connection)
            rows = (await connection.execute(claim)).all()
        rows = sorted(rows, key=lambda row: int(row.position))
        return [InboxUpdate(row.update_id, row.lane, row.body) for row in rows]

    async def done(self, update_id: int, *, readable: bool = True) -> None:
        """Mark an update handled, or unreadable, and blank it: nobody's words are kept longer than needed."""
        async with self._database.writing() as connection:
            await mark_done(connection, update_id, readable=readable)

    async def forget(self, before: datetime) -> int:
        """Delete the done ones that were received before a time; how many there were."""
        old = and_(INBOX.c.received_at < before, INBOX.c.state != _WAITING)
        async with self._database.writing() as connection:
            return (await connection.execute(delete(INBOX).where(old))).rowcount

    async def owners(self) -> frozenset[str]:
        """The processes that hold updates."""
        held = select(INBOX.c.owner).distinct().where(INBOX.c.state == _WAITING, INBOX.c.owner.is_not(None))
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(held)).scalars())

    async def release(self, owners: Collection[str]) -> int:
        """End the leases of these processes; how many updates they held."""
        left = update(INBOX).where(INBOX.c.state == _WAITING, INBOX.c.owner.in_(owners))
        async with self._database.writing() as connection:
            return (await connection.execute(left.values(owner=None, leased_until=None))).rowcount

    async def _alone(self, connection: AsyncConnection) -> None:
        """Let claims on Postgres take turns: two at once would each see the other's lanes as free."""
        if self._database.on_postgres:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CLAIM_LOCK})


async def mark_done(connection: AsyncConnection, update_id: int, *, readable: bool = True) -> None:
    """Mark an update done in the transaction of its effect."""
    done = (
        update(INBOX)
        .where(INBOX.c.update_id == update_id, INBOX.c.state == _WAITING)
        .values(state=_DONE if readable else _UNREADABLE, body="", owner=None, leased_until=None)
    )
    await connection.execute(done)
