"""The real engine on a real SQLite file: what a workflow does once stays done, also over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dbos import DBOS

from bot.clock import SystemClock
from bot.domain.edits import AttemptState, EditState
from bot.domain.timing import Timing
from bot.errors import StorageBusy, Throttled
from bot.jobs import workflow
from bot.jobs.engine import Engine
from tests.fakes import FakeProvider, Turns, completed, running
from tests.jobs.bench import Bench, an_edit
from tests.virtual_time import cancelled

TIMING = Timing().faster(100)
PATIENCE = 20.0


class Later(SystemClock):
    """Two days from now."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=2)


def a_bench(provider: FakeProvider | None = None) -> Bench:
    bench = Bench(provider=provider or FakeProvider(listings=Turns([completed("p1")])), timing=TIMING)
    for edit_id in ("e1", "e2"):
        bench.edits.edits[edit_id] = an_edit(id=edit_id, state=EditState.HELD)
    return bench


@asynccontextmanager
async def engine(folder: Path, bench: Bench, clock: SystemClock | None = None) -> AsyncIterator[Engine]:
    """An engine that runs, as the bot starts and stops it."""
    url = f"sqlite:///{folder / 'engine.sqlite'}"
    work = workflow.build(bench.steps, TIMING)
    opened = Engine(url, "test", work, replace(TIMING, engine_poll=0.01), clock or SystemClock())
    watching = asyncio.create_task(bench.watch.run())
    try:
        await opened.launch()
        yield opened
    finally:
        await opened.stop(1.0)
        await cancelled(watching)
        DBOS.destroy(destroy_registry=True)


async def until(happens: Callable[[], object]) -> None:
    """Let the engine work until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not happens():
            await asyncio.sleep(0.002)


async def test_an_edit_goes_through_its_steps_once(tmp_path: Path) -> None:
    """From the upload to the charge, by the engine's own order."""
    bench = a_bench()
    async with engine(tmp_path, bench) as running_engine:
        await running_engine.enqueue("e1", 1001)
        await until(lambda: bench.edit.state.final)
    assert bench.outcome == (EditState.DONE, 63_000)
    assert [stage.value for stage in bench.messenger.stages] == [
        "uploading",
        "editing",
        "finishing",
        "sending",
    ]
    assert len(bench.provider.submitted) == len(bench.messenger.delivered) == 1


async def test_an_edit_that_is_enqueued_twice_runs_once(tmp_path: Path) -> None:
    """Before it ran and after."""
    bench = a_bench()
    async with engine(tmp_path, bench) as running_engine:
        await running_engine.enqueue("e1", 1001)
        await running_engine.enqueue("e1", 1001)
        await until(lambda: bench.edit.state.final)
        await running_engine.enqueue("e1", 1001)
        await running_engine.enqueue("e2", 1001)
        await until(lambda: bench.edits.edits["e2"].state.final)
    assert len(bench.provider.submitted) == 2
    assert [edit.id for edit, _ in bench.messenger.ends] == ["e1", "e2"]


async def test_a_throttled_edit_comes_again_with_new_uploads(tmp_path: Path) -> None:
    """Each attempt has a picture of its own."""
    submits = Turns(Throttled("429", retry_after=0.01), running("p1"))
    bench = a_bench(FakeProvider(submits=submits, listings=Turns([completed("p1")])))
    async with engine(tmp_path, bench) as running_engine:
        await running_engine.enqueue("e1", 1001)
        await until(lambda: bench.edit.state.final)
    assert bench.outcome == (EditState.DONE, 63_000)
    assert [attempt.source_url for attempt in bench.edits.attempts] == ["https://up/1", "https://up/2"]


async def test_a_step_that_storage_interrupts_is_repeated(tmp_path: Path) -> None:
    """And the ones before it are not."""
    bench = a_bench(
        FakeProvider(downloads=Turns(StorageBusy("full"), b"raw"), listings=Turns([completed("p1")]))
    )
    async with engine(tmp_path, bench) as running_engine:
        await running_engine.enqueue("e1", 1001)
        await until(lambda: bench.edit.state.final)
    assert bench.outcome == (EditState.DONE, 63_000)
    assert len(bench.provider.submitted) == len(bench.provider.uploaded) == 1


async def test_a_submit_that_breaks_is_not_repeated(tmp_path: Path) -> None:
    """A mistake of ours in the one step that pays: the edit is unknown, and nothing is posted again."""
    bench = a_bench(FakeProvider(submits=Turns(ZeroDivisionError())))
    async with engine(tmp_path, bench) as running_engine:
        await running_engine.enqueue("e1", 1001)
        await until(lambda: bench.edit.state.final)
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert len(bench.provider.submitted) == 1


async def test_a_restart_goes_on_where_the_last_run_stopped(tmp_path: Path) -> None:
    """The prediction that was bought is waited for, and none is bought again."""
    bench = a_bench(FakeProvider(listings=Turns([running("p1")])))
    async with engine(tmp_path, bench) as running_engine:
        await running_engine.enqueue("e1", 1001)
        await until(lambda: bench.provider.listed_since)
    assert bench.attempt.state is AttemptState.RUNNING
    bench.provider.listings = Turns([completed("p1")])
    async with engine(tmp_path, bench):
        await until(lambda: bench.edit.state.final)
    assert bench.outcome == (EditState.DONE, 63_000)
    assert len(bench.provider.submitted) == len(bench.provider.uploaded) == 1


async def test_finished_workflows_are_forgotten_after_a_day(tmp_path: Path) -> None:
    """Not before, and the edit of a forgotten one stays as it ended."""
    bench = a_bench()
    async with engine(tmp_path, bench) as running_engine:
        await running_engine.enqueue("e1", 1001)
        await until(lambda: bench.edit.state.final)
        assert await running_engine.forget_finished() == 0
    async with engine(tmp_path, bench, Later()) as running_engine:
        assert await running_engine.forget_finished() == 1
        assert await running_engine.forget_finished() == 0
    assert bench.outcome == (EditState.DONE, 63_000)
