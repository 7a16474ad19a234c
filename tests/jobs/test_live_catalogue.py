"""The catalogue checked against what the provider has."""

from __future__ import annotations

import asyncio

from bot.domain.catalogue_file import load
from bot.domain.timing import Timing
from bot.errors import ProviderDown
from bot.jobs.catalogue import LiveCatalogue
from tests.fakes import FakeProvider, Turns
from tests.virtual_time import cancelled, in_virtual_time

TIMING = Timing()
TWO, MINI = "openai/gpt-image-2/edit", "openai/gpt-image-1-mini/edit"


def live(*turns: frozenset[str] | Exception) -> tuple[LiveCatalogue, FakeProvider]:
    provider = FakeProvider(endpoints=Turns(*turns))
    return LiveCatalogue(load(), provider, TIMING), provider


def offered(catalogue: LiveCatalogue) -> list[str]:
    return [model.name for model in catalogue.now().offered]


@in_virtual_time
async def test_what_the_provider_lacks_is_not_offered() -> None:
    """And what it has again is offered again."""
    catalogue, _ = live(frozenset({TWO}), frozenset({TWO, MINI}))
    assert len(offered(catalogue)) > 2
    assert await catalogue.refresh()
    assert offered(catalogue) == ["gpt-image-2"]
    assert await catalogue.refresh()
    assert offered(catalogue) == ["gpt-image-2", "gpt-image-1-mini"]


@in_virtual_time
async def test_a_provider_that_does_not_answer_changes_nothing() -> None:
    """What was known stays."""
    catalogue, _ = live(frozenset({TWO}), ProviderDown("502"))
    await catalogue.refresh()
    assert not await catalogue.refresh()
    assert offered(catalogue) == ["gpt-image-2"]


@in_virtual_time
async def test_it_asks_every_few_hours_and_sooner_while_nothing_is_known() -> None:
    """A bot that started during an outage soon knows what is live."""
    catalogue, provider = live(ProviderDown("502"), ProviderDown("502"), frozenset({TWO}))
    task = asyncio.create_task(catalogue.run())
    await asyncio.sleep(3 * TIMING.retry_most + 1)
    assert provider.endpoints.taken == 3
    assert offered(catalogue) == ["gpt-image-2"]
    await asyncio.sleep(TIMING.catalogue_beat)
    assert provider.endpoints.taken == 4
    await cancelled(task)
