"""Tells people of ends that they were not told of: a crash came between, or Telegram was down for long."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.domain.edits import Edit
from bot.domain.ports import Messenger
from bot.domain.timing import Timing
from bot.domain.untold import Untold
from bot.errors import StorageBusy, named

log = structlog.get_logger(__name__)


class Telling:
    """Says each until Telegram has taken it, for some days."""

    def __init__(self, untold: Untold, messenger: Messenger, timing: Timing, clock: Clock) -> None:
        self._untold = untold
        self._messenger = messenger
        self._timing = timing
        self._clock = clock

    async def run(self) -> None:
        """Look until cancelled. However slow Telegram is, nothing else waits for this."""
        while True:
            try:
                await self.tell()
            except StorageBusy as error:
                log.warning("nobody_told", detail=str(error))
            await asyncio.sleep(self._timing.sweep)

    async def tell(self) -> None:
        """Tell those whom nobody has told for a while, nor begun to.

        Raises:
            StorageBusy: not now.
        """
        late = await self._untold.waiting(self._before())
        for edit in late:
            if (claimed := await self._untold.claim(edit.id, self._before(), self._clock.now())) is not None:
                await tell_late(self._messenger, claimed)
        if late:  # else nothing is old enough to be forgotten, and nothing has to be written
            await self._untold.forget(self._clock.now() - timedelta(seconds=self._timing.deliver_for))

    def _before(self) -> datetime:
        return self._clock.now() - timedelta(seconds=self._timing.untold)


async def tell_late(messenger: Messenger, edit: Edit) -> None:
    """Say why an edit ended as it did."""
    log.info("told_late", edit=edit.id, state=edit.state, reason=edit.reason)
    await messenger.end(edit, named(edit.reason or ""))
