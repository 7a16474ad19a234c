"""What is charged: what the provider says, else by the picture, else what was held."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from bot.domain.catalogue_file import load
from bot.domain.pictures import Size
from bot.jobs.charging import Charging
from tests.fakes import Turns
from tests.jobs.bench import Bench
from tests.virtual_time import in_virtual_time

SQUARE = Size(1024, 1024)
HELD = 63_000


def charging(bench: Bench) -> Charging:
    return Charging(bench.edits, bench.quotes, load)


@pytest.mark.parametrize(("cost", "flagged"), [(60_000, False), (HELD, False), (70_000, True), (0, False)])
def test_the_providers_own_word(cost: int, flagged: bool) -> None:
    """Also beyond the hold, since it bills us that: then it is flagged."""

    @in_virtual_time
    async def case() -> None:
        bench = Bench()
        bench.edits.attempts.append(replace(bench.running(), cost=cost))
        with capture_logs() as logs:
            assert await charging(bench)(bench.edit, SQUARE) == cost
        assert [entry["event"] for entry in logs] == ["charged_beyond_hold"] * flagged

    case()


@in_virtual_time
async def test_by_the_picture_that_came() -> None:
    """Its shape was left to the model, and a square one is cheaper."""
    bench = Bench()
    bench.running()
    assert await charging(bench)(bench.edit, SQUARE) == 42_000
    assert await charging(bench)(bench.edit, Size(1536, 1024)) == HELD
    bench.provider.quotes = Turns(39_000)
    assert await charging(Bench(provider=bench.provider))(bench.edit, SQUARE) == 39_000


@in_virtual_time
async def test_what_was_held() -> None:
    """Where nothing was left open, no picture came, or the row is gone, whatever prices do meanwhile."""
    bench = Bench(changes={"choices": {"quality": "medium", "aspect": "3:2"}, "quote": 50_000})
    bench.provider.quotes = Turns(1)
    assert await charging(bench)(bench.edit, Size(1536, 1024)) == 50_000
    assert await charging(bench)(replace(bench.edit, model="gone"), SQUARE) == 50_000
    assert await charging(bench)(replace(bench.edit, choices={}), None) == 50_000
