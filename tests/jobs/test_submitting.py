"""The paid POST: once an attempt, whatever happens, and money is only released where nothing was bought."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.edits import AttemptState, EditState
from bot.domain.ports import Stage
from bot.errors import (
    AnswerLost,
    CreditsExhausted,
    InputRejected,
    KeyRejected,
    ModelGone,
    NotSent,
    ProviderRefused,
    StorageBusy,
    Throttled,
)
from bot.jobs.buying import MASK_WORDS
from bot.jobs.ending import ENDED, LOST, ON, WAIT
from tests.fakes import FakeEdits, FakeProvider, Turns, running
from tests.jobs.bench import MASK, SOURCE, TIMING, Bench, uploaded
from tests.virtual_time import START, cancelled, in_virtual_time, settle


def that_fails(error: Exception) -> Bench:
    return Bench(provider=FakeProvider(submits=Turns(error)))


def waits(outcome: str, seconds: float) -> bool:
    """Whether a step asks for a wait of so long, or up to a quarter more, so that not all come at once."""
    return outcome.startswith(WAIT) and seconds <= float(outcome.removeprefix(WAIT)) <= seconds * 1.25


@in_virtual_time
async def test_a_submit_that_is_taken_names_the_attempt() -> None:
    """The edit runs from then on."""
    bench = Bench()
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert (bench.attempt.state, bench.attempt.prediction_id) == (AttemptState.RUNNING, "p1")
    assert bench.edit.state is EditState.RUNNING


@in_virtual_time
async def test_the_attempt_is_written_before_the_post() -> None:
    """So that a crash after it can't buy twice."""
    bench = Bench()
    seen: list[tuple[AttemptState, str]] = []
    bench.provider.before_submit = lambda: seen.append((bench.attempt.state, bench.attempt.source_url))
    await bench.steps.submit("e1", uploaded())
    assert seen == [(AttemptState.OPEN, "https://up/1")]


@in_virtual_time
async def test_what_is_bought_is_what_was_agreed() -> None:
    """The words, the choices and the uploads, each once."""
    bench = Bench()
    await bench.steps.submit("e1", uploaded("https://up/1", mask="https://up/2"))
    (submission,) = bench.provider.submitted
    assert submission.model.name == "gpt-image-1"
    assert submission.prompt == "make it blue"
    assert submission.choices == {"quality": "medium"}
    assert (submission.pictures, submission.mask) == (("https://up/1",), "https://up/2")


@in_virtual_time
async def test_a_region_that_goes_as_a_picture_is_explained_in_words() -> None:
    """Only then: a model with a mask field, or without room for the picture, gets no such words."""
    masked = {"pictures": (SOURCE, MASK), "mask_key": "masks/r1.png"}
    as_picture = Bench({**masked, "model": "gpt-image-2"})
    await as_picture.steps.submit("e1", uploaded("https://up/1", "https://up/2"))
    assert as_picture.provider.submitted[0].prompt == f"make it blue{MASK_WORDS}"
    no_room = Bench({**masked, "model": "gpt-image-2"})
    await no_room.steps.submit("e1", uploaded("https://up/1"))
    assert no_room.provider.submitted[0].prompt == "make it blue"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (NotSent("refused"), TIMING.throttled_wait),
        (Throttled("429"), TIMING.throttled_wait),
        (Throttled("429", retry_after=42.0), 42.0),
        (Throttled("429", retry_after=86_400.0), TIMING.retry_most),
    ],
)
@in_virtual_time
async def test_what_was_provably_not_taken_waits_for_its_turn(error: Exception, seconds: float) -> None:
    """As long as the provider says, within reason; the attempt is closed, so that another may open."""
    bench = that_fails(error)
    assert waits(await bench.steps.submit("e1", uploaded()), seconds)
    assert bench.attempt.state is AttemptState.REFUSED
    assert not bench.edit.state.final
    assert bench.messenger.stages == [Stage.WAITING_TURN]
    assert bench.told == []


