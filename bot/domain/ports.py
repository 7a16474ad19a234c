"""What the layers above need of the layers beside them, as Protocols; `bot.app` plugs them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.catalogue import Model
from bot.domain.edits import (
    Attempt,
    AttemptState,
    Edit,
    EditState,
    KeptResult,
    Request,
    RequestState,
    SentPicture,
    Spending,
)
from bot.domain.pictures import Encoded, Finished, Fit, Inspection, Recognised, WireMask
from bot.domain.preferences import Preferences
from bot.errors import PredictionFailed, WavebrushError

# --- the provider --------------------------------------------------------------------------------------


class PredictionStatus(StrEnum):
    """Where a prediction is. Everything that is not known to be an end is still running."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Submission:
    """What is bought: a model's inputs, pictures as URLs that the provider gave for our uploads."""

    model: Model
    prompt: str
    pictures: tuple[str, ...]
    choices: Mapping[str, str]
    mask: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """A submitted task as the provider tells of it.

    ``outputs`` are URLs or naked base64; ``failure`` says why it failed; ``inputs`` is the raw JSON of
    what was sent, where it was asked for.
    """

    id: str
    status: PredictionStatus
    outputs: tuple[str, ...] = ()
    failure: PredictionFailed | None = None
    inputs: Any = None


class Provider(Protocol):
    """A server that edits pictures for money. Every method raises the `bot.errors.ProviderError` tree."""

    async def upload(self, picture: Encoded) -> str:
        """Store a picture with the provider; its URL, new for each call."""
        ...

    async def submit(self, submission: Submission) -> Prediction:
        """Buy one prediction. Never repeated inside.

        Raises:
            NotSent, Throttled, ProviderRefused: provably nothing was bought.
            AnswerLost: it may or may not have been.
        """
        ...

    async def result(self, prediction_id: str) -> Prediction:
        """Read one prediction.

        Raises:
            NoSuchPrediction, ProviderDown, Throttled, ProviderRefused.
        """
        ...

    async def predictions(
        self, since: datetime, until: datetime | None = None, *, inputs: bool = False
    ) -> list[Prediction]:
        """All predictions created in a window, newest first, over all pages (bounded)."""
        ...

    async def download(self, output: str) -> bytes:
        """The bytes of one output of a prediction: a URL's body, or decoded base64.

        Raises:
            ProviderDown: worth repeating. OutputUnusable: not.
        """
        ...

    async def live_endpoints(self) -> frozenset[str]:
        """The ids of all models that the provider has now."""
        ...

    async def balance(self) -> int:
        """What is left on the account, in micro-dollars."""
        ...


# --- pictures -------------------------------------------------------------------------------------------


class Imaging(Protocol):
    """Picture work, done in worker processes. Every method raises ImagingFailed beside what it names."""

    async def inspect(self, data: bytes) -> Inspection:
        """What the header says. Raises PictureRefused."""
        ...

    async def verify(self, data: bytes) -> Inspection:
        """What is there once the whole picture was decoded. Raises PictureRefused."""
        ...

    async def clean(self, data: bytes, fit: Fit | None, *, lossless: bool = False) -> Encoded:
        """A clean re-encode without metadata, laid out by ``fit``. Raises PictureRefused."""
        ...

    async def keep(self, result: bytes, fit: Fit | None) -> Finished:
        """A provider's result verified, its padding removed, losslessly encoded. Raises PictureRefused."""
        ...

    async def finish(self, source: bytes, plane: bytes, result: bytes, fit: Fit | None) -> Finished:
        """A result composited over the source through its mask. Raises PictureRefused."""
        ...

    async def recognise(self, source: bytes, candidate: bytes, *, forced: bool = False) -> Recognised | None:
        """Whether ``candidate`` is a mask of ``source``. Raises MaskRefused, PictureRefused."""
        ...

    async def invert(self, plane: bytes) -> bytes:
        """The other region."""
        ...

    async def overlay(self, source: bytes, plane: bytes) -> Encoded:
        """The region shown over the dimmed picture."""
        ...

    async def for_wire(self, plane: bytes, fit: Fit | None, form: WireMask) -> Encoded:
        """A mask as a provider wants it, the size of the picture sent."""
        ...

    async def as_photo(self, data: bytes) -> Encoded | None:
        """What Telegram's sendPhoto takes; None where the shape is too long for it."""
        ...

    async def as_file(self, data: bytes) -> Encoded:
        """What Telegram's sendDocument takes, lossless where 50 MB allow it."""
        ...


class PictureSource(Protocol):
    """Fetches what somebody sent."""

    async def fetch(self, picture: SentPicture) -> bytes:
        """The bytes. Raises PictureGone, PictureTooHeavy, MessengerBusy."""
        ...


class Blobs(Protocol):
    """Keeps bytes by key for `RESULT_DAYS`."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep durably; the same key again replaces."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The bytes, or None when they are gone."""
        ...


# --- storage --------------------------------------------------------------------------------------------


