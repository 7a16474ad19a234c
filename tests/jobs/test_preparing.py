"""Preparing on real rows: whatever goes wrong, a person gets an answer, and no question is lost."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.domain.access import Policy, Rules, Standing
from bot.domain.budgets import USER_DAY
from bot.domain.catalogue_file import load
from bot.domain.edits import EditState, Place, Request, RequestState
from bot.domain.timing import Timing
from bot.errors import (
    IntakePaused,
    MessengerBusy,
    NotServed,
    OverBudget,
    PictureGone,
    StorageBusy,
    WavebrushError,
)
from bot.jobs.admitting import Admitting
from bot.jobs.choosing import Choosing
from bot.jobs.deciding import Deciding
from bot.jobs.doors import Doors
from bot.jobs.patience import PatientPictures
from bot.jobs.preparing import Ports, Preparing
from bot.jobs.quoting import Quotes
from bot.storage.access import SqlAccess
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.migrations import upgrade
from bot.storage.requests import SqlRequests
from tests.fakes import FakeBlobs, FakeImaging, FakeMessenger, FakeProvider, Turns
from tests.fakes_of_storage import FakeNotes, FakePeople, FakePictures
from tests.jobs.bench import SOURCE
from tests.virtual_time import START, SetClock, cancelled

TIMING = Timing()
PATIENCE = 10.0


@dataclass
class Messenger(FakeMessenger):
    """Remembers the questions and refusals, and what the request was while its person was told."""

    requests: SqlRequests | None = None
    questions: Turns[int | None] = field(default_factory=lambda: Turns(70))
    refusals: list[tuple[WavebrushError, RequestState]] = field(default_factory=list)

    async def ask_prompt(self, request: Request) -> int | None:
        return self.questions.take()

    async def refuse(self, request: Request, error: WavebrushError) -> None:
        assert self.requests is not None
        found = await self.requests.get(request.id)
        assert found is not None
        self.refusals.append((error, found.state))


class World:
    """A database with one request that is due, and preparing around it."""

    def __init__(self, database: Database) -> None:
        self.requests, self.edits = SqlRequests(database), SqlEdits(database)
        self.accounts, self.access = SqlAccounts(database), SqlAccess(database)
        self.messenger = Messenger(requests=self.requests)
        self.pictures, self.clock = FakePictures(), SetClock()
        self.enqueued: list[str] = []
        self.enqueues: Turns[None] = Turns(None)
        imaging, blobs = FakeImaging(), FakeBlobs()
        self.provider, notes = FakeProvider(), FakeNotes()
        self.doors = Doors(notes, self.clock)
        quotes = Quotes(lambda model: self.provider, notes, TIMING, self.clock)
        people = self.people = FakePeople()
        patient = PatientPictures(self.pictures, TIMING.faster(1000), self.clock)
        self.decide = Deciding(people, imaging, patient, blobs, load, quotes)
        self.preparing = Preparing(
            Ports(
                requests=self.requests,
                edits=self.edits,
                imaging=imaging,
                pictures=patient,
                messenger=self.messenger,
                choose=Choosing(people, self.accounts, load, self.doors, self.messenger, self.clock),
                decide=self.decide,
                doors=self.doors,
                admit=Admitting(Rules(Policy.OPEN), self.access),
                enqueue=self._enqueue,
                timing=TIMING,
                clock=self.clock,
            )
        )

    async def asked_for(self, prompt: str | None = "make it blue") -> None:
        """Somebody sends a picture."""
        place = Place(1001, 5)
        request = Request("r1", 1001, place, RequestState.COLLECTING, (SOURCE,), START, prompt=prompt)
        await self.requests.open(request, START)

    async def request(self) -> Request:
        """As it is now."""
        found = await self.requests.get("r1")
        assert found is not None
        return found

    async def until(self, state: RequestState) -> Request:
        """Wait until it has come so far."""
        async with asyncio.timeout(PATIENCE):
            while (found := await self.request()).state is not state:  # noqa: ASYNC110 - rows have no event
                await asyncio.sleep(0.002)
        return found

    async def lease_over(self) -> None:
        """Let the time pass that a process has for a request."""
        self.clock.pass_(TIMING.request_lease + 1)
        self.preparing.nudge()

    @asynccontextmanager
    async def preparing_runs(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.preparing.run())
        try:
            yield
            assert not task.done(), "the loop has ended"
        finally:
            await cancelled(task)

    async def _enqueue(self, edit_id: str, user_id: int) -> None:
        self.enqueues.take()
        self.enqueued.append(edit_id)


async def until(happens: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not happens():  # noqa: ASYNC110 - the fakes have no event for it
            await asyncio.sleep(0.002)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("preparing") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
async def world(migrated: Path, tmp_path: Path) -> AsyncIterator[World]:
    database = Database.open(f"sqlite:///{shutil.copy(migrated, tmp_path / 'app.db')}")
    yield World(database)
    await database.close()


async def test_a_request_becomes_an_edit_that_is_enqueued(world: World) -> None:
    """Its money held, once."""
    await world.asked_for()
    async with world.preparing_runs():
        await world.until(RequestState.ACCEPTED)
        await until(lambda: world.enqueued)
    assert world.messenger.refusals == []
    assert world.messenger.spares == []
    assert (await world.edits.get(world.enqueued[0])).prompt == "make it blue"


async def test_who_is_refused_is_told_before_the_request_is_closed(world: World) -> None:
    """A crash between the two says it twice rather than never."""
    world.pictures.fetches = Turns(PictureGone("404"))
    await world.asked_for()
    async with world.preparing_runs():
        await world.until(RequestState.REFUSED)
    ((error, state),) = world.messenger.refusals
    assert (type(error), state) == (PictureGone, RequestState.PREPARING)


async def test_a_limit_that_leaves_too_little_refuses(world: World) -> None:
    """Only accepting finds that out: it is said as any other refusal, and nothing is held."""
    await world.accounts.set_limit(USER_DAY, 1001, 10_000)
    await world.asked_for()
    async with world.preparing_runs():
        await world.until(RequestState.REFUSED)
    ((error, state),) = world.messenger.refusals
    assert (type(error), state) == (OverBudget, RequestState.PREPARING)
    assert {"which": "user-day", "left": "$0.01"}.items() <= error.params.items()
    assert await world.accounts.movements(START.date()) == []


async def test_a_cheaper_model_than_usual_is_said(world: World) -> None:
    """Who chose none gets what the limit pays for, and hears why; with enough left nothing is said."""
    await world.accounts.set_limit(USER_DAY, 1001, 50_000)
    await world.asked_for()
    async with world.preparing_runs():
        await world.until(RequestState.ACCEPTED)
        await until(lambda: world.messenger.spares)
    edit = await world.edits.get(world.enqueued[0])
    assert world.messenger.spares == [(load().models[edit.model].title, 50_000)]
    assert edit.model != load().for_person(None).name


@pytest.mark.parametrize(("standing", "said"), [(Standing.DENIED, True), (Standing.BLOCKED, False)])
async def test_who_was_shut_out_meanwhile_gets_nothing(world: World, standing: Standing, said: bool) -> None:
    """Their request passed the gate before: it is refused in words, or in silence if they were told that."""
    await world.asked_for()
    await world.access.decide(1001, standing, 1, START)
    if not said:
        await world.access.told(1001)
    async with world.preparing_runs():
        await world.until(RequestState.REFUSED)
    assert [type(error) for error, _ in world.messenger.refusals] == ([NotServed] if said else [])
    assert await world.accounts.movements(START.date()) == []


async def test_a_mistake_of_ours_is_answered_and_closed(world: World) -> None:
    """Nobody waits for an answer that never comes; the loop goes on, and the mistake is not repeated."""
    world.pictures.fetches = Turns(ZeroDivisionError())
    await world.asked_for()
    async with world.preparing_runs():
        await world.until(RequestState.REFUSED)
        await until(lambda: world.messenger.refusals)
        await world.lease_over()
        assert await world.requests.next_due() is None
    ((error, state),) = world.messenger.refusals
    # Closed first: were it accepted already, "you were not charged" would not be true.
    assert (error.key, state) == ("error-internal", RequestState.REFUSED)
    assert world.pictures.fetches.taken == 1


@pytest.mark.parametrize("prompt", ["make it blue", None])
async def test_a_picture_that_does_not_come_is_asked_for_again(world: World, prompt: str | None) -> None:
    """Telegram has trouble for a moment: nobody waits for the lease, whether or not words are there."""
    world.pictures.fetches = Turns(MessengerBusy("502"), MessengerBusy("502"), b"original")
    await world.asked_for(prompt)
    async with world.preparing_runs():
        await world.until(RequestState.ACCEPTED if prompt else RequestState.ASKING)
    assert world.messenger.refusals == []


async def test_what_may_work_later_is_tried_again_when_its_lease_is_over(world: World) -> None:
    """Telegram asks to wait for long: nobody is refused for it."""
    busy = MessengerBusy("429")
    busy.retry_after = TIMING.request_fetch
    world.pictures.fetches = Turns(busy, b"original")
    await world.asked_for()
    async with world.preparing_runs():
        await until(lambda: world.pictures.fetches.taken)
        assert (await world.request()).state is RequestState.PREPARING
        await world.lease_over()
        await world.until(RequestState.ACCEPTED)
    assert world.messenger.refusals == []


async def test_a_question_that_could_not_be_shown_is_asked_again(world: World) -> None:
    """When the lease is over; once it is shown, its message is remembered and it is asked no more."""
    world.messenger.questions = Turns(None, 71)
    await world.asked_for(prompt=None)
    async with world.preparing_runs():
        await until(lambda: world.messenger.questions.taken == 1)
        assert (await world.until(RequestState.ASKING)).question_message_id is None
        await world.lease_over()
        await until(lambda: world.messenger.questions.taken == 2)
        async with asyncio.timeout(PATIENCE):
            while (await world.request()).question_message_id != 71:  # noqa: ASYNC110 - rows have no event
                await asyncio.sleep(0.002)
        assert await world.requests.next_due() is None
    assert world.messenger.questions.taken == 2


async def test_an_edit_that_could_not_be_enqueued_is_left_to_the_sweeper(world: World) -> None:
    """It is accepted and its money held: it is not refused, and not accepted a second time."""
    world.enqueues = Turns(StorageBusy("locked"))
    await world.asked_for()
    async with world.preparing_runs():
        await world.until(RequestState.ACCEPTED)
        await until(lambda: world.enqueues.taken)
        await world.lease_over()
    (edit,) = await world.edits.unfinished_of(1001)
    assert edit.state is EditState.HELD
    assert world.messenger.refusals == []


async def test_a_closed_door_refuses(world: World) -> None:
    """An admin paused the bot: nothing is fetched, and the person hears why."""
    await world.doors.pause(by=1)
    await world.asked_for()
    async with world.preparing_runs():
        await until(lambda: world.messenger.refusals)
    [(error, _)] = world.messenger.refusals
    assert isinstance(error, IntakePaused)
    assert not world.pictures.fetches.taken


async def test_the_exact_price_is_held(world: World) -> None:
    """And not the table's."""
    world.provider.quotes = Turns(58_000)
    await world.asked_for()
    async with world.preparing_runs():
        await until(lambda: world.enqueued)
    assert (await world.edits.get(world.enqueued[0])).quote == 58_000
