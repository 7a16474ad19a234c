"""Which model a request is for, and what people hear whose model is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from bot.domain.budgets import USER_DAY, Account
from bot.domain.catalogue import Catalogue, Price
from bot.domain.catalogue_file import load
from bot.domain.edits import Place, Request, RequestState
from bot.domain.preferences import Preferences
from bot.domain.roles import CANCEL, Decision, Question, Topic
from bot.errors import AccountEmpty, ModelWithdrawn
from bot.jobs.choosing import Choosing
from bot.jobs.doors import Doors
from tests.catalogues import having
from tests.fakes import FakeMessenger
from tests.fakes_of_storage import FakeNotes
from tests.jobs.bench import SOURCE
from tests.virtual_time import START, SetClock

WORDS = "make it blue"
SEED, TWO, ONE, PLUS, MINI = (
    load().models[name].endpoint
    for name in ("seedream-4.5", "gpt-image-2", "gpt-image-1", "qwen-image-edit-plus", "gpt-image-1-mini")
)
ALL = [row.endpoint for row in load().models.values()]


@dataclass
class People:
    """Somebody's settings."""

    chosen: Preferences = field(default_factory=Preferences)
    saves: int = 0

    async def preferences(self, user_id: int) -> Preferences:
        await asyncio.sleep(0)
        return self.chosen

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        self.chosen = preferences
        self.saves += 1

    async def seen(self, user_id: int, name: str, username: str | None, language: str | None) -> None: ...

    async def name(self, user_id: int) -> str | None: ...


@dataclass
class World:
    """What a person chose, what they can still spend, and which models there are."""

    chosen: Preferences = field(default_factory=Preferences)
    lefts: tuple[int | None, ...] = ()
    catalogue: Catalogue = field(default_factory=load)

    def __post_init__(self) -> None:
        self.people, self.messenger = People(self.chosen), FakeMessenger()
        self.doors = Doors(FakeNotes(), SetClock())
        self.choose = Choosing(
            self.people, self, lambda: self.catalogue, self.doors, self.messenger, SetClock()
        )

    async def accounts(self, user_id: int, chat_id: int, now: datetime) -> Sequence[Account]:
        limits = [(None if left is None else left + 30_000, left) for left in self.lefts]
        return [Account(USER_DAY, user_id, limit, 10_000, 20_000, now) for limit, _ in limits]

    async def model(self, wanted: Request) -> str | None:
        """The model that a request is for; None if it is asked about."""
        found = await self.choose(wanted)
        return None if isinstance(found, Question) else found.decision.model


def request(model: str | None = None, *, pictures: bool = True) -> Request:
    """A request whose person answered with a model, or was not asked."""
    sent = (SOURCE,) if pictures else ()
    decision = Decision(model=model)
    return Request("r1", 7, Place(7, 5), RequestState.PREPARING, sent, START, WORDS, decision=decision)


def asked(found: Request | Question) -> tuple[list[str], dict[str, str]]:
    """A question's options and what fills its text."""
    assert isinstance(found, Question)
    assert found.topic is Topic.SUCCESSOR
    return [option.value for option in found.options], dict(found.params)


@pytest.mark.parametrize(
    ("lefts", "used"),
    [
        ((), "gpt-image-2"),
        ((None, None), "gpt-image-2"),
        ((60_000, None), "gpt-image-2"),
        ((90_000, 59_999), "seedream-4.5"),
        ((0,), "gpt-image-2"),
    ],
)
async def test_the_default_is_what_can_be_paid(lefts: tuple[int | None, ...], used: str) -> None:
    """By the smallest limit; where nothing can, the first one's refusal says what is left."""
    assert await World(lefts=lefts).model(request()) == used


async def test_who_chose_a_model_gets_it_whatever_is_left() -> None:
    """And nothing is written."""
    world = World(Preferences("gpt-image-1"), (0,))
    assert await world.model(request()) == "gpt-image-1"
    assert await world.model(request("gpt-image-1-mini")) == "gpt-image-1-mini"
    assert (world.people.saves, world.messenger.moves) == (0, [])


