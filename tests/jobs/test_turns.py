"""The line before the provider: who waits, in which order, what people see, and when a turn ends."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from dbos import DBOS

from bot.clock import SystemClock
from bot.domain.edits import AttemptState, EditState
from bot.domain.ports import Prediction, Stage
from bot.domain.timing import Timing
from bot.domain.turns import Capacity
from bot.errors import Moderated, NotSent, StorageBusy, Throttled
from bot.jobs import workflow
from bot.jobs.ending import ENDED, ON
from bot.jobs.steps import Steps
from bot.jobs.turns import Line
from bot.storage.database import Database
from bot.storage.migrations import upgrade
from bot.storage.turns import SqlTurns
from tests.fakes import Turns as FakeTurn
from tests.fakes import running
from tests.fakes_of_storage import FakeTurns
from tests.jobs.bench import Bench, an_edit, uploaded
from tests.jobs.engine_bench import TIMING as FAST
from tests.jobs.engine_bench import an_engine, until, watching
from tests.virtual_time import LoopClock, SetClock, cancelled, in_virtual_time

TWO_AT_ONCE = Capacity(at_once=2)
ONE = Capacity(at_once=1)


@asynccontextmanager
async def moving(line: Line) -> AsyncIterator[None]:
    task = asyncio.create_task(line.run())
    try:
        yield
        assert not task.done()
    finally:
        await cancelled(task)


# --- one edit -------------------------------------------------------------------------------------------


@in_virtual_time
async def test_without_limits_nobody_waits() -> None:
    """And storage is not asked."""
    bench = Bench()
    assert await bench.steps.turn("e1") == ON
    assert not bench.turns.order


@in_virtual_time
async def test_it_waits_until_another_has_ended() -> None:
    """Its person sees its place and about how long it may take; then it goes on."""
    bench = Bench(capacity=ONE)
    bench.turns.granted["other"] = 7
    async with moving(bench.line):
        step = asyncio.create_task(bench.steps.turn("e1"))
        await asyncio.sleep(bench.timing.turn_beat + bench.timing.turn_show)
        assert not step.done()
        assert set(bench.messenger.stages) == {Stage.WAITING_TURN}
        assert set(bench.messenger.places) == {(1, 25.0)}  # one edit's 25 s
        await bench.line.give_back("wavespeed", "other")
        assert await step == ON
    assert bench.turns.order == ["e1"]


@in_virtual_time
async def test_cancelled_in_the_line() -> None:
    """It leaves the line, and takes nobody's turn."""
    bench = Bench(capacity=ONE)
    bench.turns.granted["other"] = 7
    async with moving(bench.line):
        step = asyncio.create_task(bench.steps.turn("e1"))
        await asyncio.sleep(bench.timing.turn_beat * 2)
        bench.edits.change("e1", state=EditState.CANCELLED)
        assert await step == ENDED
    assert not bench.turns.waiting
    assert list(bench.turns.granted) == ["other"]


