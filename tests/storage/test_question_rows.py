"""What a request's row promises when a person is asked, and when words or answers come."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.edits import Request, RequestState
from bot.domain.roles import Decision, Region, Use
from bot.domain.stores import InboxUpdate
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from bot.storage.requests import SqlRequests
from bot.storage.tables import REQUESTS

from .makers import CHAT, LATER, NOW, USER, a_request, prepared

_OPEN = (RequestState.COLLECTING, RequestState.PREPARING, RequestState.ASKING)
_DUE = NOW + timedelta(seconds=2)
_DECISIONS = [
    Decision(),
    Decision(use=Use.MASK),
    Decision(region=Region.INVERTED),
    Decision(use=Use.EACH, region=Region.CONFIRMED, model="openai/gpt-image-2:edit"),
]


async def asking(requests: SqlRequests, **changes: object) -> Request:
    """A request whose question is open."""
    request = await requests.open(a_request(state=RequestState.PREPARING, **changes), NOW)
    assert await requests.ask(request.id, for_words=False)
    return replace(request, state=RequestState.ASKING)


async def test_only_a_request_in_preparation_asks(requests: SqlRequests) -> None:
    """It asks once, remembers the message that asks, and is due no more."""
    request = await requests.open(a_request(), NOW)
    assert not await requests.ask(request.id, for_words=False)
    await requests.claim_due(NOW, LATER, 9)
    assert await requests.ask(request.id, for_words=False)
    assert not await requests.ask(request.id, for_words=False)
    await requests.asked(request.id, 10**12)
    asked = replace(request, state=RequestState.ASKING, question_message_id=10**12)
    assert await requests.get(request.id) == asked
    assert await requests.next_due() is None
    assert await requests.claim_due(LATER, LATER, 9) == []


async def test_a_question_that_was_never_shown_is_asked_again(requests: SqlRequests) -> None:
    """When the lease of who was to show it has run out; who comes after that changes nothing."""
    request = await requests.open(a_request(), NOW)
    await requests.claim_due(NOW, LATER, 9)
    assert await requests.ask(request.id, for_words=False)
    assert await requests.next_due() == LATER
    assert await requests.claim_due(LATER - timedelta(seconds=1), LATER, 9) == []
    preparing = replace(request, state=RequestState.PREPARING)
    assert await requests.claim_due(LATER, LATER + timedelta(minutes=2), 9) == [preparing]
    await requests.asked(request.id, 10**12)
    assert await requests.get(request.id) == preparing
    assert await requests.next_due() == LATER + timedelta(minutes=2)


async def test_a_request_that_got_words_meanwhile_does_not_ask_for_them(requests: SqlRequests) -> None:
    """It is still being prepared; another question may be asked."""
    request = await requests.open(a_request(state=RequestState.PREPARING, prompt=None), NOW)
    assert await requests.give_words(request.id, "blue", NOW)
    assert not await requests.ask(request.id, for_words=True)
    assert await requests.get(request.id) == replace(request, prompt="blue")
    assert await requests.ask(request.id, for_words=False)


@pytest.mark.parametrize("state", _OPEN)
async def test_the_newest_request_without_words_wants_them(
    database: Database, requests: SqlRequests, state: RequestState
) -> None:
    """Of this person, in this chat, while it is open."""
    assert await requests.wanting_words(CHAT, USER) is None
    await requests.open(a_request(state=state, prompt=None, created_at=NOW - timedelta(seconds=1)), NOW)
    newest = await requests.open(a_request(state=state, prompt=None), NOW)
    await requests.open(a_request(state=state), NOW)
    for closed in (RequestState.ACCEPTED, RequestState.REFUSED, RequestState.EXPIRED):
        await requests.open(a_request(state=closed, prompt=None), NOW)
    await requests.open(a_request(state=state, prompt=None, addressed=False), NOW)
    assert await requests.wanting_words(CHAT, USER) == newest
    assert await requests.wanting_words(CHAT, USER - 1) is None
    assert await requests.wanting_words(CHAT - 1, USER) is None


@pytest.mark.parametrize(
    ("before", "after", "due_at"),
    [
        (RequestState.COLLECTING, RequestState.COLLECTING, _DUE),
        (RequestState.PREPARING, RequestState.PREPARING, _DUE),
        (RequestState.ASKING, RequestState.PREPARING, NOW),
    ],
)
async def test_words_are_given_once(
    requests: SqlRequests, before: RequestState, after: RequestState, due_at: object
) -> None:
    """One that asks is due at once; others go on as they were. Further words change nothing."""
    request = await requests.open(a_request(state=before, prompt=None), _DUE)
    assert await requests.give_words(request.id, "blue", NOW)
    assert not await requests.give_words(request.id, "red", LATER)
    assert await requests.get(request.id) == replace(request, state=after, prompt="blue")
    assert await requests.next_due() == due_at


async def test_no_words_for_what_has_some_or_is_closed(requests: SqlRequests) -> None:
    """A caption stays, and what is refused stays refused."""
    captioned = await asking(requests)
    refused = await requests.open(a_request(state=RequestState.REFUSED, prompt=None), NOW)
    for request in (captioned, refused):
        assert not await requests.give_words(request.id, "red", NOW)
        assert await requests.get(request.id) == request


@pytest.mark.parametrize(
    ("state", "prompt", "changes"),
    [
        (RequestState.COLLECTING, "blue", True),
        (RequestState.ASKING, "blue", True),
        (RequestState.ASKING, None, False),
        (RequestState.PREPARING, "blue", False),
        (RequestState.ACCEPTED, "blue", False),
        (RequestState.EXPIRED, "blue", False),
    ],
)
async def test_words_are_changed_while_a_request_waits(
    requests: SqlRequests, state: RequestState, prompt: str | None, changes: bool
) -> None:
    """What is prepared may have been read already. Nothing else of it changes, nor does a prompt appear."""
    request = await requests.open(a_request(state=state, prompt=prompt), NOW)
    assert await requests.change_words(request.id, "red") is changes
    assert await requests.get(request.id) == (replace(request, prompt="red") if changes else request)


async def test_a_request_is_known_by_the_message_that_asked(requests: SqlRequests) -> None:
    """Or by the album that it is a part of, also if a newer one is open; not by somebody else's."""
    old = await requests.open(a_request(state=RequestState.ASKING, album_id="album"), NOW)
    new = await requests.open(a_request(state=RequestState.ASKING), LATER)
    chat, user = old.place.chat_id, old.user_id
    assert await requests.asked_for(chat, user, old.place.message_id, None) == old
    assert await requests.asked_for(chat, user, -1, "album") == old
    assert await requests.asked_for(chat, user, new.place.message_id, "other album") == new
    assert await requests.asked_for(chat, user, -1, None) is None
    assert await requests.asked_for(chat, user + 1, old.place.message_id, None) is None
    await requests.close(old.id, RequestState.EXPIRED)
    assert await requests.asked_for(chat, user, old.place.message_id, "album") is None


