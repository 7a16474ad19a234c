"""Whose turn it is at the provider: its limits hold for all processes together, and people go in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Capacity:
    """A provider's limits; None: none of our own, its 429 is waited out."""

    per_minute: int | None = None
    at_once: int | None = None


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
