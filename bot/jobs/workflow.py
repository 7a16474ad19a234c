"""The durable workflow of one edit: the order of its steps, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from dbos import DBOS, StepOptions

from bot.domain.timing import Timing
from bot.errors import WavebrushError
from bot.jobs.steps import ENDED, LOST, WAIT, Steps

log = structlog.get_logger(__name__)

Workflow = Callable[[str], Coroutine[Any, Any, str]]


def build(steps: Steps, timing: Timing) -> Workflow:
    """The workflow as a function of an edit's id, registered with DBOS.

    Steps are bound methods of ``steps``, so this module knows no Telegram, no HTTP and no SQL. What a
    step returns is written down by DBOS and not done again after a restart.
    """

    async def step(action: Callable[..., Coroutine[Any, Any, str]], *args: str, repeat: bool = True) -> str:
        options = StepOptions(
            name=action.__name__,
            retries_allowed=repeat,
            max_attempts=20,
            interval_seconds=timing.retry_first,
            backoff_rate=1.5,
            should_retry=_worth_repeating,
            preemptible=action is steps.wait or action is steps.find,
        )
        return await DBOS.run_step_async(options, action, *args)

    async def attempt(edit_id: str) -> str:
        uploaded = await step(steps.upload, edit_id)
        if uploaded == ENDED:
            return ENDED
        outcome = await step(steps.submit, edit_id, uploaded, repeat=False)
        return await step(steps.find, edit_id) if outcome == LOST else outcome

    async def run(edit_id: str) -> str:
        while (outcome := await attempt(edit_id)).startswith(WAIT):
            await DBOS.sleep_async(float(outcome.removeprefix(WAIT)))
        for action in (steps.wait, steps.collect, steps.deliver):
            outcome = outcome if outcome == ENDED else await step(action, edit_id)
        return outcome

    async def edit(edit_id: str) -> str:
        try:
            return await run(edit_id)
        except Exception:  # whatever broke, the edit must end with an answer and its money settled
            log.exception("edit_broke", edit=edit_id)
            return await step(steps.give_up, edit_id)

    return DBOS.workflow(name="edit")(edit)


def _worth_repeating(error: BaseException) -> bool:
    return isinstance(error, WavebrushError) and not error.permanent
