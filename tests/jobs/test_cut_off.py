"""A process that is cut off while it buys: another one takes its edit over, and only one of them posts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import pytest

from bot.domain.edits import Attempt, AttemptState, EditState
from bot.domain.pictures import Encoded
from bot.domain.ports import Prediction, PredictionStatus
from bot.errors import (
    AnswerLost,
    InputRejected,
    NoSuchPrediction,
    OutputUnusable,
    PredictionFailed,
    ProviderError,
    StorageBusy,
    Throttled,
)
from bot.jobs.ending import ENDED, LOST, ON, WAIT
from tests.fakes import PNG, FakeEdits, FakeProvider, Turns, running
from tests.jobs.bench import TIMING, Bench, an_edit, uploaded
from tests.virtual_time import in_virtual_time, settle

FINISHED = Prediction("p1", PredictionStatus.COMPLETED, ("aGVsbG8=",))


class CutOff(FakeEdits):
    """The store as a process has it that loses the database when it opens an attempt, for so many seconds.

    ``written``: only the answer to the commit is lost.
    """

    def __init__(self, store: FakeEdits, seconds: float, *, written: bool = False) -> None:
        super().__init__(store.edits, store.attempts, openers=store.openers)
        self.seconds = seconds
        self.written = written

    async def open_attempt(self, edit_id: str, source_url: str, opener: str, now: datetime) -> Attempt:
        seconds, self.seconds = self.seconds, 0.0
        if not seconds:
            return await super().open_attempt(edit_id, source_url, opener, now)
        if self.written:
            await super().open_attempt(edit_id, source_url, opener, now)
        await asyncio.sleep(seconds)
        raise StorageBusy("the connection was lost")


def two(submits: Turns[Prediction], seconds: float, *, written: bool = False) -> tuple[Bench, Bench]:
    """Two processes with one store and one provider; the first is cut off."""
    second = Bench(provider=FakeProvider(submits=submits))
    first = Bench(edits=CutOff(second.edits, seconds, written=written), provider=second.provider)
    return first, second


def found(bench: Bench, name: str) -> Callable[[], None]:
    """What another process does: it gives the open attempt a name."""

    def give() -> None:
        bench.edits.attempts[-1] = replace(bench.attempt, state=AttemptState.RUNNING, prediction_id=name)

    return give


@pytest.mark.parametrize(
    ("answer", "state", "outcome"),
    [
        (running("p1"), AttemptState.RUNNING, ON),
        (FINISHED, AttemptState.COMPLETED, ON),
        (AnswerLost("timeout"), AttemptState.OPEN, LOST),
        (Throttled("429"), AttemptState.REFUSED, WAIT),
    ],
)
@in_virtual_time
async def test_before_its_row_is_written(
    answer: Prediction | Exception, state: AttemptState, outcome: str
) -> None:
    """The other has opened the attempt, with the very same uploads: it is not posted a second time."""
    cut_off, other = two(Turns(answer), TIMING.lease * 2)
    late = asyncio.create_task(cut_off.steps.submit("e1", uploaded()))
    await settle()
    assert (await other.steps.submit("e1", uploaded())).startswith(outcome)
    before = list(other.edits.attempts)
    assert (await late).startswith(outcome)
    assert len(other.provider.submitted) == 1
    assert other.edits.attempts == before
    assert before[-1].state is state
    assert cut_off.told == []


@in_virtual_time
async def test_after_its_row_is_written() -> None:
    """The other can't know that nothing was posted, and looks for it; who opened it knows, and posts once."""
    cut_off, other = two(Turns(running("p1", {"image": "https://up/1"})), TIMING.lease * 2, written=True)
    late = asyncio.create_task(cut_off.steps.submit("e1", uploaded()))
    await settle()
    assert await other.steps.submit("e1", uploaded()) == LOST
    search = asyncio.create_task(other.steps.find("e1"))
    assert await late == ON
    assert await search == ON
    assert len(other.provider.submitted) == 1
    assert (other.attempt.state, other.attempt.prediction_id) == (AttemptState.RUNNING, "p1")


