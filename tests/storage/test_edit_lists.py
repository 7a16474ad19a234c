"""The lists of edits that admins look over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.edits import Edit, EditState
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.lists import SqlEditLists
from tests.storage.makers import NOW, USER, a_request, accepted, an_edit


@pytest.fixture
def lists(database: Database) -> SqlEditLists:
    return SqlEditLists(database)


OTHER = 7


async def _of(database: Database, user_id: int, **changes: object) -> Edit:
    """An edit of somebody."""
    edit = an_edit(a_request(user_id=user_id), **changes)
    assert await SqlEdits(database).accept(edit)
    return edit


async def _settled(database: Database, edit: Edit, state: EditState) -> Edit:
    await SqlEdits(database).settle(edit.id, state, charge=0, reason=None, now=NOW)
    return edit


async def test_newest_first(database: Database, lists: SqlEditLists) -> None:
    """Of everybody, and no more than wanted."""
    made = [await accepted(database, created_at=NOW + timedelta(minutes=at)) for at in (2, 0, 1)]
    newest = [made[0].id, made[2].id, made[1].id]
    assert [edit.id for edit in await lists.listed()] == newest
    assert [edit.id for edit in await lists.listed(limit=2)] == newest[:2]


async def test_by_state_and_person(database: Database, lists: SqlEditLists) -> None:
    """Either, or both."""
    held, lost = await _of(database, USER), await _of(database, USER)
    others = await _of(database, OTHER)
    for edit in (lost, others):
        await _settled(database, edit, EditState.UNKNOWN)

    async def ids(*states: EditState, user_id: int | None = None) -> set[str]:
        return {edit.id for edit in await lists.listed(states, user_id)}

    assert await ids(EditState.UNKNOWN) == {lost.id, others.id}
    assert await ids(EditState.UNKNOWN, EditState.HELD) == {held.id, lost.id, others.id}
    assert await ids(user_id=USER) == {held.id, lost.id}
    assert await ids(EditState.UNKNOWN, user_id=OTHER) == {others.id}
    assert await ids(EditState.DONE) == set()


async def test_by_the_beginning_of_its_id(database: Database, lists: SqlEditLists) -> None:
    """As people are told it; not where it could be two, and never by a pattern."""
    for id_ in ("abcd1111", "abcd2222", "ef_g3333"):
        await _of(database, USER, id=id_)
    assert (await lists.named("abcd1")) == await SqlEdits(database).get("abcd1111")
    assert (await lists.named("ef_g")) is not None
    for nothing in ("abcd", "abc", "", "ffff", "%%%%", "____", "efxg"):
        assert await lists.named(nothing) is None


async def test_what_is_held_for_lost_edits(database: Database, lists: SqlEditLists) -> None:
    """Of one person, until it is settled."""
    await _of(database, USER, quote=1_000)
    assert await lists.unknown_held(USER) == 0
    lost = [await _of(database, USER, quote=quote) for quote in (42_000, 20_000)]
    for edit in (*lost, await _of(database, OTHER, quote=7_000)):
        await _settled(database, edit, EditState.UNKNOWN)
    assert await lists.unknown_held(USER) == 62_000
    await _settled(database, lost[0], EditState.FAILED)
    assert await lists.unknown_held(USER) == 20_000
