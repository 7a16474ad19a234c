"""Pictures from words alone: asked about, bought once from the sibling, and found when an answer is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.texts import explain
from bot.domain.catalogue import Catalogue
from bot.domain.catalogue_file import load
from bot.domain.edits import Attempt, AttemptState, EditState, Place, Request, RequestState
from bot.domain.ports import Prediction, PredictionStatus, Stage
from bot.domain.preferences import Preferences
from bot.domain.roles import Decision, Topic
from bot.errors import AnswerLost, EditUnknown, OnlyEdits, PriceUnknown, Throttled
from bot.jobs.deciding import Ask, Deciding, Wanted
from bot.jobs.ending import ENDED, LOST, ON
from bot.jobs.quoting import Quotes
from tests.catalogues import having
from tests.fakes import FakeBlobs, FakeImaging, FakeProvider, Turns, running
from tests.fakes_of_storage import FakeNotes, FakePeople, FakePictures
from tests.jobs.bench import TIMING, Bench, an_edit
from tests.virtual_time import START, LoopClock, SetClock, in_virtual_time, settle

PROMPT = "a fox in the snow"
CHOICES = {"quality": "medium", "resolution": "1k"}
SIBLING = "openai/gpt-image-2/text-to-image"
CREATED: dict[str, Any] = {
    "prompt": PROMPT,
    "model": "gpt-image-2",
    "choices": CHOICES,
    "pictures": (),
    "fit": None,
}


# --- deciding -------------------------------------------------------------------------------------------


class Somebody(FakePeople):
    """A person with settings."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self.chosen = preferences

    async def preferences(self, user_id: int) -> Preferences:
        return self.chosen


async def decided(
    preferences: Preferences,
    decision: Decision | None = None,
    price: int | None = 70_000,
    catalogue: Catalogue | None = None,
) -> tuple[list[Wanted] | Ask, FakeProvider]:
    """What comes of a request without pictures, and who was asked for the price."""
    provider = FakeProvider(quotes=Turns(price))
    decide = deciding(preferences, provider, lambda: catalogue or load())
    return await decide(a_request(decision or Decision())), provider


def deciding(
    preferences: Preferences, provider: FakeProvider, catalogue: Callable[[], Catalogue]
) -> Deciding:
    quotes = Quotes(lambda model: provider, FakeNotes(), TIMING, SetClock())
    return Deciding(Somebody(preferences), FakeImaging(), FakePictures(), FakeBlobs(), catalogue, quotes)


def a_request(decision: Decision) -> Request:
    state = RequestState.PREPARING
    return Request("r1", 1001, Place(1001, 5), state, (), START, prompt=PROMPT, decision=decision)


@in_virtual_time
async def test_it_is_planned_with_the_sibling_and_its_own_price() -> None:
    """No picture is fetched or quoted for, and there is nothing to finish."""
    outcome, provider = await decided(Preferences("gpt-image-2", "high", delivery="file"))
    assert isinstance(outcome, list)
    [wanted] = outcome
    assert (wanted.plan.model.endpoint, wanted.plan.quote, wanted.plan.fit) == (SIBLING, 70_000, None)
    assert wanted.plan.choices["quality"] == "high"
    assert (wanted.pictures, wanted.mask_key, wanted.delivery) == ((), None, "file")
    assert {submission.model.endpoint for submission in provider.quoted} == {SIBLING}
    assert {submission.pictures for submission in provider.quoted} == {()}


@in_virtual_time
async def test_a_model_that_only_edits_offers_those_that_create() -> None:
    """Each with its price, for this one time; who chose one gets it."""
    outcome, _ = await decided(Preferences("gpt-image-1"))
    assert isinstance(outcome, Ask)
    assert outcome.question.topic is Topic.CREATE
    assert outcome.question.params == {"model": "GPT Image 1"}
    *models, cancel = outcome.question.options
    assert models[0].value == "model:gpt-image-2"
    assert models[0].params == {"title": "GPT Image 2", "price": "$0.07"}
    assert cancel.value == "cancel"
    offered = [load().models[option.value.removeprefix("model:")] for option in models]
    assert all(model.create for model in offered)
    chosen, _ = await decided(Preferences("gpt-image-1"), Decision(model="gpt-image-2"))
    assert isinstance(chosen, list)
    assert chosen[0].plan.model.endpoint == SIBLING


@in_virtual_time
async def test_what_is_dear_is_confirmed_first() -> None:
    """As every request is."""
    careful = Preferences("gpt-image-2", confirm_above=50_000)
    outcome, _ = await decided(careful)
    assert isinstance(outcome, Ask)
    assert outcome.question.topic is Topic.CONFIRM
    agreed, _ = await decided(careful, Decision(confirmed=70_000))
    assert isinstance(agreed, list)


