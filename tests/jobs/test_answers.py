"""A submit that is answered with the finished picture: kept at once, and never asked for again."""

from __future__ import annotations

import pytest

from bot.domain.edits import AttemptState, EditState
from bot.domain.ports import Prediction, PredictionStatus
from bot.errors import AnswerLost, EditUnknown, Moderated, StorageBusy
from bot.jobs.answers import Answers
from bot.jobs.ending import ENDED, LOST, ON
from tests.fakes import PNG, FakeBlobs, FakeProvider, Turns, completed
from tests.jobs.bench import Bench, uploaded
from tests.virtual_time import in_virtual_time

FINISHED = Prediction("p1", PredictionStatus.COMPLETED, ("aGVsbG8=",), cost=41_000)


class BusyBlobs(FakeBlobs):
    """Full for the first two puts."""

    left = 2

    async def put(self, key: str, data: bytes) -> None:
        self.left -= 1
        if self.left >= 0:
            raise StorageBusy("full")
        await super().put(key, data)


def that_answers(answer: Prediction | Exception = FINISHED, **parts: object) -> Bench:
    return Bench(provider=FakeProvider(submits=Turns(answer)), **parts)  # type: ignore[arg-type] # any part


@in_virtual_time
async def test_a_finished_answer_is_used_without_another_question() -> None:
    """No listing, no reading: what it brought is downloaded, kept, and then forgotten."""
    bench = that_answers()
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert bench.attempt.state is AttemptState.COMPLETED
    assert await bench.steps.wait("e1") == ON
    assert await bench.steps.collect("e1") == ON
    assert (bench.provider.read, bench.provider.listed_since) == ([], [])
    assert bench.blobs.kept == {"e1.png": PNG.data}


@in_virtual_time
async def test_what_the_provider_says_it_cost_is_charged() -> None:
    """It is written down with the attempt, so that a crash does not lose it."""
    bench = that_answers()
    await bench.steps.submit("e1", uploaded())
    assert (bench.attempt.prediction_id, bench.attempt.cost) == ("p1", 41_000)
    await bench.steps.collect("e1")
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.outcome == (EditState.DONE, 41_000)


@in_virtual_time
async def test_an_answer_that_came_before_a_crash_is_found_by_us() -> None:
    """Even where the provider lists nothing: it was kept before the attempt was named."""
    bench = that_answers()
    bench.provider.searchable = False
    bench.opened()
    await Answers(bench.blobs).keep("e1", FINISHED)
    assert await bench.steps.submit("e1", uploaded()) == LOST
    assert await bench.steps.find("e1") == ON
    assert (bench.attempt.state, bench.attempt.cost) == (AttemptState.COMPLETED, 41_000)
    assert await bench.steps.collect("e1") == ON
    assert bench.provider.submitted == []


@in_virtual_time
async def test_a_full_disk_does_not_lose_it() -> None:
    """It is paid for: the step waits until it can be kept."""
    bench = that_answers(blobs=BusyBlobs())
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert await bench.steps.collect("e1") == ON


@in_virtual_time
async def test_a_lost_answer_that_cannot_be_looked_for_is_unknown_at_once() -> None:
    """No second call, and nobody waits a quarter of an hour for nothing."""
    bench = that_answers(AnswerLost("reset"))
    bench.provider.searchable = False
    assert await bench.steps.submit("e1", uploaded()) == LOST
    assert await bench.steps.find("e1") == ENDED
    assert bench.told == [EditUnknown]
    assert len(bench.provider.submitted) == 1
    assert bench.provider.listed_since == []
    assert bench.clock.monotonic() == 0


@pytest.mark.parametrize("status", [PredictionStatus.FAILED, PredictionStatus.COMPLETED])
@in_virtual_time
async def test_an_answer_without_a_picture_is_read_by_its_id(status: PredictionStatus) -> None:
    """What has ended badly, or lacks its outputs, is looked at as any other."""
    failed = Prediction("p1", PredictionStatus.FAILED, failure=Moderated("1200"))
    bench = that_answers(Prediction("p1", status))
    bench.provider.results = Turns(failed if status is PredictionStatus.FAILED else completed("p1"))
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert bench.attempt.state is AttemptState.RUNNING
    assert await bench.steps.collect("e1") == (ENDED if status is PredictionStatus.FAILED else ON)
    assert bench.provider.read == ["p1"]


@in_virtual_time
async def test_giving_up_after_a_finished_answer_gives_nothing_back() -> None:
    """It was bought: whoever looks at it later decides."""
    bench = that_answers()
    await bench.steps.submit("e1", uploaded())
    assert await bench.steps.give_up("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
