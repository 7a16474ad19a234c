"""Cancelling an edit: free until it may be with the provider, and from then on not possible."""

from __future__ import annotations

from enum import StrEnum

import structlog

from bot.clock import Clock
from bot.domain.edits import Edit
from bot.domain.ports import Messenger
from bot.domain.stores import Edits
from bot.jobs.ending import say_the_others

log = structlog.get_logger(__name__)


class Cancelled(StrEnum):
    """What became of a wish to cancel."""

    FREE = "free"  # cancelled, and its money released
    BOUGHT = "bought"  # too late: it is charged, and its picture comes
    OVER = "over"  # it had ended before


class Cancelling:
    """Ends edits that nobody has paid for. Their workflow sees it at its next step and stops."""

    def __init__(self, edits: Edits, messenger: Messenger, clock: Clock) -> None:
        self._edits = edits
        self._messenger = messenger
        self._clock = clock

    async def cancel(self, edit: Edit) -> Cancelled:
        """Cancel an edit if nothing can have been bought for it, which storage decides in one transaction."""
        if await self._edits.cancel(edit.id, self._clock.now()):
            log.info("edit_cancelled", edit=edit.id)
            await self._messenger.end(await self._edits.get(edit.id))
            await say_the_others(self._edits, self._messenger, edit)
            return Cancelled.FREE
        now = await self._edits.get(edit.id)
        return Cancelled.OVER if now.state.final else Cancelled.BOUGHT
