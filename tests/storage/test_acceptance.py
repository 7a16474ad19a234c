"""What acceptance promises: all the edits of a request with all their money, or nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.edits import Edit, Request, RequestState
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger
from bot.storage.requests import SqlRequests

from .makers import NOW, USER, a_request, accepted, an_edit, prepared

_QUOTES = (1, 20, 300)


def three_edits(request: Request, batch: str = "") -> list[Edit]:
    """One for each of three pictures."""
    return [
        an_edit(request, id=f"{batch}e{n}-{request.id}", origin=f"request:{request.id}:{n}", quote=quote)
        for n, quote in enumerate(_QUOTES)
    ]


async def held(database: Database) -> int:
    return (await SqlLedger(database).spending(USER, NOW)).held


async def everything(database: Database) -> list[Edit]:
    return await SqlEdits(database).unfinished(NOW + timedelta(days=1))


async def test_acceptance_holds_the_quote_and_inserts_the_edit(database: Database) -> None:
    """All three are there together: the edit as it was given, its hold, the request's state."""
    edit = await accepted(database, quote=10**12)
    assert await SqlEdits(database).get(edit.id) == edit
    assert await held(database) == 10**12


async def test_several_edits_of_one_request_hold_all_their_quotes(
    database: Database, requests: SqlRequests
) -> None:
    """Each comes back as it was given, also when they differ in what they have."""
    request = await prepared(database)
    first, second, third = three_edits(request)
    edits = [first, replace(second, fit=None, mask_key=None), replace(third, choices={}, pictures=())]
    assert await requests.accept(request.id, edits)
    assert await everything(database) == edits
    assert await held(database) == sum(_QUOTES)
    assert await requests.get(request.id) == replace(request, state=RequestState.ACCEPTED)
    assert await requests.next_due() is None


async def test_a_request_is_accepted_once(database: Database, other: Database) -> None:
    """Of many acceptances at once, in two processes, one inserts its edits and holds their money."""
    request = await prepared(database)
    processes = [SqlRequests(database), SqlRequests(other)]
    batches = [three_edits(request, batch=f"b{n}") for n in range(10)]
    outcomes = await asyncio.gather(
        *(processes[place % 2].accept(request.id, edits) for place, edits in enumerate(batches))
    )
    assert sum(outcomes) == 1
    assert await everything(database) == batches[outcomes.index(True)]
    assert await held(database) == sum(_QUOTES)
    assert not await processes[0].accept(request.id, three_edits(request))


@pytest.mark.parametrize("state", [state for state in RequestState if state is not RequestState.PREPARING])
async def test_only_a_request_in_preparation_is_accepted(
    database: Database, requests: SqlRequests, state: RequestState
) -> None:
    """Nothing is bought while its question is open, nor what was closed meanwhile."""
    request = await requests.open(a_request(state=state), NOW)
    assert not await requests.accept(request.id, [an_edit(request)])
    assert await requests.get(request.id) == request
    assert (await everything(database), await held(database)) == ([], 0)


@pytest.mark.parametrize("place", range(3))
async def test_one_origin_is_one_edit(database: Database, requests: SqlRequests, place: int) -> None:
    """If one of the edits was accepted before, none of them is again, and the request is done with."""
    before = await accepted(database)
    request = await prepared(database)
    edits = three_edits(request)
    edits[place] = replace(edits[place], origin=before.origin)
    assert not await requests.accept(request.id, edits)
    assert await everything(database) == [before]
    assert await held(database) == before.quote
    assert await requests.get(request.id) == replace(request, state=RequestState.ACCEPTED)


@pytest.mark.parametrize("place", range(3))
async def test_an_insert_that_fails_leaves_nothing(
    database: Database, requests: SqlRequests, place: int
) -> None:
    """No edit, no hold, and the request is as it was: it can be accepted yet."""
    before = await accepted(database)
    request = await prepared(database)
    edits = three_edits(request)
    broken = [replace(edit, id=before.id) if n == place else edit for n, edit in enumerate(edits)]
    with pytest.raises(IntegrityError):
        await requests.accept(request.id, broken)
    assert await everything(database) == [before]
    assert await held(database) == before.quote
    assert await requests.get(request.id) == request
    assert await requests.accept(request.id, edits)
    assert await held(database) == before.quote + sum(_QUOTES)
