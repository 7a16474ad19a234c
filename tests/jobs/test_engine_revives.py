"""The real engine after something went wrong: an unfinished edit that nothing runs is taken up again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from dbos import DBOS
from dbos import error as engine_error
from sqlalchemy.exc import OperationalError

from bot.domain.edits import Edit, EditState
from tests.fakes import Turns, completed, running
from tests.jobs.engine_bench import Works, an_engine, until, watching

DISK_FULL = OperationalError("INSERT", None, Exception("database or disk is full"))


@pytest.fixture(scope="module")
async def started(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Works]:
    """One engine for all tests here: it takes seconds to start and stop."""
    async with an_engine(tmp_path_factory.mktemp("engine")) as works:
        yield works


@pytest.fixture
def works(started: Works) -> Works:
    """The engine, with a provider that does what it should."""
    provider = started.bench.provider
    provider.submits, provider.downloads = Turns(running("p1")), Turns(b"raw")
    provider.listings = Turns([completed("p1")])
    return started


async def waits(works: Works, edit_id: str) -> None:
    """Wait until an edit waits for its prediction."""
    await until(
        lambda: edit_id in works.running and works.bench.edits.edits[edit_id].state is EditState.RUNNING
    )


async def finished(works: Works, edit_id: str) -> Edit:
    async with watching(works):
        return await works.done(edit_id)


async def test_an_edit_that_runs_is_left_alone(works: Works) -> None:
    """However often it is looked at."""
    edit_id = await works.accepted()
    await waits(works, edit_id)
    for _ in range(3):
        await works.engine.revive({edit_id: 1001})
    assert await works.workflows(edit_id) == {edit_id: "PENDING"}
    assert (await finished(works, edit_id)).state is EditState.DONE
    assert works.posts(edit_id) == works.ends(edit_id) == 1


async def test_an_edit_that_was_never_enqueued_is_enqueued_at_the_second_look(works: Works) -> None:
    """At the first look it may only be between two states."""
    edit_id = works.not_enqueued()
    await works.engine.revive({edit_id: 1001})
    assert await works.workflows(edit_id) == {}
    await works.engine.revive({edit_id: 1001})
    assert (await finished(works, edit_id)).state is EditState.DONE
    assert works.posts(edit_id) == 1


@pytest.mark.parametrize(
    "error", [DISK_FULL, engine_error.DBOSException("a step was not written down")], ids=["SQL", "DBOS"]
)
async def test_what_the_engine_could_not_write_down_settles_nothing(works: Works, error: Exception) -> None:
    """Its workflow ends in an error, its edit does not; a fresh one goes on from the rows."""
    works.bench.provider.downloads = Turns(error, b"raw")
    edit_id = await works.accepted()
    async with watching(works):
        await works.until_workflows(edit_id, **{"": "ERROR"})
        assert not works.bench.edits.edits[edit_id].state.final
        assert works.ends(edit_id) == 0
        await works.engine.revive({edit_id: 1001})
        assert await works.workflows(edit_id) == {edit_id: "ERROR"}
        await works.engine.revive({edit_id: 1001})
        edit = await works.done(edit_id)
        await works.until_workflows(edit_id, **{"": "ERROR", "_1": "SUCCESS"})
    assert (edit.state, edit.charged) == (EditState.DONE, 63_000)
    assert works.posts(edit_id) == works.ends(edit_id) == 1


async def test_a_name_that_was_used_is_not_used_again(works: Works) -> None:
    """The first workflow's record is forgotten before the second's: the third needs a free name."""
    works.bench.provider.downloads = Turns(DISK_FULL, DISK_FULL, b"raw")
    edit_id = await works.accepted()
    async with watching(works):
        await works.until_workflows(edit_id, **{"": "ERROR"})
        await works.engine.revive({edit_id: 1001})
        await works.engine.revive({edit_id: 1001})
        await works.until_workflows(edit_id, **{"": "ERROR", "_1": "ERROR"})
        await DBOS.delete_workflows_async([edit_id])
        await works.engine.revive({edit_id: 1001})
        await works.engine.revive({edit_id: 1001})
        assert (await works.done(edit_id)).state is EditState.DONE
    assert works.posts(edit_id) == 1


async def test_an_edit_whose_task_was_lost_is_resumed(works: Works) -> None:
    """Under its own name, behind the steps that are written down."""
    edit_id = await works.accepted()
    await waits(works, edit_id)
    task = works.running[edit_id]
    assert task is not None
    task.cancel()
    await until(lambda: edit_id not in works.running)
    assert await works.workflows(edit_id) == {edit_id: "PENDING"}
    uploads = works.bench.provider.uploads.taken
    await works.engine.mend()
    assert edit_id not in works.running
    await works.engine.mend()
    assert (await finished(works, edit_id)).state is EditState.DONE
    await works.until_workflows(edit_id, **{"": "SUCCESS"})
    assert works.posts(edit_id) == works.ends(edit_id) == 1
    assert works.bench.provider.uploads.taken == uploads


async def test_a_delivery_whose_task_was_lost_is_resumed(works: Works) -> None:
    """It waited for another result of its batch, outside the queue, and goes on there."""
    other = works.not_enqueued(state=EditState.RUNNING, batch="b", origin="request:b:1")
    edit_id = works.not_enqueued(state=EditState.HELD, batch="b", origin="request:b:0")
    async with watching(works):
        await works.engine.enqueue(edit_id, 1001)
        await works.until_workflows(edit_id, **{"": "SUCCESS", "_delivery": "PENDING"})
    await until(lambda: edit_id in works.running)
    task = works.running[edit_id]
    assert task is not None
    task.cancel()
    await until(lambda: edit_id not in works.running)
    await works.engine.mend()
    await works.engine.mend()
    works.bench.edits.change(other, state=EditState.CANCELLED)
    assert (await works.done(edit_id)).state is EditState.DONE
    await works.until_workflows(edit_id, **{"": "SUCCESS", "_delivery": "SUCCESS"})
    assert works.posts(edit_id) == works.ends(edit_id) == 1


async def test_an_edit_that_stands_in_the_queue_is_left_there(works: Works) -> None:
    """It waits for its person's others, and needs no second workflow."""
    others = [await works.accepted(user_id=7) for _ in range(3)]
    for other in others:
        await waits(works, other)
    edit_id = await works.accepted(user_id=7)
    for _ in range(4):
        await works.engine.revive({edit_id: 7})
    assert await works.workflows(edit_id) == {edit_id: "ENQUEUED"}
    async with watching(works):
        for each in (*others, edit_id):
            assert (await works.done(each)).state is EditState.DONE
    await works.until_workflows(edit_id, **{"": "SUCCESS"})
    assert works.posts(edit_id) == 1


async def test_an_edit_that_ran_in_between_is_suspected_anew(works: Works) -> None:
    """The two looks must be one after the other."""
    edit_id = works.not_enqueued()
    await works.engine.revive({edit_id: 1001})
    works.running[edit_id] = None
    await works.engine.revive({edit_id: 1001})
    del works.running[edit_id]
    await works.engine.revive({edit_id: 1001})
    assert await works.workflows(edit_id) == {}