async def test_giving_words_does_their_update(database: Database, requests: SqlRequests) -> None:
    """In the same transaction, also where they are not taken; without an update nothing is done."""
    inbox = SqlInbox(database)
    await inbox.commit([InboxUpdate(number, CHAT, "{}") for number in (1, 2, 3)], NOW)
    request = await asking(requests, prompt=None)
    assert await requests.give_words(request.id, "blue", NOW, update_id=1)
    assert not await requests.give_words(request.id, "red", NOW, update_id=2)
    assert not await requests.give_words(request.id, "green", NOW)
    assert [update.update_id for update in await inbox.claim("me", NOW, LATER, 9)] == [3]


async def test_of_many_words_at_once_one_is_taken(database: Database, other: Database) -> None:
    """What is stored is what was said to be taken."""
    processes = [SqlRequests(database), SqlRequests(other)]
    request = await asking(processes[0], prompt=None)
    words = [f"words {number}" for number in range(10)]
    given = await asyncio.gather(
        *(processes[place % 2].give_words(request.id, said, NOW) for place, said in enumerate(words))
    )
    assert sum(given) == 1
    found = await processes[0].get(request.id)
    assert found is not None
    assert found.prompt == words[given.index(True)]


async def test_words_that_cross_the_question_for_them_are_taken(database: Database, other: Database) -> None:
    """Either the question is not asked, or the words answer it: they are never lost."""
    requests, elsewhere = SqlRequests(database), SqlRequests(other)
    for _ in range(10):
        request = await prepared(database, prompt=None)
        asked, given = await asyncio.gather(
            requests.ask(request.id, for_words=True), elsewhere.give_words(request.id, "blue", NOW)
        )
        assert given
        assert await requests.get(request.id) == replace(request, prompt="blue")
        # Who asked is called again at once; who did not ask looks once more, or again after its lease.
        due = [found.id for found in await requests.claim_due(NOW, LATER, 99)]
        assert (request.id in due) >= asked


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
async def test_words_that_wait_for_the_row_see_that_it_asks(
    database: Database, requests: SqlRequests
) -> None:
    """The question may be committed while the words are being written. (On SQLite writers take turns.)"""
    request = await prepared(database, prompt=None)
    async with database.writing() as connection:
        await connection.execute(select(REQUESTS).with_for_update())
        giving = asyncio.create_task(requests.give_words(request.id, "blue", NOW))
        await _until_waiting(connection)
        await connection.execute(update(REQUESTS).values(state=RequestState.ASKING, due_at=None))
    assert await giving
    found = replace(request, state=RequestState.COLLECTING, prompt="blue")
    assert await requests.claim_due(NOW, LATER, 9) == [replace(found, state=RequestState.PREPARING)]


