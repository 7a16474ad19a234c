"""What is done again and again: take up what fell between two steps, and forget what is old."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.domain.edits import EditState
from bot.domain.stores import UPLOADS, Blobs, Buttons, Edits, Inbox, Requests
from bot.domain.timing import Timing
from bot.domain.turns import Turns
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
        buttons: Buttons,
        blobs: Blobs,
        result_days: int,
        turns: Turns,
        preparing: Preparing,
        engine: Engine,
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._edits = edits
        self._requests = requests
        self._inbox = inbox
        self._buttons = buttons
        self._blobs = blobs
        self._result_days = result_days
        self._turns = turns
        self._preparing = preparing
        self._engine = engine
        self._timing = timing
        self._clock = clock

    async def run(self) -> None:
        """Sweep until cancelled; forget what is old at longer intervals."""
        forget_at = self._clock.monotonic()
        while True:
            await self._guarded(self.sweep)
            if self._clock.monotonic() >= forget_at:
                forget_at = self._clock.monotonic() + self._timing.forget
                for task in (
                    self._expire,
                    self._forget_updates,
                    self._forget_results,
                    self._forget_words,
                    self._forget_buttons,
                    self._forget_uploads,
                    self._forget_workflows,
                    self._forget_turns,
                ):
                    await self._guarded(task)
            await asyncio.sleep(self._timing.sweep)

    async def _guarded(self, task: Callable[[], Awaitable[None]]) -> None:
        """One task that can't be done now keeps none of the others from being done."""
        try:
            await task()
        except WavebrushError as error:
            log.warning("housekeeping_failed", task=task.__name__, detail=str(error))

    async def sweep(self) -> None:
        """See that every edit that is not final has a workflow."""
        unfinished = await self._edits.unfinished(self._ago(self._timing.retry_first))
        for edit in unfinished:
            if edit.state is EditState.HELD:
                log.info("edit_enqueued_again", edit=edit.id)
                await self._preparing.enqueue(edit)
        begun = (edit for edit in unfinished if edit.state is not EditState.HELD)
        await self._engine.revive({edit.id: edit.user_id for edit in begun})

    async def _expire(self) -> None:
        await self._requests.expire(self._ago(self._timing.request_expiry))

    async def _forget_updates(self) -> None:
        await self._inbox.forget(self._ago(self._timing.inbox_keep))

    async def _forget_results(self) -> None:
        await self._blobs.purge(self._ago(self._result_days * 86_400.0))

    async def _forget_words(self) -> None:
        """Of closed requests; an edit keeps its own, for the buttons under its result and for `/history`."""
        await self._requests.blank(self._ago(self._result_days * 86_400.0))

    async def _forget_buttons(self) -> None:
        await self._buttons.purge(self._ago(self._result_days * 86_400.0))

    async def _forget_uploads(self) -> None:
        """What the submits of a day ago left: each takes its own away, but for a crash."""
        await self._blobs.purge(self._ago(self._timing.upload_keep), UPLOADS)

    async def _forget_workflows(self) -> None:
        await self._engine.forget_finished()

    async def _forget_turns(self) -> None:
        await self._turns.forget(self._ago(self._timing.forget))

    def _ago(self, seconds: float) -> datetime:
        return self._clock.now() - timedelta(seconds=seconds)
