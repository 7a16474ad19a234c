"""How an edit ends: its money settled, its person told, once each; and what all steps share.

A step returns a plain word for the workflow: `ON` (go on), `ENDED` (the edit is settled and its person
told), `LOST` (nobody knows whether the provider took it), or ``wait:<seconds>``.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ParamSpec, TypeVar

import structlog

from bot import failpoints
from bot.clock import Clock
from bot.domain.batches import to_come, untold
from bot.domain.catalogue import Catalogue
from bot.domain.edits import Attempt, AttemptState, Edit, EditState
from bot.domain.ports import Imaging, Messenger, PictureSource
from bot.domain.stores import Blobs, Edits
from bot.domain.timing import Timing
from bot.domain.untold import Untold
from bot.errors import EditUnknown, WavebrushError, named
from bot.jobs.doors import Doors
from bot.jobs.patience import Patience
from bot.jobs.posting import Posting
from bot.jobs.providers import Providers
from bot.jobs.quoting import Quotes
from bot.jobs.telling import tell_late
from bot.jobs.turns import Line
from bot.jobs.watch import Watch

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
ON, ENDED, LOST, WAIT = "on", "ended", "lost", "wait:"
NOT_BOUGHT = (AttemptState.REFUSED, AttemptState.FAILED)
"""After these the provider has nothing of ours to bill, so that another attempt may open."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the steps need of the world."""

    edits: Edits
    providers: Providers
    imaging: Imaging
    pictures: PictureSource
    blobs: Blobs
    messenger: Messenger
    catalogue: Callable[[], Catalogue]
    still_live: Callable[[str], Awaitable[bool]]  # whether a model is, looked up anew
    watch: Watch
    webhook: Callable[[Attempt], str | None]  # where its provider may tell of its end
    posting: Posting
    quotes: Quotes
    line: Line
    untold: Untold
    doors: Doors
    timing: Timing
    clock: Clock


async def say_the_others(edits: Edits, messenger: Messenger, edit: Edit) -> None:
    """What failed before an edit, and was to be said with a result, when none comes: each reason once."""
    for one in untold(await edits.of_batch(edit.batch)) if edit.batch is not None else []:
        if one.reason != edit.reason:
            await messenger.end(one, named(one.reason or ""))


class Ends:
    """What the steps of an edit are built on."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports
        self._patiently = Patience(ports.timing, ports.clock)

    async def _told(self, edit: Edit) -> str:
        """A step met a settled edit: its person may not have heard of it, if a crash came between."""
        await self._give_back(edit)
        now = self._.clock.now()
        later = await self._said_later(edit)
        untold = None if later else await self._durably(self._.untold.claim, edit.id, now, now)
        if untold is not None:
            await tell_late(self._.messenger, untold)
        elif edit.status_message_id is not None:
            await self._.messenger.end(edit)
        return ENDED

    async def _fail(self, edit: Edit, error: WavebrushError, *, charge: int | None = None) -> str:
        """Without a charge: nothing was bought. Who was cut off may be wrong about that by now."""
        log.warning("edit_failed", edit=edit.id, error=type(error).__name__, detail=str(error))
        return await self._end(edit, EditState.FAILED, error, charge)

    async def _unknown(self, edit: Edit, detail: str) -> str:
        log.error("edit_unknown", edit=edit.id, detail=detail)
        return await self._end(edit, EditState.UNKNOWN, EditUnknown(detail), 0)

    async def _end(self, edit: Edit, state: EditState, error: WavebrushError, charge: int | None) -> str:
        # Of an unknown one that was found, and can't be read still, its person knows already.
        again = state is EditState.UNKNOWN and edit.reason == error.key
        await self._settle(edit, state, charge=charge, reason=error.key, tell=not again)
        failpoints.reached("end_booked")
        ended = await self._.edits.get(edit.id)
        if not ended.state.final:  # another process has bought it meanwhile, and goes on with it
            log.warning("ended_too_late", edit=edit.id, state=state)
            return ENDED
        # Who ended it otherwise (cancelled it, or delivered its picture) has told its person.
        quiet = again or ended.state is not state or await self._said_later(ended)
        await self._.messenger.end(ended, None if quiet else error)
        if not quiet:
            await say_the_others(self._.edits, self._.messenger, ended)
        return ENDED

    async def _said_later(self, edit: Edit) -> bool:
        """Whether the failure of an edit is said with the results of its batch."""
        if edit.batch is None or edit.state is not EditState.FAILED or edit.charged:
            return False
        batch = await self._.edits.of_batch(edit.batch)
        kept = await self._.edits.kept_since([one.id for one in batch])
        return to_come(batch, kept, self._.clock.now(), timedelta(seconds=self._.timing.batch_wait))

    async def _settle(
        self, edit: Edit, state: EditState, *, charge: int | None, reason: str | None, tell: bool = True
    ) -> None:
        """End an edit, if it is not ended and, without a charge, nothing may have been bought for it."""
        settled = await self._durably(
            self._.edits.settle,
            edit.id,
            state,
            charge=charge or 0,
            reason=reason,
            now=self._.clock.now(),
            unbought=charge is None,
            tell=tell,
        )
        if settled or (await self._.edits.get(edit.id)).state.final:
            await self._give_back(edit)

    async def _give_back(self, edit: Edit) -> None:
        """The provider works no longer (or not yet) for this edit: the next one's turn."""
        await self._durably(self._.line.give_back, self._provider(edit), edit.id)

    def _provider(self, edit: Edit) -> str:
        """The name of the provider of the edit's model."""
        model = self._.catalogue().models.get(edit.model)
        return "" if model is None else model.provider

    # --- small things -------------------------------------------------------------------------------------

    async def _durably(self, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """A write of our own that must not be lost to a busy database."""
        return await self._patiently(self._.timing.edit_deadline, call, *args, **kwargs)

    async def _attempt(self, edit_id: str) -> Attempt:
        attempt = await self._.edits.current_attempt(edit_id)
        if attempt is None:
            raise EditUnknown(f"edit {edit_id} has no attempt")
        return attempt

    async def _close(self, attempt: Attempt, state: AttemptState, error: WavebrushError) -> None:
        await self._.edits.close_attempt(attempt.id, state, f"{type(error).__name__}: {error}")

    def _wait(self, retry_after: float | None) -> str:
        seconds = self._.timing.throttled_wait if retry_after is None else retry_after
        # No longer than is sensible, whatever a server says, and not all at once.
        jitter = random.uniform(1.0, 1.25)  # noqa: S311 - no secret
        return f"{WAIT}{min(seconds, self._.timing.retry_most) * jitter:.3f}"

    def _left(self, attempt: Attempt) -> float:
        """Seconds until the attempt's prediction should have ended."""
        age = (self._.clock.now() - attempt.opened_at).total_seconds()
        return self._.timing.prediction_deadline - age

    def _older(self, edit: Edit, seconds: float) -> bool:
        return (self._.clock.now() - edit.created_at).total_seconds() > seconds
