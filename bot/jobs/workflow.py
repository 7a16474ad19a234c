"""The durable workflow of one edit: the order of its steps, and nothing else."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from dbos import DBOS, SetWorkflowID, StepOptions, error
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bound_contextvars

from bot import meters
from bot.domain.timing import Timing
from bot.errors import WavebrushError
from bot.jobs.ending import ENDED, LOST, WAIT
from bot.jobs.steps import Steps

log = structlog.get_logger(__name__)

Workflow = Callable[[str], Coroutine[Any, Any, str]]
DELIVERY = ".delivery"
"""The end of the name of a workflow that only delivers. It was never in the queue."""
Running = dict[str, asyncio.Task[Any] | None]
"""The edits whose workflows run in this process."""


def build(steps: Steps, timing: Timing, running: Running) -> Workflow:
    """The workflow as a function of an edit's id, registered with DBOS. ``running`` is kept true.

    Steps are bound methods of ``steps``, so this module knows no Telegram, no HTTP and no SQL. What a
    step returns is written down by DBOS and not done again after a restart.
    """
    course = _Course(steps, timing)

    async def guarded(edit_id: str, way: Coroutine[Any, Any, str]) -> str:
        task = asyncio.current_task()
        running[edit_id] = task
        try:
            with bound_contextvars(edit=edit_id):  # every line of the log names it
                return await way
        except (SQLAlchemyError, error.DBOSException):
            # The engine could not write a step down (a full disk, say). That says nothing about the
            # edit: it is taken up again from its rows (`Engine.revive`).
            log.exception("engine_broke", edit=edit_id)
            raise
        except Exception:  # whatever broke, the edit must end with an answer and its money settled
            log.exception("edit_broke", edit=edit_id)
            return await course.step(steps.give_up, edit_id)
        finally:
            if running.get(edit_id) is task:
                del running[edit_id]

    async def edit(edit_id: str) -> str:
        return await guarded(edit_id, course.run(edit_id))

    async def delivery(edit_id: str, outcome: str) -> str:
        return await guarded(edit_id, course.delivered(edit_id, outcome))

    # However often restarts interrupt them, they are not given up.
    course.delivery = DBOS.workflow(name="delivery", max_recovery_attempts=None)(delivery)
    return DBOS.workflow(name="edit", max_recovery_attempts=None)(edit)


class _Course:
    """The way of one edit through the steps."""

    def __init__(self, steps: Steps, timing: Timing) -> None:
        self._steps = steps
        self._timing = timing
        self.delivery: Callable[[str, str], Coroutine[Any, Any, str]]

    async def run(self, edit_id: str) -> str:
        """Buy, wait, collect, deliver."""
        outcome = await self._repeated(self._attempt, edit_id)
        for action in (self._steps.wait, self._steps.collect):
            if outcome != ENDED:
                outcome = await self._repeated(self.step, action, edit_id)
        if outcome != ENDED:
            outcome = await self.step(self._steps.deliver, edit_id)
        if not outcome.startswith(WAIT):
            return outcome
        # What is made and waits to be delivered takes no place from its person's next edits, which it
        # may be waiting for. Edits that an earlier version began to deliver go on within this one.
        if await DBOS.patch_async("delivery"):
            with SetWorkflowID(f"{DBOS.workflow_id}{DELIVERY}"):
                await DBOS.start_workflow_async(self.delivery, edit_id, outcome)
            return ENDED
        return await self.delivered(edit_id, outcome)

    async def delivered(self, edit_id: str, outcome: str) -> str:
        """Deliver after a wait, as often as it takes."""
        while outcome.startswith(WAIT):
            await self._wait(outcome)
            outcome = await self.step(self._steps.deliver, edit_id)
        return outcome

    async def step(
        self, action: Callable[..., Coroutine[Any, Any, str]], *args: str, repeat: bool = True
    ) -> str:
        """One durable step."""
        options = StepOptions(
            name=action.__name__,
            retries_allowed=repeat,
            max_attempts=20,
            interval_seconds=self._timing.retry_first,
            backoff_rate=1.5,
            should_retry=_worth_repeating,
            preemptible=action in (self._steps.turn, self._steps.wait, self._steps.find),
        )
        return await DBOS.run_step_async(options, _timed(action), *args)

    async def _attempt(self, edit_id: str) -> str:
        # Edits that were begun by a version without turns go on without one until their next attempt.
        if await DBOS.patch_async("turn") and await self.step(self._steps.turn, edit_id) == ENDED:
            return ENDED
        uploaded = await self.step(self._steps.upload, edit_id)
        if uploaded == ENDED:
            return ENDED
        outcome = await self.step(self._steps.submit, edit_id, uploaded, repeat=False)
        return await self.step(self._steps.find, edit_id) if outcome == LOST else outcome

    async def _repeated(self, part: Callable[..., Coroutine[Any, Any, str]], *args: Any) -> str:
        """Again after each ``wait:<seconds>``, which outlives restarts."""
        while (outcome := await part(*args)).startswith(WAIT):
            await self._wait(outcome)
        return outcome

    async def _wait(self, outcome: str) -> None:
        await DBOS.sleep_async(float(outcome.removeprefix(WAIT)))


def _timed(action: Callable[..., Coroutine[Any, Any, str]]) -> Callable[..., Coroutine[Any, Any, str]]:
    """A step that is measured each time it is done, and not when the engine only remembers it."""

    @functools.wraps(action)
    async def timed(*args: str) -> str:
        with meters.STEP_SECONDS.labels(action.__name__).time():
            return await action(*args)

    return timed


def _worth_repeating(error: BaseException) -> bool:
    return isinstance(error, WavebrushError) and not error.permanent
