"""The paid POST, once an attempt, and the search for one whose answer was lost."""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import replace
from datetime import timedelta

import structlog

from bot import failpoints
from bot.domain.edits import Attempt, AttemptState, Edit
from bot.domain.next_steps import is_live
from bot.domain.plan import row_of
from bot.domain.ports import Prediction, PredictionStatus, Provider, Stage, Submission
from bot.domain.stores import EditEnded, OpenedElsewhere
from bot.errors import (
    AnswerLost,
    CreditsExhausted,
    InputRejected,
    ModelGone,
    NotSent,
    ProviderError,
    StorageBusy,
    Throttled,
)
from bot.jobs.answers import Answers
from bot.jobs.ending import ENDED, LOST, NOT_BOUGHT, ON, Ports
from bot.jobs.finding import Lost
from bot.jobs.waiting import Waiting

log = structlog.get_logger(__name__)

MASK_WORDS = (
    "\n\nThe last picture is a mask of the first: edit only where it is white, "
    "and leave everything else exactly as it is."
)
_LOOK_BACK = timedelta(minutes=15)  # the provider's clock may differ from ours


class Buying(Waiting):
    """The steps of an edit that may cost money. No attempt is ever posted twice."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        self._answers = Answers(ports.blobs)

    async def submit(self, edit_id: str, uploaded: str) -> str:
        """Buy the prediction: ON, ENDED, LOST or ``wait:<seconds>``.

        The attempt's row is written before the POST. Who finds it open knows that a POST may have
        happened and sends none.
        """
        edit = await self._durably(self._.edits.get, edit_id)
        if edit.state.final:
            return await self._told(edit)
        urls = json.loads(uploaded)
        attempt = await self._durably(self._.edits.current_attempt, edit_id)
        source_url = urls["pictures"][0]
        if attempt is not None and (attempt.state not in NOT_BOUGHT or attempt.source_url == source_url):
            return self._goes_on(attempt)  # no attempt is posted twice
        model = row_of(self._.catalogue(), edit)
        if model is None:
            return await self._fail(edit, ModelGone(f"{edit.model} is not in the catalogue"))
        # A model without a field for masks is told in words what the picture at the end is.
        region_in_words = edit.mask_key is not None and model.mask is None
        region_sent = region_in_words and len(urls["pictures"]) > edit.pictures_sent
        submission = Submission(
            model=model,
            prompt=f"{edit.prompt}{MASK_WORDS}" if region_sent else edit.prompt,
            pictures=() if edit.from_words else tuple(urls["pictures"]),
            choices=edit.choices,
            mask=urls["mask"],
        )
        async with self._.posting.turn():
            return await self._post(edit, submission, source_url)

    async def _post(self, edit: Edit, submission: Submission, source_url: str) -> str:
        # One word for all tries to write the row: whoever else finds the row does not know it. Another
        # process may have taken the edit over with the same uploads while the database was out of reach.
        opener = uuid.uuid4().hex
        try:
            attempt = await self._durably(self._open, edit, source_url, opener)
        except EditEnded:  # cancelled a moment ago
            return ENDED
        except OpenedElsewhere as error:
            log.warning("opened_elsewhere", edit=edit.id, detail=str(error))
            return self._goes_on(await self._durably(self._attempt, edit.id))
        failpoints.reached("attempt_opened")
        try:
            prediction = await self._buy(attempt, submission)
        except AnswerLost as error:
            log.warning("submit_answer_lost", edit=edit.id, attempt=attempt.number, detail=str(error))
            return LOST
        except ProviderError as error:
            return await self._refused(edit, attempt, error)
        failpoints.reached("submit_sent")
        log.info("submitted", edit=edit.id, attempt=attempt.number, prediction=prediction.id)
        return await self._taken(attempt, prediction)

    async def _open(self, edit: Edit, source_url: str, opener: str) -> Attempt:
        return await self._.edits.open_attempt(edit.id, source_url, opener, self._.clock.now())

    async def _buy(self, attempt: Attempt, submission: Submission) -> Prediction:
        """Send the attempt's one POST. Raises ProviderError."""
        # Its row says when it went: by that it is looked for, and waited for.
        if self._.clock.now() - attempt.opened_at > timedelta(seconds=self._.timing.submit):
            raise NotSent("it took too long to learn that the attempt is open")
        provider = self._.providers.of(submission.model)
        return await provider.submit(replace(submission, webhook=self._.webhook(attempt)))

    def _goes_on(self, attempt: Attempt) -> str:
        """How an edit goes on after its newest attempt, without another POST of that."""
        if attempt.state is AttemptState.REFUSED:
            return self._wait(None)  # the next one has uploads of its own
        return LOST if attempt.state is AttemptState.OPEN else ON

    async def _refused(self, edit: Edit, attempt: Attempt, error: ProviderError) -> str:
        """Nothing was bought by the POST: the edit waits for its turn once more, or fails."""
        await self._durably(self._close, attempt, AttemptState.REFUSED, error)
        newest = await self._durably(self._attempt, edit.id)
        if newest.state is not AttemptState.REFUSED:  # it has a name by now, or was followed by another
            log.warning("refused_yet_goes_on", edit=edit.id, attempt=attempt.number, detail=str(error))
            return self._goes_on(newest)
        if isinstance(error, CreditsExhausted):
            await self._exhausted(edit)
        if isinstance(error, ModelGone | InputRejected) and not await self._still_live(edit):
            return await self._fail(edit, ModelGone(str(error)))
        if isinstance(error, NotSent | Throttled) and not self._older(edit, self._.timing.edit_deadline):
            await self._give_back(edit)
            self._.messenger.progress(edit, Stage.WAITING_TURN)
            return self._wait(error.retry_after)
        return await self._fail(edit, error)

    async def _still_live(self, edit: Edit) -> bool:
        """Whether what the edit is bought from is offered, looked up anew."""
        return await self._.still_live(edit.model) and is_live(self._.catalogue(), edit)

    async def _taken(self, attempt: Attempt, prediction: Prediction) -> str:
        """The provider has it. What came finished is kept first, since it may be given only this once."""
        finished = prediction.status is PredictionStatus.COMPLETED and bool(prediction.outputs)
        if finished:
            await self._durably(self._answers.keep, attempt.edit_id, prediction)
        if not await self._durably(self._.edits.named, attempt.id, prediction.id, prediction.cost):
            newest = await self._durably(self._attempt, attempt.edit_id)
            if newest.prediction_id != prediction.id:  # else somebody found it before its answer came
                # Of predictions from the same words each attempt may have the other's (`bot.jobs.finding`).
                log.error(
                    "named_otherwise", edit=attempt.edit_id, bought=prediction.id, has=newest.prediction_id
                )
                return self._goes_on(newest)
        failpoints.reached("prediction_named")
        if finished:
            await self._durably(self._.edits.close_attempt, attempt.id, AttemptState.COMPLETED)
        elif prediction.status is not PredictionStatus.RUNNING:
            self._.watch.hint(prediction.id)
        # Another process may have taken it for lost while the answer was on its way.
        if await self._durably(self._.edits.found, attempt.edit_id):
            log.info("unknown_found", edit=attempt.edit_id, prediction=prediction.id)
        return ON

    async def _exhausted(self, edit: Edit) -> None:
        """The account can't pay this edit: nothing new is taken up until it can, and admins hear of it."""
        provider = self._provider(edit)
        log.error("account_exhausted", provider=provider, needed=edit.quote)
        if await self._durably(self._.doors.exhaust, provider, edit.quote):
            try:
                await self._.doors.announce(self._.messenger)
            except StorageBusy as error:  # the next look at the balance comes back to it
                log.warning("exhausted_not_told", detail=str(error))

    async def find(self, edit_id: str) -> str:
        """Look for a submit whose answer was lost, in the provider's list: ON, or ENDED as unknown.

        ``wait:<seconds>`` if its answer came to another process after all, and was a refusal.
        """
        edit = await self._.edits.get(edit_id)
        attempt = await self._attempt(edit_id)
        if edit.state.final:
            return await self._told(edit)
        if attempt.state is not AttemptState.OPEN:
            return self._goes_on(attempt)
        answer = await self._answers.get(edit_id)
        if answer is not None:  # it came, and a crash came between
            outcome = await self._taken(attempt, answer)
            if outcome != LOST:
                return outcome
        provider = self._.providers.get(self._provider(edit))
        if provider is None or not provider.searchable:
            return await self._unknown(edit, "the submit was not answered, and can't be looked for")
        self._.messenger.progress(edit, Stage.EDITING)
        # By the wall clock and not since this call, so that restarts don't prolong it.
        until = attempt.opened_at + timedelta(seconds=self._.timing.reconcile_for)
        latest = attempt.opened_at + timedelta(seconds=self._.timing.edit_deadline)
        lost = Lost(edit, attempt, row_of(self._.catalogue(), edit), self._.timing)
        while True:
            looked, found = await self._look_for(provider, lost)
            await self._claim(attempt, found)
            newest = await self._attempt(edit_id)
            if newest.state is not AttemptState.OPEN:  # also if a webhook named it, or its answer came
                return self._goes_on(newest)
            now = self._.clock.now()
            if (looked and now >= until) or now >= latest:
                return await self._unknown(edit, "the lost submit is not in the provider's list")
            await asyncio.sleep(self._.timing.reconcile_beat if now < until else self._.timing.retry_most)

    async def _look_for(self, provider: Provider, lost: Lost) -> tuple[bool, list[str]]:
        """Whether the list could be read, and the predictions that may be the attempt's."""
        try:
            listed = await provider.predictions(lost.attempt.opened_at - _LOOK_BACK, inputs=True)
        except ProviderError as error:
            log.warning("reconcile_failed", edit=lost.edit.id, detail=str(error))
            return False, []
        now = self._.clock.now()
        return True, [item.id for item in listed if lost.may_be(item, now)]

    async def _claim(self, attempt: Attempt, found: list[str]) -> None:
        """Give the attempt the first of the predictions that no other one has."""
        for prediction_id in found:
            if await self._durably(self._.edits.named, attempt.id, prediction_id):
                log.info("submit_found", edit=attempt.edit_id, prediction=prediction_id)
                return
