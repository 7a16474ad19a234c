"""What things cost: the provider's word, remembered; else the table; else no edit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.domain.catalogue import ASPECT, Catalogue, Model, Price
from bot.domain.catalogue_file import load
from bot.domain.pictures import Size
from bot.domain.timing import Timing
from bot.errors import PriceUnknown, ProviderDown
from bot.jobs.quoting import NOTE, Quotes, Sent
from tests.fakes import FakeProvider, Turns
from tests.fakes_of_storage import FakeNotes
from tests.virtual_time import LoopClock, SetClock, cancelled, in_virtual_time

TIMING = Timing()
ONE = Sent(1)
MEDIUM = {"quality": "medium", "resolution": "1k", "aspect": "1:1"}
FIXED = {"quality": "medium", "aspect": "1:1"}
WIDE = Size(1536, 1024)


def quotes(provider: FakeProvider, notes: FakeNotes | None = None) -> Quotes:
    return Quotes(lambda model: provider, notes or FakeNotes(), TIMING, LoopClock())


def model(name: str) -> Model:
    return load().models[name]


def asked(provider: FakeProvider) -> list[Mapping[str, str]]:
    return [submission.choices for submission in provider.quoted]


@in_virtual_time
async def test_the_providers_price_wins_and_is_asked_once_an_hour() -> None:
    """Whatever the prompt, the same inputs are one question."""
    provider = FakeProvider(quotes=Turns(41_000, 43_000))
    prices = quotes(provider)
    assert await prices.price(model("gpt-image-1"), FIXED, ONE) == 41_000
    assert await prices.price(model("gpt-image-1"), FIXED, ONE) == 41_000
    await asyncio.sleep(TIMING.quote_keep + 1)
    assert await prices.price(model("gpt-image-1"), FIXED, ONE) == 43_000
    assert len(provider.quoted) == 2


@in_virtual_time
async def test_what_is_asked_about() -> None:
    """The number of pictures and a mask are in it, as the edit would send them."""
    provider = FakeProvider(quotes=Turns(1))
    prices = quotes(provider)
    await prices.price(model("gpt-image-2"), MEDIUM, Sent(3, masked=True))
    await prices.price(model("gpt-image-1"), FIXED, Sent(1, masked=True))
    region_as_picture, with_mask = provider.quoted
    assert (len(region_as_picture.pictures), region_as_picture.mask) == (4, None)
    assert len(with_mask.pictures) == 1
    assert with_mask.mask is not None


@pytest.mark.parametrize(
    "answer", [None, ProviderDown("503"), -5, 0], ids=["not asked", "down", "nonsense", "free"]
)
def test_the_table_where_the_provider_does_not_say(answer: int | Exception | None) -> None:
    """And it is left alone for a minute then."""

    @in_virtual_time
    async def case() -> None:
        provider = FakeProvider(quotes=Turns(answer, 41_000))
        prices = quotes(provider)
        for _ in range(3):
            assert await prices.price(model("gpt-image-1"), FIXED, ONE) == 42_000
        assert len(provider.quoted) == 1
        await asyncio.sleep(TIMING.retry_most + 1)
        assert await prices.price(model("gpt-image-1"), FIXED, ONE) == 41_000

    case()


@in_virtual_time
async def test_a_provider_that_hangs_holds_nobody_up() -> None:
    """After a few seconds the table answers."""

    class Hanging(FakeProvider):
        async def quote(self, submission: object) -> int | None:
            await asyncio.Event().wait()
            return None

    assert await quotes(Hanging()).price(model("gpt-image-1"), FIXED, ONE) == 42_000
    assert LoopClock().monotonic() == TIMING.quote


@in_virtual_time
async def test_nobody_knows() -> None:
    """A model without a table is not bought on a guess."""
    with pytest.raises(PriceUnknown):
        await quotes(FakeProvider()).price(model("gpt-image-2.6-flare"), MEDIUM, ONE)


@in_virtual_time
async def test_a_shape_left_to_the_model_holds_the_dearest() -> None:
    """Each shape that may come is asked about, and the picture that came is charged, never beyond."""
    provider = FakeProvider(quotes=Turns(42_000, 63_000, 61_000))
    prices, one = quotes(provider), model("gpt-image-1")
    held = await prices.price(one, {"quality": "medium"}, ONE)
    assert held == 63_000
    assert [choices[ASPECT] for choices in asked(provider)] == ["1:1", "2:3", "3:2"]
    charged = [
        await prices.price_of_result(one, {"quality": "medium"}, size, ONE, held)
        for size in (Size(1024, 1024), WIDE, Size(1000, 1500))
    ]
    assert charged == [42_000, 61_000, 63_000]
    assert await prices.price_of_result(one, {"quality": "medium"}, WIDE, ONE, 50_000) == 50_000
    assert len(provider.quoted) == 3


@in_virtual_time
async def test_a_shape_that_changes_no_price_is_asked_about_once() -> None:
    """The table says that this model's price does not depend on it; so its result costs the hold."""
    provider = FakeProvider(quotes=Turns(58_000))
    prices, two = quotes(provider), model("gpt-image-2")
    choices = {"quality": "medium", "resolution": "1k"}
    assert await prices.price(two, choices, ONE) == 58_000
    assert await prices.price_of_result(two, choices, WIDE, ONE, 57_000) == 57_000
    assert asked(provider) == [choices]


