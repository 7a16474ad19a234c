"""Whatever happens in whatever order: rows = counters = what was charged, plus what is held.

Hypothesis takes a model, which is plain arithmetic, and the storage through the same steps.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, event, select

from bot.domain.access import Standing
from bot.domain.budgets import BOT_DAY, GROUP_DAY, KINDS, USER_DAY, USER_MONTH, Budgets, Kind
from bot.domain.edits import Edit, EditState, Place
from bot.domain.money import dollars
from bot.errors import OverBudget, TooManyWaiting
from bot.storage.access import SqlAccess
from bot.storage.accounts import SqlAccounts
from bot.storage.books import Books
from bot.storage.chats import SqlChats
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.requests import SqlRequests
from bot.storage.tables import COUNTERS, METADATA

from .conftest import run
from .makers import a_request, an_edit, prepared

T = TypeVar("T")

KYIV = ZoneInfo("Europe/Kyiv")
START = datetime(2026, 3, 28, 22, tzinfo=KYIV)  # a day before clocks change, three before the month does
BUDGETS = Budgets(bot_day=400, group_day=300, user_day=200, user_month=500)
MOST_OPEN = 5
USERS, GROUPS, PRIVATE = (11, 12), (-5, -6), 11

# Few different amounts, so that they often add up to exactly a limit.
quotes = st.sampled_from((50, 0, 1, 100, 150, 250))
amounts = st.sampled_from((50, 0, 1, 49, 100, 300))
limits = st.sampled_from((100, 0, 50, 51, 300, None))
requests = st.tuples(
    st.sampled_from(USERS),
    st.sampled_from((*GROUPS, PRIVATE)),
    st.lists(quotes, min_size=1, max_size=3),
)
ends = st.sampled_from([state for state in EditState if state.final])


class Crashed(Exception):
    """The process died in the middle of a transaction."""


@dataclass
class Known:
    """What the model knows of an accepted edit."""

    edit: Edit
    day: date
    chat_id: int
    open: bool = True
    unknown: bool = False
    charge: int | None = None
    adjusted: int = 0

    @property
    def held(self) -> int:
        return self.edit.quote if self.open or self.unknown else 0

    @property
    def spent(self) -> int:
        return (self.charge or 0) + self.adjusted

    def counters(self) -> Iterator[tuple[Kind, int, date]]:
        yield BOT_DAY, 0, self.day
        if self.chat_id < 0:
            yield GROUP_DAY, self.chat_id, self.day
        yield USER_DAY, self.edit.user_id, self.day
        yield USER_MONTH, self.edit.user_id, self.day.replace(day=1)


class Money(RuleBasedStateMachine):
    """People spend, admins decide, clocks jump, processes die."""

    url: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        empty(self.url)
        self.runner = asyncio.Runner()
        self.books = Books(KYIV, BUDGETS, MOST_OPEN)
        self.now = START
        self.known: list[Known] = []
        self.own: dict[tuple[Kind, int], int | None] = {}
        self.numbers = count(1)
        self.open()

    def open(self) -> None:
        """Start a process."""
        self.database = Database.open(self.url)
        self.edits = SqlEdits(self.database, self.books)
        self.accounts = SqlAccounts(self.database, self.books)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.database.close())
        self.runner.close()

    # --- the model ----------------------------------------------------------------------------------

    def expected(self, new: list[Known]) -> tuple[str, str] | None:
        """Which limit refuses these edits, and what it leaves; None if they fit."""
        user_id = new[0].edit.user_id
        if sum(known.open for known in self.known if known.edit.user_id == user_id) + len(new) > MOST_OPEN:
            return "waiting", ""
        wanted = Counter(dict.fromkeys(new[0].counters(), sum(known.edit.quote for known in new)))
        used = self.used()
        for (kind, scope_id, start), micros in wanted.items():
            limit = self.own.get((kind, scope_id), BUDGETS.of(kind))
            held, spent = used.get((kind, scope_id, start), (0, 0))
            if limit is not None and held + spent + micros > limit:
                return f"{kind.scope}-{kind.period}", dollars(max(0, limit - held - spent))
        return None

    def used(self) -> dict[tuple[Kind, int, date], tuple[int, int]]:
        held, spent = Counter[tuple[Kind, int, date]](), Counter[tuple[Kind, int, date]]()
        for known in self.known:
            for counter in known.counters():
                held[counter] += known.held
                spent[counter] += known.spent
        both = {counter: (held[counter], spent[counter]) for counter in held}
        return {counter: amounts for counter, amounts in both.items() if amounts != (0, 0)}

    # --- people -------------------------------------------------------------------------------------

    @rule(asked=st.lists(requests, min_size=1, max_size=4))
    def ask(self, asked: list[tuple[int, int, list[int]]]) -> None:
        """Requests, each for one edit or several."""
        for user, chat, wanted in asked:
            new = self.made(user, chat, wanted)
            self.compare(new, self.take(new))

    @rule(asked=requests, statements=st.integers(1, 14))
    def ask_and_crash(self, asked: tuple[int, int, list[int]], statements: int) -> None:
        """The process dies after so many statements; if it came to the end, it was accepted."""
        new = self.made(*asked)
        with dying(statements) as alive:
            outcome = self.take(new)
        if alive():
            self.compare(new, outcome)
        self.restart()

    def made(self, user: int, chat: int, wanted: list[int]) -> list[Known]:
        request = a_request(user_id=user, place=Place(chat, next(self.numbers)), created_at=self.now)
        day = self.now.astimezone(KYIV).date()
        made = [
            an_edit(request, id=f"{request.id}-{n}", origin=f"{request.id}:{n}", quote=quote)
            for n, quote in enumerate(wanted)
        ]
        return [Known(edit, day, chat) for edit in made]

    def take(self, new: list[Known]) -> tuple[str, str] | None:
        """Have edits accepted, one as a button's, more as a request's; which limit refused, if one did."""
        edits = [known.edit for known in new]
        try:
            if len(edits) == 1:
                assert self.run(self.edits.accept(edits[0]))
            else:
                first = edits[0]
                request = self.run(prepared(self.database, user_id=first.user_id, place=first.place))
                assert self.run(SqlRequests(self.database, self.books).accept(request.id, edits))
        except OverBudget as refused:
            return str(refused.params["which"]), str(refused.params["left"])
        except TooManyWaiting:
            return "waiting", ""
        return None

    def compare(self, new: list[Known], outcome: tuple[str, str] | None) -> None:
        assert outcome == self.expected(new)
        if outcome is None:
            self.known += new

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def ask_again(self, data: st.DataObject) -> None:
        """What was accepted is not accepted once more, however full the budget is."""
        known = data.draw(st.sampled_from(self.known))
        assert not self.run(self.edits.accept(known.edit))

    # --- outcomes -----------------------------------------------------------------------------------

    @precondition(lambda self: self.known)
    @rule(data=st.data(), state=ends, charge=amounts)
    def settle(self, data: st.DataObject, state: EditState, charge: int) -> None:
        """Done, failed, unknown, and then known after all; once only."""
        known = data.draw(st.sampled_from(self.known))
        unknown = state is EditState.UNKNOWN
        possible = known.open or (known.unknown and not unknown)
        done = self.run(self.edits.settle(known.edit.id, state, charge=charge, reason=None, now=self.now))
        assert done == possible
        if possible:
            known.open, known.unknown = False, unknown
            known.charge = None if unknown else charge

    @precondition(lambda self: self.known)
    @rule(data=st.data(), charge=amounts, statements=st.integers(1, 8))
    def settle_and_crash(self, data: st.DataObject, charge: int, statements: int) -> None:
        """Nothing of a settlement that broke off is there, and it can be repeated."""
        known = data.draw(st.sampled_from(self.known))
        possible = known.open or known.unknown
        with dying(statements) as alive:
            self.run(
                self.edits.settle(known.edit.id, EditState.DONE, charge=charge, reason=None, now=self.now)
            )
        if alive() and possible:
            known.open, known.unknown, known.charge = False, False, charge
        self.restart()

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.known))
        assert self.run(self.edits.cancel(known.edit.id, self.now)) == known.open
        if known.open:
            known.open, known.charge = False, 0

    @precondition(lambda self: self.known)
    @rule(data=st.data(), micros=amounts, sign=st.sampled_from((-1, 1)))
    def adjust(self, data: st.DataObject, micros: int, sign: int) -> None:
        """Only what was charged can be corrected, and never below nothing."""
        known, micros = data.draw(st.sampled_from(self.known)), sign * micros
        possible = bool(known.charge) and known.spent + micros >= 0
        assert self.run(self.accounts.adjust(known.edit.id, micros, self.now)) == possible
        if possible:
            known.adjusted += micros

    # --- the world ----------------------------------------------------------------------------------

    @rule(hours=st.integers(-50, 50))
    def pass_time(self, hours: int) -> None:
        """Clocks are set, also backwards."""
        self.now += timedelta(hours=hours)

    @rule(
        kind=st.sampled_from(KINDS),
        which=st.integers(0, 1),
        micros=st.sampled_from((100, 0, 50, 51, 300, None)),
    )
    def set_limit(self, kind: Kind, which: int, micros: int | None) -> None:
        scope_id = {BOT_DAY: 0, GROUP_DAY: GROUPS[which]}.get(kind, USERS[which])
        self.run(self.accounts.set_limit(kind, scope_id, micros))
        self.own[kind, scope_id] = micros

    @precondition(lambda self: self.own)
    @rule(data=st.data())
    def clear_limit(self, data: st.DataObject) -> None:
        kind, scope_id = data.draw(st.sampled_from(sorted(self.own, key=str)))
        self.run(self.accounts.clear_limit(kind, scope_id))
        del self.own[kind, scope_id]

    @rule(user=st.sampled_from(USERS), standing=st.sampled_from(Standing))
    def decide(self, user: int, standing: Standing) -> None:
        """Approved with a limit, or blocked: what is held and spent does not change by it."""
        self.run(SqlAccess(self.database).decide(user, standing, 1, self.now))
        self.set_limit(USER_DAY, USERS.index(user), 100)

    @rule(old=st.sampled_from(GROUPS))
    def move_group(self, old: int) -> None:
        """A group becomes a supergroup, here one that is there already: its money adds up."""
        new = GROUPS[1 - GROUPS.index(old)]
        self.run(SqlChats(self.database).move(old, new))
        for known in self.known:
            known.chat_id = new if known.chat_id == old else known.chat_id
        if (GROUP_DAY, old) in self.own:
            limit = self.own.pop((GROUP_DAY, old))
            self.own.setdefault((GROUP_DAY, new), limit)

    def restart(self) -> None:
        """A process that died is started again."""
        self.run(self.database.close())
        self.open()

    # --- what always holds --------------------------------------------------------------------------

    @invariant()
    def all_agree(self) -> None:
        """Rows, counters and the model, for everybody and every period that there was."""
        assert self.run(self.accounts.differences()) == []
        assert self.run(counted(self.database)) == self.used()


async def counted(database: Database) -> dict[tuple[Kind, int, date], tuple[int, int]]:
    """The counters as they are, without those that count nothing (any more)."""
    kinds = {(kind.scope.value, kind.period.value): kind for kind in KINDS}
    async with database.reading() as connection:
        rows = (await connection.execute(select(COUNTERS))).all()
    found = {(kinds[row.scope, row.period], row.scope_id, row.start): (row.held, row.spent) for row in rows}
    return {counter: amounts for counter, amounts in found.items() if amounts != (0, 0)}


@contextmanager
def dying(statements: int) -> Iterator[Any]:
    """Break whatever runs at its n-th statement. Gives whether it came to its end before that."""
    left = count(statements, -1)
    died = False

    def die(*_: Any) -> None:
        nonlocal died
        if next(left) == 0:
            died = True
            raise Crashed

    event.listen(Engine, "before_cursor_execute", die)
    try:
        yield lambda: not died
    except Crashed:
        pass
    finally:
        event.remove(Engine, "before_cursor_execute", die)


def empty(url: str) -> None:
    """Take all rows out of a database."""
    names = [f'"{table.name}"' for table in reversed(METADATA.sorted_tables)]
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
            for name in names:
                file.execute(f"DELETE FROM {name}")
    else:
        run(url, f"TRUNCATE {', '.join(names)}")


@pytest.mark.parametrize(
    "examples", [pytest.param(6, id="short"), pytest.param(100, id="long", marks=pytest.mark.long)]
)
def test_rows_and_counters_are_what_was_charged_and_is_held(url: str, examples: int) -> None:
    """After every step of every story, on both databases."""

    class Here(Money):
        pass

    Here.url = url
    chosen = settings(
        max_examples=examples,
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Here, settings=chosen)
