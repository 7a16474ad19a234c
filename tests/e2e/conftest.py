"""One world for most tests, and a world of their own for those with other settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest

from tests.e2e.world import World, world


@pytest.fixture(scope="package")
async def common(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The world that tests share. It ends with the last of them: also a bot that rests takes its time."""
    async with world(tmp_path_factory.mktemp("shared")) as opened:
        yield opened


@pytest.fixture
async def shared(common: World) -> AsyncIterator[World]:
    """A world whose bot runs: to start one costs seconds. Every test brings its own people.

    A test may stop or kill the bot; what it changes at the stand-ins is put back after it.
    """
    await common.running()
    yield common
    await common.reset()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[World]:
    """A world without a running bot."""
    async with world(tmp_path / "data") as opened:
        yield opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what the bot logged."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, World):
                lines = [line for bot in value.bots for line in bot.lines if '"debug"' not in line]
                report.sections.append(("the bot's log", "".join(lines[-60:])))
    return report
