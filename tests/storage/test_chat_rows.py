"""All rows of a chat at once: a group becomes a supergroup, or takes no more answers."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.domain.access import Group, Standing
from bot.domain.budgets import GROUP_DAY
from bot.domain.edits import EditState, Place, RequestState
from bot.domain.stores import InboxUpdate
from bot.storage.access import SqlAccess
from bot.storage.accounts import SqlAccounts
from bot.storage.chats import SqlChats
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.inbox import SqlInbox
from bot.storage.requests import SqlRequests
from bot.storage.tables import METADATA
from tests.storage.makers import LATER, NOW, USER, a_part, a_request, accepted, an_edit, prepared

OLD, NEW, OTHER = -4001, -1_001_234_567_890, -4002


@pytest.fixture
def chats(database: Database) -> SqlChats:
    return SqlChats(database)


@pytest.fixture
def edits(database: Database) -> SqlEdits:
    return SqlEdits(database)


async def named(database: Database) -> dict[str, list[int]]:
    """The chats that the rows of each table name."""
    found = {}
    async with database.reading() as connection:
        for table in METADATA.sorted_tables:
            column = table.columns.get("chat_id", table.columns.get("lane"))
            if column is not None:
                found[table.name] = sorted((await connection.execute(select(column))).scalars())
    return found


async def test_every_row_of_a_group_moves_and_no_other(database: Database, chats: SqlChats) -> None:
    """Whatever table has a chat."""
    for chat in (OLD, OTHER):
        await accepted(database, place=Place(chat, 5))
        await SqlRequests(database).open(a_request(place=Place(chat, 6)), NOW)
    await SqlInbox(database).commit([InboxUpdate(1, OLD, "{}"), InboxUpdate(2, OTHER, "{}")], NOW)
    before = await named(database)
    assert {table for table, ids in before.items() if OLD in ids} == set(before)
    await chats.move(OLD, NEW)
    after = await named(database)
    assert {
        table: sorted(NEW if chat == OLD else chat for chat in ids) for table, ids in before.items()
    } == after


async def test_the_messages_of_the_old_group_name_none_of_the_new(
    database: Database, chats: SqlChats, edits: SqlEdits
) -> None:
    """A supergroup counts anew: a message of the same number is another one, and opens its own request."""
    old = await prepared(database, place=Place(OLD, 7))
    edit = await accepted(database, place=Place(OLD, 8))
    await edits.set_status_message(edit.id, 9)
    await edits.delivered(edit.id, 10)
    await chats.move(OLD, NEW)
    moved = await edits.get(edit.id)
    assert (moved.place, moved.status_message_id, moved.result_message_id) == (Place(NEW, -8), None, None)
    kept = await SqlRequests(database).get(old.id)
    assert kept is not None
    assert kept.place == Place(NEW, -7)
    assert all(picture.message_id <= 0 for picture in kept.pictures)
    fresh = await SqlRequests(database).open(a_request(place=Place(NEW, 7)), NOW)
    assert fresh.id != old.id


async def test_a_second_move_finds_what_came_in_between(database: Database, chats: SqlChats) -> None:
    """An update of the old group may be handled after the first; what was moved stays as it is."""
    first = await prepared(database, place=Place(OLD, 7))
    await chats.move(OLD, NEW)
    second = await prepared(database, place=Place(OLD, 8))
    await chats.move(OLD, NEW)
    rows = [await SqlRequests(database).get(request.id) for request in (first, second)]
    assert [row and row.place for row in rows] == [Place(NEW, -7), Place(NEW, -8)]


async def test_a_groups_money_moves_along(database: Database, chats: SqlChats, edits: SqlEdits) -> None:
    """Its counters add up to those that the new group has, of each day, and its own limit holds there."""
    accounts = SqlAccounts(database)
    running = await accepted(database, place=Place(OLD, 5), quote=100)
    done = await accepted(database, place=Place(OLD, 6), quote=30, created_at=LATER)
    await edits.settle(done.id, EditState.DONE, charge=20, reason=None, now=LATER)
    await accepted(database, place=Place(NEW, 7), quote=5)
    await accounts.set_limit(GROUP_DAY, OLD, 1_000)
    await chats.move(OLD, NEW)
    assert await accounts.limit(GROUP_DAY, NEW) == (1_000, True)
    assert await accounts.limit(GROUP_DAY, OLD) == (None, False)
    await edits.settle(running.id, EditState.DONE, charge=90, reason=None, now=LATER)
    for chat, day, used in (
        (NEW, NOW, (5, 90)),
        (NEW, LATER, (0, 20)),
        (OLD, NOW, (0, 0)),
        (OLD, LATER, (0, 0)),
    ):
        group = (await accounts.accounts(USER, chat, day))[1]
        assert (group.held, group.spent) == used
    assert not await accounts.differences()


async def test_the_new_groups_own_limit_stays(database: Database, chats: SqlChats) -> None:
    """An admin may have set it already."""
    accounts = SqlAccounts(database)
    await accounts.set_limit(GROUP_DAY, OLD, 1)
    await accounts.set_limit(GROUP_DAY, NEW, None)
    await chats.move(OLD, NEW)
    assert await accounts.limit(GROUP_DAY, NEW) == (None, True)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (Standing.APPROVED, None, Standing.APPROVED),
        (Standing.APPROVED, Standing.UNKNOWN, Standing.APPROVED),
        (Standing.BLOCKED, Standing.WAITING, Standing.BLOCKED),
        (Standing.UNKNOWN, Standing.WAITING, Standing.WAITING),
        (Standing.WAITING, Standing.APPROVED, Standing.APPROVED),
        (Standing.APPROVED, Standing.DENIED, Standing.DENIED),
    ],
)
async def test_a_groups_standing_moves_along(
    database: Database, chats: SqlChats, old: Standing, new: Standing | None, expected: Standing
) -> None:
    """What was decided about the old group holds for the new one, unless that was decided about itself."""
    access = SqlAccess(database)
    await access.met_group(OLD, "Poppies")
    await access.decide_group(OLD, old, 1, NOW, per_member=True)
    if new is not None:
        await access.decide_group(NEW, new, 1, NOW)
    await chats.move(OLD, NEW)
    group = await access.group(NEW)
    assert (group.standing, group.per_member) == (expected, expected == old)
    assert await access.group(OLD) == Group(OLD, "")
    await chats.move(OLD, NEW)
    assert await access.group(NEW) == group


async def test_an_edit_that_settles_while_its_group_moves(database: Database, other: Database) -> None:
    """In two processes at once: its charge is the new group's, and rows and counters agree."""
    edits = [await accepted(database, place=Place(OLD, number), quote=10) for number in range(10)]
    store = SqlEdits(other)
    settled = [store.settle(edit.id, EditState.DONE, charge=7, reason=None, now=LATER) for edit in edits]
    await asyncio.gather(*settled[:5], SqlChats(database).move(OLD, NEW), *settled[5:])
    accounts = SqlAccounts(database)
    assert not await accounts.differences()
    assert (await accounts.accounts(USER, NEW, NOW))[1].spent == 70


