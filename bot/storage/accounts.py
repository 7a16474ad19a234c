"""Limits and reports over the ledger: the rows of `bot.domain.budgets.Accounts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.budgets import (
    BOT_DAY,
    Account,
    Budgets,
    Day,
    Difference,
    Kind,
    Movement,
    Overview,
    Refund,
    Scope,
    Total,
)
from bot.domain.edits import EditState
from bot.storage.books import Books, Counter, counter_of, counters, is_counter, move, own_limits
from bot.storage.database import Database
from bot.storage.ledger import SPENT, held_by, holding, movement, spent_by
from bot.storage.ledger import Kind as Movements
from bot.storage.tables import COUNTERS, EDITS, GROUPS, LEDGER, LIMITS, USERS

_NOTHING = (0, 0)
_CHARGES = func.sum(case((LEDGER.c.kind == Movements.CHARGE, 1), else_=0)).label("edits")
_MICROS = func.sum(LEDGER.c.micros).label("micros")

# By scope: who spends, and where the names of those are.
_SPENDERS = {
    Scope.USER: (LEDGER.c.user_id, USERS, USERS.c.name),
    Scope.GROUP: (LEDGER.c.chat_id, GROUPS, GROUPS.c.title),
}


class SqlAccounts:
    """The limits and reports in the database. Days turn in the books' zone."""

    def __init__(self, database: Database, books: Books | None = None) -> None:
        self._database = database
        self._books = books or Books()

    @property
    def budgets(self) -> Budgets:
        """What holds where no admin said otherwise."""
        return self._books.budgets

    async def limit(self, kind: Kind, scope_id: int) -> tuple[int | None, bool]:
        """The limit that holds for a person or a group, and whether an admin set it."""
        async with self._database.reading() as connection:
            own = await own_limits(connection, [Counter(kind, scope_id, date.min)])
        key = (kind, scope_id)
        return (own[key], True) if key in own else (self._books.budgets.of(kind), False)

    async def set_limit(self, kind: Kind, scope_id: int, micros: int | None) -> None:
        """Set a person's or group's own limit; None: no limit at all.

        Raises:
            ValueError: it is negative.
        """
        if micros is not None and micros < 0:
            raise ValueError(f"a negative limit: {micros}")
        key = {"scope": kind.scope, "scope_id": scope_id, "period": kind.period}
        upsert = (
            self._database.insert(LIMITS)
            .values(**key, micros=micros)
            .on_conflict_do_update(index_elements=list(key), set_={"micros": micros})
        )
        async with self._database.writing() as connection:
            await connection.execute(upsert)

    async def clear_limit(self, kind: Kind, scope_id: int) -> None:
        """Back to the settings' limit."""
        own = delete(LIMITS).where(
            LIMITS.c.scope == kind.scope, LIMITS.c.scope_id == scope_id, LIMITS.c.period == kind.period
        )
        async with self._database.writing() as connection:
            await connection.execute(own)

    async def accounts(self, user_id: int, chat_id: int, now: datetime) -> tuple[Account, ...]:
        """All limits that an edit of this person in this chat touches, in the order of `KINDS`.

        In a private chat (``chat_id`` > 0) there is none of a group.
        """
        touched = counters(user_id, chat_id, self._books.day(now))
        async with self._database.reading() as connection:
            rows = await connection.execute(select(COUNTERS).where(or_(*map(is_counter, touched))))
            used = {(row.scope, row.period): (row.held, row.spent) for row in rows}
            own = await own_limits(connection, touched)
        return tuple(self._account(counter, used, own) for counter in touched)

    def _account(
        self,
        counter: Counter,
        used: dict[tuple[str, str], tuple[int, int]],
        own: dict[tuple[Kind, int], int | None],
    ) -> Account:
        kind, scope_id, start = counter
        held, spent = used.get((kind.scope.value, kind.period.value), (0, 0))
        limit = own.get((kind, scope_id), self._books.budgets.of(kind))
        turns = kind.period.turns(start, self._books.zone)
        return Account(kind, scope_id, limit, held, spent, turns, own=(kind, scope_id) in own)

    async def days(self, kind: Scope, scope_id: int, since: date) -> list[Day]:
        """What was charged day by day, corrections included; days without a charge are left out."""
        query = _spent_since(since, LEDGER.c.day).order_by(LEDGER.c.day)
        if kind is not Scope.BOT:
            query = query.where(_SPENDERS[kind][0] == scope_id)
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [Day(row.day, int(row.micros), int(row.edits)) for row in rows]

    async def top(self, scope: Scope, since: date, limit: int = 10) -> list[Total]:
        """Who (USER), or which group (GROUP), spent the most since a day."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(_top(scope, since, limit))).all()
        return [Total(row.id, row.name or "", int(row.micros), int(row.edits)) for row in rows]

    async def top_models(self, since: date, limit: int = 10) -> list[Total]:
        """Which models cost the most since a day; their id is 0."""
        query = _spent_since(since, LEDGER.c.model).order_by(_MICROS.desc(), LEDGER.c.model).limit(limit)
        async with self._database.reading() as connection:
            rows = await connection.execute(query)
            return [Total(0, row.model, int(row.micros), int(row.edits)) for row in rows]

    async def overview(self, now: datetime) -> Overview:
        """Today's figures of the whole bot.

        Held is all that is held now, of any day; edits are those accepted today, failed ones among them,
        and people those who had some.
        """
        today = self._books.day(now)
        midnight = datetime.combine(today, time(), self._books.zone).astimezone(UTC)
        spent = select(COUNTERS.c.spent).where(is_counter(Counter(BOT_DAY, 0, today)))
        held = select(func.sum(COUNTERS.c.held)).where(COUNTERS.c.scope == Scope.BOT)
        holds = select(func.count(), func.count(LEDGER.c.user_id.distinct())).where(
            LEDGER.c.day == today, LEDGER.c.kind == Movements.HOLD
        )
        failed = select(func.count()).where(EDITS.c.state == EditState.FAILED, EDITS.c.created_at >= midnight)
        async with self._database.reading() as connection:
            edits, people = (await connection.execute(holds)).one()
            sums = [(await connection.execute(query)).scalar() or 0 for query in (spent, held, failed)]
        top = await self.top(Scope.USER, today)
        return Overview(int(sums[0]), int(sums[1]), edits, int(sums[2]), people, tuple(top))

    async def count(self, since: date) -> int:
        """How many rows the ledger has since a day."""
        async with self._database.reading() as connection:
            counted = await connection.execute(select(func.count()).where(LEDGER.c.day >= since))
            return int(counted.scalar_one())

    async def movements(self, since: date, user_id: int | None = None) -> list[Movement]:
        """The rows of the ledger since a day, oldest first."""
        query = select(LEDGER).where(LEDGER.c.day >= since).order_by(LEDGER.c.id)
        if user_id is not None:
            query = query.where(LEDGER.c.user_id == user_id)
        async with self._database.reading() as connection:
            return [_movement(row) for row in await connection.execute(query)]

    async def refundable(self, edit_id: str) -> Refund | None:
        """What an edit was charged, corrections included; None if it has no charge."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(_spent_on(edit_id))).all()
        if all(row.kind != Movements.CHARGE for row in rows):
            return None
        return Refund(edit_id, rows[0].user_id, sum(row.micros for row in rows))

    async def corrections(self) -> dict[str, int]:
        """What the charges of edits were corrected by, in all; edits without a correction are left out."""
        query = (
            select(LEDGER.c.edit_id, _MICROS)
            .where(LEDGER.c.kind == Movements.ADJUST)
            .group_by(LEDGER.c.edit_id)
        )
        async with self._database.reading() as connection:
            return {row.edit_id: int(row.micros) for row in await connection.execute(query)}

    async def adjust(self, edit_id: str, micros: int, now: datetime) -> bool:
        """Correct what a settled edit was charged by ``micros`` (negative gives back), booked to its day.

        The edit keeps the outcome that it had (`Edit.charged`); the ledger knows both. False if it has no
        charge, or the sum would become negative.
        """
        locked = select(EDITS.c.id).where(EDITS.c.id == edit_id).with_for_update()
        async with self._database.writing() as connection:
            await connection.execute(locked)
            rows = (await connection.execute(_spent_on(edit_id))).all()
            charged = any(row.kind == Movements.CHARGE for row in rows)
            if not charged or sum(row.micros for row in rows) + micros < 0:
                return False
            held = await holding(connection, edit_id)
            await connection.execute(insert(LEDGER).values(movement(held, Movements.ADJUST, micros, now)))
            await move(connection, held, spent=micros)
            return True

    async def differences(self) -> Sequence[Difference]:
        """Where counters and rows disagree."""
        async with self._database.reading() as connection:
            if self._database.on_postgres:  # both are read as they were at one moment
                await connection.execution_options(isolation_level="REPEATABLE READ")
            summed = await _summed(connection)
            rows = (await connection.execute(select(COUNTERS))).all()
        counted = {counter_of(row): (row.held, row.spent) for row in rows}
        both = [
            Difference(*counter, counted.get(counter, _NOTHING), summed.get(counter, _NOTHING))
            for counter in {*counted, *summed}
        ]
        return [found for found in both if found.counted != found.summed]


