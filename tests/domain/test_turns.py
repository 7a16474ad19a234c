"""Whose turn it is: the order of the line, and how many fit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.turns import Capacity, Waiting, line

NOW = datetime(2026, 3, 30, 12, tzinfo=UTC)
ANA, BOB, CAT = 1, 2, 3


def order(
    *users: int, running: dict[int, int] | None = None, last: dict[int, int] | None = None
) -> list[int]:
    """The line of edits that were asked for in this order, as their people; ``last`` in seconds ago."""
    waiting = [Waiting(place, f"e{place}", user) for place, user in enumerate(users)]
    times = {user: NOW - timedelta(seconds=seconds) for user, seconds in (last or {}).items()}
    return [one.user_id for one in line(waiting, running or {}, times)]


@pytest.mark.parametrize(
    ("capacity", "running", "in_minute", "room"),
    [
        (Capacity(), 1_000, 1_000, None),
        (Capacity(at_once=2), 0, 9, 2),
        (Capacity(at_once=2), 3, 0, 0),
        (Capacity(per_minute=2), 9, 1, 1),
        (Capacity(per_minute=5, at_once=2), 1, 1, 1),
        (Capacity(per_minute=5, at_once=9), 1, 4, 1),
    ],
)
def test_how_many_more_may_begin(capacity: Capacity, running: int, in_minute: int, room: int | None) -> None:
    """The narrower limit decides; without one, all may."""
    assert capacity.room(running, in_minute) == room


def test_people_take_turns() -> None:
    """However many one of them has, and however early they came."""
    assert order(ANA, ANA, ANA, ANA, BOB, BOB, CAT) == [ANA, BOB, CAT, ANA, BOB, ANA, ANA]


def test_who_runs_least_comes_first() -> None:
    """Who has two running waits until the others have as many; then they alternate."""
    assert order(ANA, ANA, BOB, BOB, BOB, running={ANA: 2}) == [BOB, BOB, ANA, BOB, ANA]


def test_who_waited_longest_since_the_last_turn_comes_first() -> None:
    """Who never had one has waited longest of all."""
    assert order(ANA, BOB, CAT, last={ANA: 1, BOB: 60}) == [CAT, BOB, ANA]


@given(st.lists(st.integers(1, 5), max_size=30), st.dictionaries(st.integers(1, 5), st.integers(0, 3)))
def test_everybody_is_in_the_line_once_and_ones_own_keep_their_order(
    users: list[int], running: dict[int, int]
) -> None:
    """And nobody has two more turns than another who waits."""
    waiting = [Waiting(place, f"e{place}", user) for place, user in enumerate(users)]
    ordered = line(waiting, running, {})
    assert sorted(one.asked for one in ordered) == list(range(len(users)))
    turns = {user: running.get(user, 0) for user in users}
    for place, one in enumerate(ordered):
        later = {other.user_id for other in ordered[place:]}
        assert turns[one.user_id] == min(turns[user] for user in later)
        turns[one.user_id] += 1
    for user in set(users):
        own = [one.asked for one in ordered if one.user_id == user]
        assert own == sorted(own)