@in_virtual_time
async def test_a_model_that_dies_while_a_request_is_looked_at() -> None:
    """Nobody gets another one unasked: the submit is refused for free, and its person told."""
    dying, gone = load(), having(load(), ["openai/gpt-image-2.6-flare/edit"])
    asked = [dying]
    decide = deciding(
        Preferences("gpt-image-2"), FakeProvider(quotes=Turns(1)), lambda: (asked or [gone]).pop()
    )
    outcome = await decide(a_request(Decision(model="gpt-image-2")))
    assert isinstance(outcome, list)
    assert outcome[0].plan.model.endpoint == SIBLING


@in_virtual_time
async def test_an_answer_that_comes_when_the_price_has_risen() -> None:
    """The button said less: the new price is asked about, also of who is never asked otherwise."""
    asked, _ = await decided(Preferences("gpt-image-1", results=2))
    assert isinstance(asked, Ask)
    answer = Decision().with_answer(asked.question.options[0].answer)
    assert answer == Decision(model="gpt-image-2", confirmed=140_000)
    later, _ = await decided(Preferences("gpt-image-1", results=2), answer, price=80_000)
    assert isinstance(later, Ask)
    assert later.question.params == {"price": "2 × $0.08 = $0.16"}
    for price in (60_000, 70_000):
        same, _ = await decided(Preferences("gpt-image-1", results=2), answer, price=price)
        assert isinstance(same, list)


@in_virtual_time
async def test_without_a_price_nothing_is_bought() -> None:
    """The sibling's is only known from the provider: it refuses, and offers nothing else either."""
    with pytest.raises(PriceUnknown):
        await decided(Preferences("gpt-image-2"), price=None)


@in_virtual_time
async def test_where_no_model_creates_there_is_nothing_to_offer() -> None:
    """The refusal says so."""
    with pytest.raises(OnlyEdits) as refusal:
        await decided(Preferences("gpt-image-1"), catalogue=having(load(), ["openai/gpt-image-1"]))
    assert explain(refusal.value).startswith(
        "GPT Image 1 edits pictures and makes none from words alone. No "
    )


@in_virtual_time
async def test_several_are_made_as_the_settings_say() -> None:
    """Each with the price of one."""
    outcome, _ = await decided(Preferences("gpt-image-2", results=3))
    assert isinstance(outcome, list)
    assert [(wanted.results, wanted.plan.quote) for wanted in outcome] == [(3, 70_000)]


# --- buying ---------------------------------------------------------------------------------------------


def a_bench(*listings: list[Prediction] | Exception, **changes: Any) -> Bench:
    provider = FakeProvider(listings=Turns(*listings) if listings else Turns([]))
    return Bench({**CREATED, **changes}, provider=provider)


def opened(bench: Bench, edit_id: str = "e1", source_url: str = "words:1") -> Attempt:
    """An attempt whose POST began when the test did."""
    number = len(bench.edits.attempts) + 1
    attempt = Attempt(number, edit_id, 1, AttemptState.OPEN, source_url, START)
    bench.edits.attempts.append(attempt)
    return attempt


def made(prediction_id: str = "p1", after: float = 1.0, **changes: Any) -> Prediction:
    """A prediction in the list, of the very inputs, created some seconds after the POST began."""
    values: dict[str, Any] = {
        "id": prediction_id,
        "status": PredictionStatus.RUNNING,
        "inputs": {"prompt": PROMPT, **CHOICES, "enable_sync_mode": False},
        "endpoint": SIBLING,
        "created_at": START + timedelta(seconds=after),
    }
    return Prediction(**{**values, **changes})


@in_virtual_time
async def test_nothing_is_uploaded_and_the_sibling_is_bought() -> None:
    """Its attempt is told from all others by a word of ours, which is not sent."""
    bench = a_bench()
    uploaded = await bench.steps.upload("e1")
    assert bench.provider.uploaded == []
    assert Stage.UPLOADING not in bench.messenger.stages
    assert await bench.steps.submit("e1", uploaded) == ON
    [submission] = bench.provider.submitted
    assert (submission.model.endpoint, submission.prompt, submission.pictures) == (SIBLING, PROMPT, ())
    assert bench.attempt.source_url not in repr(submission)


@in_virtual_time
async def test_each_attempt_has_a_word_of_its_own() -> None:
    """After a 429 another one opens; the refused one is not posted again."""
    bench = a_bench()
    bench.provider.submits = Turns(Throttled("429"), running("p2"))
    first = await bench.steps.upload("e1")
    await bench.steps.submit("e1", first)
    assert (await bench.steps.submit("e1", first)).startswith("wait:")
    assert len(bench.provider.submitted) == 1
    assert await bench.steps.submit("e1", await bench.steps.upload("e1")) == ON
    assert len({attempt.source_url for attempt in bench.edits.attempts}) == 2


