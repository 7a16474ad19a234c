"""A hundred requests at once with money for three, in two processes: three are accepted, every time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.budgets import BOT_DAY, GROUP_DAY, USER_DAY, Account, Budgets
from bot.domain.edits import Edit, EditState, Place
from bot.errors import OverBudget, TooManyWaiting
from bot.storage.accounts import SqlAccounts
from bot.storage.books import Books
from bot.storage.database import Database
from bot.storage.edits import SqlEdits

from .makers import CHAT, USER, a_request, accepted, an_edit

QUOTE = 42_000
THREE = 3 * QUOTE + QUOTE - 1  # not quite enough for four
MANY = 100
DAY = datetime(2026, 1, 1, 12, tzinfo=UTC)

# Which limits there are, of the bot, each group and each person a day.
LIMITS = [
    Budgets(user_day=THREE),
    Budgets(group_day=THREE),
    Budgets(bot_day=THREE),
    Budgets(bot_day=THREE, group_day=THREE, user_day=THREE),
    Budgets(bot_day=10 * QUOTE, group_day=2 * THREE, user_day=THREE, user_month=THREE),
]


def edits_of(users: Sequence[int], times: Sequence[datetime]) -> list[Edit]:
    """A hundred edits of these people, in turn, at these times, in turn."""
    return [
        an_edit(
            a_request(user_id=users[n % len(users)], place=Place(CHAT, n)),
            quote=QUOTE,
            created_at=times[n % len(times)],
        )
        for n in range(MANY)
    ]


async def accept_all(databases: Sequence[Database], books: Books, edits: Sequence[Edit]) -> int:
    """Have all accepted at the same moment, by several processes; how many were."""
    stores = [SqlEdits(database, books) for database in databases]

    async def one(place: int, edit: Edit) -> bool:
        try:
            return await stores[place % len(stores)].accept(edit)
        except (OverBudget, TooManyWaiting):
            return False

    return sum(await asyncio.gather(*(one(place, edit) for place, edit in enumerate(edits))))


async def accounts(database: Database, books: Books, now: datetime, user_id: int = USER) -> list[Account]:
    return list(await SqlAccounts(database, books).accounts(user_id, CHAT, now))


ROUNDS = [
    pytest.param(turn, marks=() if turn < len(LIMITS) else pytest.mark.long, id=str(turn))
    for turn in range(20)
]


@pytest.mark.parametrize("turn", ROUNDS)
async def test_a_hundred_at_once_with_money_for_three(database: Database, other: Database, turn: int) -> None:
    """Twenty rounds over every mix of limits: three, and never a micro-dollar over."""
    books = Books(budgets=LIMITS[turn % len(LIMITS)])
    day = DAY + timedelta(days=turn)
    assert await accept_all([database, other], books, edits_of([USER], [day])) == 3
    for account in await accounts(database, books, day):
        assert (account.held, account.spent) == (3 * QUOTE, 0)
    assert not await SqlAccounts(database, books).differences()


@pytest.mark.parametrize("turn", ROUNDS[:1] + ROUNDS[5:8])
async def test_a_hundred_across_midnight_with_money_for_three_a_day(
    database: Database, other: Database, turn: int
) -> None:
    """Three on either side, wherever days turn."""
    midnight = datetime(2026, 2, 1 + turn, tzinfo=UTC)
    times = [midnight - timedelta(seconds=1), midnight]
    books = Books(budgets=LIMITS[turn % 4])
    assert await accept_all([database, other], books, edits_of([USER], times)) == 6
    for now in times:
        assert {account.held for account in (await accounts(database, books, now))[:3]} == {3 * QUOTE}


async def test_people_who_share_a_budget(database: Database, other: Database) -> None:
    """Five people with money for three each, in a group that has some for seven, of a bot's for ten."""
    users = [USER - number for number in range(5)]
    books = Books(budgets=Budgets(bot_day=10 * QUOTE, group_day=7 * QUOTE, user_day=3 * QUOTE))
    assert await accept_all([database, other], books, edits_of(users, [DAY])) == 7
    held = [(await accounts(database, books, DAY, user))[2].held for user in users]
    assert sum(held) == 7 * QUOTE
    assert max(held) <= 3 * QUOTE
    assert not await SqlAccounts(database, books).differences()


async def test_a_hundred_at_once_where_five_may_wait(database: Database, other: Database) -> None:
    """The number of a person's edits is kept as strictly as the money, and each person's by itself."""
    users = [USER, USER - 1]
    assert await accept_all([database, other], Books(most_open=5), edits_of(users, [DAY])) == 10


async def test_money_that_comes_back_in_between(database: Database, other: Database) -> None:
    """Some settle, some are accepted, limits change: whoever is first, rows and counters agree."""
    books = Books(budgets=Budgets(user_day=20 * QUOTE))
    before = [await accepted(database, quote=QUOTE, created_at=DAY) for _ in range(15)]
    store, limits = SqlEdits(other, books), SqlAccounts(other, books)
    settled = [
        store.settle(edit.id, EditState.DONE, charge=number * 1_000, reason=None, now=DAY)
        for number, edit in enumerate(before)
    ]
    changed = [limits.set_limit(USER_DAY, USER, number * QUOTE) for number in range(15, 25)]
    new = [SqlEdits(database, books).accept(edit) for edit in edits_of([USER], [DAY])[:30]]
    calls = [*settled, *changed, *new]
    random.Random(7).shuffle(calls)
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(outcome, bool | OverBudget | None) for outcome in outcomes)
    assert not await limits.differences()
    bot, group, *_ = await accounts(database, books, DAY)
    assert (bot.kind, group.kind) == (BOT_DAY, GROUP_DAY)
    assert (bot.held, bot.spent) == (group.held, group.spent)
    assert bot.spent == sum(number * 1_000 for number in range(15))
