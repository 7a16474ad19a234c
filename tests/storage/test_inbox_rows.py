"""What the inbox promises: every update once, each lane in its order, over all processes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.domain.stores import InboxUpdate
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from bot.storage.tables import INBOX

from .makers import NOW

_LEASE = NOW + timedelta(seconds=60)


@pytest.fixture
def inbox(database: Database) -> SqlInbox:
    return SqlInbox(database)


def updates(*lanes: int, first: int = 1) -> list[InboxUpdate]:
    """Updates with ids that count up, in these lanes."""
    return [InboxUpdate(first + n, lane, f'{{"n": {n}}}') for n, lane in enumerate(lanes)]


def ids(claimed: list[InboxUpdate]) -> list[int]:
    return [update.update_id for update in claimed]


async def test_an_update_comes_out_as_it_went_in(inbox: SqlInbox) -> None:
    """Ids and lanes of 64 bits, and the text to the letter."""
    update = InboxUpdate(10**12, -1_009_876_543_210, '{"text": "Мак \\u0000 🌺"}')
    assert await inbox.commit([update], NOW) == 1
    assert await inbox.claim("me", NOW, _LEASE, 9) == [update]


async def test_duplicates_are_dropped(inbox: SqlInbox) -> None:
    """An update that is known, also when it is done, is not new; the others with it are."""
    assert await inbox.commit(updates(1, 1), NOW) == 2
    await inbox.done(1)
    assert await inbox.commit(updates(1, 1, 1), NOW) == 1
    assert ids(await inbox.claim("me", NOW, _LEASE, 9)) == [2, 3]


async def test_nothing_new_is_nothing(inbox: SqlInbox) -> None:
    """An empty poll writes nothing."""
    assert await inbox.commit([], NOW) == 0


async def test_order_is_that_of_arrival(inbox: SqlInbox) -> None:
    """Telegram's ids restart at random after an idle week, so a lower id may be the later one."""
    await inbox.commit(updates(1, first=900), NOW)
    await inbox.commit(updates(1, first=5), NOW)
    assert ids(await inbox.claim("me", NOW, _LEASE, 9)) == [900, 5]


async def test_what_is_held_is_not_claimed(inbox: SqlInbox) -> None:
    """Not by another owner and not by the same: it is being handled."""
    await inbox.commit(updates(1, 2), NOW)
    assert ids(await inbox.claim("me", NOW, _LEASE, 1)) == [1]
    assert ids(await inbox.claim("me", NOW, _LEASE, 9)) == [2]
    assert await inbox.claim("you", NOW, _LEASE, 9) == []


async def test_a_lane_stays_with_who_holds_its_beginning(inbox: SqlInbox) -> None:
    """Others pass over the lane and take later updates of other lanes; its owner may go on with it."""
    await inbox.commit(updates(1, 1, 2), NOW)
    assert ids(await inbox.claim("me", NOW, _LEASE, 1)) == [1]
    assert ids(await inbox.claim("you", NOW, _LEASE, 1)) == [3]
    assert ids(await inbox.claim("me", NOW, _LEASE, 1)) == [2]


async def test_a_lane_is_free_when_its_beginning_is_done(inbox: SqlInbox) -> None:
    """Then anybody may go on with it."""
    await inbox.commit(updates(1, 1), NOW)
    await inbox.claim("me", NOW, _LEASE, 1)
    await inbox.done(1)
    assert ids(await inbox.claim("you", NOW, _LEASE, 9)) == [2]


async def test_a_lease_that_ran_out_is_claimed_in_order(inbox: SqlInbox) -> None:
    """A process that died gives its updates to the next claim, but not before its lease ends."""
    await inbox.commit(updates(1, 1), NOW)
    await inbox.claim("me", NOW, _LEASE, 1)
    assert await inbox.claim("you", _LEASE - timedelta(seconds=1), _LEASE, 9) == []
    assert ids(await inbox.claim("you", _LEASE, _LEASE + timedelta(seconds=60), 9)) == [1, 2]


async def test_what_a_dead_process_held_is_free_at_once(inbox: SqlInbox) -> None:
    """After `release` nothing waits for a lease of a process that is not alive; the others' stay."""
    await inbox.commit(updates(1, 2, 3), NOW)
    await inbox.claim("dead", NOW, _LEASE, 2)
    await inbox.claim("alive", NOW, _LEASE, 1)
    assert await inbox.owners() == {"dead", "alive"}
    assert await inbox.release({"dead"}) == 2
    assert ids(await inbox.claim("now", NOW, _LEASE, 9)) == [1, 2]
    assert await inbox.owners() == {"alive", "now"}


async def test_claims_at_once_never_overlap_nor_share_a_lane(inbox: SqlInbox) -> None:
    """Many owners at once: each update has one of them, and so has each lane."""
    await inbox.commit(updates(*(n % 4 for n in range(40))), NOW)
    claims = await asyncio.gather(*(inbox.claim(f"owner{n}", NOW, _LEASE, 2 * n + 1) for n in range(8)))
    claimed = [update for claim in claims for update in claim]
    assert len(claimed) == len(set(ids(claimed)))
    assert claimed
    for lane in range(4):
        assert sum(any(update.lane == lane for update in claim) for claim in claims) <= 1
    for claim in claims:
        assert ids(claim) == sorted(ids(claim))


@pytest.mark.parametrize(("readable", "state"), [(True, "done"), (False, "unreadable")])
async def test_what_is_done_is_blanked(
    database: Database, inbox: SqlInbox, readable: bool, state: str
) -> None:
    """Nobody's words are kept in the inbox after they had their effect."""
    await inbox.commit(updates(1), NOW)
    await inbox.done(1, readable=readable)
    async with database.reading() as connection:
        row = (await connection.execute(select(INBOX))).one()
    assert (row.body, row.state, row.owner) == ("", state, None)


async def test_only_old_and_done_ones_are_forgotten(inbox: SqlInbox) -> None:
    """A waiting update is never deleted, a young one is kept to recognise duplicates."""
    await inbox.commit(updates(1, 1), NOW)
    await inbox.commit(updates(1, first=3), NOW + timedelta(days=1))
    await inbox.done(1)
    await inbox.done(3)
    assert await inbox.forget(NOW + timedelta(hours=1)) == 1
    assert await inbox.commit(updates(1, 1, 1), NOW) == 1