@in_virtual_time
async def test_a_workflow_begun_anew_posts_nothing_twice() -> None:
    """What may be bought keeps its word."""
    bench = a_bench()
    bench.provider.submits = Turns(AnswerLost("timeout"))
    assert await bench.steps.submit("e1", await bench.steps.upload("e1")) == LOST
    again = await bench.steps.upload("e1")
    assert json.loads(again)["pictures"] == [bench.attempt.source_url]
    assert await bench.steps.submit("e1", again) == LOST
    assert len(bench.provider.submitted) == 1


# --- finding a lost one ---------------------------------------------------------------------------------


@in_virtual_time
async def test_a_lost_one_is_found_by_its_very_inputs() -> None:
    """But not before every answer that may name it to somebody else must have come."""
    bench = a_bench([made()])
    opened(bench)
    assert await bench.steps.find("e1") == ON
    assert (bench.attempt.state, bench.attempt.prediction_id) == (AttemptState.RUNNING, "p1")
    assert TIMING.submit_whole + 1 <= LoopClock().monotonic() < TIMING.reconcile_for


@pytest.mark.parametrize(
    "inputs", [{"inputs": {"prompt": PROMPT, **CHOICES}}, {"a": {"b": {"prompt": PROMPT, **CHOICES}}}]
)
@in_virtual_time
async def test_wherever_the_inputs_are(inputs: dict[str, Any]) -> None:
    """Their place in the list is not documented."""
    bench = a_bench([made(inputs=inputs)])
    opened(bench)
    assert await bench.steps.find("e1") == ON


@pytest.mark.parametrize(
    "changes",
    [
        {"endpoint": "openai/gpt-image-2/edit"},
        {"endpoint": None},
        {"inputs": {"prompt": "a fox", **CHOICES}},
        {"inputs": {"prompt": PROMPT, **CHOICES, "quality": "high"}},
        {"inputs": {"prompt": PROMPT, **CHOICES, "aspect_ratio": "1:1"}},
        {"inputs": {"prompt": PROMPT, "quality": "medium"}},
        {"inputs": PROMPT},
        {"inputs": None},
        {"created_at": None},
        {"created_at": START - timedelta(seconds=90)},
        {"created_at": START + timedelta(seconds=TIMING.submit_whole + 90)},
    ],
)
@in_virtual_time
async def test_what_differs_is_not_taken_for_it(changes: dict[str, Any]) -> None:
    """Another model, other words or choices, another time: the edit stays unknown, with its hold."""
    bench = a_bench([made(**changes)])
    opened(bench)
    assert await bench.steps.find("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert bench.told == [EditUnknown]
    assert bench.provider.submitted == []


@in_virtual_time
async def test_one_that_was_never_taken_is_unknown() -> None:
    """Nothing is bought again."""
    bench = a_bench([])
    opened(bench)
    assert await bench.steps.find("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert LoopClock().monotonic() == TIMING.reconcile_for


@in_virtual_time
async def test_what_another_attempt_has_is_not_taken() -> None:
    """The same words twice: the answered one keeps its prediction, the lost one gets the other."""
    bench = a_bench([made("p2"), made("p1")])
    bench.edits.edits["e2"] = an_edit(**CREATED, id="e2", origin="request:r2:0")
    assert await bench.edits.named(opened(bench, "e2", "words:2").id, "p2")
    opened(bench)
    assert await bench.steps.find("e1") == ON
    assert bench.attempt.prediction_id == "p1"


@in_virtual_time
async def test_of_two_lost_ones_one_gets_the_only_prediction() -> None:
    """Which one is the same; the other is unknown, with its hold."""
    bench = a_bench([made()])
    bench.edits.edits["e2"] = an_edit(**CREATED, id="e2", origin="request:r2:0")
    opened(bench)
    opened(bench, "e2", "words:2")
    assert await bench.steps.find("e2") == ON
    assert await bench.steps.find("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert [attempt.prediction_id for attempt in bench.edits.attempts] == [None, "p1"]


@in_virtual_time
async def test_a_webhook_may_be_quicker() -> None:
    """What it named is not looked for any more, and what is in the list is left to others."""
    bench = a_bench([], [made("p9")])
    attempt = opened(bench)
    search = asyncio.create_task(bench.steps.find("e1"))
    await settle()
    assert await bench.edits.named(attempt.id, "p1")
    assert await search == ON
    assert bench.attempt.prediction_id == "p1"


# --- what came of it ------------------------------------------------------------------------------------


@in_virtual_time
async def test_its_picture_is_kept_delivered_and_charged() -> None:
    """Without a source there is nothing to undo; the price is the held one."""
    bench = a_bench(quote=70_000)
    bench.running()
    assert await bench.steps.collect("e1") == ON
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.outcome == (EditState.DONE, 70_000)
    assert bench.imaging.finished == []
