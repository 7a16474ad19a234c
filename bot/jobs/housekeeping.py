"""What is done again and again: take up what fell between two steps, and forget what is old."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bot.clock import Clock
from bot.domain.edits import EditState
from bot.domain.stores import Blobs, Edits, Inbox, Requests
from bot.domain.timing import Timing
from bot.errors import WavebrushError
from bot.jobs.engine import Engine
from bot.jobs.preparing import Preparing

log = structlog.get_logger(__name__)


class Housekeeping:
    """The sweeper. Each of its tasks is harmless when repeated, here or in another process."""

    def __init__(
        self,
        edits: Edits,
        requests: Requests,
        inbox: Inbox,
        blobs: Blobs,
        result_days: int,
        preparing: Preparing,
        engine: Engine,
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._edits = edits
        self._requests = requests
        self._inbox = inbox
        self._blobs = blobs
        self._result_days = result_days
        self._preparing = preparing
        self._engine = engine
        self._timing = timing
        self._clock = clock

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self.sweep()
            except WavebrushError as error:
                log.warning("sweep_failed", detail=str(error))
            await asyncio.sleep(self._timing.sweep)

    async def sweep(self) -> None:
        """Enqueue accepted edits that have no workflow; expire and forget what is old."""
        now = self._clock.now()
        for edit in await self._edits.unfinished(now - timedelta(seconds=self._timing.retry_first)):
            if edit.state is EditState.HELD:
                log.info("edit_enqueued_again", edit=edit.id)
                await self._preparing.enqueue(edit)
        await self._requests.expire(now - timedelta(seconds=self._timing.request_expiry))
        await self._inbox.forget(now - timedelta(seconds=self._timing.inbox_keep))
        await self._blobs.purge(now - timedelta(days=self._result_days))
        await self._engine.forget_finished()
