"""Reconciling over HTTP with the stand-in, on real rows: drift is found and told, lost pictures go on."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bot.clock import SystemClock
from bot.domain.billing import Disagreement
from bot.domain.catalogue_file import load
from bot.domain.edits import AttemptState, Edit, EditState
from bot.domain.ports import Submission
from bot.domain.timing import Timing
from bot.errors import ProviderDown
from bot.jobs.reconcile import REPORT, TOLD, Ports, Reconcile
from bot.jobs.settling import Settling
from bot.providers.wavespeed import WaveSpeed
from bot.sandbox.serve import serve
from bot.sandbox.wavespeed import WaveSpeedStandIn
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.lists import SqlEditLists
from bot.storage.migrations import upgrade
from bot.storage.notes import SqlNotes
from bot.storage.purchases import SqlPurchases
from tests.fakes import FakeMessenger
from tests.jobs.bench import an_edit
from tests.providers.conftest import KEY, Sandbox, picture

PRICE = 30_000
CHOICES = {"quality": "low"}


class Ahead(SystemClock):
    """The machine's clock, put forward."""

    forward = timedelta()

    def now(self) -> datetime:
        return super().now() + self.forward


class World:
    """A database, an account at the provider, and what compares them."""

    def __init__(self, database: Database, provider: WaveSpeed, sandbox: Sandbox) -> None:
        self.provider, self.sandbox, self.clock = provider, sandbox, Ahead()
        self.edits, self.messenger, self.notes = SqlEdits(database), FakeMessenger(), SqlNotes(database)
        self.settling = Settling(self.edits, SqlAccounts(database), self.messenger, self.clock)
        self.reconcile = Reconcile(
            Ports(
                provider=provider,
                name="wavespeed",
                purchases=SqlPurchases(database),
                edits=self.edits,
                lists=SqlEditLists(database),
                notes=self.notes,
                messenger=self.messenger,
                catalogue=load,
                timing=Timing(),
                clock=self.clock,
            )
        )

    async def bought(self, edit_id: str, **finish: Any) -> str:
        """An edit with a prediction that has ended; the prediction's id."""
        url = await self._accepted(edit_id)
        attempt = await self.edits.open_attempt(edit_id, url, "step", self.clock.now())
        prediction = await self._submit(url)
        await self.edits.named(attempt.id, prediction)
        await self.sandbox.finish(prediction, **finish)
        return prediction

    async def lost(self, edit_id: str, *, taken: bool = True) -> str:
        """An edit whose submit was not answered, given up as unknown; its prediction's id."""
        url = await self._accepted(edit_id)
        await self.edits.open_attempt(edit_id, url, "step", self.clock.now())
        prediction = await self._submit(url) if taken else ""
        await self.settle(edit_id, 0, EditState.UNKNOWN)
        return prediction

    async def lost_words(self, edit_id: str) -> None:
        """The same of a picture from words alone, which the list knows only by what was sent."""
        await self._accepted(edit_id, pictures=(), fit=None, prompt="a fox")
        await self.edits.open_attempt(edit_id, f"words:{edit_id}", "step", self.clock.now())
        await self.settle(edit_id, 0, EditState.UNKNOWN)

    async def created(self) -> str:
        """A prediction of those words that has ended; its id."""
        sibling = load().models["gpt-image-2"].create
        assert sibling is not None
        prediction = (await self.provider.submit(Submission(sibling, "a fox", (), CHOICES))).id
        await self.sandbox.finish(prediction)
        return prediction

    async def settle(self, edit_id: str, charge: int, state: EditState = EditState.DONE) -> None:
        await self.edits.settle(edit_id, state, charge=charge, reason=None, now=self.clock.now())

    async def edit(self, edit_id: str) -> Edit:
        return await self.edits.get(edit_id)

    def told(self) -> list[str]:
        return [key for key, _ in self.messenger.notices]

    async def _accepted(self, edit_id: str, **changes: Any) -> str:
        created = {"created_at": self.clock.now(), "quote": PRICE, "state": EditState.HELD, **changes}
        edit = an_edit(id=edit_id, origin=edit_id, model="gpt-image-2", choices=CHOICES, **created)
        assert await self.edits.accept(edit)
        return await self.provider.upload(picture())

    async def _submit(self, url: str) -> str:
        model = load().models["gpt-image-2"]
        return (await self.provider.submit(Submission(model, "blue", (url,), CHOICES))).id


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("reconcile") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
async def world(migrated: Path, tmp_path: Path) -> AsyncIterator[World]:
    database = Database.open(f"sqlite:///{shutil.copy(migrated, tmp_path / 'app.db')}")
    async with (
        serve(WaveSpeedStandIn(api_key=KEY).app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as control,
        aclosing(WaveSpeed(KEY, base_url=url)) as provider,
    ):
        sandbox = Sandbox(url, control)
        await sandbox.change(hold=True)
        yield World(database, provider, sandbox)
    await database.close()


def hours_later(world: World, hours: float = 4) -> None:
    world.clock.forward += timedelta(hours=hours)


async def test_all_agrees(world: World) -> None:
    """One was charged, one failed and was paid back; nobody is told anything."""
    await world.bought("done")
    await world.settle("done", PRICE)
    await world.bought("failed", status="failed")
    await world.settle("failed", 0, EditState.FAILED)
    hours_later(world)
    report = await world.reconcile.once()
    assert report.agrees
    assert (report.ours, report.billed, report.drift) == (PRICE, PRICE, 0)
    assert await world.reconcile.last() == report
    assert not world.told()


async def test_what_is_younger_than_refunds_take_is_left_out(world: World) -> None:
    """Three hours."""
    await world.bought("done")
    await world.settle("done", 0, EditState.FAILED)
    hours_later(world, 2.9)
    assert (await world.reconcile.once()).billed == 0
    hours_later(world, 0.2)
    assert (await world.reconcile.once()).billed == PRICE


async def test_drift_is_found_and_told_once(world: World) -> None:
    """Billed but not charged, charged but not billed, and a prediction that nobody here bought."""
    await world.bought("uncharged")
    await world.settle("uncharged", 0, EditState.FAILED)
    await world.bought("unbilled", status="failed")
    await world.settle("unbilled", PRICE)
    stranger = await world.lost("lost")
    await world.sandbox.finish(stranger, status="failed")  # found, it would be no stranger
    other = await world._submit(await world.provider.upload(picture()))
    await world.sandbox.finish(other)
    hours_later(world)
    for _ in range(2):
        report = await world.reconcile.once()
    assert report.uncharged == (Disagreement("uncharged", 0, PRICE),)
    assert report.unbilled == (Disagreement("unbilled", PRICE, 0),)
    assert report.strangers == (other,)
    assert report.drift == PRICE  # the stranger's: the two edits balance
    assert world.told() == ["notice-drift"]
    assert world.messenger.notices[0][1]["edits"] == 2


async def test_other_drift_is_told_again(world: World) -> None:
    """And what was set right is forgotten, so that it is told when it comes back."""
    await world.bought("first", status="failed")
    await world.settle("first", PRICE)
    hours_later(world)
    await world.reconcile.once()
    assert await world.settling.refund("first", by=1)
    assert (await world.reconcile.once()).agrees
    assert world.told() == ["notice-drift"]
    hours_later(world, -4)
    await world.bought("second", status="failed")
    await world.settle("second", PRICE)
    hours_later(world)
    await world.reconcile.once()
    assert world.told() == ["notice-drift"] * 2


async def test_what_leaves_the_window_is_no_news(world: World) -> None:
    """Of two that disagree one is older; admins heard of both."""
    await world.bought("first", status="failed")
    await world.settle("first", PRICE)
    hours_later(world, 12)
    await world.bought("second", status="failed")
    await world.settle("second", PRICE)
    hours_later(world)
    assert len((await world.reconcile.once()).unbilled) == 2
    hours_later(world, 14)
    assert len((await world.reconcile.once()).unbilled) == 1
    assert world.told() == ["notice-drift"]


async def test_drift_that_nobody_heard_of_is_told_next_time(world: World) -> None:
    """No admin could be reached."""
    await world.bought("first", status="failed")
    await world.settle("first", PRICE)
    hours_later(world)
    world.messenger.admins_away = True
    await world.reconcile.once()
    world.messenger.admins_away = False
    for _ in range(2):
        await world.reconcile.once()
    assert world.told() == ["notice-drift"]


async def test_what_an_admin_gave_back_is_no_drift(world: World) -> None:
    """It was billed, and they know."""
    await world.bought("done")
    await world.settle("done", PRICE)
    assert await world.settling.refund("done", by=1)
    hours_later(world)
    report = await world.reconcile.once()
    assert (report.agrees, report.drift, report.strangers) == (True, 0, ())


async def test_days_without_the_bot_are_compared_too(world: World) -> None:
    """From where the last comparison ended."""
    first = await world.reconcile.once()
    await world.bought("done")
    await world.settle("done", 0, EditState.FAILED)
    hours_later(world, 3 * 24)
    report = await world.reconcile.once()
    assert report.since == first.until
    assert [one.edit_id for one in report.uncharged] == ["done"]
    hours_later(world, 30 * 24)
    assert (await world.reconcile.once()).since >= world.clock.now() - timedelta(days=7, hours=4)


@pytest.mark.parametrize("text", ['{"since": 1}', '{"a": ', "[]", "{}"])
async def test_a_report_of_another_version(world: World, text: str) -> None:
    """It counts as none, and the next comparison takes its place; so with what was told."""
    for name in (REPORT, TOLD):
        await world.notes.put(name, text, world.clock.now())
    assert await world.reconcile.last() is None
    report = await world.reconcile.once()
    assert await world.reconcile.last() == report


async def test_a_clock_that_was_ahead(world: World) -> None:
    """Once it is put back, the next comparison comes within the beat all the same."""
    hours_later(world, 1000)
    await world.reconcile.once()
    hours_later(world, -1000)
    assert await world.reconcile._due() == Timing().books_beat


async def test_a_lost_submit_that_is_there_after_all(world: World) -> None:
    """Its edit runs again under that prediction, with its hold untouched: its picture comes."""
    prediction = await world.lost("lost")
    await world.sandbox.finish(prediction)
    await world.reconcile.once()
    edit, attempt = await world.edit("lost"), await world.edits.current_attempt("lost")
    assert (edit.state, edit.charged, edit.ended_at) == (EditState.RUNNING, None, None)
    assert attempt is not None
    assert (attempt.state, attempt.prediction_id) == (AttemptState.RUNNING, prediction)
    await world.settle("lost", PRICE)
    hours_later(world)
    assert (await world.reconcile.once()).agrees


async def test_an_unknown_one_whose_prediction_has_a_name(world: World) -> None:
    """It is read by its name, and nothing is listed; one that the provider forgot stays as it is."""
    name = await world.bought("named")
    await world.settle("named", 0, EditState.UNKNOWN)
    await world.lost("forgotten", taken=False)
    attempt = await world.edits.current_attempt("forgotten")
    assert attempt is not None
    await world.edits.named(attempt.id, "task-nobody-knows")
    await world.reconcile.once()
    states = [(await world.edit(edit_id)).state for edit_id in ("named", "forgotten")]
    assert states == [EditState.RUNNING, EditState.UNKNOWN]
    paths = [call["path"] for call in await world.sandbox.see("calls")]
    assert paths.count(f"/api/v3/predictions/{name}/result") == 1
    assert "/api/v3/predictions" not in paths


async def test_the_list_that_cant_be_read_now(world: World) -> None:
    """What is lost is looked for the next time; the books are compared all the same."""
    await world.sandbox.finish(await world.lost("lost"))
    await world.sandbox.fault("/api/v3/predictions", "status", status=503)
    with capture_logs() as logs:
        report = await world.reconcile.once()
    assert await world.reconcile.last() == report
    assert [entry["edit"] for entry in logs if entry["event"] == "unknown_not_looked_for"] == ["lost"]
    assert (await world.edit("lost")).state is EditState.UNKNOWN


async def test_a_lost_submit_that_stays_lost(world: World) -> None:
    """One that the provider never had, one that still runs there, and one older than its memory."""
    await world.lost("never", taken=False)
    await world.lost("running")
    await world.reconcile.once()
    states = {name: (await world.edit(name)).state for name in ("never", "running")}
    assert set(states.values()) == {EditState.UNKNOWN}
    old = await world.lost("old")
    await world.sandbox.finish(old)
    hours_later(world, 7 * 24 + 1)
    await world.reconcile.once()
    assert (await world.edit("old")).state is EditState.UNKNOWN


async def test_lost_words_are_found_by_what_was_sent(world: World) -> None:
    """Of two that were lost one is found, since there is one prediction; and none before its time."""
    await world.lost_words("first")
    await world.lost_words("second")
    prediction = await world.created()
    await world.reconcile.once()
    assert {(await world.edit(name)).state for name in ("first", "second")} == {EditState.UNKNOWN}
    hours_later(world)
    await world.reconcile.once()
    attempts = [await world.edits.current_attempt(name) for name in ("first", "second")]
    named = [attempt.edit_id for attempt in attempts if attempt and attempt.prediction_id == prediction]
    assert len(named) == 1
    states = {(await world.edit(name)).state for name in ("first", "second") if name not in named}
    assert states == {EditState.UNKNOWN}
    assert (await world.edit(named[0])).state is EditState.RUNNING


async def test_settled_by_an_admin_before(world: World) -> None:
    """Who decided first wins: it is not charged, and stays so."""
    prediction = await world.lost("lost")
    assert await world.settling.unknown("lost", charged=False, by=1)
    await world.sandbox.finish(prediction)
    await world.reconcile.once()
    assert (await world.edit("lost")).state is EditState.FAILED


async def test_the_account_cant_be_read(world: World) -> None:
    """Who asks is told so; the last report stays."""
    report = await world.reconcile.once()
    await world.sandbox.fault("/api/v3/billings/search", "status", status=503)
    with pytest.raises(ProviderDown):
        await world.reconcile.once()
    assert await world.reconcile.last() == report
