"""The steps of one edit. Each may run more than once (after a crash), so each first looks at what is.

What they return to the workflow is said in `bot.jobs.ending`.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import timedelta

import structlog

from bot import failpoints
from bot.domain.edits import Attempt, AttemptState, Edit, EditState, KeptResult
from bot.domain.pictures import Encoded, Finished, Role, Size, WireMask
from bot.domain.ports import (
    PredictionStatus,
    Stage,
)
from bot.errors import (
    ModelGone,
    NoSuchPrediction,
    OutputUnusable,
    PictureGone,
    PredictionFailed,
    ProviderBroke,
    ProviderDown,
    ProviderError,
    ProviderRefused,
    WavebrushError,
)
from bot.jobs.delivering import Delivering
from bot.jobs.ending import ENDED, NOT_BOUGHT, ON, Ports
from bot.jobs.finishing import Finishing

log = structlog.get_logger(__name__)

_FORGOTTEN = timedelta(days=7)  # so long the provider keeps predictions


class Steps(Delivering):
    """What is done for one edit, each method one durable step."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        self._finishing = Finishing(ports.imaging, ports.pictures, ports.blobs, self._patiently, ports.timing)

    # --- fetch, clean, upload -------------------------------------------------------------------------

    async def upload(self, edit_id: str) -> str:
        """Give the provider clean copies of the pictures; their URLs as JSON, or ENDED."""
        edit = await self._.edits.get(edit_id)
        if edit.state.final:
            return await self._told(edit)
        attempt = await self._.edits.current_attempt(edit_id)
        if attempt is not None and attempt.state not in NOT_BOUGHT:
            # A workflow that was begun anew: what may be bought is not prepared a second time.
            return json.dumps({"pictures": [attempt.source_url], "mask": None})
        if edit.from_words:  # nothing is uploaded; what tells its attempts from each other is a word of ours
            await self._.edits.advance(edit_id, EditState.SUBMITTING)
            return json.dumps({"pictures": [f"words:{uuid.uuid4().hex}"], "mask": None})
        self._.messenger.progress(edit, Stage.UPLOADING)
        await self._.edits.advance(edit_id, EditState.SUBMITTING)
        try:
            return await self._patiently(self._.timing.edit_deadline, self._upload, edit)
        except WavebrushError as error:
            return await self._fail(edit, error)

    async def _upload(self, edit: Edit) -> str:
        model = self._.catalogue().models.get(edit.model)
        if model is None:
            raise ModelGone(f"{edit.model} is not in the catalogue")
        provider = self._.providers.of(model)
        urls = []
        for picture in edit.pictures:
            if picture.role is Role.MASK:
                continue
            data = await self._.pictures.fetch(picture)
            failpoints.reached("picture_fetched")
            fit = edit.fit if picture.role is Role.SOURCE else None
            urls.append(await provider.upload(await self._.imaging.clean(data, fit)))
            failpoints.reached("picture_uploaded")
        mask: str | None = None
        if edit.mask_key is not None and model.mask is not None:
            mask = await provider.upload(await self._mask(edit, edit.mask_key, model.mask.form))
        elif edit.mask_key is not None and len(urls) < model.most_pictures:
            region = await self._mask(edit, edit.mask_key, WireMask.WHITE)
            urls.append(await provider.upload(region))
        return json.dumps({"pictures": urls, "mask": mask})

    async def _mask(self, edit: Edit, key: str, form: WireMask) -> Encoded:
        plane = await self._.blobs.get(key)
        if plane is None:
            raise PictureGone(f"the mask of {edit.id} is no longer kept")
        return await self._.imaging.for_wire(plane, edit.fit, form)

    # --- wait, download, verify, finish, keep -----------------------------------------------------------

    async def wait(self, edit_id: str) -> str:
        """Wait until the prediction has ended: ON, or ENDED as unknown after the deadline."""
        edit = await self._.edits.get(edit_id)
        attempt = await self._attempt(edit_id)
        if edit.state.final:
            return await self._told(edit)
        expected = await self.expected_seconds(edit)
        self._.messenger.progress(edit, Stage.EDITING, expected)
        if attempt.prediction_id is None:
            return await self._unknown(edit, "the attempt has no prediction")
        if attempt.state is AttemptState.COMPLETED:  # it came with the answer to its submit
            return ON
        try:
            async with asyncio.timeout(max(self._left(attempt), self._.timing.watch_first)):
                await self._.watch.ended(attempt.prediction_id, attempt.opened_at, expected)
        except TimeoutError:
            log.warning("prediction_overdue", edit=edit_id, prediction=attempt.prediction_id)
        return ON  # `collect` reads the result itself, whatever the list said

    async def collect(self, edit_id: str) -> str:
        """Read the result once, download, verify and finish it, and keep it: ON or ENDED."""
        edit = await self._.edits.get(edit_id)
        attempt = await self._attempt(edit_id)
        if edit.state.final:
            return await self._told(edit)
        if await self._.edits.result(edit_id) is not None:
            await self._answers.drop(edit_id)
            return ON
        try:
            seconds = max(self._left(attempt), self._.timing.retry_most)
            outputs = await self._patiently(seconds, self._outputs, edit, attempt)
        except (PredictionFailed, NoSuchPrediction) as error:
            if attempt.state is AttemptState.COMPLETED:  # whatever is said of it later
                return await self._unusable(edit, attempt, error)
            await self._close(attempt, AttemptState.FAILED, error)
            return await self._fail(edit, error)
        except OutputUnusable as error:
            return await self._unusable(edit, attempt, error)
        except ProviderError as error:
            return await self._unknown(edit, f"the result can't be read: {error}")
        failpoints.reached("end_seen")
        await self._give_back(edit)
        await self._.edits.advance(edit_id, EditState.FINISHING)
        self._.messenger.progress(edit, Stage.FINISHING)
        try:
            provider = self._.providers.of(self._.catalogue().models.get(edit.model))
            finished = await self._finishing(edit, provider, outputs[0])
        except WavebrushError as error:
            if not (error.permanent or self._hopeless(edit, error)):
                raise  # the step is repeated: what is paid for is not given up for an outage
            return await self._unusable(edit, attempt, error)
        await self._keep(edit, finished)
        failpoints.reached("result_kept")
        await self._.edits.close_attempt(attempt.id, AttemptState.COMPLETED)
        await self._answers.drop(edit_id)
        return ON

    async def _unusable(self, edit: Edit, attempt: Attempt, error: WavebrushError) -> str:
        """It completed, so the provider bills it, and so do we."""
        await self._.edits.close_attempt(attempt.id, AttemptState.COMPLETED, str(error))
        log.error("output_unusable", edit=edit.id, prediction=attempt.prediction_id, detail=str(error))
        return await self._fail(edit, OutputUnusable(str(error)), charge=await self._price(edit, None))

    async def _outputs(self, edit: Edit, attempt: Attempt) -> tuple[str, ...]:
        answer = await self._answers.get(edit.id)
        if answer is not None:
            return answer.outputs
        try:
            provider = self._.providers.of(self._.catalogue().models.get(edit.model))
            prediction = await provider.result(attempt.prediction_id or "")
        except (NoSuchPrediction, ProviderRefused) as error:
            # The provider forgets after a week. Before that it is a fault of the moment, and the work
            # is paid for: it is asked again until the deadline.
            if isinstance(error, NoSuchPrediction) and self._.clock.now() - attempt.opened_at > _FORGOTTEN:
                raise
            raise ProviderDown(f"{type(error).__name__}: {error}") from error
        if prediction.status is PredictionStatus.RUNNING:
            raise ProviderDown("it still runs")
        if prediction.status is PredictionStatus.FAILED:
            raise prediction.failure or ProviderBroke("failed without a reason")
        if not prediction.outputs:
            none_yet = OutputUnusable("completed without an output")
            none_yet.permanent = False  # the list may know of an end before the result has it
            raise none_yet
        return prediction.outputs

    def _hopeless(self, edit: Edit, error: WavebrushError) -> bool:
        """Whether the provider has given no picture for so long that its person is told."""
        return isinstance(error, ProviderError) and self._older(edit, self._.timing.edit_deadline)

    async def _keep(self, edit: Edit, finished: Finished) -> None:
        kept = finished.lossless
        key = f"{edit.id}.{kept.extension}"
        await self._durably(self._.blobs.put, key, kept.data)
        result = KeptResult(edit.id, key, kept.media_type, kept.size.width, kept.size.height, finished.drift)
        await self._durably(self._.edits.kept, result, self._.clock.now())

    async def give_up(self, edit_id: str) -> str:
        """Something broke that should not: settle so that no money is lost and nothing hangs. ENDED."""
        edit = await self._.edits.get(edit_id)
        attempt = await self._.edits.current_attempt(edit_id)
        result = await self._.edits.result(edit_id)
        if result is not None:  # it was bought, and can still be had
            price = await self._price(edit, Size(result.width, result.height))
            await self._settle(edit, EditState.UNDELIVERABLE, charge=price, reason=WavebrushError.key)
            await self._.messenger.end(await self._.edits.get(edit_id))
            return ENDED
        if attempt is not None and attempt.state not in NOT_BOUGHT:
            return await self._unknown(edit, "gave up with an open attempt")
        return await self._fail(edit, WavebrushError("gave up"))
