"""Where the edits of all processes are."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.domain.edits import EditState
from bot.domain.ports import Stage
from bot.domain.shared import Staged
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.stages import SqlStages

from .makers import LATER, NOW, accepted


@pytest.fixture
def stages(database: Database) -> SqlStages:
    return SqlStages(database)


async def test_what_one_process_writes_another_reads(database: Database, other: Database) -> None:
    """With the edit as it is now, and the oldest first."""
    second = await accepted(database, created_at=LATER)
    first = await accepted(database)
    written = [
        Staged(second, Stage.WAITING_TURN, NOW, expected=12.5, place=3),
        Staged(first, Stage.UPLOADING, NOW),
    ]
    await SqlStages(database).put(written)
    await SqlEdits(other).set_status_message(first.id, 77)
    read = await SqlStages(other).running()
    assert [one.edit.id for one in read] == [first.id, second.id]
    assert read[0].edit.status_message_id == 77
    assert (read[1].stage, read[1].expected, read[1].place) == (Stage.WAITING_TURN, 12.5, 3)


async def test_a_stage_began_when_it_was_first_written(database: Database, stages: SqlStages) -> None:
    """Its place in the line changes, its beginning does not; the next stage begins anew."""
    edit = await accepted(database)
    for place in (3, 2):
        await stages.put([Staged(edit, Stage.WAITING_TURN, NOW + timedelta(seconds=9 - place), None, place)])
    (read,) = await stages.running()
    assert (read.since, read.place) == (NOW + timedelta(seconds=6), 2)
    await stages.put([Staged(edit, Stage.EDITING, LATER, 40.0)])
    (read,) = await stages.running()
    assert (read.stage, read.since, read.place) == (Stage.EDITING, LATER, None)


async def test_what_comes_late_overwrites_nothing(database: Database, stages: SqlStages) -> None:
    """A slow process says where an edit was, which another has by now."""
    edit = await accepted(database)
    await stages.put([Staged(edit, Stage.EDITING, LATER)])
    await stages.put([Staged(edit, Stage.QUEUED, NOW)])
    (read,) = await stages.running()
    assert read.stage is Stage.EDITING


async def test_ended_edits_are_not_shown_and_forgotten(database: Database, stages: SqlStages) -> None:
    """Also if their stage was written after they ended."""
    running, ended, dropped = [await accepted(database) for _ in range(3)]
    await stages.put([Staged(edit, Stage.QUEUED, NOW) for edit in (running, ended, dropped)])
    await stages.drop(dropped.id)
    await SqlEdits(database).settle(ended.id, EditState.FAILED, charge=0, reason="x", now=LATER)
    assert [one.edit.id for one in await stages.running()] == [running.id]
    assert await stages.forget() == 1
    assert await stages.forget() == 0


async def test_two_processes_may_write_the_same_edits_at_once(database: Database, other: Database) -> None:
    """In whatever order they have them."""
    edits = [await accepted(database) for _ in range(10)]
    staged = [Staged(edit, Stage.QUEUED, NOW) for edit in edits]
    one, two = SqlStages(database), SqlStages(other)
    await asyncio.gather(*(writer.put(order) for writer, order in ((one, staged), (two, staged[::-1])) * 5))
    assert len(await one.running()) == 10
