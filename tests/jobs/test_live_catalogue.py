"""The catalogue checked against what the providers have, over restarts and outages."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.domain.catalogue import Catalogue
from bot.domain.catalogue_file import load
from bot.domain.live import LiveInput, LiveModel, LiveModels
from bot.domain.timing import Timing
from bot.errors import ProviderDown
from bot.jobs.catalogue import LiveCatalogue
from tests.fakes import FakeProvider, Turns
from tests.fakes_of_storage import FakeNotes
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

TIMING = Timing()
TWO, MINI = "openai/gpt-image-2/edit", "openai/gpt-image-1-mini/edit"
DOWN = ProviderDown("502")


def having(*endpoints: str) -> LiveModels:
    return {endpoint: LiveModel(endpoint) for endpoint in endpoints}


class World:
    """One provider, and what is kept of its lists over restarts."""

    def __init__(self, *turns: LiveModels | Exception | None, **others: FakeProvider) -> None:
        self.provider, self.notes = FakeProvider(models=Turns(*turns)), FakeNotes()
        self.others = others
        self.live = self.started()

    def started(self) -> LiveCatalogue:
        """As a process has it that has just been started."""
        providers = {"wavespeed": self.provider, **self.others}
        return LiveCatalogue(load(), providers, self.notes, TIMING, LoopClock())

    @property
    def offered(self) -> list[str]:
        return offered(self.live.now())


def offered(catalogue: Catalogue) -> list[str]:
    return [model.name for model in catalogue.offered]


@in_virtual_time
async def test_what_the_provider_lacks_is_not_offered() -> None:
    """And what it has again is offered again; each is logged once."""
    world = World(having(TWO), having(TWO, MINI), having(TWO, MINI))
    assert len(world.offered) > 2
    with capture_logs() as logs:
        for names in (["gpt-image-2"], ["gpt-image-2", "gpt-image-1-mini"]):
            assert await world.live.refresh()
            assert world.offered == names
        await world.live.refresh()
    said = [(line["event"], line["model"]) for line in logs if line.get("model") == "gpt-image-1-mini"]
    assert said == [("model_withdrawn", "gpt-image-1-mini"), ("model_offered", "gpt-image-1-mini")]


@in_virtual_time
async def test_a_row_that_no_longer_fits_is_withdrawn() -> None:
    """One line says which field, and why."""
    inputs = {"prompt": LiveInput("string"), "images": LiveInput("array", most=1)}
    world = World({MINI: LiveModel(MINI, inputs=inputs)})
    with capture_logs() as logs:
        await world.live.refresh()
        await world.live.refresh()
    [why] = [line["why"] for line in logs if line.get("model") == "gpt-image-1-mini"]
    assert why == "field images: we send a list of pictures, but the model takes 1"


@in_virtual_time
async def test_a_provider_that_does_not_answer_changes_nothing() -> None:
    """What was known stays; the log says how old it is."""
    world = World(having(TWO), DOWN)
    await world.live.refresh()
    await asyncio.sleep(7200)
    with capture_logs() as logs:
        assert not await world.live.refresh()
    assert world.offered == ["gpt-image-2"]
    assert [line["list_age_seconds"] for line in logs] == [7200]


@in_virtual_time
async def test_a_start_without_a_network_knows_the_last_list() -> None:
    """Whole, with the schemas: what did not fit does not fit now."""
    inputs = {"prompt": LiveInput("string", required=True), "images": LiveInput("array", most=1)}
    world = World({**having(TWO), MINI: LiveModel(MINI, "image-to-image", 20_000, inputs)}, DOWN)
    await world.live.refresh()
    later = world.started()
    await later.load()
    assert not await later.refresh()
    assert offered(later.now()) == ["gpt-image-2"]
    assert later.lists == world.live.lists


@in_virtual_time
async def test_what_one_process_reads_all_have() -> None:
    """Within a minute, without asking the provider; and what is known already is not taken up again."""
    world = World(having(TWO, MINI), having(TWO))
    await world.live.refresh()
    other = world.started()
    following = asyncio.create_task(other.follow())
    await asyncio.sleep(TIMING.retry_most + 1)
    assert offered(other.now()) == ["gpt-image-2", "gpt-image-1-mini"]
    same = other.now()
    await asyncio.sleep(TIMING.retry_most)
    assert other.now() is same
    await world.live.refresh()
    await asyncio.sleep(TIMING.retry_most)
    assert offered(other.now()) == ["gpt-image-2"]
    await cancelled(following)


@in_virtual_time
async def test_without_any_list_all_rows_of_the_providers_are_offered() -> None:
    """But none of a provider that is not set up."""
    world = World(DOWN)
    await world.live.load()
    await world.live.refresh()
    assert {model.provider for model in world.live.now().offered} == {"wavespeed"}


@in_virtual_time
async def test_each_provider_has_its_own_list() -> None:
    """One without a list is believed to have its rows; one that is down holds up no other."""
    world = World(DOWN, having(TWO), openai=FakeProvider(models=Turns(None)))
    assert not await world.live.refresh()
    assert await world.live.refresh()
    rows = [name for name, row in load().models.items() if row.provider == "openai"]
    assert world.offered == ["gpt-image-2", *rows]
    later = world.started()
    await later.load()
    assert offered(later.now()) == world.offered


@in_virtual_time
async def test_it_asks_every_few_hours_and_sooner_while_something_is_not_known() -> None:
    """A bot that started during an outage soon knows what is live."""
    world = World(DOWN, DOWN, having(TWO))
    task = asyncio.create_task(world.live.run())
    await asyncio.sleep(3 * TIMING.retry_most + 1)
    assert world.provider.models.taken == 3
    assert world.offered == ["gpt-image-2"]
    await asyncio.sleep(TIMING.catalogue_beat)
    assert world.provider.models.taken == 4
    await cancelled(task)


@in_virtual_time
async def test_it_asks_sooner_after_a_start_during_an_outage() -> None:
    """What was kept may be old, so it is not relied on for hours."""
    before = World(having(TWO, MINI))
    await before.live.refresh()
    world = World(DOWN, having(TWO))
    world.notes.kept = before.notes.kept
    await world.live.load()
    await world.live.refresh()
    task = asyncio.create_task(world.live.run())
    await asyncio.sleep(TIMING.retry_most + 1)
    assert world.offered == ["gpt-image-2"]
    await cancelled(task)


@in_virtual_time
async def test_a_list_that_lacks_all_our_models_at_once_is_not_believed() -> None:
    """That is a fault of the list: else nobody could edit anything until the next one."""
    world = World(having(TWO, MINI), having("another/model"), having(TWO), having("another/model"))
    await world.live.refresh()
    with capture_logs() as logs:
        assert not await world.live.refresh()
    assert world.offered == ["gpt-image-2", "gpt-image-1-mini"]
    assert [line["event"] for line in logs] == ["catalogue_not_refreshed"]
    assert await world.live.refresh()
    assert await world.live.refresh()  # the last one may well be gone
    assert world.offered == []


@in_virtual_time
async def test_a_refused_edit_has_the_list_read_anew_once() -> None:
    """Many edits meet the end of a model together; its list is large."""
    world = World(having(TWO, MINI), having(TWO))
    await world.live.refresh()
    await asyncio.sleep(60)
    asked = await asyncio.gather(*(world.live.verify(name) for name in ["gpt-image-1-mini"] * 9))
    assert asked == [False] * 9
    assert await world.live.verify("gpt-image-2")
    assert world.provider.models.taken == 2


@in_virtual_time
async def test_a_refused_edit_of_a_model_that_lives() -> None:
    """Neither that nor an outage of the list takes it away."""
    world = World(having(TWO), having(TWO), DOWN)
    await world.live.refresh()
    for _ in range(2):
        await asyncio.sleep(60)
        assert await world.live.verify("gpt-image-2")
    assert world.provider.models.taken == 3


@in_virtual_time
async def test_what_has_no_price_is_not_offered_but_can_be_used() -> None:
    """A menu can't show it; who chose it keeps it, since an edit of it is quoted by itself."""
    world = World(having("openai/gpt-image-2.6-flare/edit"))
    await world.live.refresh()
    assert world.offered == []
    assert world.live.now().for_person("gpt-image-2.6-flare").name == "gpt-image-2.6-flare"


@in_virtual_time
async def test_prices_that_were_asked_for_are_those_of_the_menus() -> None:
    """The rows of the file stay as they are."""
    world = World(having(TWO))
    mini = load().models["gpt-image-1-mini"]
    live = LiveCatalogue(
        load(),
        {"wavespeed": world.provider},
        world.notes,
        TIMING,
        LoopClock(),
        lambda catalogue: replace(catalogue, models={"gpt-image-1-mini": mini}),
    )
    assert live.now().models == {"gpt-image-1-mini": mini}
    assert live.unpriced().models == load().models


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"at": "2026-01-01T00:00:00+00:00", "models": [{"endpoint": "x", "new": 1}]}']
)
def test_a_list_of_another_version(text: str) -> None:
    """It counts as none; the start goes on, and the list is read anew."""

    @in_virtual_time
    async def case() -> None:
        world = World(having(TWO))
        world.notes.kept["models:wavespeed"] = text
        await world.live.load()
        assert not world.live.lists
        assert await world.live.refresh()
        assert world.offered == ["gpt-image-2"]

    case()
