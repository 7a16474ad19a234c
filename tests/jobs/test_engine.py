"""The real engine on a real SQLite file: what a workflow does once stays done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.edits import EditState
from bot.errors import StorageBusy, Throttled
from bot.jobs import engine
from tests.fakes import Turns, completed, running
from tests.jobs.engine_bench import PATIENCE, Works, an_engine, watching


@pytest.fixture(scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Works]:
    """One engine for all tests here: it takes seconds to start and stop."""
    async with an_engine(tmp_path_factory.mktemp("engine")) as works, watching(works):
        yield works


@pytest.fixture
def works(started: Works) -> Works:
    """The engine, with a provider that does what it should."""
    provider = started.bench.provider
    provider.submits, provider.downloads = Turns(running("p1")), Turns(b"raw")
    provider.listings = Turns([completed("p1")])
    started.bench.messenger.stages.clear()
    return started


async def test_an_edit_goes_through_its_steps_once(works: Works) -> None:
    """From the upload to the charge, in this order."""
    edit_id = await works.accepted()
    edit = await works.done(edit_id)
    assert (edit.state, edit.charged) == (EditState.DONE, 63_000)
    stages = [stage.value for stage in works.bench.messenger.stages]
    assert stages == ["uploading", "editing", "finishing", "sending"]
    assert works.posts(edit_id) == works.ends(edit_id) == 1


async def test_an_edit_that_is_enqueued_again_runs_once(works: Works) -> None:
    """While it runs, and after it has ended: the sweeper may do so at any time."""
    edit_id = await works.accepted()
    await works.engine.enqueue(edit_id, 1001)
    await works.done(edit_id)
    await works.engine.enqueue(edit_id, 1001)
    await works.done(await works.accepted())
    assert works.posts(edit_id) == works.ends(edit_id) == 1


async def test_a_throttled_edit_comes_again_with_new_uploads(works: Works) -> None:
    """Each attempt has a picture of its own, so that it can be found."""
    works.bench.provider.submits = Turns(Throttled("429", retry_after=0.01), running("p1"))
    edit_id = await works.accepted()
    assert (await works.done(edit_id)).state is EditState.DONE
    attempts = [attempt for attempt in works.bench.edits.attempts if attempt.edit_id == edit_id]
    assert len({attempt.source_url for attempt in attempts}) == 2


async def test_a_step_that_storage_interrupts_is_repeated(works: Works) -> None:
    """And the ones before it are not."""
    works.bench.provider.downloads = Turns(StorageBusy("full"), b"raw")
    edit_id = await works.accepted()
    edit = await works.done(edit_id)
    assert (edit.state, edit.charged) == (EditState.DONE, 63_000)
    assert works.posts(edit_id) == 1
    assert works.bench.provider.downloads.taken == 2


async def test_a_submit_that_breaks_is_not_repeated(works: Works) -> None:
    """A mistake of ours in the one step that pays: the edit is unknown, and nothing is posted again."""
    works.bench.provider.submits = Turns(ZeroDivisionError())
    edit_id = await works.accepted()
    edit = await works.done(edit_id)
    assert (edit.state, edit.charged) == (EditState.UNKNOWN, None)
    assert works.bench.provider.submits.taken == 1


async def test_a_delivery_that_breaks_keeps_the_money_right(works: Works) -> None:
    """A mistake of ours behind the purchase: it is charged, and the result stays kept."""
    works.bench.messenger.deliveries = Turns(ZeroDivisionError())
    edit_id = await works.accepted()
    edit = await works.done(edit_id)
    works.bench.messenger.deliveries = Turns(77)
    assert (edit.state, edit.charged) == (EditState.UNDELIVERABLE, 63_000)
    assert edit_id in works.bench.edits.results


async def test_an_edit_that_nothing_runs_is_taken_up(works: Works) -> None:
    """At the second look: at the first it may only be between two states."""
    edit_id = works.not_enqueued()
    await works.engine.revive({edit_id: 1001})
    await works.done(await works.accepted())
    assert works.posts(edit_id) == 0
    await works.engine.revive({edit_id: 1001})
    assert (await works.done(edit_id)).state is EditState.DONE
    assert works.posts(edit_id) == 1


async def test_an_edit_whose_workflow_was_lost_goes_on_from_its_rows(works: Works) -> None:
    """Its prediction is collected, and not bought again."""
    edit_id = await works.accepted()
    await works.done(edit_id)
    edits = works.bench.edits
    del edits.results[edit_id]
    edits.edits[edit_id] = replace(edits.edits[edit_id], state=EditState.RUNNING, result_message_id=None)
    works.bench.provider.submits = Turns(ZeroDivisionError())
    async with asyncio.timeout(PATIENCE):
        while not edits.edits[edit_id].state.final:  # as the sweeper does, again and again
            await works.engine.revive({edit_id: 1001})
            await asyncio.sleep(0.002)
    assert edits.edits[edit_id].state is EditState.DONE
    assert works.posts(edit_id) == 1


async def test_finished_workflows_are_forgotten_after_a_day(works: Works) -> None:
    """Not before; their edits stay as they ended."""
    edit_id = await works.accepted()
    await works.done(edit_id)
    assert await works.engine.forget_finished() == 0
    works.calendar.days = 2
    await until_forgotten(works)
    works.calendar.days = 0
    assert works.bench.edits.edits[edit_id].state is EditState.DONE


async def test_all_that_is_old_is_forgotten_together(works: Works, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many batches that takes."""
    for edit_id in [await works.accepted() for _ in range(3)]:
        await works.until_workflows(edit_id, **{"": "SUCCESS"})
    monkeypatch.setattr(engine, "_DELETE_BATCH", 2)
    works.calendar.days = 2
    assert await works.engine.forget_finished() >= 3
    works.calendar.days = 0


async def until_forgotten(works: Works) -> None:
    """An edit ends a moment before its workflow does."""
    forgotten = 0
    async with asyncio.timeout(PATIENCE):
        while (more := await works.engine.forget_finished()) or not forgotten:
            forgotten += more


async def test_more_results_than_may_run_at_once_come_together(works: Works) -> None:
    """Those that are made and wait for the others leave their places to them."""
    batch = [
        works.not_enqueued(state=EditState.HELD, batch="b1", origin=f"request:b1:{number}")
        for number in range(4)  # three of one person run at once
    ]
    for edit_id in batch:
        await works.engine.enqueue(edit_id, 1002)
    for edit_id in batch:
        assert (await works.done(edit_id)).charged == 63_000
    assert works.bench.messenger.together[-1] == batch
