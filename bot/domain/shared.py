"""What the processes of one bot tell each other through their database. Every method raises StorageBusy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.edits import Edit
from bot.domain.ports import Stage


@dataclass(frozen=True, slots=True)
class Span:
    """At most ``calls`` in any ``seconds``, of which ``reserve`` are left to others."""

    calls: int
    seconds: float
    reserve: int = 0


class Calls(Protocol):
    """Counts the calls to Telegram, so that its flood limits hold."""

    async def take(self, chat_id: int, priority: int, chat: Span, bot: Span, *, waits: bool) -> float:
        """Count one call if there is room for it; 0.0, or how many seconds there is none.

        Args:
            chat_id: where it goes.
            priority: the lower the number, the sooner it is made.
            chat: the limit of the chat.
            bot: the limit of all chats together.
            waits: it is asked for again then, and later ones have to stay behind it.
        """
        ...

    async def close(self, chat_id: int, seconds: float) -> None:
        """Telegram said to leave the chat alone for so long."""
        ...


@dataclass(frozen=True, slots=True)
class Staged:
    """An edit that runs in some process, and where it is; ``since`` is when that began."""

    edit: Edit
    stage: Stage
    since: datetime
    expected: float | None = None
    place: int | None = None


class Stages(Protocol):
    """Where the edits of all processes are."""

    async def put(self, staged: Sequence[Staged]) -> None:
        """Write where edits are, each since then, unless something later was written.

        A stage that goes on began when it was written first.
        """
        ...

    async def drop(self, edit_id: str) -> None:
        """Forget an edit."""
        ...

    async def running(self) -> list[Staged]:
        """All that are not final, with the edits as they are now; the oldest first."""
        ...

    async def forget(self) -> int:
        """Delete what was written of edits after they ended; how many."""
        ...


class Hints(Protocol):
    """Predictions that may have ended, for whichever process waits for them."""

    async def leave(self, prediction_id: str, now: datetime) -> None:
        """Say that one may have ended. What nobody took in a day is deleted."""
        ...

    async def take(self, prediction_ids: Collection[str]) -> set[str]:
        """Those of them that may have ended; each is told once."""
        ...


class Leases(Protocol):
    """What one of the processes that share a database holds for a while."""

    async def take(self, name: str, seconds: float) -> bool:
        """Take it, or hold it for so long again; False while another process has it."""
        ...

    async def give_up(self, name: str) -> None:
        """Let the next one have it at once; another's stays."""
        ...

    async def holders(self, prefix: str) -> dict[str, bool]:
        """Who took leases whose names begin like that and did not give them up, and whether in time."""
        ...

    async def forget(self, prefix: str) -> None:
        """Those that ran out long ago."""
        ...


class Held(Protocol):
    """What processes hold while they live, and others take back from the dead."""

    async def owners(self) -> frozenset[str]:
        """The processes that hold something."""
        ...

    async def release(self, owners: Collection[str]) -> int:
        """Free what they hold; how much that was."""
        ...
