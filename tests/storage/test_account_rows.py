"""Limits as they are shown, reports over the ledger, and corrections."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from bot.domain.budgets import (
    BOT_DAY,
    GROUP_DAY,
    USER_DAY,
    USER_MONTH,
    Account,
    Budgets,
    Day,
    Difference,
    Overview,
    Refund,
    Scope,
    Total,
)
from bot.domain.edits import Edit, EditState, ModelSpend, Place
from bot.storage.access import SqlAccess
from bot.storage.accounts import SqlAccounts
from bot.storage.books import Books
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger
from bot.storage.people import SqlPeople
from bot.storage.tables import COUNTERS

from .makers import CHAT, USER, a_request, an_edit

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")
BOOKS = Books(KYIV, Budgets(bot_day=1_000, user_day=100))
OTHER = USER - 1


@pytest.fixture
def accounts(database: Database) -> SqlAccounts:
    return SqlAccounts(database, BOOKS)


async def held(
    database: Database, quote: int, now: datetime = NOON, user_id: int = USER, **changes: object
) -> Edit:
    """An edit that was accepted."""
    edit = an_edit(a_request(user_id=user_id), quote=quote, created_at=now, **changes)
    assert await SqlEdits(database, Books(KYIV)).accept(edit)
    return edit


async def spent(
    database: Database, charge: int, now: datetime = NOON, user_id: int = USER, **changes: object
) -> Edit:
    """An edit that was charged."""
    edit = await held(database, charge, now, user_id, **changes)
    await SqlEdits(database).settle(edit.id, EditState.DONE, charge=charge, reason=None, now=now)
    return edit


async def test_what_is_left_of_every_limit(database: Database, accounts: SqlAccounts) -> None:
    """In the order of holding, with who set it and when it turns."""
    await spent(database, 30)
    await held(database, 50)
    await accounts.set_limit(USER_MONTH, USER, 60)
    midnight, month = datetime(2026, 3, 31, tzinfo=KYIV), datetime(2026, 4, 1, tzinfo=KYIV)
    found = await accounts.accounts(USER, CHAT, NOON)
    assert found == (
        Account(BOT_DAY, 0, 1_000, 50, 30, midnight),
        Account(GROUP_DAY, CHAT, None, 50, 30, midnight),
        Account(USER_DAY, USER, 100, 50, 30, midnight),
        Account(USER_MONTH, USER, 60, 50, 30, month, own=True),
    )
    assert [account.left for account in found] == [920, None, 20, 0]


async def test_a_limit_is_not_negative(accounts: SqlAccounts) -> None:
    """Nothing would mean less than nothing."""
    with pytest.raises(ValueError, match="negative"):
        await accounts.set_limit(USER_DAY, USER, -1)


async def test_days_turn_in_their_zone(database: Database, accounts: SqlAccounts) -> None:
    """Day by day for a person, a group and the bot; days without a charge are left out."""
    await spent(database, 1, datetime(2026, 3, 29, 22, 30, tzinfo=UTC))  # the 30th in Kyiv
    await spent(database, 20, NOON)
    await spent(database, 300, NOON, OTHER, place=Place(OTHER, 1))
    await spent(database, 4_000, NOON + timedelta(days=2))
    await held(database, 50_000, NOON + timedelta(days=3))
    thirtieth, first = date(2026, 3, 30), date(2026, 4, 1)
    assert await accounts.days(Scope.USER, USER, thirtieth) == [Day(thirtieth, 21, 2), Day(first, 4_000, 1)]
    assert await accounts.days(Scope.GROUP, CHAT, first) == [Day(first, 4_000, 1)]
    assert await accounts.days(Scope.BOT, 0, thirtieth) == [Day(thirtieth, 321, 3), Day(first, 4_000, 1)]


async def test_who_and_what_cost_the_most(database: Database, accounts: SqlAccounts) -> None:
    """The dearest first, with names where they are known; private chats are no groups."""
    await SqlPeople(database).seen(USER, "Ана 🌺", None, None)
    await SqlAccess(database).met_group(CHAT, "Маки")
    await spent(database, 10, model="a")
    await spent(database, 20, model="b")
    await spent(database, 25, user_id=OTHER, place=Place(OTHER, 1), model="a")
    await spent(database, 999, NOON - timedelta(days=1))
    since = NOON.date()
    assert await accounts.top(Scope.USER, since) == [Total(USER, "Ана 🌺", 30, 2), Total(OTHER, "", 25, 1)]
    assert await accounts.top(Scope.USER, since, limit=1) == [Total(USER, "Ана 🌺", 30, 2)]
    assert await accounts.top(Scope.GROUP, since) == [Total(CHAT, "Маки", 30, 2)]
    assert await accounts.top_models(since) == [Total(0, "a", 35, 2), Total(0, "b", 20, 1)]


async def test_today_at_a_glance(database: Database, accounts: SqlAccounts) -> None:
    """Money, edits, failures and people of today; what is held, of whatever day."""
    assert await accounts.overview(NOON) == Overview()
    await spent(database, 10)
    failed = await held(database, 7)
    await SqlEdits(database).settle(failed.id, EditState.FAILED, charge=0, reason="error-internal", now=NOON)
    await held(database, 5, user_id=OTHER)
    await held(database, 100, NOON - timedelta(days=1))
    top = (Total(USER, "", 10, 1),)
    assert await accounts.overview(NOON) == Overview(10, 105, edits=3, failed=1, people=2, top=top)


async def test_a_charge_is_corrected(database: Database, accounts: SqlAccounts) -> None:
    """Back, further back, up again, but not below nothing; on the day of its hold, in every sum."""
    edit = await spent(database, 42)
    later = NOON + timedelta(days=40)
    assert await accounts.refundable(edit.id) == Refund(edit.id, USER, 42)
    assert await accounts.adjust(edit.id, -40, later)
    assert await accounts.adjust(edit.id, -2, later)
    assert not await accounts.adjust(edit.id, -1, later)
    assert await accounts.adjust(edit.id, 12, later)
    assert await accounts.refundable(edit.id) == Refund(edit.id, USER, 12)
    assert await accounts.days(Scope.USER, USER, date.min) == [Day(NOON.date(), 12, 1)]
    spending = await SqlLedger(database, BOOKS).spending(USER, NOON)
    by_model = (ModelSpend(edit.model, 12, 1),)
    assert (spending.today, spending.month, spending.ever, spending.held) == (12, 12, 12, 0)
    assert spending.by_model == by_model
    assert [account.spent for account in await accounts.accounts(USER, CHAT, NOON)] == [12] * 4
    kinds = [(row.kind, row.micros, row.day) for row in await accounts.movements(date.min)]
    adjusted = [("adjust", micros, NOON.date()) for micros in (-40, -2, 12)]
    assert kinds == [("hold", 42, NOON.date()), ("charge", 42, NOON.date()), *adjusted]
    assert not await accounts.differences()


@pytest.mark.parametrize("state", [None, EditState.FAILED, EditState.UNKNOWN])
async def test_only_what_was_charged_is_corrected(
    database: Database, accounts: SqlAccounts, state: EditState | None
) -> None:
    """Not what is held, was given back, or never was."""
    edit = await held(database, 42)
    if state is not None:
        await SqlEdits(database).settle(edit.id, state, charge=0, reason=None, now=NOON)
    for edit_id in (edit.id, "none"):
        assert await accounts.refundable(edit_id) is None
        assert not await accounts.adjust(edit_id, 1, NOON)


async def test_movements_are_a_persons_or_everybodys(database: Database, accounts: SqlAccounts) -> None:
    """Oldest first, since a day."""
    await spent(database, 1, NOON - timedelta(days=1))
    own = await held(database, 2)
    other = await held(database, 3, user_id=OTHER)
    assert [row.edit_id for row in await accounts.movements(NOON.date())] == [own.id, other.id]
    assert [row.micros for row in await accounts.movements(date.min, USER)] == [1, 1, 2]


async def test_a_counter_that_is_wrong_is_found(database: Database, accounts: SqlAccounts) -> None:
    """Which one, what it counts and what it should."""
    await spent(database, 10)
    async with database.writing() as connection:
        await connection.execute(update(COUNTERS).where(COUNTERS.c.scope == "group").values(held=1))
    found = await accounts.differences()
    assert found == [Difference(GROUP_DAY, CHAT, NOON.date(), (1, 10), (0, 10))]
