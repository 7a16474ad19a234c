"""Where people and groups stand."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.access import Group, Member, Standing
from bot.storage.access import SqlAccess
from bot.storage.database import Database
from bot.storage.people import SqlPeople

from .makers import LATER, NOW, USER

ADMIN = 7
GROUP = -1_001_234_567_890


@pytest.fixture
def access(database: Database) -> SqlAccess:
    return SqlAccess(database)


@pytest.fixture
def people(database: Database) -> SqlPeople:
    return SqlPeople(database)


async def test_who_was_never_seen_is_unknown(access: SqlAccess) -> None:
    """A nameless person, an untitled group."""
    assert await access.member(USER) == Member(USER, "")
    assert await access.group(GROUP) == Group(GROUP, "")


async def test_admins_are_asked_once(access: SqlAccess, people: SqlPeople, database: Database) -> None:
    """However many messages come at once; what is known of the person stays."""
    await people.seen(USER, "Ана 🌺", "ana", "uk")
    assert sum(await asyncio.gather(*(access.ask(USER, NOW) for _ in range(10)))) == 1
    assert await access.member(USER) == Member(USER, "Ана 🌺", "ana", Standing.WAITING, language="uk")
    assert sum(await asyncio.gather(*(access.ask_group(GROUP, NOW) for _ in range(10)))) == 1
    assert (await access.group(GROUP)).standing is Standing.WAITING


@pytest.mark.parametrize("standing", Standing)
async def test_a_decision_holds_whatever_was_before(access: SqlAccess, standing: Standing) -> None:
    """Also about ids that were never seen; nobody asks again after it."""
    for before in Standing:
        await access.decide(USER, before, ADMIN, NOW)
        decided = await access.decide(USER, standing, ADMIN, LATER)
        assert decided == await access.member(USER) == Member(USER, "", standing=standing)
        await access.decide_group(GROUP, before, ADMIN, NOW, per_member=True)
        group = await access.decide_group(GROUP, standing, ADMIN, LATER)
        assert group == await access.group(GROUP) == Group(GROUP, "", standing, per_member=False)
    assert await access.ask(USER, LATER) == (standing is Standing.UNKNOWN)


async def test_a_name_does_not_change_a_standing(access: SqlAccess, people: SqlPeople) -> None:
    """Who was approved by id is so under every name, and a group under every title."""
    await access.decide(USER, Standing.APPROVED, ADMIN, NOW)
    assert await people.name(USER) is None
    await people.seen(USER, "Ana", None, None)
    assert await access.member(USER) == Member(USER, "Ana", standing=Standing.APPROVED)
    await access.decide_group(GROUP, Standing.APPROVED, ADMIN, NOW, per_member=True)
    for title in ("Poppies", "Poppies", "Маки"):
        assert await access.met_group(GROUP, title) == Group(GROUP, title, Standing.APPROVED, per_member=True)


async def test_a_blocked_person_is_told_once(access: SqlAccess) -> None:
    """And once more if they are blocked again."""
    for _ in range(2):
        await access.decide(USER, Standing.BLOCKED, ADMIN, NOW)
        assert sum(await asyncio.gather(*(access.told(USER) for _ in range(5)))) == 1
        assert (await access.member(USER)).told


async def test_one_person_claims_the_bot(access: SqlAccess, database: Database, other: Database) -> None:
    """Many send the right code at the same moment: one is the admin, and the code is spent."""
    assert await access.offer_claim("hash")
    processes = [SqlAccess(database), SqlAccess(other)]
    assert not await access.claim(USER, "wrong", NOW)
    claims = await asyncio.gather(*(processes[n % 2].claim(n + 1, "hash", NOW) for n in range(10)))
    assert sum(claims) == 1
    (admin,) = await access.admins()
    assert (admin.id, admin.admin, admin.standing) == (claims.index(True) + 1, True, Standing.APPROVED)
    assert not await access.offer_claim("another")
    assert not await access.claim(USER, "another", NOW)


async def test_the_last_code_is_the_only_one(access: SqlAccess) -> None:
    """Each start without an admin prints a new one."""
    assert await access.offer_claim("first")
    assert await access.offer_claim("second")
    assert not await access.claim(USER, "first", NOW)
    assert await access.claim(USER, "second", NOW)


async def test_people_are_found(access: SqlAccess, people: SqlPeople) -> None:
    """By a part of the name, the username or the id, in any case and script; waiting ones come first."""
    for number, name, username in ((11, "Ana", "poppy"), (12, "АНА", None), (213, "Bob_50%", "bob")):
        await people.seen(number, name, username, None)
    await access.ask(12, NOW)

    async def found(wanted: str, **page: int) -> list[int]:
        return [member.id for member in await access.members(wanted, **page)]

    assert (await found(""))[0] == 12
    assert sorted(await found("")) == [11, 12, 213]
    assert await found("ана") == [12]
    assert await found("@POP") == [11]
    assert await found("_50%") == [213]
    assert await found("%") == [213]
    assert (await found("1"))[0] == 12
    assert await found("nobody") == []
    assert [*await found("", limit=2), *await found("", offset=2, limit=2)] == await found("")


async def test_groups_are_found(access: SqlAccess) -> None:
    """By a part of the title or the id; waiting ones come first."""
    await access.met_group(-1, "Маки")
    await access.met_group(-2, "Poppies")
    await access.ask_group(-2, NOW)
    assert [group.id for group in await access.groups()] == [-2, -1]
    assert [group.id for group in await access.groups("мак")] == [-1]
    assert [group.id for group in await access.groups("-2")] == [-2]
    assert [group.id for group in await access.groups(offset=1)] == [-1]


async def test_a_claim_can_be_taken_back(access: SqlAccess) -> None:
    """Once; they are served as before, and a new code may be offered."""
    await access.offer_claim("hash")
    assert await access.claim(USER, "hash", NOW)
    assert await access.revoke(USER)
    assert not await access.revoke(USER)
    assert await access.admins() == []
    assert (await access.member(USER)).standing is Standing.APPROVED
    assert await access.offer_claim("another")
