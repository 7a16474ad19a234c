"""What the provider posts when a prediction has ended. None of it is believed: it says where to look."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from bot.domain.edits import Attempt, AttemptState, Edit, EditState
from bot.domain.ports import Prediction, Provider, WebhookReader
from bot.domain.stores import Edits
from bot.errors import WavebrushError
from bot.jobs.keyring import Keyring
from bot.jobs.watch import Watch

log = structlog.get_logger(__name__)
_MOST_WAITING = 100


@dataclass(frozen=True, slots=True)
class _Received:
    edit_id: str
    number: int
    headers: Mapping[str, str]
    body: bytes
    prediction: Prediction


class Webhooks:
    """Gives each attempt an address of its own, which nobody else can guess, and hears what comes there.

    A running prediction is read by its id, once for however many posts. An attempt whose submit was never
    answered gets its name, if the post is signed or the provider itself says that it has our pictures.
    """

    largest = 256 * 1024

    def __init__(
        self,
        public_url: str,
        keyring: Keyring,
        reader: WebhookReader,
        provider: Provider,
        edits: Edits,
        watch: Watch,
    ) -> None:
        self._url = f"{public_url}/wavespeed/"
        self._keyring = keyring
        self._reader = reader
        self._provider = provider
        self._edits = edits
        self._watch = watch
        self._received: asyncio.Queue[_Received] = asyncio.Queue(_MOST_WAITING)
        self._unsigned = 0

    def url(self, attempt: Attempt) -> str:
        """Where the end of an attempt's prediction is to be told."""
        subject = f"{attempt.edit_id}.{attempt.number}"
        return f"{self._url}{subject}.{self._keyring.word(_purpose(subject))}"

    def admit(self, token: str, headers: Mapping[str, str]) -> int:
        """The HTTP status for what has come so far of a request: 200 if its body may be read."""
        subject, _, word = token.rpartition(".")
        return 200 if self._keyring.fits(word, _purpose(subject)) else 404

    async def take(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take an admitted post; the HTTP status to answer. It waits for nothing."""
        edit_id, number, _ = token.rsplit(".", 2)
        prediction = self._reader.prediction(body)
        if prediction is None:
            log.warning("webhook_unreadable", edit=edit_id, bytes=len(body))
            return 200  # once more would not help
        self._watch.hint(prediction.id)
        try:
            self._received.put_nowait(_Received(edit_id, int(number), headers, body, prediction))
        except asyncio.QueueFull:
            return 503
        return 200

    async def run(self) -> None:
        """Look at what was taken, one after the other, until cancelled."""
        while True:
            received = await self._received.get()
            try:
                await self._watch.pass_on(received.prediction.id)
                await self._look(received)
            except WavebrushError as error:  # the listing comes to the same
                log.warning("webhook_failed", edit=received.edit_id, detail=str(error))

    async def _look(self, received: _Received) -> None:
        signed = await self._reader.signed(received.headers, received.body)
        if not signed:
            self._unsigned += 1
            log.warning("webhook_unsigned", edit=received.edit_id, count=self._unsigned)
        attempt = await self._edits.current_attempt(received.edit_id)
        if attempt is None or attempt.number != received.number:
            return
        edit, told = await self._edits.get(attempt.edit_id), received.prediction
        known = attempt.prediction_id == told.id
        if not (_lost(attempt, edit) or (known and edit.state is EditState.UNKNOWN)):
            return
        if not await self._is_ours(edit, attempt, told, signed=signed):
            log.warning("webhook_not_ours", edit=edit.id, signed=signed)
        elif known or await self._edits.named(attempt.id, told.id):
            # Of one that was given up the sweeper sees that nothing works on it.
            found = await self._edits.found(edit.id)
            log.info("submit_told", edit=edit.id, prediction=told.id, found=found)

    async def _is_ours(self, edit: Edit, attempt: Attempt, told: Prediction, *, signed: bool) -> bool:
        """Whether a prediction is the attempt's. Raises ProviderError."""
        if signed and not edit.pictures:  # words alone have no URL of ours to be known by
            return True
        inputs = told.inputs if signed else (await self._provider.result(told.id)).inputs
        return attempt.source_url in json.dumps(inputs)


def _lost(attempt: Attempt, edit: Edit) -> bool:
    """Whether the attempt has no name, and its edit has not ended for good."""
    ended = edit.state.final and edit.state is not EditState.UNKNOWN
    return attempt.state in {AttemptState.OPEN, AttemptState.UNKNOWN} and not ended


def _purpose(subject: str) -> str:
    return f"wavespeed webhook {subject}"