@pytest.mark.parametrize("decision", _DECISIONS, ids=str)
async def test_a_decision_comes_back_as_it_was(requests: SqlRequests, decision: Decision) -> None:
    """Whether the request was opened with it or got it as the answer, which makes the request due."""
    opened = a_request(decision=decision)
    assert await requests.open(opened, LATER) == opened
    request = await asking(requests)
    assert await requests.decide(request.id, decision, NOW)
    decided = replace(request, state=RequestState.PREPARING, decision=decision)
    assert await requests.claim_due(NOW, LATER, 9) == [decided]


async def test_answers_add_up(requests: SqlRequests) -> None:
    """The answer to a second question keeps the first one's."""
    request = await asking(requests)
    await requests.decide(request.id, Decision().with_answer("use:mask"), NOW)
    (again,) = await requests.claim_due(NOW, LATER, 9)
    assert await requests.ask(again.id, for_words=False)
    await requests.decide(again.id, again.decision.with_answer("region:inverted"), NOW)
    (decided,) = await requests.claim_due(NOW, LATER, 9)
    assert decided.decision == Decision(use=Use.MASK, region=Region.INVERTED)


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.ASKING])
async def test_only_a_request_that_asks_is_decided(requests: SqlRequests, state: RequestState) -> None:
    """An old button changes nothing."""
    request = await requests.open(a_request(state=state), _DUE)
    assert not await requests.decide(request.id, Decision(use=Use.MASK), NOW)
    assert await requests.get(request.id) == request


async def test_of_many_answers_at_once_one_decides(database: Database, other: Database) -> None:
    """Two presses, two processes: what is stored is what was said to be taken."""
    processes = [SqlRequests(database), SqlRequests(other)]
    request = await asking(processes[0])
    decisions = [Decision(model=f"model {number}") for number in range(10)]
    decided = await asyncio.gather(
        *(processes[place % 2].decide(request.id, said, NOW) for place, said in enumerate(decisions))
    )
    assert sum(decided) == 1
    found = await processes[0].get(request.id)
    assert found is not None
    assert found.decision == decisions[decided.index(True)]


async def _until_waiting(connection: AsyncConnection) -> None:
    """Until some other connection of the server waits for a lock."""
    async with asyncio.timeout(10):
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while (await connection.execute(waiting)).scalar_one() == 0:
            pass
