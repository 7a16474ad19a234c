"""What the rows of requests promise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.domain.edits import Place, RequestState
from bot.domain.roles import Decision
from bot.domain.stores import InboxUpdate
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.inbox import SqlInbox
from bot.storage.ledger import SqlLedger
from bot.storage.requests import SqlRequests

from .makers import CHAT, NOW, USER, a_request, accepted, an_edit, prepared

_LEASE = NOW + timedelta(minutes=2)


async def test_a_request_comes_back_as_it_was(requests: SqlRequests) -> None:
    """Pictures, place, words beyond ASCII and times with their zone survive; a strange id is None."""
    request = a_request(album_id="album", addressed=False, question_message_id=10**12)
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


async def test_what_a_dead_process_prepared_is_due_at_once(database: Database) -> None:
    """After `release` nothing waits for a lease of a process that is not alive; the others' stay."""
    dead, alive = SqlRequests(database, owner="dead"), SqlRequests(database, owner="alive")
    lost = await dead.open(a_request(), NOW)
    assert [claimed.id for claimed in await dead.claim_due(NOW, _LEASE, 9)] == [lost.id]
    kept = await alive.open(a_request(), NOW)
    assert [claimed.id for claimed in await alive.claim_due(NOW, _LEASE, 9)] == [kept.id]
    asking = await dead.open(a_request(), NOW)
    await dead.claim_due(NOW, _LEASE, 9)
    assert await dead.ask(asking.id, for_words=False)
    assert await alive.owners() == {"dead", "alive"}
    assert await alive.release({"dead"}) == 2
    again = {request.id for request in await alive.claim_due(NOW, _LEASE, 9)}
    assert again == {lost.id, asking.id}, "a question that was never shown, too"
    await alive.asked(asking.id, 7)
    assert await alive.release({"dead"}) == 0
    assert await alive.owners() == {"alive"}


async def test_albums_wait_once_more_at_the_start_of_a_lone_process(requests: SqlRequests) -> None:
    """Parts that came while no process ran are in the inbox yet; single pictures and questions don't wait.

    A question that was shown is not asked again.
    """
    album = await requests.open(a_request(album_id="collecting"), NOW)
    picture = await requests.open(a_request(), NOW)
    asking = await requests.open(a_request(album_id="asking", state=RequestState.ASKING), _LEASE)
    await requests.asked(asking.id, 9)
    await requests.wait_for_parts(_LEASE)
    claimed = await requests.claim_due(_LEASE - timedelta(seconds=1), _LEASE, 9)
    assert [request.id for request in claimed] == [picture.id]
    assert await requests.next_due() == _LEASE
    claimed = await requests.claim_due(_LEASE, _LEASE + timedelta(minutes=2), 9)
    assert [request.id for request in claimed] == [album.id, picture.id]
    assert await requests.get(asking.id) == replace(asking, question_message_id=9)


async def test_a_request_is_closed_once(database: Database, requests: SqlRequests) -> None:
    """The second closing changes nothing, and a closed request neither asks nor is decided or accepted."""
    request = await prepared(database)
    assert await requests.close(request.id, RequestState.REFUSED)
    assert not await requests.close(request.id, RequestState.EXPIRED)
    assert not await requests.ask(request.id, for_words=False)
    assert not await requests.decide(request.id, Decision(), NOW)
    assert not await requests.accept(request.id, [an_edit(request)])
    assert await requests.get(request.id) == replace(request, state=RequestState.REFUSED)
    assert (await SqlLedger(database).spending(USER, NOW)).held == 0


async def test_old_open_requests_expire(database: Database, requests: SqlRequests) -> None:
    """Collecting, preparing and asking ones older than the limit expire; accepted and younger ones stay."""
    asking = await prepared(database)
    assert await requests.ask(asking.id, for_words=False)
    await requests.open(a_request(), NOW)
    await accepted(database)
    await requests.open(a_request(created_at=NOW + timedelta(seconds=1)), NOW)
    assert await requests.expire(NOW + timedelta(seconds=1)) == 2
    assert await requests.expire(NOW + timedelta(seconds=1)) == 0
    assert await requests.get(asking.id) == replace(asking, state=RequestState.EXPIRED)


async def test_old_words_are_forgotten(database: Database, requests: SqlRequests) -> None:
    """Of closed requests only; the edit keeps its own."""
    edit = await accepted(database)
    await requests.open(a_request(id="open"), NOW)
    await requests.open(a_request(id="closed"), NOW)
    await requests.close("closed", RequestState.REFUSED)
    assert await requests.blank(NOW) == 0
    assert await requests.blank(NOW + timedelta(seconds=1)) == 2
    kept = {name: await requests.get(name) for name in ("open", "closed")}
    assert {name: found.prompt for name, found in kept.items() if found is not None} == {
        "open": a_request().prompt,
        "closed": None,
    }
    assert (await SqlEdits(database).get(edit.id)).prompt
