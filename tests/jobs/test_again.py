"""Edits from buttons: one for each button, asked about when dear, made again of what is still kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.domain.catalogue_file import load
from bot.domain.edits import Edit, EditState, KeptResult, Place, SentPicture
from bot.domain.ports import Stage
from bot.domain.preferences import Preferences
from bot.domain.timing import Timing
from bot.errors import AccountEmpty, IntakePaused, PictureGone, Refused
from bot.jobs.again import Again, Dear, Wish
from bot.jobs.doors import Doors
from bot.jobs.quoting import Quotes
from tests.fakes import FakeBlobs, FakeEdits, FakeMessenger, FakeProvider, Turns
from tests.fakes_of_storage import FakeNotes
from tests.jobs.bench import an_edit
from tests.virtual_time import LoopClock

HERE = Place(9, 77, thread_id=3)


@dataclass
class Press:
    """One finished edit of 63 000 micro-dollars, and the button under its result."""

    edits: FakeEdits = field(default_factory=FakeEdits)
    blobs: FakeBlobs = field(default_factory=FakeBlobs)
    messenger: FakeMessenger = field(default_factory=FakeMessenger)
    chosen: Preferences = field(default_factory=Preferences)
    provider: FakeProvider = field(default_factory=FakeProvider)
    notes: FakeNotes = field(default_factory=FakeNotes)
    enqueued: list[str] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.edit = an_edit(state=EditState.DONE, result_message_id=77, charged=63_000, **self.changes)
        self.edits.edits[self.edit.id] = self.edit
        self.again = Again(
            self,  # type: ignore[arg-type] # of people only the settings are asked for
            self.edits,
            self.blobs,
            load,
            Quotes(lambda model: self.provider, self.notes, Timing(), LoopClock()),
            Doors(self.notes, LoopClock()),
            self.messenger,
            self.enqueue,
            LoopClock(),
        )

    async def preferences(self, user_id: int) -> Preferences:
        return self.chosen

    async def enqueue(self, edit_id: str, user_id: int) -> None:
        self.enqueued.append(edit_id)

    async def take(self, step: str = "again", **changes: Any) -> Edit | Dear | None:
        wish = Wish(self.edit, step, "b1", HERE, "de", agreed=63_000)
        return await self.again.take(replace(wish, **changes))


async def test_a_press_is_an_edit_of_its_own() -> None:
    """Held, enqueued, shown; nothing of the first one's outcome sticks to it."""
    press = Press()
    made = await press.take()
    assert isinstance(made, Edit)
    assert press.enqueued == [made.id]
    assert press.messenger.stages == [Stage.QUEUED]
    assert press.edits.edits[made.id].state is EditState.QUEUED
    assert (made.origin, made.place, made.language) == ("button:b1:0", HERE, "de")
    assert (made.charged, made.result_message_id, made.prompt) == (None, None, press.edit.prompt)
    assert await press.take() is None
    assert len(press.enqueued) == 1


@pytest.mark.parametrize(
    ("state", "charged", "works"),
    [
        (EditState.FAILED, 0, True),
        (EditState.CANCELLED, 0, True),
        (EditState.FAILED, 63_000, False),
        (EditState.DONE, 63_000, False),
        (EditState.UNKNOWN, None, False),
        (EditState.RUNNING, None, False),
    ],
)
async def test_a_button_works_again_only_if_it_cost_nothing(
    state: EditState, charged: int | None, works: bool
) -> None:
    """After a failure that was not charged; never while nobody knows."""
    press = Press()
    made = await press.take()
    assert isinstance(made, Edit)
    press.edits.edits[made.id] = replace(press.edits.edits[made.id], state=state, charged=charged)
    again = await press.take()
    assert (again is not None) is works
    if isinstance(again, Edit):
        assert again.origin == "button:b1:1"


async def test_what_is_dear_is_asked_about() -> None:
    """Above the person's amount, or above what the button said; a yes to the very price is enough."""
    press = Press(chosen=Preferences(confirm_above=50_000))
    assert await press.take() == Dear(63_000)
    assert await press.take(confirmed=True, agreed=62_999) == Dear(63_000)
    assert press.enqueued == []
    assert isinstance(await press.take(confirmed=True), Edit)
    cheap = Press(chosen=Preferences(confirm_above=63_000))
    assert isinstance(await cheap.take(), Edit)


async def test_what_is_no_longer_kept_can_not_be_made_again() -> None:
    """The mask, or the result that was edited further; nothing is held."""
    masked = Press(changes={"mask_key": "masks/r1.png"})
    with pytest.raises(PictureGone):
        await masked.take()
    further = Press(changes={"pictures": (SentPicture(result_of="e0"),)})
    with pytest.raises(PictureGone):
        await further.take()
    assert masked.enqueued + further.enqueued == []


async def test_what_is_used_again_is_kept_longer() -> None:
    """The mask and the result that an edit starts from are written anew."""
    press = Press(changes={"mask_key": "masks/r1.png", "pictures": (SentPicture(result_of="e0"),)})
    press.edits.results["e0"] = KeptResult("e0", "e0.png", "image/png", 3, 2)
    press.blobs.kept = {"masks/r1.png": b"mask", "e0.png": b"result"}
    written: list[str] = []
    put = press.blobs.put

    async def noted(key: str, data: bytes) -> None:
        written.append(key)
        await put(key, data)

    press.blobs.put = noted  # type: ignore[method-assign] # only to see what is written
    assert isinstance(await press.take(), Edit)
    assert written == ["masks/r1.png", "e0.png"]


async def test_the_exact_price_is_held() -> None:
    """What the provider says, with what is left to the model at its dearest; and it is agreed to first."""
    press = Press()
    press.provider.quotes = Turns(41_000, 62_000, 61_000)
    edit = await press.take("again")
    assert isinstance(edit, Edit)
    assert edit.quote == 62_000
    dearer = Press()
    dearer.provider.quotes = Turns(64_000)
    assert await dearer.take("again") == Dear(64_000)


@pytest.mark.parametrize(("close", "error"), [("pause", IntakePaused), ("exhaust", AccountEmpty)])
async def test_a_closed_door(close: str, error: type[Refused]) -> None:
    """No press gets through, and none is used up by trying."""
    press = Press()
    doors = Doors(press.notes, LoopClock())
    await (doors.pause(1) if close == "pause" else doors.exhaust("wavespeed", 1))
    with pytest.raises(error):
        await press.take("again")
    assert not press.enqueued
    await doors.resume()
    for balance in (0, 1):
        await doors.refill(balance)
    assert isinstance(await press.take("again"), Edit)
