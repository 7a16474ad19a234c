"""docs/operation.md and docs/alerts.yml are true: each metric, check and alert exists and is explained."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it ships no types
from prometheus_client.parser import text_string_to_metric_families as families

from bot import meters
from tests.test_prose import ROOT, read, section, table
from tests.web.test_metrics import Bench

DOCS = "docs/operation.md"
RULES: list[dict[str, Any]] = yaml.safe_load(read("docs/alerts.yml"))["groups"][0]["rules"]
ALERTS = {rule["alert"]: rule for rule in RULES}
_METRIC = re.compile(r"\b(wavebrush_\w+)(?:\{([^}]*)\})?")
_TYPED = {"counter": "_total", "histogram": "", "gauge": ""}


async def scraped() -> dict[str, tuple[str, set[str]]]:
    """The metrics of a page with everything on it: how each is written, its labels, by sample."""
    for metric in (meters.EDITS_ENDED, meters.STEP_SECONDS, meters.PROVIDER_SECONDS, meters.PROVIDER_ERRORS):
        metric.labels(*["any"] * len(metric._labelnames))
    meters.TELEGRAM_ERRORS.labels("any")
    text = (await Bench().metrics().page({"telegram": None})).decode()
    return {
        sample.name: (family.name + _TYPED[family.type], set(sample.labels) - {"le"})
        for family in families(text)
        if family.name.startswith("wavebrush_")
        for sample in family.samples
    }


def test_there_are_five_alerts() -> None:
    """Each with a sentence, and a time that a passing trouble is borne."""
    assert len(ALERTS) == len(RULES) == 5
    for rule in RULES:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[1-9]\d*[mh]", rule["for"])
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("name", ALERTS)
async def test_an_alert_asks_for_what_there_is(name: str) -> None:
    """Every metric that it names is on the page, with the labels that it looks at."""
    found, expr = await scraped(), ALERTS[name]["expr"]
    named = _METRIC.findall(expr)
    assert named
    for metric, matchers in named:
        assert metric in found
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= found[metric][1]
    assert expr.count("(") == expr.count(")")


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_explained(name: str) -> None:
    """A section of its own says what to do."""
    assert len(section(DOCS, name).split()) > 20


async def test_the_table_of_metrics_is_the_page() -> None:
    """Each metric with its labels, and none that is not there."""
    written = {
        row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in table(section(DOCS, "Metrics"))
    }
    found: dict[str, set[str]] = {}
    for name, labels in (await scraped()).values():
        found.setdefault(name, set()).update(labels)
    assert written == found


def test_the_table_of_checks_is_the_code() -> None:
    """The checks that the start and the running bot plug in."""
    written = {row[0].strip("`") for row in table(section(DOCS, "Health"))}
    code = read("bot/app.py") + read("bot/wiring/incoming.py")
    checks = re.findall(r"(?:checks(?:: .*)? = |Site\()\{(.*?)\}", code)
    named = {name for found in checks for name in re.findall(r'"(\w+)":', found)}
    assert written == named | set(re.findall(r'checks\["(\w+)"\]', code))


def test_links_lead_somewhere() -> None:
    """To files beside it."""
    for link in re.findall(r"\]\(([^)#]+)\)", read(DOCS)):
        assert (ROOT / "docs" / link).exists()
