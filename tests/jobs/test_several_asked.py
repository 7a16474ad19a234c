"""Several results of one request: priced, asked about and held together, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.budgets import USER_DAY
from bot.domain.edits import Place, Request, RequestState, SentPicture
from bot.domain.preferences import Preferences
from bot.domain.roles import Decision, Use
from bot.errors import OverBudget
from bot.jobs.deciding import Ask, Wanted
from bot.storage.database import Database
from bot.storage.migrations import upgrade
from tests.jobs.test_preparing import World, until
from tests.virtual_time import START


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    url = f"sqlite:///{tmp_path / 'app.db'}"
    upgrade(url)
    database = Database.open(url)
    yield World(database)
    await database.close()


def pictures(count: int) -> tuple[SentPicture, ...]:
    return tuple(SentPicture(file_id=f"f{n}", message_id=5 + n) for n in range(count))


async def asked(world: World, count: int = 1, use: Use | None = None) -> None:
    """Ada sends so many pictures, and says what they are for."""
    request = Request(
        "r1",
        1001,
        Place(1001, 5),
        RequestState.COLLECTING,
        pictures(count),
        START,
        prompt="make it blue",
        decision=Decision(use=use),
    )
    await world.requests.open(request, START)


async def test_each_result_is_an_edit_of_its_own_in_one_batch(world: World) -> None:
    """With its own hold; all reply to the same message."""
    world.people.chosen = Preferences(model="gpt-image-2", results=3)
    await asked(world)
    async with world.preparing_runs():
        await until(lambda: len(world.enqueued) == 3)
    edits = await world.edits.of_batch("r1:0")
    assert [edit.id for edit in edits] == world.enqueued
    assert [edit.origin for edit in edits] == [f"request:r1:{n}" for n in range(3)]
    assert {(edit.place.message_id, edit.quote) for edit in edits} == {(5, 60_000)}
    rows = await world.accounts.movements(START.date())
    assert [row.micros for row in rows] == [60_000] * 3


async def test_one_result_is_no_batch(world: World) -> None:
    """Nothing waits for anything."""
    await asked(world)
    async with world.preparing_runs():
        await until(lambda: world.enqueued)
    assert (await world.edits.get(world.enqueued[0])).batch is None


async def test_several_results_of_each_picture_are_a_batch_for_each(world: World) -> None:
    """Each batch answers its own picture."""
    world.people.chosen = Preferences(results=2)
    await asked(world, 2, Use.EACH)
    async with world.preparing_runs():
        await until(lambda: len(world.enqueued) == 4)
    for at in range(2):
        batch = await world.edits.of_batch(f"r1:{at}")
        assert [(edit.place.message_id, edit.pictures[0].file_id) for edit in batch] == [
            (5 + at, f"f{at}")
        ] * 2


async def test_a_limit_that_leaves_too_little_for_all_refuses_all(world: World) -> None:
    """Two would have been paid for; none is held."""
    world.people.chosen = Preferences(model="gpt-image-2", results=3)
    await world.accounts.set_limit(USER_DAY, 1001, 179_999)
    await asked(world)
    async with world.preparing_runs():
        await world.until(RequestState.REFUSED)
    ((error, _),) = world.messenger.refusals
    assert isinstance(error, OverBudget)
    assert error.params["price"] == "$0.18"
    assert await world.accounts.movements(START.date()) == []


@pytest.mark.parametrize(("above", "asks"), [(179_999, True), (180_000, False)])
async def test_the_price_of_all_is_asked_about(world: World, above: int, asks: bool) -> None:
    """It is shown how it comes about."""
    world.people.chosen = Preferences(model="gpt-image-2", results=3, confirm_above=above)
    await asked(world)
    outcome = await world.decide(await world.request())
    if not asks:
        assert isinstance(outcome, list)
        assert [(wanted.results, wanted.plan.quote) for wanted in outcome] == [(3, 60_000)]
        return
    assert isinstance(outcome, Ask)
    assert outcome.question.params == {"price": "3 × $0.06 = $0.18"}
    assert outcome.question.options[0].value == "confirmed:180000"


async def test_edit_each_costs_the_number_of_results_for_each(world: World) -> None:
    """The button says so."""
    world.people.chosen = Preferences(model="gpt-image-2", results=2)
    await asked(world, 2)
    outcome: list[Wanted] | Ask = await world.decide(await world.request())
    assert isinstance(outcome, Ask)
    prices = [option.params["price"] for option in outcome.question.options if option.params]
    assert prices == ["4 × $0.06 = $0.24"]