@in_virtual_time
async def test_for_so_long_that_its_row_does_not_say_when_it_went() -> None:
    """It is given up unposted, and the edit goes on with another: for both processes."""
    cut_off, other = two(Turns(running("p1")), TIMING.submit + 1, written=True)
    late = asyncio.create_task(cut_off.steps.submit("e1", uploaded()))
    await settle()
    search = asyncio.create_task(other.steps.find("e1"))
    assert (await late).startswith(WAIT)
    assert (await search).startswith(WAIT)
    assert other.provider.submitted == []
    assert await other.steps.submit("e1", uploaded("https://up/2")) == ON
    assert [one.state for one in other.edits.attempts] == [AttemptState.REFUSED, AttemptState.RUNNING]


@pytest.mark.parametrize("written", [True, False])
@in_virtual_time
async def test_until_its_edit_is_settled(written: bool) -> None:
    """By an admin, or as one of unknown fate: what is settled is not bought hours later."""
    cut_off, other = two(Turns(running("p1")), 3600, written=written)
    late = asyncio.create_task(cut_off.steps.submit("e1", uploaded()))
    await settle()
    other.edits.change("e1", state=EditState.FAILED, charged=0)
    assert await late == ENDED
    assert other.provider.submitted == []


@pytest.mark.parametrize("error", [InputRejected("400"), Throttled("429")])
@in_virtual_time
async def test_a_refusal_takes_nothing_from_a_prediction_that_was_found(error: ProviderError) -> None:
    """Another process gave its attempt a name: neither that nor the edit ends, and no other attempt opens."""
    bench = Bench(provider=FakeProvider(submits=Turns(error)))
    bench.provider.before_submit = found(bench, "p9")
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert (bench.attempt.state, bench.attempt.prediction_id) == (AttemptState.RUNNING, "p9")
    assert not bench.edit.state.final


@pytest.mark.parametrize(("name", "state"), [("p1", AttemptState.COMPLETED), ("p9", AttemptState.RUNNING)])
@in_virtual_time
async def test_a_prediction_that_was_found_before_its_answer_came(name: str, state: AttemptState) -> None:
    """The attempt keeps the name that it has; the answer says how it ended if it is about that one."""
    bench = Bench(provider=FakeProvider(submits=Turns(FINISHED)))
    bench.provider.before_submit = found(bench, name)
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert (bench.attempt.prediction_id, bench.attempt.state) == (name, state)


@in_virtual_time
async def test_a_prediction_that_another_attempt_took_leaves_its_own_to_be_found() -> None:
    """Of the same words each may have the other's: this one is lost until it has one, not running."""
    bench = Bench()
    taken = Attempt(9, "e9", 1, AttemptState.RUNNING, "words:9", bench.edit.created_at, "p1")
    bench.edits.edits["e9"] = an_edit(id="e9")
    bench.provider.before_submit = lambda: bench.edits.attempts.insert(0, taken)
    assert await bench.steps.submit("e1", uploaded()) == LOST
    assert (bench.attempt.state, bench.attempt.prediction_id) == (AttemptState.OPEN, None)


@in_virtual_time
async def test_an_answer_to_what_was_given_up_meanwhile() -> None:
    """The other one took it for lost, at a provider that lists nothing: what came is collected after all."""
    bench = Bench(provider=FakeProvider(submits=Turns(FINISHED), searchable=False))

    def given_up() -> None:
        bench.edits.change("e1", state=EditState.UNKNOWN)

    bench.provider.before_submit = given_up
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert bench.edit.state is EditState.RUNNING
    assert await bench.steps.collect("e1") == ON
    assert bench.blobs.kept == {"e1.png": PNG.data}


