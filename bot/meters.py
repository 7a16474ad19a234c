"""What each process counts while it runs, for Prometheus: as global as a logger, and as far down.

Names and units follow Prometheus's "Metric and label naming". Labels are words of our own code, never
anything that a person wrote. What the database knows is not counted here: `bot.web.metrics` reads it.
"""

from __future__ import annotations

from prometheus_client import Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call] # when a counter began tells nobody anything

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 300, 600, 1800, 3600)

EDITS_ENDED = Counter(
    "wavebrush_edits_ended",
    "Edits that ended, by how; one that was unknown may end again.",
    ("state", "model"),
)
STEP_SECONDS = Histogram(
    "wavebrush_step_seconds", "How long the steps of edits took, by step.", ("step",), buckets=_SECONDS
)
PROVIDER_SECONDS = Histogram(
    "wavebrush_provider_call_seconds",
    "How long calls to providers took, failed ones included.",
    ("provider", "call"),
    buckets=_SECONDS,
)
PROVIDER_ERRORS = Counter(
    "wavebrush_provider_errors",
    "Calls to providers that failed, by the class of the error.",
    ("provider", "call", "error"),
)
TELEGRAM_ERRORS = Counter(
    "wavebrush_telegram_errors",
    "Calls to Telegram that failed, by HTTP status, or by what broke where there was no answer.",
    ("error",),
)
LOOP_LATENESS = Histogram(
    "wavebrush_loop_lateness_seconds",
    "How much later than asked the event loop woke up: whatever blocks it makes everything wait.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
