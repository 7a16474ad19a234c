"""The real engine on a real SQLite file, and the fakes that its steps work with."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dbos import DBOS
from structlog.testing import capture_logs

from bot.clock import SystemClock
from bot.domain.edits import Edit, EditState
from bot.domain.timing import Timing
from bot.jobs import workflow
from bot.jobs.engine import Engine
from bot.jobs.steps import Steps
from tests.jobs.bench import Bench, an_edit
from tests.virtual_time import cancelled

# Results wait for each other as long as a busy machine takes to make them.
TIMING = replace(Timing().faster(100), engine_poll=0.01, batch_wait=60.0)
PATIENCE = 60.0
_numbers = itertools.count(1)
Build = Callable[[Steps, Timing, workflow.Running], workflow.Workflow]


class Calendar(SystemClock):
    """The machine's clock, put forward by some days."""

    days = 0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=self.days)


@dataclass
class Works:
    """An engine that runs, and the fakes that its steps work with."""

    bench: Bench
    engine: Engine
    calendar: Calendar
    running: workflow.Running

    async def accepted(self, user_id: int = 1001) -> str:
        """One more accepted edit, handed to the engine."""
        edit_id = self.not_enqueued(state=EditState.HELD, user_id=user_id)
        await self.engine.enqueue(edit_id, user_id)
        return edit_id

    def not_enqueued(self, **changes: object) -> str:
        """One more accepted edit that the engine knows nothing of."""
        edit_id = f"e{next(_numbers):06}"  # none is another's beginning, as with real ids
        self.bench.edits.edits[edit_id] = an_edit(id=edit_id, created_at=datetime.now(UTC), **changes)
        return edit_id

    async def done(self, edit_id: str) -> Edit:
        """The edit once it has ended."""
        await until(lambda: self.bench.edits.edits[edit_id].state.final)
        return self.bench.edits.edits[edit_id]

    def posts(self, edit_id: str) -> int:
        """How many paid POSTs an edit came to."""
        return sum(attempt.edit_id == edit_id for attempt in self.bench.edits.attempts)

    def ends(self, edit_id: str) -> int:
        """How often its person was told of the end."""
        return sum(edit.id == edit_id for edit, _ in self.bench.messenger.ends)

    async def workflows(self, edit_id: str) -> dict[str, str]:
        """The states of an edit's workflows."""
        found = await DBOS.list_workflows_async(workflow_id_prefix=edit_id)
        return {workflow.workflow_id: workflow.status for workflow in found}

    async def until_workflows(self, edit_id: str, **states: str) -> None:
        """Wait until the workflows of an edit are exactly these, by what follows its id."""
        expected = {edit_id + name.replace("_", "."): state for name, state in states.items()}
        async with asyncio.timeout(PATIENCE):
            while await self.workflows(edit_id) != expected:  # noqa: ASYNC110 - the engine has no event for it
                await asyncio.sleep(0.002)


async def until(happens: Callable[[], object]) -> None:
    """Let the engine work until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not happens():  # noqa: ASYNC110 - the engine has no event for it
            await asyncio.sleep(0.002)


@asynccontextmanager
async def an_engine(
    folder: Path, bench: Bench | None = None, build: Build = workflow.build
) -> AsyncIterator[Works]:
    """An engine on the database in that folder; nothing watches its predictions yet."""
    bench, calendar = bench or Bench(timing=TIMING, clock=SystemClock()), Calendar()
    running: workflow.Running = {}
    edit = build(bench.steps, TIMING, running)
    engine = Engine(f"sqlite:///{folder / 'engine.sqlite'}", "test", edit, running, TIMING, calendar)
    await engine.launch()
    try:
        with capture_logs():  # to render a traceback for a terminal takes seconds
            yield Works(bench, engine, calendar, running)
    finally:
        await engine.stop(0.0)
        DBOS.destroy(destroy_registry=True)


@asynccontextmanager
async def watching(works: Works) -> AsyncIterator[None]:
    """Have its predictions watched: without it every edit stays in its wait."""
    task = asyncio.create_task(works.bench.watch.run())
    try:
        yield
    finally:
        await cancelled(task)