@in_virtual_time
async def test_drift_from_our_table_is_logged_once() -> None:
    """With both prices, for the same inputs once."""
    provider = FakeProvider(quotes=Turns(41_000))
    prices = quotes(provider)
    with capture_logs() as logs:
        for _ in range(2):
            await prices.price(model("gpt-image-1"), FIXED, ONE)
            await asyncio.sleep(TIMING.quote_keep + 1)
    [drift] = [entry for entry in logs if entry["event"] == "price_drift"]
    assert (drift["table"], drift["quote"]) == (42_000, 41_000)


# --- tables for menus -----------------------------------------------------------------------------------


def only(*names: str) -> Catalogue:
    models = {name: replace(model(name), create=None) for name in names}
    return replace(load(), models=models, preference=names)


@in_virtual_time
async def test_menus_show_what_was_asked_for() -> None:
    """All combinations of quality and resolution of a model without a table, asked for at leisure."""
    provider, notes, catalogue = (
        FakeProvider(quotes=Turns(*range(1, 16))),
        FakeNotes(),
        only("gpt-image-2.6-flare", "gpt-image-2"),
    )
    prices = quotes(provider, notes)
    assert prices.over(catalogue).models["gpt-image-2.6-flare"].quoted
    await prices.refresh(catalogue)
    assert len(provider.quoted) == 15
    assert LoopClock().monotonic() >= 15 * TIMING.quote_pause
    shown = prices.over(catalogue).models
    assert shown["gpt-image-2.6-flare"].price({"quality": "low", "resolution": "2k"}) == 2
    assert shown["gpt-image-2"] == catalogue.models["gpt-image-2"]
    after_a_restart = quotes(FakeProvider(), notes)
    await after_a_restart.load()
    assert after_a_restart.over(catalogue).models == shown


@in_virtual_time
async def test_what_one_process_asks_all_know() -> None:
    """Within a minute; only one of them asks."""
    catalogue, notes, silent = only("gpt-image-2.6-flare"), FakeNotes(), FakeProvider()
    other = quotes(silent, notes)
    following = asyncio.create_task(other.follow())
    for price in (7, 8):
        prices = quotes(FakeProvider(quotes=Turns(price)), notes)
        await prices.refresh(catalogue)
        await asyncio.sleep(TIMING.retry_most + 1)
        assert other.over(catalogue).models == prices.over(catalogue).models
    assert silent.quoted == []
    await cancelled(following)


@in_virtual_time
async def test_a_table_that_nobody_needs_any_more() -> None:
    """Once a model has one of its own, it is neither asked for nor kept; another's stays while it is gone."""
    names, notes = ("gpt-image-2.6-flare", "gpt-image-2.6-sunburst"), FakeNotes()
    catalogue, provider = only(*names), FakeProvider(quotes=Turns(7))
    prices = quotes(provider, notes)
    await prices.refresh(catalogue)
    flare = replace(catalogue.models[names[0]], prices=(Price(9, {}),))
    changed = replace(catalogue, models={**catalogue.models, names[0]: flare}, live=frozenset({names[0]}))
    count = len(provider.quoted)
    await prices.refresh(changed)
    assert len(provider.quoted) == count
    assert [*json.loads(notes.kept[NOTE])["tables"]] == [catalogue.models[names[1]].endpoint]


