"""``/metrics`` for Prometheus: what this process counted (`bot.meters`), and the state of the work.

Source: Prometheus's "Exposition formats". It tells numbers only; still, only who shows the token reads it.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import meters
from bot.clock import Clock
from bot.domain.billing import Report
from bot.domain.figures import Figures, Group
from bot.domain.timing import Timing
from bot.errors import StorageBusy


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the state of the work is read."""

    figures: Callable[[datetime], Awaitable[Figures]]  # raises StorageBusy
    report: Callable[[], Awaitable[Report | None]]  # the last of bills and charges; raises StorageBusy
    balance: Callable[[], int | None]  # of the provider's account, when last seen
    timing: Timing
    clock: Clock


class Metrics:
    """Renders the page. The database is read at most once in a few seconds, however many ask."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports
        self._read_at: float | None = None
        self._gauges: list[GaugeMetricFamily] = []
        self._turn = asyncio.Lock()

    async def page(self, problems: Mapping[str, str | None]) -> bytes:
        """The page. While the database is away it holds what this process knows by itself.

        Args:
            problems: what each check of the health page says now.
        """
        async with self._turn:
            now = self._.clock.monotonic()
            if self._read_at is None or now - self._read_at >= self._.timing.metrics_keep:
                self._gauges, self._read_at = await self._read(), now
        healthy = {(name,): float(problem is None) for name, problem in problems.items()}
        about = "1 while a check of the health page passes, else 0."
        gauges = [
            *self._gauges,
            _gauge("healthy", about, ("check",), healthy.items()),
            _one("tasks", "Tasks of this process's event loop.", len(asyncio.all_tasks())),
        ]
        return generate_latest(REGISTRY) + generate_latest(_Ready(gauges))

    async def lateness(self) -> None:
        """Measure how late the event loop wakes up, until cancelled."""
        beat, clock = self._.timing.lateness_beat, self._.clock
        while True:
            due = clock.monotonic() + beat
            await asyncio.sleep(beat)
            meters.LOOP_LATENESS.observe(max(0.0, clock.monotonic() - due))

    async def _read(self) -> list[GaugeMetricFamily]:
        now, balance = self._.clock.now(), self._.balance()
        found = [] if balance is None else [_one("balance_microdollars", "WaveSpeed's account.", balance)]
        try:
            async with asyncio.timeout(self._.timing.health):
                found += _work(await self._.figures(now), now)
                report = await self._.report()
        except (StorageBusy, TimeoutError):  # the check of the database says so
            return found
        return found + ([] if report is None else _bills(report, now))


class Measured(Protocol):
    """Knows how all is, and the metrics once there are any."""

    @property
    def metrics(self) -> Metrics | None: ...

    async def problems(self) -> Mapping[str, str | None]: ...


def route(site: Measured, token: str) -> Route:
    """``GET /metrics``: 401 without ``Authorization: Bearer <token>``, 503 before the bot is ready."""

    async def metrics(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return Response(status_code=401, headers={"www-authenticate": "Bearer"})
        if site.metrics is None:
            return Response(status_code=503)
        page = await site.metrics.page(await site.problems())
        return Response(page, headers={"content-type": CONTENT_TYPE_LATEST})

    return Route("/metrics", metrics)


class _Ready(Collector):
    """Gauges that were read already."""

    def __init__(self, gauges: Iterable[GaugeMetricFamily]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield from self._gauges


def _work(figures: Figures, now: datetime) -> list[GaugeMetricFamily]:
    counts = {key: group.count for key, group in figures.edits.items()}
    requests = {(state,): count for state, count in figures.requests.items()}
    waits = 0.0 if figures.update_since is None else _age(figures.update_since, now)
    return [
        _gauge("edits", "Edits that are not final, or unknown.", ("state", "model"), counts.items()),
        _gauge(
            "oldest_edit_seconds",
            "Since the oldest was accepted.",
            ("state",),
            _oldest(figures.edits, now).items(),
        ),
        _gauge("requests", "Requests that are still open.", ("state",), requests.items()),
        _gauge(
            "turns", "Turns at a provider, asked for or taken.", ("provider", "state"), figures.turns.items()
        ),
        _one("inbox_updates", "Telegram's updates that are not handled yet.", figures.updates),
        _one("inbox_oldest_seconds", "Since the oldest of them came; 0 without any.", waits),
        _one("held_microdollars", "Set aside for accepted edits.", figures.held),
        _one(
            "spent_today_microdollars", "Charged for the edits that were accepted today.", figures.spent_today
        ),
    ]


def _bills(report: Report, now: datetime) -> list[GaugeMetricFamily]:
    wrong = [*report.unbilled, *report.uncharged, *report.differing, *report.strangers]
    return [
        _one("drift_microdollars", "Billed by WaveSpeed beyond what was charged.", report.drift),
        _one("disagreements", "Edits, and predictions of nobody, behind the drift.", len(wrong)),
        _one("reconciled_age_seconds", "Since bills and charges were last compared.", _age(report.at, now)),
    ]


def _oldest(edits: Mapping[tuple[str, str], Group], now: datetime) -> dict[tuple[str, ...], float]:
    """The age of the oldest edit of each state."""
    found: dict[tuple[str, ...], float] = {}
    for (state, _), group in edits.items():
        found[(state,)] = max(found.get((state,), 0.0), _age(group.oldest, now))
    return found


def _age(moment: datetime, now: datetime) -> float:
    return max(0.0, (now - moment).total_seconds())


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return _gauge(name, about, (), [((), value)])


def _gauge(
    name: str, about: str, labels: tuple[str, ...], values: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"wavebrush_{name}", about, labels=labels)
    for names, value in values:
        gauge.add_metric(names, value)
    return gauge
