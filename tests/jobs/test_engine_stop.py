"""Stopping the real engine, and starting it again on what it left."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.clock import SystemClock
from bot.domain.edits import EditState
from tests.fakes import Turns, completed, running
from tests.jobs.bench import Bench
from tests.jobs.engine_bench import TIMING, an_engine, until, watching


async def test_what_runs_at_a_stop_is_cut_off_and_goes_on_at_the_next_start(tmp_path: Path) -> None:
    """No step outlives the stop, to meet closed clients; nothing is settled, and nothing bought twice."""
    bench = Bench(timing=TIMING, clock=SystemClock())
    bench.provider.submits, bench.provider.listings = Turns(running("p1")), Turns([completed("p1")])
    async with an_engine(tmp_path, bench) as works:
        edit_id = await works.accepted()
        await until(lambda: works.bench.edits.edits[edit_id].state is EditState.RUNNING)
        task = works.running[edit_id]
        assert task is not None
        await works.engine.stop(0.0)
        assert task.done()
        assert works.running == {}
        assert not bench.edits.edits[edit_id].state.final
        assert works.ends(edit_id) == 0
    async with an_engine(tmp_path, bench) as works, watching(works):
        edit = await works.done(edit_id)
        await works.until_workflows(edit_id, **{"": "SUCCESS"})
    assert (edit.state, edit.charged) == (EditState.DONE, 63_000)
    assert works.posts(edit_id) == works.ends(edit_id) == 1
    assert len(bench.provider.submitted) == 1


async def test_what_begins_during_a_stop_is_cut_off_too(tmp_path: Path) -> None:
    """The queue gives out its next edit while the stop still waits for others."""
    bench = Bench(timing=TIMING, clock=SystemClock())
    bench.provider.submits = Turns(running("p1"))
    async with an_engine(tmp_path, bench) as works:
        first = await works.accepted()
        await until(lambda: works.bench.edits.edits[first].state is EditState.RUNNING)
        stopping = asyncio.create_task(works.engine.stop(1.0))
        await asyncio.sleep(0)
        second = await works.accepted()
        await until(lambda: second in works.running)
        task = works.running[second]
        assert task is not None
        await stopping
        assert task.done()
        assert works.running == {}
        assert not works.bench.edits.edits[second].state.final
