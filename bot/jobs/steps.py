"""The steps of one edit. Each may run more than once (after a crash), so each first looks at what is.

A step returns a plain word for the workflow: `ON` (go on), `ENDED` (the edit is settled and its person
told), `LOST` (nobody knows whether the provider took it), or ``wait:<seconds>``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ParamSpec, TypeVar

import structlog

from bot.clock import Clock
from bot.domain.catalogue import QUALITY, Catalogue
from bot.domain.edits import Attempt, AttemptState, Edit, EditState, KeptResult
from bot.domain.pictures import Encoded, Finished, Role, Size, WireMask
from bot.domain.ports import Imaging, Messenger, PictureSource, PredictionStatus, Provider, Stage, Submission
from bot.domain.stores import Blobs, Edits
from bot.domain.timing import Timing
from bot.errors import (
    AnswerLost,
    EditUnknown,
    NoSuchPrediction,
    NotSent,
    OutputUnusable,
    PictureGone,
    PictureRefused,
    PredictionFailed,
    ProviderBroke,
    ProviderDown,
    ProviderError,
    Throttled,
    WavebrushError,
)
from bot.jobs.patience import Patience
from bot.jobs.posting import Posting
from bot.jobs.watch import Watch

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
MASK_WORDS = (
    "\n\nThe last picture is a mask of the first: edit only where it is white, "
    "and leave everything else exactly as it is."
)
ON, ENDED, LOST, WAIT = "on", "ended", "lost", "wait:"
_LOOK_BACK = timedelta(minutes=2)  # the provider's clock may differ from ours
_DOWNLOADS = 3


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the steps need of the world."""

    edits: Edits
    provider: Provider
    imaging: Imaging
    pictures: PictureSource
    blobs: Blobs
    messenger: Messenger
    catalogue: Callable[[], Catalogue]
    watch: Watch
    posting: Posting
    timing: Timing
    clock: Clock