@in_virtual_time
async def test_an_edit_at_a_price_that_menus_show() -> None:
    """Only of one picture and for a day: several, or later, may cost more. Also over a restart."""
    catalogue, notes = only("gpt-image-2.6-flare"), FakeNotes()
    await quotes(FakeProvider(quotes=Turns(7)), notes).refresh(catalogue)
    prices = quotes(FakeProvider(quotes=Turns(ProviderDown("503"))), notes)
    await prices.load()
    flare = prices.over(catalogue).models["gpt-image-2.6-flare"]
    assert await prices.price(flare, MEDIUM, ONE) == 7
    with pytest.raises(PriceUnknown):
        await prices.price(flare, MEDIUM, Sent(2))
    await asyncio.sleep(86_401)
    await prices.refresh(catalogue)  # nothing new came
    with pytest.raises(PriceUnknown):
        await prices.price(prices.over(catalogue).models["gpt-image-2.6-flare"], MEDIUM, ONE)


@pytest.mark.parametrize(
    "text", ['{"at": "2026-01-01T00:00:00+00:00", "tables": {"x": []}}', "{}", "[]", "{"]
)
def test_prices_of_another_version(text: str) -> None:
    """They count as none, and are asked for again."""

    @in_virtual_time
    async def case() -> None:
        prices = quotes(FakeProvider(), FakeNotes({NOTE: text}))
        await prices.load()
        assert prices.over(only("gpt-image-2.6-flare")).models["gpt-image-2.6-flare"].quoted

    case()


@in_virtual_time
async def test_a_clock_that_was_ahead() -> None:
    """Once it is put back, prices are asked for within the beat all the same."""
    notes, catalogue, clock = FakeNotes(), only("gpt-image-2.6-flare"), SetClock()
    clock.pass_(10 * 86_400)
    ahead = Quotes(lambda model: FakeProvider(quotes=Turns(7)), notes, TIMING, clock)
    await ahead.refresh(catalogue)
    provider = FakeProvider(quotes=Turns(8))
    running = asyncio.create_task(quotes(provider, notes).run(lambda: catalogue))
    await asyncio.sleep(TIMING.catalogue_beat + 60)
    assert provider.quoted
    await cancelled(running)


@in_virtual_time
async def test_half_a_table_is_none() -> None:
    """Where the provider stops answering, what was shown stays."""
    provider, catalogue = FakeProvider(quotes=Turns(7, ProviderDown("503"))), only("gpt-image-2.6-flare")
    prices = quotes(provider)
    await prices.refresh(catalogue)
    assert prices.over(catalogue).models["gpt-image-2.6-flare"].quoted


@in_virtual_time
async def test_what_could_not_be_asked_for_is_asked_for_sooner() -> None:
    """A start during an outage does not keep models off the menus for hours."""
    catalogue = only("gpt-image-2.6-flare")
    prices = quotes(FakeProvider(quotes=Turns(ProviderDown("503"), 7)))
    running = asyncio.create_task(prices.run(lambda: catalogue))
    await asyncio.sleep(TIMING.quote_keep + 60)
    assert not prices.over(catalogue).models["gpt-image-2.6-flare"].quoted
    await cancelled(running)


@in_virtual_time
async def test_a_restart_asks_no_sooner() -> None:
    """The tables are asked for every few hours, and not at each start."""
    notes, catalogue = FakeNotes(), only("gpt-image-2.6-flare")
    first = quotes(FakeProvider(quotes=Turns(7)), notes)
    await first.refresh(catalogue)
    assert NOTE in notes.kept
    provider = FakeProvider(quotes=Turns(8))
    running = asyncio.create_task(quotes(provider, notes).run(lambda: catalogue))
    await asyncio.sleep(TIMING.catalogue_beat - 60)
    assert not provider.quoted
    await asyncio.sleep(120)
    assert len(provider.quoted) == 15
    running.cancel()
