"""One place waits for all running predictions of the process: a listing a beat, whatever their number."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.domain.ports import Prediction, PredictionStatus, Provider
from bot.domain.shared import Hints
from bot.domain.timing import Timing
from bot.errors import ProviderError, StorageBusy

log = structlog.get_logger(__name__)
_BACKOFF = 1.3
_HINTS = 1000
_CLOCK_SKEW = timedelta(minutes=2)  # the provider's clock dates the list, ours the window


@dataclass(slots=True)
class _Wait:
    opened_at: datetime
    due: float  # monotonic
    beat: float
    hinted: bool = False
    looked_at: float = -math.inf  # monotonic: when a hint was last followed
    ended: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Watch:
    """Detects that predictions ended. It reads no results: whoever waited does that, once.

    Args:
        provider: lists them.
        timing: the beats.
        clock: the time.
        hooked: webhooks tell of the ends too, so that the listings can be few.
        hints: what webhooks told other processes, where there are several.
    """

    def __init__(
        self,
        provider: Provider,
        timing: Timing,
        clock: Clock,
        *,
        hooked: bool = False,
        hints: Hints | None = None,
    ) -> None:
        self._provider = provider
        self._hints = hints
        self._timing = timing
        self._clock = clock
        self._first_share = 1.2 if hooked else 0.6  # of the expected seconds
        self._beat = timing.watch_hooked if hooked else timing.watch_beat
        self._waits: dict[str, _Wait] = {}
        self._early: deque[str] = deque(maxlen=_HINTS)
        self._changed = asyncio.Event()

    async def ended(self, prediction_id: str, opened_at: datetime, expected: float) -> None:
        """Return when the prediction has ended, in whatever way.

        Args:
            prediction_id: the provider's id.
            opened_at: when it was submitted.
            expected: seconds it usually takes; it is first looked at around that time.
        """
        age = (self._clock.now() - opened_at).total_seconds()
        first = max(self._timing.watch_first, expected * self._first_share - max(age, 0.0))
        wait = self._waits.get(prediction_id)
        if wait is None:
            wait = _Wait(opened_at, self._clock.monotonic() + first, self._beat)
            self._waits[prediction_id] = wait
            self._changed.set()
            if prediction_id in self._early:
                self.hint(prediction_id)
        try:
            await asyncio.shield(wait.ended)
        finally:
            self._waits.pop(prediction_id, None)

    def hint(self, prediction_id: str) -> None:
        """Somebody says that it may have ended (a webhook): read it at once, unless that was just done."""
        wait = self._waits.get(prediction_id)
        if wait is None:  # who waits for it may still be on the way here
            self._early.append(prediction_id)
            return
        soonest = wait.looked_at + self._timing.watch_first
        wait.due, wait.hinted = min(wait.due, max(self._clock.monotonic(), soonest)), True
        self._changed.set()

    async def pass_on(self, prediction_id: str) -> None:
        """Let whichever process waits for it follow a hint, if this one doesn't.

        Raises:
            StorageBusy: the other finds it out by itself.
        """
        if self._hints is not None and prediction_id not in self._waits:
            await self._hints.leave(prediction_id, self._clock.now())

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._watch(), name="watch")
            if self._hints is not None:
                loops.create_task(self._listen(self._hints), name="hints")

    async def _listen(self, hints: Hints) -> None:
        """Follow what other processes were told; while nothing is waited for, nothing is asked."""
        while True:
            await asyncio.sleep(self._timing.watch_shared)
            if not self._waits:
                continue
            try:
                told = await hints.take(list(self._waits))
            except StorageBusy as error:
                log.warning("hints_not_read", detail=str(error))
                continue
            for prediction_id in told:
                self.hint(prediction_id)

    async def _watch(self) -> None:
        while True:
            await self._until_due()
            await self._look()

    async def _until_due(self) -> None:
        while True:
            self._changed.clear()
            due = min((wait.due for wait in self._waits.values()), default=None)
            pause = None if due is None else due - self._clock.monotonic()
            if pause is not None and pause <= 0:
                return
            try:
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            except TimeoutError:
                return

    async def _look(self) -> None:
        now = self._clock.monotonic()
        due = {key: wait for key, wait in self._waits.items() if wait.due <= now}
        if not due:  # whoever waited for it is gone
            return
        pause = 0.0
        try:
            for prediction in await self._read(due):
                self._tell(prediction)
        except ProviderError as error:
            pause = error.retry_after or self._timing.watch_beat_most
            log.warning("watch_failed", error=type(error).__name__, detail=str(error), waiting=len(due))
        for wait in due.values():
            wait.due = self._clock.monotonic() + max(wait.beat, pause)
            wait.beat = max(self._beat, min(wait.beat * _BACKOFF, self._timing.watch_beat_most))
            if wait.hinted:
                wait.hinted, wait.looked_at = False, now

    async def _read(self, due: dict[str, _Wait]) -> list[Prediction]:
        """Those that were hinted at one by one; of the others all that the listing names."""
        hinted = [await self._single(key) for key, wait in due.items() if wait.hinted]
        others = {key: wait for key, wait in due.items() if not wait.hinted}
        listed = await self._listed(others) if others else []
        return [*listed, *(prediction for prediction in hinted if prediction is not None)]

    async def _listed(self, due: dict[str, _Wait]) -> list[Prediction]:
        """All that the listing names; those it lacks, or all where it is refused, one by one."""
        since = min(wait.opened_at for wait in due.values()) - _CLOCK_SKEW
        try:
            listed = await self._provider.predictions(since)
        except ProviderError as error:
            if not error.permanent:
                raise
            listed = []
        found = {prediction.id for prediction in listed}
        single = [await self._single(key) for key in due if key not in found]
        return [*listed, *(prediction for prediction in single if prediction is not None)]

    async def _single(self, prediction_id: str) -> Prediction | None:
        try:
            return await self._provider.result(prediction_id)
        except ProviderError as error:
            if not error.permanent:
                return None
            # The one who waits will meet the same error and know what it means for the edit.
            return Prediction(prediction_id, PredictionStatus.FAILED)

    def _tell(self, prediction: Prediction) -> None:
        wait = self._waits.get(prediction.id)
        if wait and prediction.status is not PredictionStatus.RUNNING and not wait.ended.done():
            wait.ended.set_result(None)
