"""DBOS, embedded: started inside the running loop, stopped in order. The only room that configures it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, SetEnqueueOptions, SetWorkflowID, WorkflowStatus, error
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.jobs.workflow import DELIVERY, Running, Workflow

log = structlog.get_logger(__name__)

QUEUE = "edits"
VERSION = "1"  # set by hand: DBOS's own hash of the code would strand running edits at every release
MOST_AT_ONCE = 100
_KEEP_FINISHED = timedelta(days=1)
_DELETE_BATCH = 500


@contextmanager
def _border() -> Iterator[None]:
    """Foreign exceptions of the engine's database stop here."""
    try:
        yield
    except (SQLAlchemyError, error.DBOSException) as problem:
        raise StorageBusy(f"engine: {type(problem).__name__}") from problem


class Engine:
    """Runs the workflow of edits, durably and in turn between people."""

    def __init__(
        self,
        url: str,
        executor_id: str,
        workflow: Workflow,
        running: Running,
        timing: Timing,
        clock: Clock,
        *,
        at_once_per_person: int = 3,
        works: bool = True,
    ) -> None:
        """Configure DBOS.

        Args:
            url: the engine's database. On SQLite a file of its own: shared with ours, both deadlock.
            executor_id: fixed on SQLite, so that a restart takes up its own pending edits; on Postgres
                another one each time, since several processes share it.
            workflow: made by `bot.jobs.workflow.build`, before this, with the same ``running``.
            running: the edits whose workflows run here.
            timing: how often the queue is looked at.
            clock: the time.
            at_once_per_person: so many edits of one person are worked on; the others wait, in their order.
            works: whether this process takes edits from the queue; it may always put some in.
        """
        # Before DBOS(): keeps its own console handler out, so that our redacting one gets its records.
        engine_log = logging.getLogger("dbos")
        engine_log.addHandler(logging.NullHandler())
        engine_log.propagate = True
        self._workflow = workflow
        self._running = running
        self._executor_id = executor_id
        self._works = works
        self._unrun: set[str] = set()  # edits without a running workflow, at the last look
        self._idle: set[str] = set()  # workflows in this process's hands that did not run, at the last look
        self._timing = timing
        self._clock = clock
        self._at_once_per_person = at_once_per_person
        config: DBOSConfig = {
            "name": "wavebrush",
            "system_database_url": url,
            "application_version": VERSION,
            "executor_id": executor_id,
            "max_executor_threads": 8,
            # Nothing of ours listens; only the stop has to wait until the listener has looked once more.
            "notification_listener_polling_interval_sec": 0.1,
            "log_level": "WARNING",
            "db_engine_kwargs": {"hide_parameters": True},  # else its errors repeat what was to be written
        }
        DBOS(config=config)

    async def launch(self) -> None:
        """Start; pending edits go on at once, so everything that steps need must be ready."""
        if not self._works:
            DBOS.listen_queues([])
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE,
            global_concurrency=MOST_AT_ONCE,
            partition_concurrency=self._at_once_per_person,
            polling_interval_sec=self._timing.engine_poll,
        )

    async def enqueue(self, edit_id: str, user_id: int) -> None:
        """Have an edit done. Its id is the workflow's: once more is harmless.

        Raises:
            StorageBusy: the engine's database does not take it now; the sweeper comes back to it.
        """
        await self._enqueue(edit_id, edit_id, user_id)

    async def _enqueue(self, workflow_id: str, edit_id: str, user_id: int) -> None:
        with (
            _border(),
            SetWorkflowID(workflow_id),
            SetEnqueueOptions(queue_partition_key=str(user_id)),
        ):
            await DBOS.enqueue_workflow_async(QUEUE, self._workflow, edit_id)

    async def owners(self) -> frozenset[str]:
        """The executors that have edits in their hands. Raises StorageBusy."""
        return frozenset(workflow.executor_id or "" for workflow in await self._pending())

    async def release(self, owners: Collection[str]) -> int:
        """Put the edits of these dead executors back into the queue; how many.

        To do it twice, or here and elsewhere at once, is harmless: each edit is taken back only while it
        is still in the hands of a dead one, and one that was dead only in appearance can't go on with it.

        Raises:
            StorageBusy: not now.
        """
        with _border():
            # Private, but its public sister would take an edit back from whoever has it by then.
            taken = await asyncio.to_thread(DBOS._recover_pending_workflows, sorted(owners))
        log.warning("edits_taken_over", executors=sorted(owners), edits=[one.workflow_id for one in taken])
        return len(taken)

    async def run(self) -> None:
        """Mend until cancelled."""
        while True:
            await asyncio.sleep(self._timing.sweep)
            try:
                await self.mend()
            except StorageBusy as error:
                log.warning("engine_not_mended", detail=str(error))

    async def mend(self) -> None:
        """Begin again with edits that are in this process's hands and that it does not run, at two looks.

        Raises:
            StorageBusy: not now.
        """
        own = [one.workflow_id for one in await self._pending() if one.executor_id == self._executor_id]
        idle = {workflow_id for workflow_id in own if workflow_id.partition(".")[0] not in self._running}
        again, self._idle = idle & self._idle, idle
        for workflow_id in again:
            log.warning("edit_revived", workflow=workflow_id)
            await self._resume(workflow_id)

    async def _pending(self) -> list[WorkflowStatus]:
        with _border():
            return await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)

    async def revive(self, edits: Mapping[str, int]) -> None:
        """See that edits that are not final have a workflow that will run, here or elsewhere.

        An edit that nothing runs is left alone at the first look: it may be between two states. Its steps
        look at its rows first, so even a second workflow for it is harmless.

        Args:
            edits: all of them, with their persons.

        Raises:
            StorageBusy: not now.
        """
        idle = {edit_id for edit_id in edits if edit_id not in self._running}
        again, self._unrun = idle & self._unrun, idle
        if not again:
            return
        with _border():  # `mend` or `release` sees to those
            unfinished = await DBOS.list_workflows_async(
                status=["PENDING", "ENQUEUED"], load_input=False, load_output=False
            )
        for edit_id in sorted(again - {one.workflow_id.partition(".")[0] for one in unfinished}):
            await self._revive(edit_id, edits[edit_id])

    async def _revive(self, edit_id: str, user_id: int) -> None:
        with _border():
            found = await DBOS.list_workflows_async(
                workflow_id_prefix=edit_id, load_input=False, load_output=False
            )
        status = {workflow.workflow_id: workflow.status for workflow in found}
        log.warning("edit_revived", edit=edit_id, workflows=status)
        # The first name that is free: old records may be forgotten, and a used name would start nothing.
        names = (edit_id, *(f"{edit_id}.{number}" for number in range(1, len(status) + 1)))
        free = next(name for name in names if name not in status)
        await self._enqueue(free, edit_id, user_id)

    async def _resume(self, workflow_id: str) -> None:
        queue = None if workflow_id.endswith(DELIVERY) else QUEUE
        with _border():
            await DBOS.resume_workflows_async([workflow_id], queue_name=queue)

    async def forget_finished(self) -> int:
        """Delete the records of workflows that ended a day ago; how many.

        Raises:
            StorageBusy: not now.
        """
        before, deleted = (self._clock.now() - _KEEP_FINISHED).isoformat(), 0
        while True:
            batch = await self._forget_batch(before)
            deleted += batch
            if batch < _DELETE_BATCH:
                return deleted

    async def _forget_batch(self, before: str) -> int:
        with _border():
            finished = await DBOS.list_workflows_async(
                status=["SUCCESS", "ERROR", "CANCELLED"],
                completed_before=before,
                limit=_DELETE_BATCH,
                load_input=False,
                load_output=False,
            )
            if finished:
                await DBOS.delete_workflows_async([workflow.workflow_id for workflow in finished])
        return len(finished)

    async def problem(self) -> str | None:
        """What is wrong with the engine, for the health page; None while its queue can be read."""
        try:
            with _border():
                queue = await DBOS.retrieve_queue_async(QUEUE)
        except StorageBusy:
            return "the engine's database does not answer"
        return None if queue else "the engine has no queue"

    async def stop(self, seconds: float) -> None:
        """Let running edits finish for at most ``seconds``; what is left goes on at the next start.

        What takes longer is cut off here, before anything that its steps need is closed: nothing of a
        step that was cut off is written down, and it is done again.
        """
        logging.getLogger("dbos").setLevel(logging.CRITICAL)  # it reports every one of them, at length
        until = self._clock.monotonic() + seconds
        # Where one finishes, the queue may begin the next: look again until the time is over.
        while (left := self._tasks) and (rest := until - self._clock.monotonic()) > 0:
            await asyncio.wait(left, timeout=rest)
        await self._cut_off()
        # In a thread: called directly it would block the loop.
        await asyncio.to_thread(DBOS.destroy)
        await self._cut_off()  # what the queue began in the meantime
        # DBOS made its own thread pool the loop's default and has just closed it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())

    @property
    def _tasks(self) -> list[asyncio.Task[Any]]:
        """The running edits."""
        return [task for task in self._running.values() if task is not None]

    async def _cut_off(self) -> None:
        left = self._tasks
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
