"""The sweeper: what fell between two steps is taken up, what is old is forgotten, each task by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest

from bot.domain.edits import EditState
from bot.domain.stores import Inbox, Requests
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.jobs.admitting import Admitting
from bot.jobs.choosing import Choosing
from bot.jobs.deciding import Deciding
from bot.jobs.doors import Doors
from bot.jobs.engine import Engine
from bot.jobs.housekeeping import Housekeeping
from bot.jobs.preparing import Ports, Preparing
from bot.storage.buttons import SqlButtons
from tests.fakes import FakeBlobs, FakeEdits, FakeImaging, FakeMessenger, Turns
from tests.fakes_of_storage import FakePictures, FakeTurns
from tests.jobs.bench import an_edit
from tests.virtual_time import START, LoopClock, cancelled, in_virtual_time

TIMING = Timing()
DAYS = 90
OLD = START - timedelta(minutes=1)
TASKS = ["expire", "forget", "purge", "blank", "purge buttons", "purge openai", "workflows"]


@dataclass
class World:
    """All that is swept and forgotten; remembers what was called, and when. A ``busy`` task can't be done."""

    edits: FakeEdits = field(default_factory=FakeEdits)
    busy: str = ""
    enqueues: Turns[None] = field(default_factory=lambda: Turns(None))
    calls: list[tuple[str, float]] = field(default_factory=list)
    before: dict[str, datetime] = field(default_factory=dict)
    revived: list[str] = field(default_factory=list)
    enqueued: list[str] = field(default_factory=list)

    async def expire(self, before: datetime) -> int:
        return self._called("expire", before)

    async def forget(self, before: datetime) -> int:
        return self._called("forget", before)

    async def purge(self, before: datetime, folder: str | None = None) -> int:
        return self._called("purge" if folder is None else f"purge {folder}", before)

    async def blank(self, before: datetime) -> int:
        return self._called("blank", before)

    async def forget_finished(self) -> int:
        return self._called("workflows", START)

    async def revive(self, edits: Mapping[str, int]) -> None:
        if self.busy == "revive":
            raise StorageBusy("locked")
        self.revived += edits

    async def enqueue(self, edit_id: str, user_id: int) -> None:
        self.enqueues.take()
        self.enqueued.append(edit_id)

    def times(self, task: str) -> list[float]:
        """When a task was done."""
        return [at for name, at in self.calls if name == task]

    def _called(self, task: str, before: datetime) -> int:
        self.calls.append((task, LoopClock().monotonic()))
        self.before[task] = before
        if task == self.busy:
            raise StorageBusy("locked")
        return 0


class _Blobs(FakeBlobs):
    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    async def purge(self, before: datetime, folder: str | None = None) -> int:
        return await self._world.purge(before, folder)


class _Buttons(SqlButtons):
    def __init__(self, world: World) -> None:
        self._world = world

    async def purge(self, before: datetime) -> int:
        return await self._world.purge(before, "buttons")


def housekeeping(world: World) -> Housekeeping:
    ports = Ports(
        requests=cast(Requests, world),
        edits=world.edits,
        imaging=FakeImaging(),
        pictures=FakePictures(),
        messenger=FakeMessenger(),
        choose=cast(Choosing, None),
        decide=cast(Deciding, None),
        doors=cast(Doors, None),
        admit=cast(Admitting, None),
        enqueue=world.enqueue,
        timing=TIMING,
        clock=LoopClock(),
    )
    return Housekeeping(
        edits=world.edits,
        requests=cast(Requests, world),
        inbox=cast(Inbox, world),
        buttons=_Buttons(world),
        blobs=_Blobs(world),
        result_days=DAYS,
        turns=FakeTurns(),
        preparing=Preparing(ports),
        engine=cast(Engine, world),
        timing=TIMING,
        clock=LoopClock(),
    )


@asynccontextmanager
async def sweeping(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(housekeeping(world).run())
    try:
        yield
        assert not task.done(), "the loop has ended"
    finally:
        await cancelled(task)


def put(world: World, edit_id: str, state: EditState, created_at: datetime = OLD) -> None:
    world.edits.edits[edit_id] = an_edit(id=edit_id, state=state, created_at=created_at)


@in_virtual_time
async def test_what_was_accepted_but_not_enqueued_is_enqueued() -> None:
    """A crash came between the two."""
    world = World()
    put(world, "e1", EditState.HELD)
    await housekeeping(world).sweep()
    assert world.enqueued == ["e1"]
    assert world.edits.edits["e1"].state is EditState.QUEUED
    assert world.revived == []


@pytest.mark.parametrize("state", [state for state in EditState if state is not EditState.HELD])
@in_virtual_time
async def test_what_is_under_way_is_seen_to_have_a_workflow(state: EditState) -> None:
    """What has ended needs none."""
    world = World()
    put(world, "e1", state)
    await housekeeping(world).sweep()
    assert world.revived == ([] if state.final else ["e1"])
    assert world.enqueued == []


@in_virtual_time
async def test_what_was_accepted_just_now_is_left_alone() -> None:
    """Whoever accepted it is about to enqueue it."""
    world = World()
    put(world, "e1", EditState.HELD, START)
    put(world, "e2", EditState.QUEUED, START)
    await housekeeping(world).sweep()
    assert (world.enqueued, world.revived) == ([], [])


@in_virtual_time
async def test_sweeping_goes_on_and_forgetting_comes_once_an_hour() -> None:
    """Both begin at once: the last process may have left something."""
    world = World()
    async with sweeping(world):
        await asyncio.sleep(1)
        assert [name for name, _ in world.calls] == TASKS
        put(world, "e1", EditState.HELD)
        await asyncio.sleep(TIMING.sweep)
        assert world.enqueued == ["e1"]
        await asyncio.sleep(3 * TIMING.forget - TIMING.sweep)
    for task in TASKS:
        assert world.times(task) == [0.0, TIMING.forget, 2 * TIMING.forget, 3 * TIMING.forget]


@in_virtual_time
async def test_each_is_forgotten_at_its_own_age() -> None:
    """Requests and uploads after a day, updates after six, results after what the operator set."""
    world = World()
    async with sweeping(world):
        await asyncio.sleep(1)
    assert world.before["expire"] == START - timedelta(seconds=TIMING.request_expiry)
    assert world.before["forget"] == START - timedelta(seconds=TIMING.inbox_keep)
    for task in ("purge", "blank", "purge buttons"):
        assert world.before[task] == START - timedelta(days=DAYS)
    assert world.before["purge openai"] == START - timedelta(days=1)


@pytest.mark.parametrize("busy", ["revive", *TASKS])
@in_virtual_time
async def test_a_task_that_cannot_be_done_keeps_no_other_from_being_done(busy: str) -> None:
    """Now and at every later time; a busy database does not end the loop."""
    world = World(busy=busy)
    put(world, "e1", EditState.RUNNING)
    async with sweeping(world):
        await asyncio.sleep(1.5 * TIMING.forget)
        for task in TASKS:
            assert len(world.times(task)) == 2
        assert bool(world.revived) == (busy != "revive")


@in_virtual_time
async def test_what_could_not_be_enqueued_is_enqueued_at_a_later_sweep() -> None:
    """The engine's database is busy for a while."""
    world = World(enqueues=Turns(StorageBusy("locked"), StorageBusy("locked"), None))
    put(world, "e1", EditState.HELD)
    async with sweeping(world):
        await asyncio.sleep(1.5 * TIMING.sweep)
        assert world.enqueued == []
        await asyncio.sleep(TIMING.sweep)
    assert world.enqueued == ["e1"]
    assert world.edits.edits["e1"].state is EditState.QUEUED
