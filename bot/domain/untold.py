"""What people have still to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from bot.domain.edits import Edit


class Untold(Protocol):
    """The ends of edits that their people have still to be told in words. Each is noted as it is settled."""

    async def waiting(self, before: datetime) -> list[Edit]:
        """Some of those that ended before a time, the oldest first; of a batch once all of it has ended."""
        ...

    async def claim(self, edit_id: str, before: datetime, now: datetime) -> Edit | None:
        """Take it on to tell its person now; None if that was done, or begun, since ``before``."""
        ...

    async def told(self, edit_id: str) -> None:
        """Its person was told, or can't be: also of the others of its batch that failed alike."""
        ...

    async def forget(self, before: datetime) -> int:
        """Tell nobody any more what ended before a time; how many."""
        ...