async def _summed(connection: AsyncConnection) -> dict[Counter, tuple[int, int]]:
    """What is held and spent by all rows of the ledger, for each counter that they move."""
    groups = (LEDGER.c.user_id, LEDGER.c.chat_id, LEDGER.c.day, LEDGER.c.kind)
    sums: dict[Counter, tuple[int, int]] = {}
    for row in await connection.execute(select(*groups, _MICROS).group_by(*groups)):
        micros = int(row.micros)
        for counter in counters(row.user_id, row.chat_id, row.day):
            held, spent = sums.get(counter, _NOTHING)
            sums[counter] = (held + held_by(row.kind, micros), spent + spent_by(row.kind, micros))
    return sums


def _spent_since(since: date, *columns: ColumnElement[Any]) -> Select[Any]:
    of = (LEDGER.c.day >= since, LEDGER.c.kind.in_(SPENT))
    return select(*columns, _MICROS, _CHARGES).where(*of).group_by(*columns)


def _top(scope: Scope, since: date, limit: int) -> Select[Any]:
    """The dearest first; names are looked up for the few that are left."""
    spender, names, name = _SPENDERS[scope]
    # `+ 0` keeps SQLite from reading the whole of an index that begins with whose it is, for a few days.
    spender_id = (spender + 0).label("id")
    sums = _spent_since(since, spender_id).order_by(_MICROS.desc(), spender_id).limit(limit)
    if scope is Scope.GROUP:
        sums = sums.where(spender + 0 < 0)
    dearest = sums.subquery()
    query = select(dearest, name.label("name")).outerjoin(names, names.c.id == dearest.c.id)
    return query.order_by(dearest.c.micros.desc(), dearest.c.id)


def _spent_on(edit_id: str) -> Select[Any]:
    return select(LEDGER).where(LEDGER.c.edit_id == edit_id, LEDGER.c.kind.in_(SPENT))


def _movement(row: Row[Any]) -> Movement:
    edit = (row.edit_id, row.user_id, row.chat_id, row.model)
    moved = (held_by(row.kind, row.micros), spent_by(row.kind, row.micros))
    return Movement(row.at, row.day, *edit, row.kind, row.micros, *moved)
