"""What the limits on spending promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.budgets import BOT_DAY, GROUP_DAY, KINDS, USER_DAY, USER_MONTH, Budgets, Kind
from bot.domain.edits import Edit, EditState, Place, RequestState
from bot.errors import OverBudget, TooManyWaiting
from bot.storage.accounts import SqlAccounts
from bot.storage.books import Books
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger
from bot.storage.requests import SqlRequests

from .makers import CHAT, USER, a_request, an_edit, prepared

NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
KYIV = ZoneInfo("Europe/Kyiv")


def an_edit_at(now: datetime, quote: int = 10, **changes: object) -> Edit:
    return an_edit(a_request(), created_at=now, quote=quote, **changes)


async def accept(database: Database, books: Books, edit: Edit) -> bool:
    return await SqlEdits(database, books).accept(edit)


async def refusal(database: Database, books: Books, edit: Edit) -> dict[str, str | int]:
    with pytest.raises(OverBudget) as refused:
        await accept(database, books, edit)
    return refused.value.params


async def used(database: Database, books: Books, now: datetime) -> list[tuple[int, int]]:
    """Held and spent of each limit that an edit of the person in the group touches."""
    accounts = await SqlAccounts(database, books).accounts(USER, CHAT, now)
    return [(account.held, account.spent) for account in accounts]


@pytest.mark.parametrize(
    ("budgets", "which"),
    [
        (Budgets(bot_day=25), "bot-day"),
        (Budgets(group_day=25), "group-day"),
        (Budgets(user_day=25), "user-day"),
        (Budgets(user_month=25), "user-month"),
        (Budgets(25, 25, 25, 25), "bot-day"),
        (Budgets(100, 25, 25, 25), "group-day"),
        (Budgets(100, 100, 25, 25), "user-day"),
    ],
)
async def test_what_a_limit_leaves_is_what_can_be_held(
    database: Database, budgets: Budgets, which: str
) -> None:
    """Two edits fit, the third does not: the refusal names the first limit in its way and what is left."""
    books = Books(budgets=budgets)
    for _ in range(2):
        assert await accept(database, books, an_edit_at(NOON))
    named = await refusal(database, books, an_edit_at(NOON))
    hours = 36 if which == "user-month" else 12
    assert named == {
        "which": which,
        "limit": "$0.000025",
        "left": "$0.000005",
        "price": "$0.00001",
        "hours": hours,
        "days": hours // 24,
    }
    assert await accept(database, books, an_edit_at(NOON, quote=5))
    assert await used(database, books, NOON) == [(25, 0)] * len(KINDS)


async def test_a_first_edit_over_the_limit_leaves_nothing(database: Database) -> None:
    """No counter, no edit, no row: what was refused was never there."""
    books = Books(budgets=Budgets(user_day=9))
    edit = an_edit_at(NOON)
    assert (await refusal(database, books, edit))["left"] == "$0.000009"
    assert await SqlEdits(database).of_origin(edit.origin) is None
    assert await used(database, books, NOON) == [(0, 0)] * len(KINDS)
    assert await SqlAccounts(database).movements(NOON.date()) == []


async def test_all_edits_of_a_request_fit_or_none(database: Database) -> None:
    """Three for ten each do not fit into 29; the request can be accepted when there is more."""
    books = Books(budgets=Budgets(group_day=29))
    requests = SqlRequests(database, books)
    request = await prepared(database)
    edits = [
        an_edit(request, id=f"{request.id}-{n}", origin=f"request:{request.id}:{n}", quote=10)
        for n in range(3)
    ]
    with pytest.raises(OverBudget) as refused:
        await requests.accept(request.id, edits)
    assert refused.value.params["price"] == "$0.00003"
    assert await requests.get(request.id) == replace(request, state=RequestState.PREPARING)
    await SqlAccounts(database).set_limit(GROUP_DAY, CHAT, 30)
    assert await requests.accept(request.id, edits)


async def test_who_asks_twice_is_not_refused_the_second_time(database: Database) -> None:
    """What was accepted stays accepted, whatever is left now and however many wait."""
    books = Books(budgets=Budgets(user_day=10), most_open=1)
    requests = SqlRequests(database, books)
    request = await prepared(database)
    edit = an_edit(request, quote=10)
    assert await requests.accept(request.id, [edit])
    assert not await requests.accept(request.id, [edit])
    assert not await accept(database, books, edit)
    again = await prepared(database)
    assert not await requests.accept(again.id, [edit])


@pytest.mark.parametrize("kind", KINDS)
async def test_an_admins_limit_wins(database: Database, kind: Kind) -> None:
    """Higher or lower than the settings' one, or none at all; cleared, the settings' one holds again."""
    books = Books(budgets=Budgets(10, 10, 10, 10))
    accounts = SqlAccounts(database, books)
    scope_id = {BOT_DAY: 0, GROUP_DAY: CHAT, USER_DAY: USER, USER_MONTH: USER}[kind]
    assert await accounts.limit(kind, scope_id) == (10, False)
    for other in KINDS:
        if other != kind:
            await accounts.set_limit(other, {BOT_DAY: 0, GROUP_DAY: CHAT}.get(other, USER), None)
    await accounts.set_limit(kind, scope_id, 0)
    await refusal(database, books, an_edit_at(NOON))
    await accounts.set_limit(kind, scope_id, 20)
    assert await accept(database, books, an_edit_at(NOON, quote=20))
    await accounts.set_limit(kind, scope_id, None)
    assert await accounts.limit(kind, scope_id) == (None, True)
    assert await accept(database, books, an_edit_at(NOON, quote=30))
    await accounts.clear_limit(kind, scope_id)
    assert (await refusal(database, books, an_edit_at(NOON)))["left"] == "$0.00"


async def test_only_groups_have_a_groups_limit(database: Database) -> None:
    """In private the person's limits and the bot's hold."""
    books = Books(budgets=Budgets(group_day=5))
    assert await accept(database, books, an_edit_at(NOON, place=Place(USER, 1)))
    await refusal(database, books, an_edit_at(NOON))
    kinds = [account.kind for account in await SqlAccounts(database).accounts(USER, USER, NOON)]
    assert kinds == [BOT_DAY, USER_DAY, USER_MONTH]


async def test_counters_are_kept_where_there_is_no_limit(database: Database) -> None:
    """A limit that is set at noon knows the morning."""
    await accept(database, Books(), an_edit_at(NOON))
    await refusal(database, Books(budgets=Budgets(user_day=15)), an_edit_at(NOON))


async def test_what_is_given_back_can_be_spent_again(database: Database) -> None:
    """A failed, a cancelled and a cheaper edit make room; an unknown one does not."""
    books = Books(budgets=Budgets(user_day=30))
    edits = SqlEdits(database, books)
    failed, cancelled, cheaper = [an_edit_at(NOON) for _ in range(3)]
    for edit in (failed, cancelled, cheaper):
        assert await edits.accept(edit)
    await edits.settle(failed.id, EditState.FAILED, charge=0, reason=None, now=NOON)
    assert await edits.cancel(cancelled.id, NOON)
    await edits.settle(cheaper.id, EditState.DONE, charge=4, reason=None, now=NOON)
    unknown = an_edit_at(NOON, quote=26)
    assert await edits.accept(unknown)
    await edits.settle(unknown.id, EditState.UNKNOWN, charge=0, reason=None, now=NOON)
    assert (await refusal(database, books, an_edit_at(NOON, quote=1)))["left"] == "$0.00"
    assert await used(database, books, NOON) == [(26, 4)] * len(KINDS)


async def test_an_excess_is_counted_and_leaves_nothing(database: Database) -> None:
    """What cost more than was held may pass the limit; nothing negative is left."""
    books = Books(budgets=Budgets(bot_day=10))
    edits = SqlEdits(database, books)
    edit = an_edit_at(NOON)
    assert await edits.accept(edit)
    await edits.settle(edit.id, EditState.DONE, charge=15, reason=None, now=NOON)
    account = (await SqlAccounts(database, books).accounts(USER, CHAT, NOON))[0]
    assert (account.held, account.spent, account.left) == (0, 15, 0)
    assert (await refusal(database, books, an_edit_at(NOON)))["left"] == "$0.00"


async def test_a_hold_before_midnight_is_charged_to_its_day(database: Database) -> None:
    """Also to its month: on the first of April the whole budget is there, whatever March still costs."""
    books = Books(KYIV, Budgets(user_day=10, user_month=10))
    edits = SqlEdits(database, books)
    late = datetime(2026, 3, 31, 23, 59, tzinfo=KYIV)
    next_day = late + timedelta(minutes=2)
    march = an_edit_at(late)
    assert await edits.accept(march)
    assert (await refusal(database, books, an_edit_at(late)))["hours"] == 0
    assert await edits.accept(an_edit_at(next_day))
    await edits.settle(march.id, EditState.DONE, charge=10, reason=None, now=next_day)
    assert await used(database, books, late) == [(0, 10)] * len(KINDS)
    assert await used(database, books, next_day) == [(10, 0)] * len(KINDS)
    assert await SqlAccounts(database, books).adjust(march.id, -10, next_day)
    assert await used(database, books, late) == [(0, 0)] * len(KINDS)
    spending = await SqlLedger(database, books).spending(USER, next_day)
    assert (spending.month, spending.ever, spending.held) == (0, 0, 10)


async def test_a_clock_that_jumps_back_opens_no_budget_again(database: Database) -> None:
    """Forward over the month's end and back: what was spent on each day stays spent."""
    books = Books(budgets=Budgets(user_day=10, user_month=20))
    days = [NOON, NOON + timedelta(days=1), NOON + timedelta(days=2), NOON + timedelta(days=33)]
    for now in days:
        assert await accept(database, books, an_edit_at(now))
    for now in reversed(days):
        await refusal(database, books, an_edit_at(now))
    assert (await refusal(database, books, an_edit_at(NOON - timedelta(days=1))))["which"] == "user-month"