@in_virtual_time
async def test_after_the_wait_another_attempt_is_posted_with_uploads_of_its_own() -> None:
    """So that each can be told from the other in the provider's list."""
    bench = Bench(provider=FakeProvider(submits=Turns(Throttled("429"), running("p2"))))
    await bench.steps.submit("e1", uploaded("https://up/1"))
    assert await bench.steps.submit("e1", uploaded("https://up/2")) == ON
    assert [attempt.state for attempt in bench.edits.attempts] == [AttemptState.REFUSED, AttemptState.RUNNING]
    assert len(bench.provider.submitted) == 2


@pytest.mark.parametrize("error", [NotSent("refused"), Throttled("429")])
@in_virtual_time
async def test_nobody_waits_for_a_turn_for_ever(error: NotSent | Throttled) -> None:
    """After the edit's deadline it fails, and its money is free again."""
    bench = that_fails(error)
    bench.edits.change("e1", created_at=START.fromtimestamp(START.timestamp() - 7 * 3600, START.tzinfo))
    assert await bench.steps.submit("e1", uploaded()) == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.told == [type(error)]


@pytest.mark.parametrize(
    "error",
    [ProviderRefused("400"), KeyRejected("401"), CreditsExhausted("1407"), ModelGone(), InputRejected()],
)
@in_virtual_time
async def test_a_clean_refusal_fails_the_edit_and_releases_its_money(error: ProviderRefused) -> None:
    """Nothing was started, so nothing is charged, and it is not tried again."""
    bench = that_fails(error)
    assert await bench.steps.submit("e1", uploaded()) == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.edit.reason == error.key
    assert bench.attempt.state is AttemptState.REFUSED
    assert bench.told == [type(error)]


@in_virtual_time
async def test_a_lost_answer_leaves_the_attempt_open() -> None:
    """It may have been taken: nothing is released, nothing sent again."""
    bench = that_fails(AnswerLost("timeout"))
    assert await bench.steps.submit("e1", uploaded()) == LOST
    assert bench.attempt.state is AttemptState.OPEN
    assert not bench.edit.state.final
    assert len(bench.provider.submitted) == 1


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (AttemptState.OPEN, LOST),
        (AttemptState.RUNNING, ON),
        (AttemptState.COMPLETED, ON),
    ],
)
@in_virtual_time
async def test_a_step_that_runs_again_after_a_crash_posts_nothing(state: AttemptState, outcome: str) -> None:
    """What is known of the attempt decides how it goes on."""
    bench = Bench()
    bench.opened(state, None if state is AttemptState.OPEN else "p1")
    assert await bench.steps.submit("e1", uploaded("https://up/1")) == outcome
    assert bench.provider.submitted == []


@in_virtual_time
async def test_an_attempt_that_was_refused_is_not_posted_again() -> None:
    """As when a crash came before the wait: the next attempt has uploads of its own."""
    bench = Bench()
    bench.opened(AttemptState.REFUSED)
    assert waits(await bench.steps.submit("e1", uploaded("https://up/1")), TIMING.throttled_wait)
    assert bench.provider.submitted == []


@in_virtual_time
async def test_a_busy_database_loses_no_prediction() -> None:
    """What was bought is written down, however long that takes."""
    bench = Bench(edits=FakeEdits(busy=Turns(StorageBusy(), StorageBusy(), None)))
    assert await bench.steps.submit("e1", uploaded()) == ON
    assert bench.attempt.prediction_id == "p1"
    assert len(bench.provider.submitted) == 1


@in_virtual_time
async def test_once_the_door_is_closed_nothing_is_posted() -> None:
    """The process ends: no attempt is opened that nobody would see the answer of."""
    bench = Bench()
    assert await bench.posting.close(1.0)
    step = asyncio.create_task(bench.steps.submit("e1", uploaded()))
    await settle()
    assert not step.done()
    assert bench.edits.attempts == []
    await cancelled(step)


@in_virtual_time
async def test_an_edit_that_was_settled_meanwhile_is_not_bought() -> None:
    """Between the upload and the POST it may have been given up."""
    bench = Bench({"state": EditState.FAILED})
    assert await bench.steps.submit("e1", uploaded()) == ENDED
    assert bench.provider.submitted == []