async def test_a_successor_that_costs_no_more_is_told_once() -> None:
    """Over a restart too: it is the person's own model now. The other settings stay."""
    mine = Preferences("gpt-image-1", quality="medium", aspect="2:3")
    world = World(mine, catalogue=having(load(), [TWO, SEED]))
    assert [await world.model(request()) for _ in range(2)] == ["gpt-image-2"] * 2
    assert world.messenger.moves == [("GPT Image 1", "GPT Image 2", "$0.06")]
    assert world.people.chosen == replace(mine, model="gpt-image-2")
    again = World(world.people.chosen, catalogue=load())
    assert await again.model(request()) == "gpt-image-2"


async def test_of_two_requests_at_once_one_is_told() -> None:
    """Both get the successor."""
    world = World(Preferences("gpt-image-1", aspect="2:3"), catalogue=having(load(), [TWO]))
    found = await asyncio.gather(*(world.model(request()) for _ in range(4)))
    assert found == ["gpt-image-2"] * 4
    assert len(world.messenger.moves) == 1


async def test_a_dearer_successor_is_asked_about_until_it_is_answered() -> None:
    """Nothing moves before; the answer is the person's model from then on."""
    world = World(Preferences("seedream-4.5"), catalogue=having(load(), [TWO, PLUS, ONE]))
    for _ in range(2):
        options, shown = asked(await world.choose(request()))
        assert options == [
            "model:gpt-image-2",
            "model:qwen-image-edit-plus",
            "model:gpt-image-1",
            CANCEL,
        ]
        assert shown == {"name": "Seedream 4.5", "title": "GPT Image 2", "price": "$0.06", "before": "$0.04"}
    assert world.people.saves == 0
    assert await world.model(request("qwen-image-edit-plus")) == "qwen-image-edit-plus"
    assert await world.model(request()) == "qwen-image-edit-plus"
    assert (world.people.saves, world.messenger.moves) == (1, [])


async def test_what_costs_more_for_some_shape_only_is_asked_about() -> None:
    """A wide picture would cost less than before, a square one more."""
    world = World(Preferences("gpt-image-1"), catalogue=having(load(), [TWO]))
    _, shown = asked(await world.choose(request()))
    assert (shown["before"], shown["price"]) == ("$0.042–$0.063", "$0.06")
    assert world.people.saves == 0


async def test_the_price_of_an_answer_holds_for_as_many_as_are_made() -> None:
    """What turns out to cost more is asked about; so is all whose price could not be said."""
    flare = load().models["gpt-image-2.6-flare"].endpoint
    world = World(Preferences("seedream-4.5", results=2), catalogue=having(load(), [TWO, flare]))
    found = await world.choose(request())
    assert isinstance(found, Question)
    assert found.options[0].answer == "model:gpt-image-2 confirmed:120000"
    world = World(Preferences("gpt-image-2"), catalogue=having(load(), [flare]))
    found = await world.choose(request())
    assert isinstance(found, Question)
    assert found.options[0].answer == "model:gpt-image-2.6-flare confirmed:0"


async def test_an_answer_whose_model_is_gone_by_then() -> None:
    """Its successor was not what they pressed: they get their own model, or are asked once more."""
    world = World(Preferences("gpt-image-1-mini"), catalogue=having(load(), [TWO, MINI]))
    assert await world.model(request("seedream-4.5")) == "gpt-image-1-mini"
    world.catalogue = having(load(), [TWO])
    options, _ = asked(await world.choose(request("seedream-4.5")))
    assert options == ["model:gpt-image-2", CANCEL]
    assert world.people.saves == 0


@pytest.mark.parametrize(
    ("settings", "price"), [(Preferences(quality="high"), "$0.22"), (Preferences(resolution="4k"), "$0.18")]
)
async def test_the_comparison_is_for_the_same_settings(settings: Preferences, price: str) -> None:
    """Also for those that only the successor has."""
    mine = replace(settings, model="gpt-image-1-mini")
    _, shown = asked(await World(mine, catalogue=having(load(), [TWO])).choose(request()))
    assert (shown["before"], shown["price"]) == ("$0.02", price)


async def test_what_is_not_known_to_cost_no_more_is_asked_about() -> None:
    """A model that left the catalogue altogether, and one whose price was never known."""
    for gone, title in (("left-long-ago", "left-long-ago"), ("nano-banana-2", "Nano Banana 2")):
        _, shown = asked(await World(Preferences(gone), catalogue=having(load(), [TWO])).choose(request()))
        assert (shown["name"], shown["before"]) == (title, "unknown")


