"""Who was not told of an end is told later, once, until Telegram has taken it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.edits import EditState
from bot.domain.timing import Timing
from bot.errors import Moderated
from bot.jobs.telling import Telling
from tests.fakes import FakeMessenger
from tests.fakes_of_storage import FakeUntold
from tests.jobs.bench import an_edit
from tests.virtual_time import START, LoopClock, cancelled, in_virtual_time

TIMING = Timing()


@in_virtual_time
async def test_who_was_not_told_is_told_until_it_is_known() -> None:
    """Not before whoever ended it had time to; then again after as long, as nobody noted that it was said."""
    failed = an_edit(id="e1", state=EditState.FAILED, reason=Moderated.key, ended_at=START)
    untold, messenger = FakeUntold([failed]), FakeMessenger()
    loop = asyncio.create_task(Telling(untold, messenger, TIMING, LoopClock()).run())
    await asyncio.sleep(TIMING.untold + 1)
    assert messenger.ends == []
    await asyncio.sleep(TIMING.sweep)
    [(edit, error)] = messenger.ends
    assert (edit.id, type(error)) == ("e1", Moderated)
    await asyncio.sleep(TIMING.untold)
    assert len(messenger.ends) == 1
    await asyncio.sleep(TIMING.sweep)
    assert len(messenger.ends) == 2
    await untold.told("e1")
    await asyncio.sleep(3 * TIMING.untold)
    assert len(messenger.ends) == 2
    assert untold.forgotten is not None
    assert START - untold.forgotten < timedelta(seconds=TIMING.deliver_for)
    assert not loop.done()
    await cancelled(loop)
