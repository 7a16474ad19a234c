"""The line before each provider, the same for all processes: the rows of `bot.domain.turns.Turns`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from sqlalchemy import Row, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.edits import EditState
from bot.domain.turns import Capacity, Waiting, line
from bot.storage.database import Database
from bot.storage.tables import EDITS, TURNS

_LOCK = 0x5475726E  # any number that is ours: the first half of an advisory lock's name
_MINUTE = timedelta(minutes=1)
_SEEN = timedelta(seconds=30)  # who was not seen for so long no longer waits
_FINAL = tuple(state for state in EditState if state.final)
_OPEN = TURNS.c.returned_at.is_(None)
_WAITS = and_(_OPEN, TURNS.c.granted_at.is_(None))
_RUNS = and_(_OPEN, TURNS.c.granted_at.is_not(None))


class SqlTurns:
    """The turns in the database. A row is one turn; an edit that asks again after it begins another."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def grant(
        self, provider: str, capacity: Capacity, waiting: Sequence[tuple[str, int]], now: datetime
    ) -> set[str]:
        """Queue these (edit id, user id) and give turns to as many as the provider has room for.

        Others' waiting edits count too (those seen in the last half minute); the order is `line`'s.
        Returns the ids among ``waiting`` that have a turn now; asking again for one that has it is
        harmless. One process at a time does this for a provider.
        """
        async with self._database.writing() as connection:
            if self._database.on_postgres:
                lock = text("SELECT pg_advisory_xact_lock(:kind, :provider)")
                await connection.execute(lock, {"kind": _LOCK, "provider": crc32(provider.encode()) >> 1})
            await _return_ended(connection, provider, now)
            await _queue(connection, provider, waiting, now)
            await _grant(connection, provider, capacity, now)
            have = select(TURNS.c.edit_id).where(
                _RUNS, TURNS.c.edit_id.in_([edit_id for edit_id, _ in waiting])
            )
            return set((await connection.execute(have)).scalars())

    async def give_back(self, edit_id: str) -> None:
        """The provider no longer works for this edit, or it waits no more. Its turn counts for its minute."""
        # Nothing depends on when it was, only `forget` needs a time to go by.
        back = update(TURNS).where(TURNS.c.edit_id == edit_id, _OPEN)
        async with self._database.writing() as connection:
            await connection.execute(
                back.values(returned_at=func.coalesce(TURNS.c.granted_at, TURNS.c.seen_at))
            )

    async def position(self, edit_id: str) -> int | None:
        """How many wait before it (0: it is next), None if it does not wait."""
        async with self._database.reading() as connection:
            query = select(TURNS).where(TURNS.c.edit_id == edit_id, _WAITS)
            own = (await connection.execute(query)).one_or_none()
            if own is None:
                return None
            order = await _line(connection, own.provider, own.seen_at)
        return next((place for place, one in enumerate(order) if one.edit_id == edit_id), None)

    async def forget(self, before: datetime) -> int:
        """Delete turns that were given back, or asked for and never seen again, before; how many."""
        over = or_(
            and_(_OPEN, TURNS.c.granted_at.is_(None), TURNS.c.seen_at < before),
            and_(TURNS.c.returned_at.is_not(None), TURNS.c.returned_at < before),
        )
        async with self._database.writing() as connection:
            return (await connection.execute(delete(TURNS).where(over))).rowcount


async def _return_ended(connection: AsyncConnection, provider: str, now: datetime) -> None:
    """Take back the turns of edits that ended without giving them back: their process may have died."""
    ended = select(EDITS.c.id).where(EDITS.c.state.in_(_FINAL), EDITS.c.id == TURNS.c.edit_id)
    back = update(TURNS).where(TURNS.c.provider == provider, _OPEN, ended.exists())
    await connection.execute(back.values(returned_at=now))


async def _queue(
    connection: AsyncConnection, provider: str, waiting: Sequence[tuple[str, int]], now: datetime
) -> None:
    ids = [edit_id for edit_id, _ in waiting]
    seen = update(TURNS).where(_OPEN, TURNS.c.edit_id.in_(ids)).values(seen_at=now)
    known = set((await connection.execute(seen.returning(TURNS.c.edit_id))).scalars())
    new = [
        {"provider": provider, "edit_id": edit_id, "user_id": user_id, "seen_at": now}
        for edit_id, user_id in waiting
        if edit_id not in known
    ]
    if new:
        await connection.execute(insert(TURNS), new)


async def _grant(connection: AsyncConnection, provider: str, capacity: Capacity, now: datetime) -> None:
    """Give turns to the first in the line, as far as there is room."""
    # A clock that jumped back leaves turns in the future; those beyond a minute are of no minute.
    in_minute = TURNS.c.granted_at.between(now - _MINUTE, now + _MINUTE)
    counts = select(
        func.count().filter(_RUNS).label("running"),
        func.count().filter(in_minute).label("in_minute"),
    ).where(TURNS.c.provider == provider, or_(_RUNS, in_minute))
    counted = (await connection.execute(counts)).one()
    room = capacity.room(counted.running, counted.in_minute)
    if room == 0:
        return
    chosen = [one.asked for one in (await _line(connection, provider, now))[:room]]
    await connection.execute(update(TURNS).where(TURNS.c.id.in_(chosen)).values(granted_at=now))


async def _line(connection: AsyncConnection, provider: str, now: datetime) -> list[Waiting]:
    seen = TURNS.c.seen_at.between(now - _SEEN, now + _SEEN)
    of = TURNS.c.provider == provider
    waiting = (await connection.execute(select(TURNS).where(of, _WAITS, seen))).all()
    users = {row.user_id for row in waiting}
    running = await connection.execute(
        select(TURNS.c.user_id, func.count().label("turns")).where(of, _RUNS).group_by(TURNS.c.user_id)
    )
    last = await connection.execute(
        select(TURNS.c.user_id, func.max(TURNS.c.granted_at).label("at"))
        .where(of, TURNS.c.granted_at.is_not(None), TURNS.c.user_id.in_(users))
        .group_by(TURNS.c.user_id)
    )
    return line(
        [_waiting(row) for row in waiting],
        {row.user_id: row.turns for row in running},
        {row.user_id: row.at for row in last},
    )


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(row.id, row.edit_id, row.user_id)
