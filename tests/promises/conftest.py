"""The table of promises: tests that pass add rows to it, and ``--promises FILE`` writes it."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.e2e.world import World
from tests.promises.invariants import Checked
from tests.promises.table import NONE, Promise, page
from tests.storage.conftest import postgres

__all__ = ["postgres"]  # the fixture

_KEPT = pytest.StashKey[list[Promise]]()
_PROPERTY = "promise"
_CACHED = "wavebrush/promises"


class Record(Protocol):
    """Takes down a promise that was kept."""

    def __call__(
        self, fault: str, outcome: str, checked: Checked | None = None, *, database: str = NONE
    ) -> None:
        """Add a row: what goes wrong, what becomes of it, and what `check` found, or on which database."""
        ...


@pytest.fixture
def promise(request: pytest.FixtureRequest) -> Record:
    """Write down what this test has shown; it counts if the test passes.

    Its section is what its module's docstring says before the first colon.
    """
    section = (request.module.__doc__ or "Others").partition(":")[0].strip().removesuffix(".")

    def record(fault: str, outcome: str, checked: Checked | None = None, *, database: str = NONE) -> None:
        database, held = (checked.database, checked.held) if checked else (database, ())
        row = Promise(section, fault, database, outcome, held)
        # What workers report arrives in the process that writes the page.
        request.node.user_properties.append((_PROPERTY, row.as_json()))

    return record


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--promises", type=Path, help="the page to write what was shown to")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_KEPT] = []
    config.pluginmanager.register(_Collector(config), "promises")


class _Collector:
    """Gathers the rows of all tests that passed, and writes the page once every test did.

    If some failed, the rows are kept: ``--lf`` plays those tests again and adds theirs.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            found: list[tuple[str, Any]] = report.user_properties
            rows = [Promise.of_json(values) for name, values in found if name == _PROPERTY]
            self._config.stash[_KEPT].extend(rows)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        file = self._config.getoption("promises", None)
        kept: list[Promise] = self._config.stash[_KEPT]
        cache = self._config.cache
        if file is None or hasattr(self._config, "workerinput"):
            return
        if self._config.getoption("lf"):
            kept = [*kept, *map(Promise.of_json, cache.get(_CACHED, []))]
        if exitstatus == 0:
            file.write_text(page(kept), "utf-8")
        cache.set(_CACHED, [] if exitstatus == 0 else [row.as_json() for row in kept])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what the bot logged."""
    report = yield
    if report.failed:
        for given in getattr(item, "funcargs", {}).values():
            value = getattr(given, "world", given)
            if isinstance(value, World):
                lines = [line for bot in value.bots for line in bot.lines if '"debug"' not in line]
                report.sections.append(("the bot's log", "".join(lines[-60:])))
    return report
