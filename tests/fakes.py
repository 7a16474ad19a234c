"""Small stand-ins for our own Protocols, for tests of what stands on them. They keep their calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from bot.domain.budgets import Day
from bot.domain.edits import (
    Attempt,
    AttemptState,
    Delivered,
    Edit,
    EditState,
    KeptResult,
    Ready,
    Request,
)
from bot.domain.live import LiveModels
from bot.domain.pictures import Encoded, Finished, Fit, Inspection, Recognised, Size, WireMask
from bot.domain.ports import Billing, Prediction, PredictionStatus, Stage, Submission
from bot.domain.roles import Question
from bot.domain.stores import EditEnded, OpenedElsewhere
from bot.errors import WavebrushError

T = TypeVar("T")

PNG = Encoded(b"result", "image/png", "png", Size(1536, 1024))


class Turns(Generic[T]):
    """What a call gives, turn by turn: values are returned, errors raised, the last one again and again."""

    def __init__(self, *turns: T | Exception) -> None:
        self.left = deque(turns)
        self.taken = 0

    def take(self) -> T:
        """The next one."""
        self.taken += 1
        turn = self.left.popleft() if len(self.left) > 1 else self.left[0]
        if isinstance(turn, Exception):
            raise turn
        return turn


def running(prediction_id: str, inputs: Any = None) -> Prediction:
    """A prediction that has not ended."""
    return Prediction(prediction_id, PredictionStatus.RUNNING, inputs=inputs)


def completed(prediction_id: str, *outputs: str) -> Prediction:
    """A prediction that has ended well."""
    return Prediction(prediction_id, PredictionStatus.COMPLETED, outputs or (f"https://out/{prediction_id}",))


@dataclass
class FakeProvider:
    """Implements `bot.domain.ports.Provider`: all it answers is set by the test."""

    submits: Turns[Prediction] = field(default_factory=lambda: Turns(running("p1")))
    results: Turns[Prediction] = field(default_factory=lambda: Turns(completed("p1")))
    listings: Turns[list[Prediction]] = field(default_factory=lambda: Turns([]))
    downloads: Turns[bytes] = field(default_factory=lambda: Turns(b"raw"))
    uploads: Turns[None] = field(default_factory=lambda: Turns(None))
    balances: Turns[int] = field(default_factory=lambda: Turns(0))
    quotes: Turns[int | None] = field(default_factory=lambda: Turns(None))
    bills: Turns[list[Billing]] = field(default_factory=lambda: Turns([]))
    quoted: list[Submission] = field(default_factory=list)
    models: Turns[LiveModels | None] = field(default_factory=lambda: Turns(None))
    uploaded: list[Encoded] = field(default_factory=list)
    submitted: list[Submission] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    listed_since: list[datetime] = field(default_factory=list)
    before_submit: Callable[[], None] = lambda: None
    searchable: bool = True

    async def upload(self, picture: Encoded) -> str:
        self.uploads.take()
        self.uploaded.append(picture)
        return f"https://up/{len(self.uploaded)}"

    async def submit(self, submission: Submission) -> Prediction:
        self.before_submit()
        self.submitted.append(submission)
        prediction = self.submits.take()
        again = self.named.count(prediction.id)  # no provider gives a name twice
        self.named.append(prediction.id)
        return replace(prediction, id=f"{prediction.id}.{again}") if again else prediction

    async def result(self, prediction_id: str) -> Prediction:
        self.read.append(prediction_id)
        return replace(self.results.take(), id=prediction_id)

    async def predictions(
        self, since: datetime, until: datetime | None = None, *, inputs: bool = False
    ) -> list[Prediction]:
        self.listed_since.append(since)
        return self.listings.take()

    async def download(self, output: str) -> bytes:
        return self.downloads.take()

    async def live_models(self) -> LiveModels | None:
        return self.models.take()

    async def balance(self) -> int:
        return self.balances.take()

    async def quote(self, submission: Submission) -> int | None:
        self.quoted.append(submission)
        return self.quotes.take()

    async def billings(self, since: datetime, until: datetime) -> list[Billing]:
        return self.bills.take()


@dataclass
class FakeEdits:
    """Implements `bot.domain.stores.Edits` in memory, with the same compare-and-set rules."""

    edits: dict[str, Edit] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    closed: list[tuple[int, AttemptState, str]] = field(default_factory=list)
    results: dict[str, KeptResult] = field(default_factory=dict)
    typical: float | None = None
    busy: Turns[None] = field(default_factory=lambda: Turns(None))
    openers: dict[int, str] = field(default_factory=dict)  # of the attempts

    def change(self, edit_id: str, **changes: Any) -> bool:
        """Change an edit that is not final."""
        if self.edits[edit_id].state.final:
            return False
        self.edits[edit_id] = replace(self.edits[edit_id], **changes)
        return True

    async def get(self, edit_id: str) -> Edit:
        return self.edits[edit_id]

    async def of_result(self, chat_id: int, message_id: int) -> Edit | None:
        return next((edit for edit in self.edits.values() if edit.result_message_id == message_id), None)

    async def advance(self, edit_id: str, state: EditState) -> bool:
        order = list(EditState)
        if order.index(self.edits[edit_id].state) > order.index(state):
            return False
        return self.change(edit_id, state=state)

    async def unfinished(self, created_before: datetime) -> list[Edit]:
        found = [edit for edit in self.edits.values() if not edit.state.final]
        return [edit for edit in found if edit.created_at < created_before]

    async def open_attempt(self, edit_id: str, source_url: str, opener: str, now: datetime) -> Attempt:
        if self.edits[edit_id].state.final:
            raise EditEnded(f"edit {edit_id} is final")
        last = await self.current_attempt(edit_id)
        if last and (self.openers.get(last.id), last.state) == (opener, AttemptState.OPEN):
            return last
        free = last is None or last.state in {AttemptState.REFUSED, AttemptState.FAILED}
        if not free or any(one.source_url == source_url for one in self.attempts):
            raise OpenedElsewhere(source_url)
        self.openers[number := len(self.attempts) + 1] = opener
        self.attempts.append(Attempt(number, edit_id, number, AttemptState.OPEN, source_url, now))
        return self.attempts[-1]

    async def current_attempt(self, edit_id: str) -> Attempt | None:
        return next((attempt for attempt in reversed(self.attempts) if attempt.edit_id == edit_id), None)

    async def named(self, attempt_id: int, prediction_id: str, cost: int | None = None) -> bool:
        self.busy.take()
        known = next(attempt for attempt in self.attempts if attempt.id == attempt_id)
        if known.state not in {AttemptState.OPEN, AttemptState.UNKNOWN}:
            return False
        if any(attempt.prediction_id == prediction_id for attempt in self.attempts):
            return False
        self._attempt(attempt_id, state=AttemptState.RUNNING, prediction_id=prediction_id, cost=cost)
        self.change(known.edit_id, state=EditState.RUNNING)
        return True

    async def found(self, edit_id: str) -> bool:
        if self.edits[edit_id].state is not EditState.UNKNOWN:
            return False
        revived = replace(self.edits[edit_id], state=EditState.RUNNING, ended_at=None)
        self.edits[edit_id] = revived
        return True

    async def close_attempt(self, attempt_id: int, state: AttemptState, error: str = "") -> None:
        self.closed.append((attempt_id, state, error))
        if state is not AttemptState.REFUSED or self._attempt(attempt_id).prediction_id is None:
            self._attempt(attempt_id, state=state)

    async def kept(self, result: KeptResult, now: datetime) -> None:
        self.busy.take()
        self.results[result.edit_id] = replace(result, kept_at=now)

    async def result(self, edit_id: str) -> KeptResult | None:
        return self.results.get(edit_id)

    async def kept_since(self, edit_ids: Sequence[str]) -> dict[str, datetime]:
        found = [self.results[edit_id] for edit_id in edit_ids if edit_id in self.results]
        return {result.edit_id: result.kept_at for result in found if result.kept_at is not None}

    async def set_status_message(self, edit_id: str, message_id: int | None) -> None:
        self.busy.take()
        self.edits[edit_id] = replace(self.edits[edit_id], status_message_id=message_id)

    async def delivered(self, edit_id: str, message_id: int, file_id: str | None = None) -> None:
        self.busy.take()
        changes: dict[str, Any] = {"result_message_id": message_id, "result_file_id": file_id}
        self.edits[edit_id] = replace(self.edits[edit_id], **changes)

    async def accept(self, edit: Edit) -> bool:
        if await self.of_origin(edit.origin) is not None:
            return False
        self.edits[edit.id] = edit
        return True

    async def of_origin(self, origin: str) -> Edit | None:
        return next((edit for edit in self.edits.values() if edit.origin == origin), None)

    async def of_batch(self, batch: str) -> list[Edit]:
        found = [edit for edit in self.edits.values() if edit.batch == batch]
        return sorted(found, key=lambda edit: edit.number)

    async def cancel(self, edit_id: str, now: datetime) -> bool:
        state = EditState.CANCELLED
        return await self.settle(edit_id, state, charge=0, reason=None, now=now, unbought=True)

    async def unfinished_of(self, user_id: int, chat_id: int | None = None) -> list[Edit]:
        return [edit for edit in self.edits.values() if edit.user_id == user_id and not edit.state.final]

    async def unfinished_at(self, chat_id: int, message_id: int) -> list[Edit]:
        found = [edit for edit in self.edits.values() if edit.place.message_id == message_id]
        return [edit for edit in found if not edit.state.final]

    async def done_of(self, user_id: int, limit: int, chat_id: int | None = None) -> list[Edit]:
        made = (EditState.DONE, EditState.UNDELIVERABLE)
        return [edit for edit in self.edits.values() if edit.state in made][:limit]

    async def recent_prompts(self, user_id: int, limit: int, chat_id: int | None = None) -> list[str]:
        return [edit.prompt for edit in self.edits.values()][:limit]

    async def settle(
        self, edit_id: str, state: EditState, *, charge: int, now: datetime, **rest: Any
    ) -> bool:
        self.busy.take()
        last = await self.current_attempt(edit_id)
        free = last is None or last.state in {AttemptState.REFUSED, AttemptState.FAILED}
        if rest.get("only") not in {None, self.edits[edit_id].state} or (rest.get("unbought") and not free):
            return False
        charged = None if state is EditState.UNKNOWN else charge
        return self.change(edit_id, state=state, charged=charged, reason=rest["reason"], ended_at=now)

    async def typical_seconds(self, model: str, choices: Mapping[str, str]) -> float | None:
        return self.typical

    def _attempt(self, attempt_id: int, **changes: Any) -> Attempt:
        place = next(at for at, attempt in enumerate(self.attempts) if attempt.id == attempt_id)
        self.attempts[place] = replace(self.attempts[place], **changes)
        return self.attempts[place]


@dataclass
class FakeImaging:
    """Implements `bot.domain.ports.Imaging`: what it gives tells what it was given."""

    cleaned: list[tuple[bytes, Fit | None]] = field(default_factory=list)
    kept: Turns[Finished] = field(default_factory=lambda: Turns(Finished(PNG, None)))
    finished: list[tuple[bytes, bytes, bytes, Fit | None]] = field(default_factory=list)
    verified: Turns[None] = field(default_factory=lambda: Turns(None))
    photos: Turns[Encoded | None] = field(
        default_factory=lambda: Turns(Encoded(b"photo", "image/jpeg", "jpg", Size(1280, 853)))
    )

    async def inspect(self, data: bytes) -> Inspection:
        return Inspection("JPEG", Size(300, 200), transparent=False)

    async def verify(self, data: bytes) -> Inspection:
        self.verified.take()
        return await self.inspect(data)

    async def clean(self, data: bytes, fit: Fit | None, *, lossless: bool = False) -> Encoded:
        self.cleaned.append((data, fit))
        return Encoded(b"clean " + data, "image/jpeg", "jpg", Size(300, 200))

    async def keep(self, result: bytes, fit: Fit | None) -> Finished:
        return self.kept.take()

    async def finish(self, source: bytes, plane: bytes, result: bytes, fit: Fit | None) -> Finished:
        self.finished.append((source, plane, result, fit))
        return replace(self.kept.take(), drift=3.5)

    async def check(self, recognised: Recognised) -> None:
        return None

    async def recognise(self, source: bytes, candidate: bytes, *, forced: bool = False) -> Recognised | None:
        return None

    async def invert(self, plane: bytes) -> bytes:
        return b"inverted " + plane

    async def overlay(self, source: bytes, plane: bytes) -> Encoded:
        return PNG

    async def for_wire(self, plane: bytes, fit: Fit | None, form: WireMask) -> Encoded:
        return Encoded(b"%s %s" % (form.encode(), plane), "image/png", "png", Size(300, 200))

    async def as_photo(self, data: bytes) -> Encoded | None:
        return self.photos.take()

    async def as_file(self, data: bytes) -> Encoded:
        return Encoded(data, "image/png", "png", Size(1536, 1024))

    async def before_after(self, source: bytes, result: bytes) -> Encoded:
        return Encoded(source + b" | " + result, "image/jpeg", "jpg", Size(600, 200))

    async def chart(self, days: Sequence[Day], title: str) -> Encoded:
        return PNG


@dataclass
class FakeBlobs:
    """Implements `bot.domain.stores.Blobs`."""

    kept: dict[str, bytes] = field(default_factory=dict)

    async def put(self, key: str, data: bytes) -> None:
        self.kept[key] = data

    async def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    async def drop(self, key: str) -> None:
        self.kept.pop(key, None)

    async def purge(self, before: datetime, folder: str | None = None) -> int:
        return 0


@dataclass
class FakeMessenger:
    """Implements `bot.domain.ports.Messenger`: remembers what people were told."""

    stages: list[Stage] = field(default_factory=list)
    places: list[tuple[int, float | None]] = field(default_factory=list)
    ends: list[tuple[Edit, WavebrushError | None]] = field(default_factory=list)
    notices: list[tuple[str, dict[str, str | int]]] = field(default_factory=list)
    admins_away: bool = False  # none can be reached
    moves: list[tuple[str, str, str]] = field(default_factory=list)
    spares: list[tuple[str, int]] = field(default_factory=list)
    deliveries: Turns[int] = field(default_factory=lambda: Turns(77))
    delivered: list[tuple[bytes, int]] = field(default_factory=list)
    together: list[list[str]] = field(default_factory=list)  # each call's edits
    failed: list[list[str]] = field(default_factory=list)
    misfits: set[str] = field(default_factory=set)  # what is left out where there are others

    async def ask_prompt(self, request: Request) -> int | None:
        return None

    async def ask(self, request: Request, question: Question, shown: Encoded | None = None) -> int | None:
        return None

    async def refuse(self, request: Request, error: WavebrushError) -> None:
        return None

    async def moved(self, request: Request, gone: str, title: str, price: str) -> None:
        self.moves.append((gone, title, price))

    async def spared(self, request: Request, title: str, left: int) -> None:
        self.spares.append((title, left))

    def progress(
        self, edit: Edit, stage: Stage, expected_seconds: float | None = None, place: int | None = None
    ) -> None:
        self.stages.append(stage)
        if place is not None:
            self.places.append((place, expected_seconds))

    async def tell_admins(self, key: str, **values: str | int) -> bool:
        if self.admins_away:
            return False
        self.notices.append((key, values))
        return True

    async def deliver(
        self, ready: Sequence[Ready], failed: Sequence[Edit], seconds: float
    ) -> dict[str, Delivered]:
        self.delivered += [(one.data, one.charged) for one in ready]
        self.together.append([one.edit.id for one in ready])
        self.failed.append([edit.id for edit in failed])
        first = self.deliveries.take()
        fitting = [one.edit.id for one in ready if one.edit.id not in self.misfits or len(ready) == 1]
        return {edit_id: Delivered(first + number, "photo") for number, edit_id in enumerate(fitting)}

    async def end(self, edit: Edit, error: WavebrushError | None = None) -> None:
        self.ends.append((edit, error))