class Steps:
    """What is done for one edit, each method one durable step."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports
        self._patiently = Patience(ports.timing, ports.clock)

    # --- fetch, clean, upload -------------------------------------------------------------------------

    async def upload(self, edit_id: str) -> str:
        """Give the provider clean copies of the pictures; their URLs as JSON, or ENDED."""
        edit = await self._.edits.get(edit_id)
        if edit.state.final:
            return ENDED
        self._.messenger.progress(edit, Stage.UPLOADING)
        await self._.edits.advance(edit_id, EditState.SUBMITTING)
        try:
            return await self._patiently(self._.timing.edit_deadline, self._upload, edit)
        except WavebrushError as error:
            return await self._fail(edit, error)

    async def _upload(self, edit: Edit) -> str:
        urls = []
        for picture in edit.pictures:
            if picture.role is Role.MASK:
                continue
            data = await self._.pictures.fetch(picture)
            fit = edit.fit if picture.role is Role.SOURCE else None
            urls.append(await self._.provider.upload(await self._.imaging.clean(data, fit)))
        model = self._.catalogue().models[edit.model]
        mask: str | None = None
        if edit.mask_key is not None and model.mask is not None:
            mask = await self._.provider.upload(await self._mask(edit, edit.mask_key, model.mask.form))
        elif edit.mask_key is not None and len(urls) < model.most_pictures:
            region = await self._mask(edit, edit.mask_key, WireMask.WHITE)
            urls.append(await self._.provider.upload(region))
        return json.dumps({"pictures": urls, "mask": mask})

    async def _mask(self, edit: Edit, key: str, form: WireMask) -> Encoded:
        plane = await self._.blobs.get(key)
        if plane is None:
            raise PictureGone(f"the mask of {edit.id} is no longer kept")
        return await self._.imaging.for_wire(plane, edit.fit, form)

    # --- submit, once an attempt ----------------------------------------------------------------------

    async def submit(self, edit_id: str, uploaded: str) -> str:
        """Buy the prediction: ON, ENDED, LOST or ``wait:<seconds>``.

        The attempt's row is written before the POST. Who finds it open knows that a POST may have
        happened and sends none.
        """
        edit = await self._.edits.get(edit_id)
        if edit.state.final:
            return ENDED
        urls = json.loads(uploaded)
        attempt = await self._.edits.current_attempt(edit_id)
        if attempt is not None and attempt.source_url == urls["pictures"][0]:
            return {AttemptState.OPEN: LOST, AttemptState.REFUSED: self._wait(None)}.get(attempt.state, ON)
        model = self._.catalogue().models[edit.model]
        # A model without a field for masks is told in words what the picture at the end is.
        region_in_words = edit.mask_key is not None and model.mask is None
        region_sent = region_in_words and len(urls["pictures"]) > _sent(edit)
        submission = Submission(
            model=model,
            prompt=f"{edit.prompt}{MASK_WORDS}" if region_sent else edit.prompt,
            pictures=tuple(urls["pictures"]),
            choices=edit.choices,
            mask=urls["mask"],
        )
        async with self._.posting.turn():
            return await self._post(edit, submission)

    async def _post(self, edit: Edit, submission: Submission) -> str:
        attempt = await self._.edits.open_attempt(edit.id, submission.pictures[0], self._.clock.now())
        try:
            prediction = await self._.provider.submit(submission)
        except AnswerLost as error:
            log.warning("submit_answer_lost", edit=edit.id, attempt=attempt.number, detail=str(error))
            return LOST
        except ProviderError as error:
            await self._durably(self._close, attempt, AttemptState.REFUSED, error)
            if isinstance(error, NotSent | Throttled) and not self._too_old(edit):
                self._.messenger.progress(edit, Stage.WAITING_TURN)
                return self._wait(error.retry_after)
            return await self._fail(edit, error)
        await self._durably(self._.edits.named, attempt.id, prediction.id)
        log.info("submitted", edit=edit.id, attempt=attempt.number, prediction=prediction.id)
        return ON

    async def find(self, edit_id: str) -> str:
        """Look for a submit whose answer was lost, by its unique source URL: ON, or ENDED as unknown."""
        edit = await self._.edits.get(edit_id)
        attempt = await self._attempt(edit_id)
        if edit.state.final:
            return ENDED
        if attempt.state is AttemptState.RUNNING:
            return ON
        self._.messenger.progress(edit, Stage.EDITING)
        # By the wall clock and not since this call, so that restarts don't prolong it.
        until = attempt.opened_at + timedelta(seconds=self._.timing.reconcile_for)
        while True:
            prediction_id = await self._look_for(attempt)
            if prediction_id is not None:
                await self._durably(self._.edits.named, attempt.id, prediction_id)
                log.info("submit_found", edit=edit_id, attempt=attempt.number, prediction=prediction_id)
                return ON
            if self._.clock.now() >= until:
                return await self._unknown(edit, "the lost submit is not in the provider's list")
            await asyncio.sleep(self._.timing.reconcile_beat)

    async def _look_for(self, attempt: Attempt) -> str | None:
        try:
            listed = await self._.provider.predictions(attempt.opened_at - _LOOK_BACK, inputs=True)
        except ProviderError as error:
            log.warning("reconcile_failed", edit=attempt.edit_id, detail=str(error))
            return None
        # The name and shape of the listed inputs are not documented; the URL is ours alone wherever it is.
        found = [item.id for item in listed if attempt.source_url in json.dumps(item.inputs)]
        return found[0] if found else None

    # --- wait, download, verify, finish, keep -----------------------------------------------------------

    async def wait(self, edit_id: str) -> str:
        """Wait until the prediction has ended: ON, or ENDED as unknown after the deadline."""
        edit = await self._.edits.get(edit_id)
        attempt = await self._attempt(edit_id)
        if edit.state.final:
            return ENDED
        expected = await self.expected_seconds(edit)
        self._.messenger.progress(edit, Stage.EDITING, expected)
        if attempt.prediction_id is None:
            return await self._unknown(edit, "the attempt has no prediction")
        age = (self._.clock.now() - attempt.opened_at).total_seconds()
        try:
            async with asyncio.timeout(
                max(self._.timing.prediction_deadline - age, self._.timing.watch_first)
            ):
                await self._.watch.ended(attempt.prediction_id, attempt.opened_at, expected)
        except TimeoutError:
            # After a long stop the deadline is over before the watch had its first look.
            if not await self._has_ended(attempt.prediction_id):
                return await self._unknown(edit, "the prediction did not end within its deadline")
        return ON

    async def _has_ended(self, prediction_id: str) -> bool:
        try:
            return (await self._.provider.result(prediction_id)).status is not PredictionStatus.RUNNING
        except ProviderError:
            return False

    async def expected_seconds(self, edit: Edit) -> float:
        """How long this edit will run: the median of recent ones like it, else what its row says."""
        typical = await self._.edits.typical_seconds(edit.model, {QUALITY: edit.choices.get(QUALITY, "")})
        if typical is not None:
            return typical
        return self._.catalogue().models[edit.model].seconds * self._.timing.model_second

    async def collect(self, edit_id: str) -> str:
        """Read the result once, download, verify and finish it, and keep it: ON or ENDED."""
        edit = await self._.edits.get(edit_id)
        attempt = await self._attempt(edit_id)
        if edit.state.final:
            return ENDED
        if await self._.edits.result(edit_id) is not None:
            return ON
        try:
            outputs = await self._patiently(self._.timing.prediction_deadline, self._outputs, attempt)
        except (PredictionFailed, NoSuchPrediction) as error:
            await self._close(attempt, AttemptState.FAILED, error)
            return await self._fail(edit, error)
        except ProviderError as error:
            return await self._unknown(edit, f"the result can't be read: {error}")
        await self._.edits.advance(edit_id, EditState.FINISHING)
        self._.messenger.progress(edit, Stage.FINISHING)
        try:
            finished = await self._finish(edit, outputs[0])
        except WavebrushError as error:
            if not error.permanent:
                raise  # the step is repeated: what is paid for is not given up for an outage
            await self._.edits.close_attempt(attempt.id, AttemptState.COMPLETED, str(error))
            log.error("output_unusable", edit=edit_id, prediction=attempt.prediction_id, detail=str(error))
            # It completed, so the provider bills it, and so do we.
            return await self._fail(edit, OutputUnusable(str(error)), charge=self._price(edit, None))
        await self._keep(edit, finished)
        await self._.edits.close_attempt(attempt.id, AttemptState.COMPLETED)
        return ON

    async def _outputs(self, attempt: Attempt) -> tuple[str, ...]:
        prediction = await self._.provider.result(attempt.prediction_id or "")
        if prediction.status is PredictionStatus.RUNNING:
            raise ProviderDown("the list said that it ended, the result says that it runs")
        if prediction.status is PredictionStatus.FAILED:
            raise prediction.failure or ProviderBroke("failed without a reason")
        if not prediction.outputs:
            raise ProviderDown("completed, but there is no output yet")
        return prediction.outputs

    async def _finish(self, edit: Edit, output: str) -> Finished:
        """Download and finish; a damaged picture is fetched again, since its URL still holds the true one."""
        for _ in range(_DOWNLOADS - 1):
            try:
                return await self._finish_once(edit, output)
            except (PictureRefused, ProviderDown) as error:
                log.warning("output_damaged", edit=edit.id, detail=str(error))
                await asyncio.sleep(self._.timing.retry_first)
        return await self._finish_once(edit, output)

    async def _finish_once(self, edit: Edit, output: str) -> Finished:
        data = await self._.provider.download(output)
        plane = await self._.blobs.get(edit.mask_key) if edit.mask_key and edit.finishing else None
        if plane is not None:
            source = next(picture for picture in edit.pictures if picture.role is Role.SOURCE)
            original = await self._patiently(self._.timing.transfer, self._.pictures.fetch, source)
            return await self._.imaging.finish(original, plane, data, edit.fit)
        return await self._.imaging.keep(data, edit.fit)

    async def _keep(self, edit: Edit, finished: Finished) -> None:
        kept = finished.lossless
        key = f"{edit.id}.{kept.extension}"
        await self._durably(self._.blobs.put, key, kept.data)
        result = KeptResult(edit.id, key, kept.media_type, kept.size.width, kept.size.height, finished.drift)
        await self._durably(self._.edits.kept, result, self._.clock.now())

    # --- deliver, charge --------------------------------------------------------------------------------

    async def deliver(self, edit_id: str) -> str:
        """Reply with the kept picture and book its price: always ENDED.

        Delivering and charging are one step: a crash between them delivers twice rather than never,
        and charges once.
        """
        edit = await self._.edits.get(edit_id)
        result = await self._.edits.result(edit_id)
        data = await self._.blobs.get(result.key) if result else None
        if edit.state.final:
            return ENDED
        if result is None or data is None:
            lost = OutputUnusable("the kept result is gone")
            return await self._fail(edit, lost, charge=self._price(edit, None))
        await self._.edits.advance(edit_id, EditState.DELIVERING)
        self._.messenger.progress(edit, Stage.SENDING)
        price = self._price(edit, Size(result.width, result.height))
        state, reason = EditState.DONE, None
        if edit.result_message_id is None:
            try:
                await self._deliver(edit, result, data, price)
            except WavebrushError as error:
                log.warning("undeliverable", edit=edit_id, detail=str(error))
                state, reason = EditState.UNDELIVERABLE, error.key
        await self._settle(edit, state, charge=price, reason=reason)
        await self._.messenger.end(await self._.edits.get(edit_id))
        return ENDED

    async def _deliver(self, edit: Edit, result: KeptResult, data: bytes, price: int) -> None:
        seconds = (self._.clock.now() - edit.created_at).total_seconds()
        message_id = await self._patiently(
            self._.timing.send_deadline, self._.messenger.deliver, edit, result, data, price, seconds
        )
        await self._durably(self._.edits.delivered, edit.id, message_id)

    def _price(self, edit: Edit, size: Size | None) -> int:
        model = self._.catalogue().models.get(edit.model)
        if model is None or size is None:
            return edit.quote
        return model.price_of_result(edit.choices, size)

    # --- the ends -----------------------------------------------------------------------------------------

    async def give_up(self, edit_id: str) -> str:
        """Something broke that should not: settle so that no money is lost and nothing hangs. ENDED."""
        edit = await self._.edits.get(edit_id)
        attempt = await self._.edits.current_attempt(edit_id)
        result = await self._.edits.result(edit_id)
        if result is not None:  # it was bought, and can still be had
            price = self._price(edit, Size(result.width, result.height))
            await self._settle(edit, EditState.UNDELIVERABLE, charge=price, reason=WavebrushError.key)
            await self._.messenger.end(await self._.edits.get(edit_id))
            return ENDED
        if attempt is not None and attempt.state in {AttemptState.OPEN, AttemptState.RUNNING}:
            return await self._unknown(edit, "gave up with an open attempt")
        return await self._fail(edit, WavebrushError("gave up"))

    async def _fail(self, edit: Edit, error: WavebrushError, *, charge: int = 0) -> str:
        log.warning("edit_failed", edit=edit.id, error=type(error).__name__, detail=str(error))
        return await self._end(edit, EditState.FAILED, error, charge)

    async def _unknown(self, edit: Edit, detail: str) -> str:
        log.error("edit_unknown", edit=edit.id, detail=detail)
        return await self._end(edit, EditState.UNKNOWN, EditUnknown(detail), 0)

    async def _end(self, edit: Edit, state: EditState, error: WavebrushError, charge: int) -> str:
        await self._settle(edit, state, charge=charge, reason=error.key)
        await self._.messenger.end(await self._.edits.get(edit.id), error)
        return ENDED

    async def _settle(self, edit: Edit, state: EditState, *, charge: int, reason: str | None) -> bool:
        now = self._.clock.now()
        return await self._durably(self._.edits.settle, edit.id, state, charge=charge, reason=reason, now=now)

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
        return f"{WAIT}{retry_after if retry_after is not None else self._.timing.throttled_wait}"

    def _too_old(self, edit: Edit) -> bool:
        age = (self._.clock.now() - edit.created_at).total_seconds()
        return age > self._.timing.edit_deadline


def _sent(edit: Edit) -> int:
    """How many of the person's pictures go to the provider as pictures."""
    return sum(picture.role is not Role.MASK for picture in edit.pictures)
