"""The limits on spending, held to the micro-dollar: counters that move with every row of the ledger.

Each movement of an edit moves the same counters, those of its hold's day (and month): the bot's, its
group's, its person's two. All transactions take them in the order of `KINDS`, so that none waits in a
circle, after the rows of the edits that they are about. Counters are kept where there is no limit, too:
one may be set later. They are never deleted, so a clock that jumps back finds its day as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import GROUP_DAY, KINDS, Budgets, Kind, Scope, today
from bot.domain.edits import UNFINISHED, Edit
from bot.domain.money import dollars
from bot.errors import OverBudget, TooManyWaiting
from bot.storage.database import Database
from bot.storage.tables import COUNTERS, EDITS, LIMITS

_PERSON = 0x50657273  # any number that is ours: the first half of an advisory lock's name
_KINDS = {(kind.scope.value, kind.period.value): kind for kind in KINDS}
_INT4 = 2**31 - 1


class Counter(NamedTuple):
    """One counter's name. ``start`` is the first day of its period; ``scope_id`` is 0 for the bot."""

    kind: Kind
    scope_id: int
    start: date


@dataclass(frozen=True, slots=True)
class Books:
    """How money is counted: where days turn, and what limits hold where no admin said otherwise."""

    zone: tzinfo = UTC
    budgets: Budgets = field(default_factory=Budgets)
    most_open: int | None = None  # edits of one person that are not final

    def day(self, now: datetime) -> date:
        """The date of a moment where days turn."""
        return today(now, self.zone)

    async def hold(self, database: Database, connection: AsyncConnection, edits: Sequence[Edit]) -> None:
        """Count the quotes of one person's edits as held, just inserted in the same transaction.

        Raises:
            OverBudget, TooManyWaiting: the transaction must not be committed.
        """
        await self._check_waiting(database, connection, edits)
        held: dict[Counter, int] = {}
        for edit in edits:
            for counter in counters(edit.user_id, edit.place.chat_id, self.day(edit.created_at)):
                held[counter] = held.get(counter, 0) + edit.quote
        limits = await self.limits(connection, held)
        for counter in sorted(held, key=_order):
            limit, micros = limits[counter], held[counter]
            if not await _hold(database, connection, counter, micros, limit):
                raise await self._over(connection, counter, micros, limit or 0, edits[0].created_at)

    async def limits(
        self, connection: AsyncConnection, wanted: Iterable[Counter]
    ) -> dict[Counter, int | None]:
        """The limit of each counter: what an admin set for it, else the settings'."""
        own = await own_limits(connection, wanted)
        return {
            counter: own.get((counter.kind, counter.scope_id), self.budgets.of(counter.kind))
            for counter in wanted
        }

    async def _check_waiting(
        self, database: Database, connection: AsyncConnection, edits: Sequence[Edit]
    ) -> None:
        if self.most_open is None:
            return
        user_id = edits[0].user_id
        if database.on_postgres:  # SQLite has one writer; here two accepts would not see each other
            lock = text("SELECT pg_advisory_xact_lock(:kind, :person)")
            await connection.execute(lock, {"kind": _PERSON, "person": user_id % _INT4})
        open_ = select(func.count()).where(EDITS.c.user_id == user_id, EDITS.c.state.in_(UNFINISHED))
        count: int = (await connection.execute(open_)).scalar_one()
        if count > self.most_open:
            raise TooManyWaiting(
                f"{count} edits of one person",
                waiting=count - len(edits),
                wanted=len(edits),
                limit=self.most_open,
            )

    async def _over(
        self, connection: AsyncConnection, counter: Counter, micros: int, limit: int, now: datetime
    ) -> OverBudget:
        row = (await connection.execute(select(COUNTERS).where(is_counter(counter)))).one_or_none()
        used = 0 if row is None else row.held + row.spent
        kind = counter.kind
        turns = kind.period.turns(counter.start, self.zone).astimezone(UTC)
        hours = max(0, int((turns - now).total_seconds() // 3600))
        return OverBudget(
            f"{kind.scope} {counter.scope_id} {kind.period}: {used} + {micros} > {limit}",
            which=f"{kind.scope}-{kind.period}",
            limit=dollars(limit),
            left=dollars(max(0, limit - used)),
            price=dollars(micros),
            hours=hours,
            days=hours // 24,
        )


def counters(user_id: int, chat_id: int, day: date) -> list[Counter]:
    """The counters that an edit of this person in this chat moves. Only groups have negative ids."""
    ids = {Scope.BOT: 0, Scope.GROUP: chat_id, Scope.USER: user_id}
    kinds = [kind for kind in KINDS if kind != GROUP_DAY or chat_id < 0]
    return [Counter(kind, ids[kind.scope], kind.period.start(day)) for kind in kinds]


async def move(connection: AsyncConnection, hold: Row[Any], *, held: int = 0, spent: int = 0) -> None:
    """Move the counters of an edit, given its hold's row of the ledger."""
    for counter in counters(hold.user_id, hold.chat_id, hold.day):
        change = update(COUNTERS).where(is_counter(counter))
        await connection.execute(change.values(held=COUNTERS.c.held + held, spent=COUNTERS.c.spent + spent))


async def add(
    database: Database,
    connection: AsyncConnection,
    counter: Counter,
    held: int,
    spent: int = 0,
    room: ColumnElement[bool] | None = None,
) -> bool:
    """Move one counter, which may be new; False if it is there and ``room`` does not hold for it."""
    upsert = database.insert(COUNTERS).values(**_columns(counter), held=held, spent=spent)
    upsert = upsert.on_conflict_do_update(
        index_elements=list(COUNTERS.primary_key),
        set_={"held": COUNTERS.c.held + held, "spent": COUNTERS.c.spent + spent},
        where=room,
    )
    moved = await connection.execute(upsert.returning(COUNTERS.c.held))
    return moved.one_or_none() is not None


async def own_limits(
    connection: AsyncConnection, wanted: Iterable[Counter]
) -> dict[tuple[Kind, int], int | None]:
    """The limits that an admin set, of those wanted."""
    of = [
        and_(
            LIMITS.c.scope == counter.kind.scope,
            LIMITS.c.scope_id == counter.scope_id,
            LIMITS.c.period == counter.kind.period,
        )
        for counter in wanted
    ]
    found = await connection.execute(select(LIMITS).where(or_(*of)))
    return {(_KINDS[row.scope, row.period], row.scope_id): row.micros for row in found}


def counter_of(row: Row[Any]) -> Counter:
    """The counter that a row is."""
    return Counter(_KINDS[row.scope, row.period], row.scope_id, row.start)


async def _hold(
    database: Database, connection: AsyncConnection, counter: Counter, micros: int, limit: int | None
) -> bool:
    """Hold within a limit, in one statement; False if it leaves too little."""
    if limit is None:
        return await add(database, connection, counter, micros)
    room = COUNTERS.c.held + COUNTERS.c.spent + micros <= limit
    # What is more than the limit has no room in a new counter either, which `room` can't look at.
    return micros <= limit and await add(database, connection, counter, micros, room=room)


def _order(counter: Counter) -> tuple[int, int, date]:
    return KINDS.index(counter.kind), counter.scope_id, counter.start


def _columns(counter: Counter) -> dict[str, Any]:
    kind = counter.kind
    return {
        "scope": kind.scope,
        "scope_id": counter.scope_id,
        "period": kind.period,
        "start": counter.start,
    }


def is_counter(counter: Counter) -> ColumnElement[bool]:
    """That a row is this counter's."""
    return and_(*(COUNTERS.c[name] == value for name, value in _columns(counter).items()))
