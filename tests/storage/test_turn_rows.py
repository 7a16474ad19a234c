"""Turns at a provider: its limits for all processes together, and people served in turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.edits import EditState
from bot.domain.turns import Capacity
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.turns import SqlTurns

from .makers import accepted

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
ONE, TWO, THREE = 1, 2, 3
ALL = Capacity()


@pytest.fixture
def turns(database: Database) -> SqlTurns:
    return SqlTurns(database)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def of(user_id: int, number: int) -> list[tuple[str, int]]:
    """So many edits of one person."""
    return [(f"{user_id}-{n}", user_id) for n in range(number)]


async def test_without_limits_everybody_has_a_turn(turns: SqlTurns) -> None:
    """And asking again gives the same."""
    asked = of(ONE, 5)
    for _ in range(2):
        assert await turns.grant("wavespeed", ALL, asked, NOW) == {edit_id for edit_id, _ in asked}


async def test_no_more_at_once_than_the_provider_takes(turns: SqlTurns) -> None:
    """A turn that is given back is the next one's; one that asks again keeps its own."""
    two, asked = Capacity(at_once=2), of(ONE, 4)
    assert await turns.grant("wavespeed", two, asked, NOW) == {"1-0", "1-1"}
    assert await turns.grant("wavespeed", two, asked, after(1)) == {"1-0", "1-1"}
    assert [await turns.position(edit_id) for edit_id, _ in asked] == [None, None, 0, 1]
    await turns.give_back("1-0")
    await turns.give_back("1-0")
    assert await turns.grant("wavespeed", two, asked[1:], after(2)) == {"1-1", "1-2"}


async def test_no_more_a_minute_than_the_provider_takes(turns: SqlTurns) -> None:
    """A turn counts for the minute it began in, also when it was given back at once."""
    bronze, asked = Capacity(per_minute=2), of(ONE, 3)
    assert await turns.grant("wavespeed", bronze, asked, NOW) == {"1-0", "1-1"}
    await turns.give_back("1-0")
    assert await turns.grant("wavespeed", bronze, asked[2:], after(59)) == set()
    assert await turns.grant("wavespeed", bronze, asked[2:], after(61)) == {"1-2"}


async def test_one_with_forty_does_not_starve_others(turns: SqlTurns) -> None:
    """Two at once: forty edits of one person came first, and yet four others' five are served in turn."""
    two = Capacity(at_once=2)
    waiting = of(9, 40) + [edit for user in range(4) for edit in of(user, 5)]
    served: list[str] = []
    for beat in range(14):
        granted = await turns.grant("wavespeed", two, waiting, after(beat))
        served += [edit_id.partition("-")[0] for edit_id in granted]
        waiting = [edit for edit in waiting if edit[0] not in granted]
        for edit_id in granted:
            await turns.give_back(edit_id)
    assert Counter(served) == {"0": 5, "1": 5, "2": 5, "3": 5, "9": 8}


async def test_who_runs_least_is_next(turns: SqlTurns) -> None:
    """Then who waits longest since the last turn, then who asked first."""
    await turns.grant("wavespeed", ALL, [("a1", ONE)], NOW)
    await turns.grant("wavespeed", ALL, [("b1", TWO)], after(1))
    await turns.grant("wavespeed", Capacity(at_once=2), [("b2", TWO), ("a2", ONE), ("c1", THREE)], after(2))
    assert [await turns.position(edit) for edit in ("c1", "a2", "b2")] == [0, 1, 2]
    await turns.give_back("b1")
    assert [await turns.position(edit) for edit in ("c1", "b2", "a2")] == [0, 1, 2]


async def test_who_left_the_line_is_passed_over(turns: SqlTurns) -> None:
    """A process that died waits no more after half a minute; if it comes back it keeps its place."""
    one = Capacity(at_once=1)
    await turns.grant("wavespeed", one, [("gone", ONE)], NOW)
    await turns.grant("wavespeed", one, [("early", TWO)], after(1))
    await turns.grant("wavespeed", one, [("late", THREE)], after(40))
    await turns.give_back("gone")
    assert await turns.grant("wavespeed", one, [("late", THREE)], after(41)) == {"late"}
    await turns.give_back("late")
    assert await turns.grant("wavespeed", one, [("early", TWO), ("later", THREE)], after(42)) == {"early"}


async def test_an_edit_that_ended_gives_its_turn_back(database: Database, turns: SqlTurns) -> None:
    """Its process died before it could."""
    edit = await accepted(database)
    one = Capacity(at_once=1)
    assert await turns.grant("wavespeed", one, [(edit.id, ONE)], NOW) == {edit.id}
    await SqlEdits(database).settle(edit.id, EditState.FAILED, charge=0, reason=None, now=NOW)
    assert await turns.grant("wavespeed", one, [("next", TWO)], after(1)) == {"next"}


async def test_a_turn_is_asked_for_anew(turns: SqlTurns) -> None:
    """After a 429 an edit gives its turn back and waits behind the others of other people."""
    one = Capacity(at_once=1)
    assert await turns.grant("wavespeed", one, [("a", ONE)], NOW) == {"a"}
    await turns.give_back("a")
    assert await turns.grant("wavespeed", one, [("a", ONE), ("b", TWO)], after(1)) == {"b"}
    assert await turns.position("a") == 0
    await turns.give_back("b")
    assert await turns.grant("wavespeed", one, [("a", ONE)], after(2)) == {"a"}


async def test_each_provider_has_its_own_line(turns: SqlTurns) -> None:
    """What waits for one does not wait for the other."""
    one = Capacity(at_once=1)
    assert await turns.grant("wavespeed", one, [("a", ONE), ("b", ONE)], NOW) == {"a"}
    assert await turns.grant("openai", one, [("c", ONE)], NOW) == {"c"}
    assert await turns.position("b") == 0


async def test_two_processes_share_the_limits(database: Database, other: Database) -> None:
    """Many ask at once, in both: together they get what the provider takes."""
    processes = [SqlTurns(database), SqlTurns(other)]
    capacity = Capacity(per_minute=7, at_once=5)
    granted = await asyncio.gather(
        *(processes[n % 2].grant("wavespeed", capacity, [(f"e{n}", n % 3)], NOW) for n in range(30))
    )
    assert sum(map(len, granted)) == 5


async def test_a_clock_that_jumps_back_holds_nobody_up(turns: SqlTurns) -> None:
    """Turns of tomorrow are of no minute of today."""
    bronze = Capacity(per_minute=1)
    assert await turns.grant("wavespeed", bronze, [("a", ONE)], NOW + timedelta(days=1)) == {"a"}
    assert await turns.grant("wavespeed", bronze, [("b", ONE)], NOW) == {"b"}


async def test_old_turns_are_forgotten(turns: SqlTurns) -> None:
    """Those given back, and those asked for and never seen again; not those that run."""
    await turns.grant("wavespeed", Capacity(at_once=2), of(ONE, 3), NOW)
    await turns.give_back("1-0")
    assert await turns.forget(NOW) == 0
    assert await turns.forget(after(1)) == 2
    assert await turns.grant("wavespeed", Capacity(at_once=1), of(ONE, 2), after(2)) == {"1-1"}
