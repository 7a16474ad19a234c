"""What the layers above need of the layers beside them, as Protocols; `bot.app` plugs them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.budgets import Day
from bot.domain.catalogue import Model
from bot.domain.edits import (
    Delivered,
    Edit,
    Ready,
    Request,
    SentPicture,
)
from bot.domain.live import LiveModels
from bot.domain.pictures import Encoded, Finished, Fit, Inspection, Recognised, WireMask
from bot.domain.roles import Question
from bot.errors import PredictionFailed, WavebrushError

# --- the provider --------------------------------------------------------------------------------------


class PredictionStatus(StrEnum):
    """Where a prediction is. Everything that is not known to be an end is still running."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Submission:
    """What is bought: a model's inputs, pictures as URLs that the provider gave for our uploads.

    ``markup`` is a transparent picture of notes drawn over the source; with a mask it is left out.
    ``webhook`` is where the provider may tell of the end, if it does such things.
    """

    model: Model
    prompt: str
    pictures: tuple[str, ...]
    choices: Mapping[str, str]
    mask: str | None = None
    markup: str | None = None
    webhook: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """A submitted task as the provider tells of it.

    ``outputs`` are URLs or naked base64; ``failure`` says why it failed; ``inputs`` is the raw JSON of
    what was sent, where it was asked for; ``cost`` is what the provider itself says that it cost, in
    micro-dollars, where it does; ``endpoint`` and ``created_at`` are the model's id and the time by the
    provider's clock, where it tells them.
    """

    id: str
    status: PredictionStatus
    outputs: tuple[str, ...] = ()
    failure: PredictionFailed | None = None
    inputs: Any = None
    cost: int | None = None
    endpoint: str | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Billing:
    """One entry of the provider's own account: what a prediction cost, or (negative) was given back."""

    id: str
    micros: int
    at: datetime
    prediction_id: str | None = None


class Provider(Protocol):
    """A server that edits pictures for money. Every method raises the `bot.errors.ProviderError` tree."""

    @property
    def searchable(self) -> bool:
        """Whether it lists its predictions, so that one whose submit was not answered can be found."""
        ...

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

    async def live_models(self) -> LiveModels | None:
        """All models that the provider has now; None where it keeps no list of them."""
        ...

    async def balance(self) -> int:
        """What is left on the account, in micro-dollars."""
        ...

    async def quote(self, submission: Submission) -> int | None:
        """What a submission will cost, in micro-dollars, for free; None where it can't be asked."""
        ...

    async def billings(self, since: datetime, until: datetime) -> list[Billing]:
        """The provider's own account of a window, over all pages (bounded); empty where it keeps none."""
        ...


class WebhookReader(Protocol):
    """Reads what a provider posts to our webhook."""

    def prediction(self, body: bytes) -> Prediction | None:
        """What a body says; None if it can't be read."""
        ...

    async def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the body was signed by the provider, a moment ago."""
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

    async def check(self, recognised: Recognised) -> None:
        """Refuse a region of nothing or of everything. Raises MaskEmpty, MaskEverything."""
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

    async def before_after(self, source: bytes, result: bytes) -> Encoded:
        """The source and the result beside each other, as a JPEG. Raises PictureRefused."""
        ...

    async def chart(self, days: Sequence[Day], title: str) -> Encoded:
        """A bar for each day, oldest first and none left out, under a short title."""
        ...


class PictureSource(Protocol):
    """Fetches what somebody sent."""

    async def fetch(self, picture: SentPicture) -> bytes:
        """The bytes. Raises PictureGone, PictureTooHeavy, MessengerBusy."""
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

    async def ask(self, request: Request, question: Question, shown: Encoded | None = None) -> int | None:
        """Ask with buttons, under a picture if there is one to show; the question's message id."""
        ...

    async def refuse(self, request: Request, error: WavebrushError) -> None:
        """Say why nothing comes of a request."""
        ...

    async def moved(self, request: Request, gone: str, title: str, price: str) -> None:
        """Say that a model is gone, and which takes over at which price; the request goes on."""
        ...

    async def spared(self, request: Request, title: str, left: int) -> None:
        """Say that a cheaper model than usual is used, since a limit leaves only so many micro-dollars."""
        ...

    def progress(
        self, edit: Edit, stage: Stage, expected_seconds: float | None = None, place: int | None = None
    ) -> None:
        """Show where an edit is, calmly; in a line, its place (1: it is next) and how long that may take."""
        ...

    async def deliver(
        self, ready: Sequence[Ready], failed: Sequence[Edit], seconds: float
    ) -> Mapping[str, Delivered]:
        """Reply with a picture, or with several of one batch in an album; where they are, by their edits.

        Args:
            ready: at least one; what does not fit in with the others may be left out, but not all.
            failed: those of the batch that ended without a picture, to be told with it.
            seconds: how long it took since they were asked for.

        Raises:
            PersonUnreachable: it can't be delivered. MessengerBusy: worth trying again.
        """
        ...

    async def end(self, edit: Edit, error: WavebrushError | None = None) -> None:
        """Take the status message away; with an error, reply with its sentence."""
        ...

    async def tell_admins(self, key: str, **values: str | int) -> bool:
        """Send every admin the sentence ``key``, filled in; whether any was reached."""
        ...