@in_virtual_time
async def test_its_turn_never_comes() -> None:
    """After the edit's deadline it fails unpaid."""
    bench = Bench(capacity=ONE)
    bench.turns.granted["other"] = 7
    async with moving(bench.line):
        assert await bench.steps.turn("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.told == [Throttled]
    assert not bench.turns.waiting


@in_virtual_time
async def test_what_may_be_bought_needs_no_turn() -> None:
    """An edit that is taken up again with its prediction does not stand in the line."""
    bench = Bench(capacity=Capacity(at_once=0))
    bench.opened(AttemptState.RUNNING, "p1")
    assert await bench.steps.turn("e1") == ON


async def ended_well(bench: Bench) -> None:
    bench.running()
    await bench.steps.collect("e1")


async def failed(bench: Bench) -> None:
    bench.running()
    bench.provider.results = FakeTurn(Moderated("1200"))
    await bench.steps.collect("e1")


async def throttled(bench: Bench) -> None:
    bench.provider.submits = FakeTurn(Throttled("429"))
    await bench.steps.submit("e1", uploaded())


async def not_sent(bench: Bench) -> None:
    bench.provider.submits = FakeTurn(NotSent("no connection"))
    await bench.steps.submit("e1", uploaded())


async def never_found(bench: Bench) -> None:
    bench.opened()
    await bench.steps.find("e1")


async def cancelled_after_its_turn(bench: Bench) -> None:
    bench.edits.change("e1", state=EditState.CANCELLED)
    await bench.steps.upload("e1")


async def given_up(bench: Bench) -> None:
    await bench.steps.give_up("e1")


ENDS = (ended_well, failed, throttled, not_sent, never_found, cancelled_after_its_turn, given_up)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_turn_is_given_back(end: object) -> None:
    """However the attempt ends."""

    @in_virtual_time
    async def case() -> None:
        bench = Bench(capacity=ONE)
        bench.turns.granted["e1"] = 1001
        assert callable(end)
        await end(bench)
        assert not bench.turns.granted

    case()


@in_virtual_time
async def test_a_busy_database_only_delays() -> None:
    """The line moves on when it answers again."""

    class Busy(FakeTurns):
        left = 3

        async def grant(self, *args: object) -> set[str]:
            self.left -= 1
            if self.left >= 0:
                raise StorageBusy("locked")
            return await super().grant(*args)  # type: ignore[arg-type] # only handed on

    bench = Bench(capacity=ONE, turns=Busy())
    async with moving(bench.line):
        assert await bench.steps.turn("e1") == ON


@pytest.mark.parametrize(
    ("capacity", "place", "seconds"),
    [
        (Capacity(per_minute=2), 1, 30.0),
        (Capacity(per_minute=2), 6, 180.0),
        (Capacity(at_once=2), 6, 60.0),
        (Capacity(per_minute=60, at_once=2), 6, 60.0),
        (Capacity(per_minute=2, at_once=2), 3, 90.0),
    ],
)
def test_the_estimate(capacity: Capacity, place: int, seconds: float) -> None:
    """By the tighter of both limits, where one edit takes 20 s."""
    line = Line(FakeTurns(), {"wavespeed": capacity}, Timing(), LoopClock())
    assert line.estimate("wavespeed", place, 20.0) == seconds


# --- many edits -----------------------------------------------------------------------------------------


async def test_one_with_forty_does_not_starve_four_with_five(tmp_path: Path) -> None:
    """At two at once, served in turn: the twenty of the four are through long before the forty."""
    bench = Bench(timing=FAST, capacity=TWO_AT_ONCE, clock=SystemClock())
    bench.edits.typical = 0.01  # seconds
    greedy, others = 1, (2, 3, 4, 5)
    async with an_engine(tmp_path, bench) as works, watching(works), moving(bench.line):
        # So that all stand in the line: nobody's turn ends before everybody has come.
        bench.turns.granted |= {"x": 98, "y": 99}
        ids = {await works.accepted(user_id=greedy): greedy for _ in range(40)}
        ids |= {await works.accepted(user_id=user): user for user in others for _ in range(5)}
        await until(lambda: len(bench.turns.waiting) == 3 * 5)
        bench.turns.granted.clear()
        await until(lambda: all(bench.edits.edits[edit_id].state.final for edit_id in ids))
    order = [ids[edit_id] for edit_id in bench.turns.order]
    assert len(order) == 60
    last_of_the_four = max(place for place, user in enumerate(order) if user in others)
    served_before = Counter(order[: last_of_the_four + 1])
    assert all(served_before[user] == 5 for user in others)
    assert served_before[greedy] <= 15
    assert set(order[:5]) == set(order[5:10]) == {greedy, *others}  # while all of them stand in the line
    assert {bench.edits.edits[edit_id].state for edit_id in ids} == {EditState.DONE}


async def test_two_processes_share_the_limit(tmp_path: Path) -> None:
    """Each has its own line over one database: together they never have more than the provider's two."""
    upgrade(f"sqlite:///{tmp_path / 'app.db'}")
    databases = [Database.open(f"sqlite:///{tmp_path / 'app.db'}") for _ in range(2)]
    clock = SetClock()
    lines = [Line(SqlTurns(each), {"wavespeed": TWO_AT_ONCE}, FAST, clock) for each in databases]
    inside, most = 0, 0

    async def one(line: Line, number: int) -> None:
        nonlocal inside, most
        edit = an_edit(id=f"e{number}", user_id=number)
        while not await line.turn("wavespeed", edit, 10.0):
            pass
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.005)
        inside -= 1
        await line.give_back("wavespeed", edit.id)

    async with moving(lines[0]), moving(lines[1]):
        await asyncio.gather(*(one(lines[number % 2], number) for number in range(12)))
    assert most == 2
    for database in databases:
        await database.close()


# --- a new version --------------------------------------------------------------------------------------


class _BeforeTurns(workflow._Course):
    """The order of steps as it was before there were turns."""

    async def _attempt(self, edit_id: str) -> str:
        uploaded = await self.step(self._steps.upload, edit_id)
        return await self.step(self._steps.submit, edit_id, uploaded, repeat=False)


def build_before_turns(steps: Steps, timing: Timing, running: workflow.Running) -> workflow.Workflow:
    async def edit(edit_id: str) -> str:
        running[edit_id] = asyncio.current_task()
        try:
            return await _BeforeTurns(steps, timing).run(edit_id)
        finally:
            running.pop(edit_id, None)

    return DBOS.workflow(name="edit", max_recovery_attempts=None)(edit)


@pytest.mark.parametrize("first", [running("p1"), Throttled("429")], ids=["submitted", "throttled"])
async def test_edits_of_the_version_without_turns_go_on(
    tmp_path: Path, first: Prediction | Throttled
) -> None:
    """What it wrote down is taken up as it is; only a further attempt waits for its turn."""
    bench = Bench(timing=FAST, clock=SystemClock(), capacity=TWO_AT_ONCE)
    bench.provider.submits = FakeTurn(first, running("p2"))
    async with an_engine(tmp_path, bench, build_before_turns) as works:
        edit_id = await works.accepted()
        begun = (AttemptState.RUNNING, AttemptState.REFUSED)
        await until(lambda: bench.edits.attempts and bench.attempt.state in begun)
    async with an_engine(tmp_path, bench) as works, watching(works), moving(bench.line):
        assert (await works.done(edit_id)).state is EditState.DONE
    again = isinstance(first, Throttled)
    assert bench.turns.order == ([edit_id] if again else [])
    assert len(bench.edits.attempts) == len(bench.provider.submitted) == 1 + again