async def test_several_successors_in_a_chain() -> None:
    """The first one that lives takes over: qwen's is seedream, whose is gpt-image-2."""
    world = World(Preferences("qwen-image-edit-plus"), catalogue=having(load(), [TWO, ONE]))
    options, shown = asked(await world.choose(request()))
    assert options[0] == "model:gpt-image-2"
    assert shown["name"] == "Qwen Image Edit Plus"


async def test_from_words_alone_only_models_that_create_are_offered() -> None:
    """And the successor is the first of the chain that does; with pictures it is as ever."""
    two = load().models["gpt-image-2"]
    assert two.create is not None
    dear = replace(two, prices=(Price(90_000, {}),), create=replace(two.create, prices=(Price(90_000, {}),)))
    rows = {
        "gone": replace(two, name="gone", prices=(Price(1, {}),), create=None, successor="edits"),
        "edits": replace(dear, name="edits", create=None, successor="both"),
        "both": replace(dear, name="both"),
        "also": replace(dear, name="also"),
    }
    live = frozenset(rows) - {"gone"}
    world = World(Preferences("gone"), catalogue=Catalogue(rows, tuple(rows), live, live))
    options, _ = asked(await world.choose(request(pictures=False)))
    assert options == ["model:both", "model:also", CANCEL]
    options, _ = asked(await world.choose(request()))
    assert options == ["model:edits", "model:both", "model:also", CANCEL]


async def test_from_words_alone_the_siblings_are_compared() -> None:
    """What is bought is what counts: without a known price of it, it is asked about."""
    world = World(Preferences("gpt-image-1"), catalogue=having(load(), [TWO]))
    _, shown = asked(await world.choose(request(pictures=False)))
    assert shown["price"] == "?"


@pytest.mark.parametrize(("left", "used"), [(None, "cheap-edits"), (1, "dear-edits")])
async def test_the_default_for_words_alone_is_one_that_makes_pictures(left: int | None, used: str) -> None:
    """By what they cost there, whatever edits cost; a model that only edits is not among them."""
    two = load().models["gpt-image-2"]
    sibling = two.create
    assert sibling is not None
    dear, cheap = (replace(sibling, prices=(Price(price, {}),)) for price in (10, 1))
    rows = {
        "only-edits": replace(two, name="only-edits", create=None),
        "cheap-edits": replace(two, name="cheap-edits", create=replace(dear, name="cheap-edits")),
        "dear-edits": replace(two, name="dear-edits", create=replace(cheap, name="dear-edits")),
    }
    world = World(lefts=(left,), catalogue=Catalogue(rows, tuple(rows)))
    assert await world.model(request(pictures=False)) == used
    assert await world.model(request()) == "only-edits"
    only = {"only-edits": rows["only-edits"]}
    assert await World(catalogue=Catalogue(only, ())).model(request(pictures=False)) == "only-edits"


async def test_a_model_that_is_live_but_has_no_price_yet_is_kept() -> None:
    """It is not gone."""
    flare = load().models["gpt-image-2.6-flare"].endpoint
    world = World(Preferences("gpt-image-2.6-flare"), catalogue=having(load(), [TWO, flare]))
    assert await world.model(request()) == "gpt-image-2.6-flare"


async def test_with_nothing_live_it_is_refused() -> None:
    """There is nothing to move to."""
    for chosen in (None, "gpt-image-1"):
        with pytest.raises(ModelWithdrawn):
            await World(Preferences(chosen), catalogue=having(load(), [])).choose(request())


async def test_an_empty_account_closes_the_models_of_its_own_provider_only() -> None:
    """The sentence names it; another provider's models are still there."""
    world = World()
    await world.doors.exhaust("wavespeed", 60_000)
    with pytest.raises(AccountEmpty) as empty:
        await world.choose(request())
    assert empty.value.params == {"provider": "wavespeed"}
    assert await world.model(request("gpt-image-2-openai")) == "gpt-image-2-openai"
    world.people.chosen = replace(world.people.chosen, model="gpt-image-1-openai")
    assert await world.model(request()) == "gpt-image-1-openai"
