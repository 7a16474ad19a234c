"""Whose turn it is at the provider: its limits hold for all processes together, and people go in turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Capacity:
    """A provider's limits; None: none of our own, its 429 is waited out."""

    per_minute: int | None = None
    at_once: int | None = None

    def room(self, running: int, in_minute: int) -> int | None:
        """How many more may begin now, with so many running and begun in the last minute; None: any."""
        limits = ((self.at_once, running), (self.per_minute, in_minute))
        left = [limit - used for limit, used in limits if limit is not None]
        return max(0, min(left)) if left else None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An edit that waits for its turn. ``asked`` counts up in the order of asking."""

    asked: int
    edit_id: str
    user_id: int


def line(
    waiting: Sequence[Waiting], running: Mapping[int, int], last: Mapping[int, datetime]
) -> list[Waiting]:
    """Those that wait, the next one first, as if each had its turn when the one before it got one.

    Next is whose person has the fewest turns now, then the longest since the last one, then who asked
    first.

    Args:
        waiting: in any order.
        running: by person, how many turns they have now.
        last: by person, when they last got a turn.
    """
    own: dict[int, deque[Waiting]] = {}
    for one in sorted(waiting, key=lambda one: one.asked):
        own.setdefault(one.user_id, deque()).append(one)
    turns = {user: running.get(user, 0) for user in own}
    # Who got a turn in this line got it after all who had theirs before.
    since = {user: (last[user].timestamp(), 0) if user in last else (-inf, 0) for user in own}
    order: list[Waiting] = []
    while own:
        user = min(own, key=lambda user: (turns[user], since[user], own[user][0].asked))
        order.append(own[user].popleft())
        turns[user] += 1
        since[user] = (inf, len(order))
        if not own[user]:
            del own[user]
    return order


class Turns(Protocol):
    """The line before each provider. Every method raises StorageBusy."""

    async def grant(
        self, provider: str, capacity: Capacity, waiting: Sequence[tuple[str, int]], now: datetime
    ) -> set[str]:
        """Queue these (edit id, user id) and give turns to as many as the provider has room for.

        Others' waiting edits count too (those seen in the last half minute): next is whose person has
        the fewest turns now, then the longest since the last one, then who came first. Returns the ids
        among ``waiting`` that have a turn now; asking again for one that has it is harmless.
        """
        ...

    async def give_back(self, edit_id: str) -> None:
        """The provider no longer works for this edit. Its turn still counts for the minute it began in."""
        ...

    async def position(self, edit_id: str) -> int | None:
        """How many wait before it (0: it is next), None if it does not wait."""
        ...

    async def forget(self, before: datetime) -> int:
        """Delete turns that were given back, or asked for and never seen again, before; how many."""
        ...