class Paused(FakeProvider):
    """The provider as a process has it that is paused in a call, and then hears of a failure."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(results=Turns(PredictionFailed("no")))
        self.meanwhile = meanwhile

    async def upload(self, picture: Encoded) -> str:
        await self.meanwhile()
        raise InputRejected("400")

    async def result(self, prediction_id: str) -> Prediction:
        await self.meanwhile()
        return await super().result(prediction_id)


async def _bought(other: Bench) -> None:
    assert await other.steps.submit("e1", uploaded("https://up/9")) == ON


async def _delivered(other: Bench) -> None:
    await _bought(other)
    assert await other.steps.collect("e1") == ON
    assert await other.steps.deliver("e1") == ENDED


async def _taken_over(other: Bench, state: AttemptState) -> None:
    await _bought(other)
    other.edits.attempts[-1] = replace(other.attempt, state=state)


@pytest.mark.parametrize("state", [AttemptState.OPEN, AttemptState.RUNNING, AttemptState.COMPLETED])
@in_virtual_time
async def test_a_failure_that_comes_when_another_has_bought(state: AttemptState) -> None:
    """It ends nothing, nobody hears of it, and the edit keeps its place with the provider."""
    other = Bench()
    paused = Paused(lambda: _taken_over(other, state))
    late = Bench(edits=other.edits, provider=paused, messenger=other.messenger, turns=other.turns)
    other.turns.granted["e1"] = 1001
    assert await late.steps.upload("e1") == ENDED
    assert not other.edit.state.final
    assert (other.attempt.state, other.told) == (state, [])
    assert "e1" in other.turns.granted
    assert await other.steps.collect("e1") == ON
    assert await other.steps.deliver("e1") == ENDED
    assert other.outcome == (EditState.DONE, 63_000)
    assert other.told == [None]


@in_virtual_time
async def test_a_failure_that_comes_when_another_has_delivered() -> None:
    """Its person has the picture: nothing is said of a failure."""
    other = Bench()
    late = Bench(edits=other.edits, provider=Paused(lambda: _delivered(other)), messenger=other.messenger)
    assert await late.steps.upload("e1") == ENDED
    assert other.outcome == (EditState.DONE, 63_000)
    assert set(other.told) == {None}


@in_virtual_time
async def test_between_a_refusal_and_its_end() -> None:
    """Whether its model is still offered was looked up for long: the other's prediction is not ended."""
    other = Bench()
    late = Bench(
        edits=other.edits, provider=FakeProvider(submits=Turns(InputRejected("400"))), gone=_Asked(other)
    )
    assert await late.steps.submit("e1", uploaded()) == ENDED
    assert [one.state for one in other.edits.attempts] == [AttemptState.REFUSED, AttemptState.OPEN]
    assert (other.edit.state.final, late.told) == (False, [])


class _Asked(set[str]):
    """The models that are gone; while this is looked up, another process opens the next attempt."""

    def __init__(self, other: Bench) -> None:
        super().__init__()
        self._other = other

    def __contains__(self, name: object) -> bool:
        self._other.opened()
        return True


@in_virtual_time
async def test_a_prediction_that_failed_ends_its_edit_for_nothing() -> None:
    """Its attempt is closed first, so that nothing of it may be billed."""
    bench = Bench()
    bench.running()
    bench.provider.results = Turns(PredictionFailed("no"))
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.told == [PredictionFailed]


@in_virtual_time
async def test_a_prediction_that_failed_takes_nothing_from_the_next_attempt() -> None:
    """Another process closed it first and goes on with a new one: that edit is not ended."""
    other = Bench()
    other.opened(AttemptState.RUNNING, "p0")

    async def began_anew() -> None:
        other.edits.attempts[-1] = replace(other.attempt, state=AttemptState.FAILED)
        await _bought(other)

    late = Bench(edits=other.edits, provider=Paused(began_anew))
    assert await late.steps.collect("e1") == ENDED
    assert [one.state for one in other.edits.attempts] == [AttemptState.FAILED, AttemptState.RUNNING]
    assert (other.outcome, late.told) == ((EditState.RUNNING, None), [])


@pytest.mark.parametrize("error", [PredictionFailed("no"), NoSuchPrediction("404")])
@in_virtual_time
async def test_a_prediction_that_completed_and_is_denied_later(error: ProviderError) -> None:
    """The provider billed it, and so do we; the edit ends."""
    bench = Bench()
    bench.opened(AttemptState.COMPLETED, "p1", ago=8 * 86_400)
    bench.provider.results = Turns(error)
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 63_000)
    assert bench.told == [OutputUnusable]