class Requests(Protocol):
    """The requests, each a durable row."""

    async def open(self, request: Request, due_at: datetime, update_id: int | None = None) -> Request:
        """Insert; if the same message already opened one, that one. Its update is done with it."""
        ...

    async def get(self, request_id: str) -> Request | None: ...

    async def claim_due(self, now: datetime, lease_until: datetime, limit: int) -> list[Request]:
        """Collecting ones whose time has come and preparing ones whose lease ran out, now preparing."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next one is due, if any."""
        ...

    async def asking(self, chat_id: int, user_id: int) -> Request | None:
        """The newest request of this person here that waits for an answer."""
        ...

    async def ask(self, request_id: str, question_message_id: int | None) -> None:
        """preparing → asking."""
        ...

    async def answer(self, request_id: str, prompt: str, due_at: datetime) -> bool:
        """asking → collecting with a prompt; False if it no longer asks."""
        ...

    async def close(self, request_id: str, state: RequestState) -> bool:
        """To refused or expired; False if it was closed already."""
        ...

    async def accept(self, request_id: str, edit: Edit) -> bool:
        """One transaction: hold the money, insert the edit, request accepted. False if done before."""
        ...

    async def expire(self, before: datetime) -> int:
        """Expire open ones created before; how many."""
        ...


class Edits(Protocol):
    """The edits and their attempts. Every change is a compare-and-set, so repeating one is harmless."""

    async def get(self, edit_id: str) -> Edit:
        """Raises KeyError."""
        ...

    async def advance(self, edit_id: str, state: EditState) -> bool:
        """Move on; False if the edit is final already."""
        ...

    async def unfinished(self, created_before: datetime) -> list[Edit]:
        """All that are not final, oldest first."""
        ...

    async def open_attempt(self, edit_id: str, source_url: str, now: datetime) -> Attempt:
        """Write an open attempt with the next number."""
        ...

    async def current_attempt(self, edit_id: str) -> Attempt | None:
        """The newest attempt."""
        ...

    async def named(self, attempt_id: int, prediction_id: str) -> None:
        """The provider named the prediction: the attempt runs, and so does the edit."""
        ...

    async def close_attempt(self, attempt_id: int, state: AttemptState, error: str = "") -> None:
        """The attempt ended."""
        ...

    async def kept(self, result: KeptResult, now: datetime) -> None:
        """A result is in our keeping. The same edit again replaces."""
        ...

    async def result(self, edit_id: str) -> KeptResult | None: ...

    async def set_status_message(self, edit_id: str, message_id: int | None) -> None: ...

    async def delivered(self, edit_id: str, message_id: int) -> None:
        """The person has the picture as this message."""
        ...

    async def settle(
        self, edit_id: str, state: EditState, *, charge: int, reason: str | None, now: datetime
    ) -> bool:
        """One transaction: the final state, the charge, and the rest of the hold released.

        ``unknown`` writes no ledger row: its hold stays. False if the edit was final already.
        """
        ...

    async def typical_seconds(self, model: str, choices: Mapping[str, str]) -> float | None:
        """The median time of the last 50 runs of a model and quality, if there are any."""
        ...


class Ledger(Protocol):
    """Reads of the money."""

    async def spending(self, user_id: int, now: datetime) -> Spending: ...


class People(Protocol):
    """Who uses the bot, and what they chose."""

    async def seen(self, user_id: int, name: str, username: str | None, language: str | None) -> None: ...

    async def preferences(self, user_id: int) -> Preferences: ...

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None: ...


@dataclass(frozen=True, slots=True)
class InboxUpdate:
    """One raw update as Telegram sent it (JSON text)."""

    update_id: int
    lane: int  # updates of one lane are handled in order: the chat's id, or the person's, or 0
    body: str


class Inbox(Protocol):
    """The updates, committed before Telegram is told that we have them."""

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        """Insert those not seen before; how many were new."""
        ...

    async def claim(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[InboxUpdate]:
        """Undone ones that nobody holds, oldest first, now held by ``owner``."""
        ...

    async def done(self, update_id: int, *, readable: bool = True) -> None:
        """Handled (or unreadable): blanked."""
        ...

    async def forget(self, before: datetime) -> int:
        """Delete done ones received before."""
        ...


# --- the person -----------------------------------------------------------------------------------------


class Stage(StrEnum):
    """What is happening to an edit, for its person."""

    QUEUED = "queued"
    UPLOADING = "uploading"
    WAITING_TURN = "waiting-turn"
    EDITING = "editing"
    FINISHING = "finishing"
    SENDING = "sending"


class Messenger(Protocol):
    """Tells people things. Only delivery can fail: the rest is best effort and never raises."""

    async def ask_prompt(self, request: Request) -> int | None:
        """Ask what to change; the question's message id."""
        ...

    async def refuse(self, request: Request, error: WavebrushError) -> None:
        """Say why nothing comes of a request."""
        ...

    def progress(self, edit: Edit, stage: Stage, expected_seconds: float | None = None) -> None:
        """Show where an edit is, calmly."""
        ...

    async def deliver(self, edit: Edit, result: KeptResult, data: bytes, charged: int, seconds: float) -> int:
        """Reply with the picture; the message id.

        Raises:
            PersonUnreachable: it can't be delivered. MessengerBusy: worth trying again.
        """
        ...

    async def end(self, edit: Edit, error: WavebrushError | None = None) -> None:
        """Take the status message away; with an error, reply with its sentence."""
        ...