async def test_an_album_that_is_half_there_goes_on(database: Database, chats: SqlChats) -> None:
    """Its later parts are handled after the move, and find it."""
    requests = SqlRequests(database)
    part = a_part(5)
    await requests.open(replace(part, place=Place(OLD, 5)), NOW)
    await chats.move(OLD, NEW)
    row = await requests.get(part.id)
    assert row is not None
    assert row.state is RequestState.COLLECTING
    assert (row.place, row.pictures[0].message_id) == (Place(NEW, -5), -5)


async def test_a_chat_that_is_left_closes_its_requests(database: Database, chats: SqlChats) -> None:
    """And names the edits that are not final; those of other chats stay."""
    open_ = await prepared(database, place=Place(OLD, 5))
    elsewhere = await prepared(database, place=Place(OTHER, 5))
    running = await accepted(database, place=Place(OLD, 6))
    ended = await accepted(database, place=Place(OLD, 7))
    await SqlEdits(database).settle(ended.id, EditState.DONE, charge=1, reason=None, now=LATER)
    assert [edit.id for edit in await chats.left(OLD)] == [running.id]
    states = [await SqlRequests(database).get(request.id) for request in (open_, elsewhere)]
    assert [row and row.state for row in states] == [RequestState.EXPIRED, RequestState.PREPARING]


async def test_a_status_is_stale_when_no_edit_of_it_runs(
    database: Database, chats: SqlChats, edits: SqlEdits
) -> None:
    """A group's message shows several edits: it stays until the last of them is final."""
    first, second, alone = [await accepted(database, place=Place(OLD, number)) for number in (5, 6, 7)]
    for edit, message in ((first, 100), (second, 100), (alone, 101)):
        await edits.set_status_message(edit.id, message)
    await edits.settle(first.id, EditState.DONE, charge=1, reason=None, now=LATER)
    assert await chats.stale_statuses() == []
    await edits.settle(second.id, EditState.FAILED, charge=0, reason=None, now=LATER)
    await edits.settle(alone.id, EditState.DONE, charge=1, reason=None, now=LATER)
    await edits.set_status_message(alone.id, None)
    assert {edit.id for edit in await chats.stale_statuses()} == {first.id, second.id}


async def test_an_edit_of_a_request_that_was_prepared_during_the_move(
    database: Database, chats: SqlChats, edits: SqlEdits
) -> None:
    """It was planned for the old chat, and is the new one's with its money."""
    request = await prepared(database, place=Place(OLD, 5))
    await chats.move(OLD, NEW)
    edit = an_edit(request)
    assert await SqlRequests(database).accept(request.id, [edit])
    assert (await edits.get(edit.id)).place == Place(NEW, -5)
    accounts = SqlAccounts(database)
    assert [row.chat_id for row in await accounts.movements(NOW.date())] == [NEW]
    assert list(await accounts.differences()) == []
