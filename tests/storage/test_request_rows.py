"""What the rows of requests promise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.edits import Place, RequestState
from bot.domain.stores import InboxUpdate
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.inbox import SqlInbox
from bot.storage.ledger import SqlLedger
from bot.storage.requests import SqlRequests

from .makers import CHAT, NOW, USER, a_request, accepted, an_edit, prepared

_LEASE = NOW + timedelta(minutes=2)


@pytest.fixture
def requests(database: Database) -> SqlRequests:
    return SqlRequests(database)


async def test_a_request_comes_back_as_it_was(requests: SqlRequests) -> None:
    """Pictures, place, words beyond ASCII and times with their zone survive; a strange id is None."""
    request = a_request()
    assert await requests.open(request, NOW) == request
    assert await requests.get(request.id) == request
    assert await requests.get("none") is None


async def test_the_same_message_opens_one_request(requests: SqlRequests) -> None:
    """A message that comes again, also at the same moment, finds the request it opened."""
    request = a_request()
    opened = await asyncio.gather(
        *(requests.open(replace(request, id=f"{request.id}-{n}"), NOW) for n in range(5))
    )
    assert len({found.id for found in opened}) == 1


async def test_the_same_message_number_elsewhere_is_another_request(requests: SqlRequests) -> None:
    """Message ids are unique in a chat only."""
    first = await requests.open(a_request(), NOW)
    there = a_request(place=Place(CHAT - 1, first.place.message_id))
    assert (await requests.open(there, NOW)).id == there.id


async def test_opening_does_its_update(database: Database, requests: SqlRequests) -> None:
    """The update is done in the transaction that opens its request."""
    inbox = SqlInbox(database)
    await inbox.commit([InboxUpdate(1, CHAT, "{}"), InboxUpdate(2, CHAT, "{}")], NOW)
    await requests.open(a_request(), NOW, update_id=1)
    assert [update.update_id for update in await inbox.claim("me", NOW, _LEASE, 9)] == [2]


async def test_only_what_is_due_is_claimed(requests: SqlRequests) -> None:
    """What is due later waits, and `next_due` tells how long."""
    assert await requests.next_due() is None
    soon = await requests.open(a_request(), NOW)
    await requests.open(a_request(), NOW + timedelta(seconds=2))
    assert await requests.next_due() == NOW
    assert await requests.claim_due(NOW, _LEASE, 9) == [replace(soon, state=RequestState.PREPARING)]
    assert await requests.next_due() == NOW + timedelta(seconds=2)


async def test_two_claimers_never_get_the_same_request(requests: SqlRequests) -> None:
    """Each due request goes to exactly one of many claims at once, none over its limit."""
    opened = {(await requests.open(a_request(), NOW)).id for _ in range(12)}
    claims = await asyncio.gather(*(requests.claim_due(NOW, _LEASE, 3) for _ in range(8)))
    claimed = [request.id for claim in claims for request in claim]
    assert max(map(len, claims)) <= 3
    assert len(claimed) == len(set(claimed))
    rest = await requests.claim_due(NOW, _LEASE, 99)
    assert {*claimed, *(request.id for request in rest)} == opened


async def test_a_lease_that_ran_out_is_claimed_again(requests: SqlRequests) -> None:
    """A process that died while preparing loses its request to the next claim, but not before."""
    request = await requests.open(a_request(), NOW)
    await requests.claim_due(NOW, _LEASE, 9)
    assert await requests.claim_due(_LEASE - timedelta(seconds=1), _LEASE, 9) == []
    assert [again.id for again in await requests.claim_due(_LEASE, _LEASE + timedelta(minutes=2), 9)] == [
        request.id
    ]


async def test_a_lone_process_takes_up_its_leases_at_its_start(requests: SqlRequests) -> None:
    """After `release` nothing waits for a lease of the process that was before."""
    request = await requests.open(a_request(), NOW)
    await requests.claim_due(NOW, _LEASE, 9)
    assert await requests.release(NOW) == 1
    assert [again.id for again in await requests.claim_due(NOW, _LEASE, 9)] == [request.id]


async def test_a_question_and_its_answer(database: Database, requests: SqlRequests) -> None:
    """Asking waits for its person in its chat; the answer makes it due again, once."""
    first, newest = [await prepared(database, prompt=None) for _ in range(2)]
    await requests.ask(first.id, 800)
    await requests.ask(newest.id, 801)
    asking = await requests.asking(CHAT, USER)
    assert asking is not None
    assert (asking.id, asking.question_message_id) == (newest.id, 801)
    assert await requests.asking(CHAT, USER - 1) is None
    assert await requests.next_due() is None
    assert await requests.answer(newest.id, "blue", NOW)
    assert not await requests.answer(newest.id, "red", NOW)
    claimed = await requests.claim_due(NOW, _LEASE, 9)
    assert [(request.id, request.prompt) for request in claimed] == [(newest.id, "blue")]


async def test_a_request_is_closed_once(database: Database, requests: SqlRequests) -> None:
    """The second closing changes nothing, and a closed request is neither asked about nor accepted."""
    request = await prepared(database)
    assert await requests.close(request.id, RequestState.REFUSED)
    assert not await requests.close(request.id, RequestState.EXPIRED)
    await requests.ask(request.id, 1)
    assert not await requests.accept(request.id, an_edit(request))
    stored = await requests.get(request.id)
    assert stored is not None
    assert stored.state is RequestState.REFUSED
    assert (await SqlLedger(database).spending(USER, NOW)).held == 0


async def test_acceptance_holds_the_quote_and_inserts_the_edit(database: Database) -> None:
    """All three are there together: the edit as it was given, its hold, the request's state."""
    edit = await accepted(database, quote=10**12)
    assert await SqlEdits(database).get(edit.id) == edit
    assert (await SqlLedger(database).spending(USER, NOW)).held == 10**12


async def test_a_request_is_accepted_once(database: Database, requests: SqlRequests) -> None:
    """Of many acceptances at once one holds money."""
    request = await prepared(database)
    edits = [an_edit(request, id=f"e{n}") for n in range(10)]
    accepted = await asyncio.gather(*(requests.accept(request.id, edit) for edit in edits))
    assert sum(accepted) == 1
    assert (await SqlLedger(database).spending(USER, NOW)).held == 42_000
    assert len(await SqlEdits(database).unfinished(NOW + timedelta(days=1))) == 1


async def test_one_origin_is_one_edit(database: Database, requests: SqlRequests) -> None:
    """Another request with the same origin holds nothing."""
    edit = await accepted(database)
    other = await prepared(database)
    assert not await requests.accept(other.id, an_edit(other, origin=edit.origin))
    assert (await SqlLedger(database).spending(USER, NOW)).held == edit.quote


async def test_old_open_requests_expire(database: Database, requests: SqlRequests) -> None:
    """Collecting, preparing and asking ones older than the limit expire; accepted and younger ones stay."""
    asked = await prepared(database)
    await requests.ask(asked.id, 1)
    await requests.open(a_request(), NOW)
    await accepted(database)
    await requests.open(a_request(created_at=NOW + timedelta(seconds=1)), NOW)
    assert await requests.expire(NOW + timedelta(seconds=1)) == 2
    assert await requests.expire(NOW + timedelta(seconds=1)) == 0
    assert await requests.asking(CHAT, USER) is None
