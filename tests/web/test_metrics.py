"""The page for Prometheus, over real HTTP: who may read it, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import httpx
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families as families

from bot.domain.billing import Disagreement, Report
from bot.domain.figures import Figures, Group
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.web import metrics, server
from bot.web.metrics import Metrics
from tests.fakes import Turns
from tests.virtual_time import START, SetClock, cancelled, in_virtual_time, settle
from tests.web.test_server import LOCALHOST, saying

TOKEN = "a-token-of-prometheus"
SHOWN = {"authorization": f"Bearer {TOKEN}"}
HOUR = timedelta(hours=1)
FIGURES = Figures(
    edits={
        ("running", "gpt-image-2"): Group(2, START - HOUR),
        ("running", "gpt-image-1"): Group(1, START - 2 * HOUR),
        ("unknown", "gpt-image-1"): Group(1, START + HOUR),  # by a clock that was wrong
    },
    requests={"asking": 3},
    turns={("wavespeed", "waiting"): 4},
    updates=5,
    update_since=START - timedelta(seconds=7),
    held=126_000,
    spent_today=42_000,
)
REPORT = Report(
    START, START, START - HOUR, ours=10, billed=7, unbilled=(Disagreement("e", 3, 0),), strangers=("p",)
)


@dataclass
class Bench:
    """The metrics of a bot whose figures are set."""

    figures: Turns[Figures] = field(default_factory=lambda: Turns(FIGURES))
    report: Report | None = REPORT
    balance: int | None = 9_000_000
    hangs: bool = False
    timing: Timing = field(default_factory=Timing)
    clock: SetClock = field(default_factory=SetClock)

    async def _figures(self, now: datetime) -> Figures:
        if self.hangs:
            await asyncio.Event().wait()
        return self.figures.take()

    async def _report(self) -> Report | None:
        return self.report

    def metrics(self) -> Metrics:
        """What is served."""
        ports = metrics.Ports(self._figures, self._report, lambda: self.balance, self.timing, self.clock)
        return Metrics(ports)


@asynccontextmanager
async def served(site: server.Site, token: str | None = TOKEN) -> AsyncIterator[httpx.AsyncClient]:
    """The page, and a client that knows the token."""
    app = server.build(site, metrics_token=token)
    async with (
        server.serving(app, 0, LOCALHOST) as port,
        httpx.AsyncClient(
            base_url=f"http://{LOCALHOST}:{port}", trust_env=False, headers=SHOWN, verify=False
        ) as http,
    ):
        yield http


def values(text: str) -> dict[str, float]:
    """The gauges of a page as they are written."""
    return {
        sample.name.removeprefix("wavebrush_") + "".join(f" {value}" for value in sample.labels.values()): (
            sample.value
        )
        for family in families(text)
        if family.type == "gauge" and family.name.startswith("wavebrush_")
        for sample in family.samples
    }


async def page(bench: Bench, **problems: str | None) -> dict[str, float]:
    """The gauges as Prometheus reads them; without the tasks, which are also the test's own."""
    checks = {name: saying(problem) for name, problem in problems.items()}
    async with served(server.Site(checks, metrics=bench.metrics())) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found = values(answer.text)
    del found["tasks"]
    return found


async def test_the_state_of_the_work() -> None:
    """Every figure, the ages by our clock and never below zero, and each check of the health page."""
    assert await page(Bench(), telegram=None, database="gone") == {
        "healthy telegram": 1,
        "healthy database": 0,
        "edits gpt-image-2 running": 2,
        "edits gpt-image-1 running": 1,
        "edits gpt-image-1 unknown": 1,
        "oldest_edit_seconds running": 7200,
        "oldest_edit_seconds unknown": 0,
        "requests asking": 3,
        "turns wavespeed waiting": 4,
        "inbox_updates": 5,
        "inbox_oldest_seconds": 7,
        "held_microdollars": 126_000,
        "spent_today_microdollars": 42_000,
        "balance_microdollars": 9_000_000,
        "drift_microdollars": -3,
        "disagreements": 2,
        "reconciled_age_seconds": 3600,
    }


async def test_what_is_not_known_yet_is_left_out() -> None:
    """A balance of 0 would raise an alarm."""
    bench = Bench(Turns(Figures()), report=None, balance=None)
    assert await page(bench) == {
        "inbox_updates": 0,
        "inbox_oldest_seconds": 0,
        "held_microdollars": 0,
        "spent_today_microdollars": 0,
    }


@pytest.mark.parametrize(
    "bench",
    [
        Bench(Turns(StorageBusy("locked")), balance=None),
        Bench(hangs=True, balance=None, timing=replace(Timing(), health=0.01)),
    ],
    ids=["busy", "hanging"],
)
async def test_without_the_database(bench: Bench) -> None:
    """The page comes all the same, and says what is wrong."""
    assert await page(bench, database="the database does not answer") == {"healthy database": 0}


async def test_the_database_is_read_now_and_then() -> None:
    """However often somebody asks; the checks are asked each time."""
    bench = Bench()
    served_ = bench.metrics()
    for _ in range(3):
        await served_.page({})
    assert bench.figures.taken == 1
    bench.clock.pass_(bench.timing.metrics_keep)
    assert values((await served_.page({"engine": "away"})).decode())["healthy engine"] == 0
    assert bench.figures.taken == 2


async def test_tasks_in_hand() -> None:
    """One more while something waits, one less when it is over: what only ever grows is a leak."""

    async def tasks() -> float:
        return values((await Bench().metrics().page({})).decode())["tasks"]

    before = await tasks()
    waiting = asyncio.create_task(asyncio.Event().wait())
    assert await tasks() == before + 1
    await cancelled(waiting)
    assert await tasks() == before


@pytest.mark.parametrize(
    "shown", ["", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer", "Bearer \xe9"], ids=repr
)
async def test_only_who_shows_the_token_reads_it(shown: str) -> None:
    """401, and nothing of the page, to all others."""
    async with served(server.Site(metrics=Bench().metrics())) as http:
        answer = await http.get("/metrics", headers={b"authorization": shown.encode("latin-1")})
    assert (answer.status_code, answer.text) == (401, "")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_without_a_token_there_is_no_page() -> None:
    """Nobody reads it by accident."""
    async with served(server.Site(metrics=Bench().metrics()), token=None) as http:
        assert (await http.get("/metrics")).status_code == 404


async def test_before_the_bot_is_ready() -> None:
    """503, as for everything else that is not open yet."""
    async with served(server.Site()) as http:
        assert (await http.get("/metrics")).status_code == 503


@in_virtual_time
async def test_a_late_event_loop() -> None:
    """Measured by the clock, however late it wakes up."""
    bench, name = Bench(), "wavebrush_loop_lateness_seconds_sum"
    before = REGISTRY.get_sample_value(name) or 0.0
    task = asyncio.create_task(bench.metrics().lateness())
    await settle()
    bench.clock.pass_(bench.timing.lateness_beat + 0.3)
    await asyncio.sleep(bench.timing.lateness_beat)
    await settle()
    assert (REGISTRY.get_sample_value(name) or 0.0) - before == pytest.approx(0.3)
    await cancelled(task)
