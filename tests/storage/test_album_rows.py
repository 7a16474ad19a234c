"""What an album's row promises while its parts come in: any order, any process, any number of times."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations, product

import pytest
from sqlalchemy import select

from bot.domain.edits import Joined, Place, Request, RequestState, SentPicture
from bot.domain.stores import InboxUpdate
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from bot.storage.requests import SqlRequests
from bot.storage.tables import REQUESTS
from bot.storage.values import request_of

from .makers import CHAT, LATER, NOW, a_part, a_picture

_QUIET = timedelta(seconds=2)
_LONGEST = timedelta(seconds=10)


async def join(requests: SqlRequests, part: Request, due_at: datetime = NOW + _QUIET) -> Joined:
    return await requests.join(part, due_at, _LONGEST)


async def stored(database: Database) -> list[Request]:
    """All requests there are."""
    async with database.reading() as connection:
        return [request_of(row) for row in await connection.execute(select(REQUESTS))]


async def test_parts_in_any_order_make_one_request(requests: SqlRequests) -> None:
    """The pictures end in the order of their messages, with the caption of whichever part had it."""
    cases = enumerate(product(permutations((11, 12, 13)), (11, 12, 13)))
    for case, (order, captioned) in cases:
        parts = [
            a_part(number, place=Place(case, number), prompt="blue" if number == captioned else None)
            for number in order
        ]
        joined = [await join(requests, part) for part in parts]
        assert joined == [Joined.OPENED, Joined.ADDED, Joined.ADDED]
        whole = replace(parts[0], pictures=(a_picture(11), a_picture(12), a_picture(13)), prompt="blue")
        assert await requests.get(parts[0].id) == whole


async def test_of_several_captions_the_first_to_come_stays(requests: SqlRequests) -> None:
    """A later one changes nothing, like words that were given meanwhile."""
    first = a_part(1, prompt="blue")
    await join(requests, first)
    await join(requests, a_part(2, prompt="red"))
    album = await requests.get(first.id)
    assert album is not None
    assert album.prompt == "blue"


async def test_the_same_album_id_elsewhere_is_another_album(requests: SqlRequests) -> None:
    """So is another album of the same chat."""
    assert await join(requests, a_part(1)) is Joined.OPENED
    assert await join(requests, a_part(1, place=Place(CHAT - 1, 1))) is Joined.OPENED
    assert await join(requests, a_part(2, album_id="another")) is Joined.OPENED


async def test_a_part_that_comes_twice_is_known(database: Database, requests: SqlRequests) -> None:
    """The first or a later one, at once or when the album is being worked on, it changes nothing."""
    parts = [a_part(1), a_part(2)]
    for part in parts:
        await join(requests, part)
    whole = await stored(database)
    again = [replace(part, id=f"{part.id}-again", prompt="red") for part in parts]
    assert [await join(requests, part, LATER) for part in again] == [Joined.KNOWN] * 2
    assert await requests.next_due() == NOW + _QUIET
    assert await stored(database) == whole
    (claimed,) = await requests.claim_due(LATER, LATER, 9)
    assert [await join(requests, part, LATER) for part in again] == [Joined.KNOWN] * 2
    assert await stored(database) == [claimed]


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.COLLECTING])
async def test_a_part_after_collecting_is_late(
    database: Database, requests: SqlRequests, state: RequestState
) -> None:
    """What is worked on, asked about or done stays as it is."""
    first = a_part(1, state=state)
    await join(requests, first)
    assert await join(requests, a_part(2, prompt="red"), LATER) is Joined.LATE
    assert await stored(database) == [first]
    async with database.reading() as connection:
        assert (await connection.execute(select(REQUESTS.c.due_at))).scalar_one() == NOW + _QUIET


async def test_each_part_puts_the_album_off_but_not_for_ever(requests: SqlRequests) -> None:
    """Until its own time, never nearer, and no longer than the longest after the first part."""
    await join(requests, a_part(1))
    times = []
    for number, seconds in enumerate((3, 1, 9, 11, 60), start=2):
        await join(requests, a_part(number), NOW + timedelta(seconds=seconds))
        due = await requests.next_due()
        assert due is not None
        times.append((due - NOW).total_seconds())
    assert times == [3, 3, 9, 10, 10]


async def test_any_addressed_part_turns_the_album_to_the_bot(requests: SqlRequests) -> None:
    """Its caption may be on any part; the unaddressed ones after it change nothing."""
    album = a_part(1, addressed=False)
    addressed = []
    for part in (album, a_part(2, addressed=False), a_part(3), a_part(4, addressed=False)):
        await join(requests, part)
        found = await requests.get(album.id)
        addressed.append(found is not None and found.addressed)
    assert addressed == [False, False, True, True]


async def test_the_picture_that_an_album_replies_to_is_taken_once(requests: SqlRequests) -> None:
    """Each part of a reply brings it along."""
    source = SentPicture(result_of="e0", message_id=5)
    parts = [a_part(number, pictures=(source, a_picture(number))) for number in (12, 11)]
    assert [await join(requests, part) for part in parts] == [Joined.OPENED, Joined.ADDED]
    album = await requests.get(parts[0].id)
    assert album is not None
    assert album.pictures == (source, a_picture(11), a_picture(12))
    assert await join(requests, replace(parts[1], id="again")) is Joined.KNOWN


async def test_joining_does_its_update(database: Database, requests: SqlRequests) -> None:
    """Whatever becomes of a part, its update is done in the same transaction."""
    inbox = SqlInbox(database)
    await inbox.commit([InboxUpdate(number, CHAT, "{}") for number in range(1, 6)], NOW)
    await requests.join(a_part(1), NOW, _LONGEST, update_id=1)
    await requests.join(a_part(2), NOW, _LONGEST, update_id=2)
    await requests.join(a_part(2), NOW, _LONGEST, update_id=3)
    await requests.claim_due(NOW, LATER, 9)
    assert await requests.join(a_part(3), NOW, _LONGEST, update_id=4) is Joined.LATE
    assert [update.update_id for update in await inbox.claim("me", NOW, LATER, 9)] == [5]


async def test_two_processes_lose_no_part(database: Database, other: Database) -> None:
    """Each receives some of ten parts, some come to both: one request, each part once, the last due time."""
    parts = [a_part(number, prompt="blue" if number == 7 else None) for number in range(1, 11)]
    twice = [replace(part, id=f"{part.id}-again") for part in parts[::3]]
    processes = [SqlRequests(database), SqlRequests(other)]
    joined = await asyncio.gather(
        *(
            join(processes[place % 2], part, NOW + timedelta(seconds=part.place.message_id % 10))
            for place, part in enumerate(parts)
        ),
        *(join(processes[(place + 1) % 2], part, NOW) for place, part in enumerate(twice)),
    )
    counts = {outcome: joined.count(outcome) for outcome in Joined}
    assert counts == {Joined.OPENED: 1, Joined.ADDED: 9, Joined.KNOWN: len(twice), Joined.LATE: 0}
    (album,) = await stored(database)
    assert album.pictures == tuple(map(a_picture, range(1, 11)))
    assert album.prompt == "blue"
    assert await processes[0].next_due() == NOW + timedelta(seconds=9)


async def test_the_same_part_at_two_processes_at_once_opens_one_album(
    database: Database, other: Database
) -> None:
    """An update that two of them received is no error in either."""
    processes = [SqlRequests(database), SqlRequests(other)]
    for number in range(10):
        parts = [a_part(number, album_id=f"album {number}") for _ in range(4)]
        joined = await asyncio.gather(*(join(processes[place % 2], part) for place, part in enumerate(parts)))
        assert sorted(joined) == [Joined.KNOWN, Joined.KNOWN, Joined.KNOWN, Joined.OPENED]


async def test_a_claim_takes_the_parts_that_were_not_late(database: Database, other: Database) -> None:
    """However parts and claims interleave, what is prepared is what the row holds, and the rest is told."""
    requests, elsewhere = SqlRequests(database), SqlRequests(other)
    for album in range(10):
        parts = [a_part(100 * album + number, album_id=f"album {album}") for number in range(6)]
        await join(requests, parts[0], NOW)
        *joined, claimed = await asyncio.gather(
            *(join(requests, part, NOW) for part in parts[1:]), elsewhere.claim_due(NOW, LATER, 9)
        )
        claimed = claimed or await elsewhere.claim_due(NOW, LATER, 9)
        assert claimed == [await requests.get(parts[0].id)]
        in_time = [parts[0], *(part for part, how in zip(parts[1:], joined, strict=True) if how != "late")]
        assert claimed[0].pictures == tuple(part.pictures[0] for part in in_time)
