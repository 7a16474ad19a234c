"""One edit and everything that its steps need, all of it in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.catalogue_file import load
from bot.domain.edits import Attempt, AttemptState, Edit, EditState, KeptResult, Place, SentPicture
from bot.domain.pictures import Fit, Role, Size
from bot.domain.ports import Provider
from bot.domain.timing import Timing
from bot.domain.turns import Capacity
from bot.errors import WavebrushError
from bot.jobs.doors import Doors
from bot.jobs.ending import Ports
from bot.jobs.posting import Posting
from bot.jobs.providers import Providers
from bot.jobs.quoting import Quotes
from bot.jobs.steps import Steps
from bot.jobs.turns import Line
from bot.jobs.watch import Watch
from tests.fakes import PNG, FakeBlobs, FakeEdits, FakeImaging, FakeMessenger, FakeProvider
from tests.fakes_of_storage import FakeNotes, FakePictures, FakeTurns, FakeUntold
from tests.virtual_time import START, LoopClock

TIMING = Timing()
FIT = Fit(Size(300, 200), Size(512, 512), (0, 85, 512, 341))
SOURCE = SentPicture(Role.SOURCE, file_id="source", message_id=5)
REFERENCE = SentPicture(Role.REFERENCE, file_id="reference", message_id=6)
MASK = SentPicture(Role.MASK, file_id="mask", message_id=7)


def uploaded(*urls: str, mask: str | None = None) -> str:
    """What the upload step gives to the submit step."""
    return json.dumps({"pictures": urls or ("https://up/1",), "mask": mask})


@dataclass
class Bench:
    """One accepted edit of 63 000 micro-dollars, of gpt-image-1 at its own shape, and the fakes around it."""

    changes: dict[str, Any] = field(default_factory=dict)
    edits: FakeEdits = field(default_factory=FakeEdits)
    provider: FakeProvider = field(default_factory=FakeProvider)
    others: dict[str, Provider] = field(default_factory=dict)
    imaging: FakeImaging = field(default_factory=FakeImaging)
    pictures: FakePictures = field(default_factory=FakePictures)
    blobs: FakeBlobs = field(default_factory=FakeBlobs)
    messenger: FakeMessenger = field(default_factory=FakeMessenger)
    posting: Posting = field(default_factory=Posting)
    notes: FakeNotes = field(default_factory=FakeNotes)
    turns: FakeTurns = field(default_factory=FakeTurns)
    untold: FakeUntold = field(default_factory=FakeUntold)
    capacity: Capacity = field(default_factory=Capacity)
    gone: set[str] = field(default_factory=set)  # models that the provider's list lacks by now
    catalogue: Callable[[], Catalogue] = load
    timing: Timing = TIMING
    clock: Clock = field(default_factory=LoopClock)

    def __post_init__(self) -> None:
        self.watch = Watch(self.provider, self.timing, self.clock)
        self.quotes = Quotes(lambda model: self.provider, self.notes, self.timing, self.clock)
        self.line = Line(self.turns, {"wavespeed": self.capacity}, self.timing, self.clock)
        self.doors = Doors(self.notes, self.clock)
        self.edits.edits["e1"] = an_edit(**self.changes)
        self.steps = Steps(
            Ports(
                edits=self.edits,
                providers=Providers(wavespeed=self.provider, **self.others),
                webhook=lambda attempt: None,
                imaging=self.imaging,
                pictures=self.pictures,
                blobs=self.blobs,
                messenger=self.messenger,
                catalogue=self.catalogue,
                still_live=self._still_live,
                watch=self.watch,
                posting=self.posting,
                quotes=self.quotes,
                line=self.line,
                untold=self.untold,
                doors=self.doors,
                timing=self.timing,
                clock=self.clock,
            )
        )

    async def _still_live(self, name: str) -> bool:
        return name not in self.gone

    @property
    def edit(self) -> Edit:
        """As it is now."""
        return self.edits.edits["e1"]

    @property
    def attempt(self) -> Attempt:
        """The newest."""
        return self.edits.attempts[-1]

    @property
    def told(self) -> list[type[WavebrushError] | None]:
        """How the edit ended, as its person was told: by an error of which class, or well."""
        return [type(error) if error else None for _, error in self.messenger.ends]

    @property
    def outcome(self) -> tuple[EditState, int | None]:
        """The state and the charge."""
        return self.edit.state, self.edit.charged

    def opened(
        self, state: AttemptState = AttemptState.OPEN, prediction_id: str | None = None, ago: float = 0.0
    ) -> Attempt:
        """Put an attempt there, opened some seconds before the test began."""
        opened_at = START.fromtimestamp(START.timestamp() - ago, START.tzinfo)
        number = len(self.edits.attempts) + 1
        attempt = Attempt(number, "e1", number, state, "https://up/1", opened_at, prediction_id)
        self.edits.attempts.append(attempt)
        return attempt

    def running(self, ago: float = 0.0) -> Attempt:
        """Put an attempt there whose prediction the provider named."""
        return self.opened(AttemptState.RUNNING, "p1", ago)

    def keep_result(self) -> None:
        """Put a result into our keeping."""
        self.running()
        self.blobs.kept["e1.png"] = PNG.data
        self.edits.results["e1"] = KeptResult("e1", "e1.png", "image/png", 1536, 1024)


def an_edit(**changes: Any) -> Edit:
    """An accepted edit."""
    values: dict[str, Any] = {
        "id": "e1",
        "origin": "request:r1:0",
        "user_id": 1001,
        "place": Place(1001, 5),
        "prompt": "make it blue",
        "model": "gpt-image-1",
        "choices": {"quality": "medium"},
        "pictures": (SOURCE,),
        "quote": 63_000,
        "created_at": START,
        "fit": FIT,
        "state": EditState.QUEUED,
    }
    return Edit(**{**values, **changes})
