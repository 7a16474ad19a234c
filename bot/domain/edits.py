"""Requests, edits and attempts as values, and the states they go through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.pictures import Fit, Role
from bot.domain.roles import Decision


class RequestState(StrEnum):
    """The life of a request, before any money."""

    COLLECTING = "collecting"  # parts of an album may still come
    PREPARING = "preparing"
    ASKING = "asking"  # a question to the person is open
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"


class EditState(StrEnum):
    """The life of an edit."""

    HELD = "held"  # accepted and its money set aside
    QUEUED = "queued"
    SUBMITTING = "submitting"  # uploading, and the one paid POST
    RUNNING = "running"
    FINISHING = "finishing"  # downloading, checking, keeping
    DELIVERING = "delivering"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # nobody can tell whether it was bought; the hold stays
    UNDELIVERABLE = "undeliverable"  # paid and kept, but the person can't be reached

    @property
    def final(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in _FINAL


_FINAL = frozenset(
    {
        EditState.DONE,
        EditState.FAILED,
        EditState.CANCELLED,
        EditState.UNKNOWN,
        EditState.UNDELIVERABLE,
    }
)
UNFINISHED = tuple(state for state in EditState if not state.final)
OPEN_REQUESTS = (RequestState.COLLECTING, RequestState.PREPARING, RequestState.ASKING)


class Joined(StrEnum):
    """What became of one part of an album."""

    OPENED = "opened"  # it is the first
    ADDED = "added"
    KNOWN = "known"  # it came before
    LATE = "late"  # the others are being worked on already


class AttemptState(StrEnum):
    """The life of one paid submission."""

    OPEN = "open"  # written before the POST: the provider may have it
    RUNNING = "running"  # the provider named the prediction
    REFUSED = "refused"  # provably not taken
    COMPLETED = "completed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SentPicture:
    """A picture that somebody sent: where to fetch it again, and what it is for.

    Either ``file_id`` (Telegram's) or ``result_of`` (the id of the edit whose kept result it is).
    """

    role: Role = Role.SOURCE
    file_id: str | None = None
    file_unique_id: str | None = None
    result_of: str | None = None
    message_id: int = 0
    as_file: bool = False  # sent as a file, so its bytes are as they were
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer goes: a reply to ``message_id`` in a chat, in its topic."""

    chat_id: int
    message_id: int
    thread_id: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for, before any money. Without pictures: one is to be made from words alone."""

    id: str
    user_id: int
    place: Place
    state: RequestState
    pictures: tuple[SentPicture, ...]
    created_at: datetime
    prompt: str | None = None
    language: str | None = None
    album_id: str | None = None
    addressed: bool = True  # in a group, a part of an album whose caption may still turn to the bot
    decision: Decision = field(default_factory=Decision)
    question_message_id: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """One accepted, priced piece of work and its outcome. Money is micro-US-dollars."""

    id: str
    origin: str  # ``request:<id>:<n>`` or ``button:<id>:<n>``; unique
    user_id: int
    place: Place
    prompt: str
    model: str
    choices: Mapping[str, str]
    pictures: tuple[SentPicture, ...]
    quote: int
    created_at: datetime
    fit: Fit | None = None
    mask_key: str | None = None  # where the mask's plane is kept
    finishing: bool = True  # outside the mask the result is to be the source, pixel for pixel
    delivery: str = "photo"  # one of `bot.domain.preferences.DELIVERIES`
    language: str | None = None
    state: EditState = EditState.HELD
    reason: str | None = None  # the error's key when it failed
    charged: int | None = None
    status_message_id: int | None = None
    result_message_id: int | None = None
    result_file_id: str | None = None  # Telegram's, of the photo that brought the result
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    drift: float | None = None
    batch: str | None = None  # shared by the results that were asked for together

    @property
    def number(self) -> int:
        """Its place among the edits of its origin, from 0."""
        return int(self.origin.rpartition(":")[2])

    @property
    def from_words(self) -> bool:
        """Whether a picture is made from words alone."""
        return not self.pictures

    @property
    def source(self) -> SentPicture:
        """The picture that is changed."""
        return next(picture for picture in self.pictures if picture.role is Role.SOURCE)

    @property
    def pictures_sent(self) -> int:
        """How many of the person's pictures go to the provider as pictures."""
        return sum(picture.role is not Role.MASK for picture in self.pictures)


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where a person has a result: the message, and its photo's ``file_id`` if it is a photo."""

    message_id: int
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One paid submission of an edit. ``source_url`` is unique, so that it can be found again.

    Where nothing is uploaded it is a word of our own, which the provider never sees.
    ``cost`` is what the provider said that it cost, in micro-dollars, where it does say so.
    """

    id: int
    edit_id: str
    number: int
    state: AttemptState
    source_url: str
    opened_at: datetime
    prediction_id: str | None = None
    cost: int | None = None


@dataclass(frozen=True, slots=True)
class KeptResult:
    """A result in our keeping; ``key`` finds its bytes. ``kept_at`` is known once it is written down."""

    edit_id: str
    key: str
    media_type: str
    width: int
    height: int
    drift: float | None = None
    kept_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """A result that is to be delivered: its bytes, and what is charged for it in micro-dollars."""

    edit: Edit
    result: KeptResult
    data: bytes
    charged: int


@dataclass(frozen=True, slots=True)
class ModelSpend:
    """What one model cost a person."""

    model: str
    micros: int
    edits: int


@dataclass(frozen=True, slots=True)
class Spending:
    """A person's money, in micro-dollars."""

    today: int = 0
    month: int = 0
    ever: int = 0
    held: int = 0
    by_model: tuple[ModelSpend, ...] = field(default_factory=tuple)