@pytest.mark.parametrize(
    ("day", "minutes_before", "hours"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=KYIV), 30, 22),  # 23 hours long
        (datetime(2026, 10, 25, 0, 30, tzinfo=KYIV), 30, 24),  # 25 hours long
        (datetime(2026, 10, 26, 0, 30, tzinfo=KYIV), 30, 23),
    ],
)
async def test_a_day_is_as_long_as_the_clocks_say(
    database: Database, day: datetime, minutes_before: int, hours: int
) -> None:
    """When clocks change, a day has 23 or 25 hours: all of it is one budget, and the next one is another."""
    books = Books(KYIV, Budgets(user_day=10))
    assert await accept(database, books, an_edit_at(day))
    assert (await refusal(database, books, an_edit_at(day.astimezone(UTC))))["hours"] == hours
    start = day.astimezone(UTC) - timedelta(minutes=minutes_before)
    end = start + timedelta(hours=hours + 1)
    last = end - timedelta(seconds=1)
    await refusal(database, books, an_edit_at(last))
    assert await accept(database, books, an_edit_at(start - timedelta(seconds=1)))
    assert await accept(database, books, an_edit_at(end))


async def test_so_many_edits_of_one_person_and_no_more(database: Database) -> None:
    """What is not done counts; who comes later than that is told how many. Others are not concerned."""
    books = Books(most_open=3)
    edits = SqlEdits(database, books)
    waiting = [an_edit_at(NOON) for _ in range(3)]
    for edit in waiting:
        assert await edits.accept(edit)
    fourth = an_edit_at(NOON)
    with pytest.raises(TooManyWaiting) as refused:
        await edits.accept(fourth)
    assert refused.value.params == {"waiting": 3, "wanted": 1, "limit": 3}
    assert await edits.of_origin(fourth.origin) is None
    assert await edits.accept(an_edit_at(NOON, user_id=USER - 1))
    await edits.settle(waiting[0].id, EditState.UNKNOWN, charge=0, reason=None, now=NOON)
    assert await edits.accept(fourth)


async def test_a_request_of_too_many_edits_is_none(database: Database) -> None:
    """Five at once where three may wait: none of them is accepted."""
    requests = SqlRequests(database, Books(most_open=3))
    request = await prepared(database)
    many = [
        an_edit(request, id=f"{request.id}-{n}", origin=f"request:{request.id}:{n}", quote=10)
        for n in range(5)
    ]
    with pytest.raises(TooManyWaiting) as refused:
        await requests.accept(request.id, many)
    assert refused.value.params == {"waiting": 0, "wanted": 5, "limit": 3}
    assert await requests.accept(request.id, many[:3])
