"""Our charges beside the provider's entries: what agrees, what does not, and what is not ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.billing import Disagreement, Purchase, Report, compare
from bot.domain.ports import Billing

SINCE = datetime(2026, 11, 20, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=1)
NOW = UNTIL + timedelta(hours=3)
NOON = SINCE + timedelta(hours=12)


def bought(charged: int, edit: str = "e1", prediction: str = "p1", at: datetime = NOON) -> Purchase:
    return Purchase(edit, prediction, "gpt-image-2", at, charged)


def billed(micros: int, prediction: str | None = "p1", at: datetime = NOON) -> Billing:
    return Billing(f"b{micros}{prediction}", micros, at, prediction)


def compared(purchases: list[Purchase], billings: list[Billing]) -> Report:
    return compare(purchases, billings, SINCE, UNTIL, NOW)


def test_what_agrees() -> None:
    """Charged as billed, failed and given back, failed and never billed."""
    purchases = [bought(5), bought(0, "e2", "p2"), bought(0, "e3", "p3")]
    report = compared(purchases, [billed(5), billed(7, "p2"), billed(-7, "p2", NOW)])
    assert report.agrees
    assert (report.ours, report.billed, report.drift) == (5, 5, 0)


@pytest.mark.parametrize(
    ("charged", "bill", "where"), [(5, 0, "unbilled"), (0, 5, "uncharged"), (5, 6, "differing")]
)
def test_what_does_not(charged: int, bill: int, where: str) -> None:
    """Each edit is in the list that says how."""
    report = compared([bought(charged)], [billed(bill)])
    assert not report.agrees
    assert report.drift == bill - charged
    found = {name: getattr(report, name) for name in ("unbilled", "uncharged", "differing")}
    assert found.pop(where) == (Disagreement("e1", charged, bill),)
    assert not any(found.values())


def test_an_edit_is_compared_with_all_its_predictions() -> None:
    """One that was bought twice shows."""
    report = compared([bought(5), bought(5, "e1", "p2")], [billed(5), billed(5, "p2")])
    assert report.differing == (Disagreement("e1", 5, 10),)
    assert report.ours == 5


def test_predictions_that_are_not_ours() -> None:
    """They are named and summed; entries without a prediction, as a top-up, are neither."""
    report = compared([], [billed(5, "x"), billed(-20_000_000, None), billed(3, "y"), billed(-3, "y", NOW)])
    assert (report.strangers, report.strange, report.drift) == (("x",), 5, 5)


def test_the_edges_of_the_window() -> None:
    """Ours count by our clock. What is ours is never a stranger, whichever clock put it outside."""
    before, after = SINCE - timedelta(minutes=1), UNTIL + timedelta(minutes=1)
    purchases = [bought(5, "e1", "p1", before), bought(5, "e2", "p2", after), bought(5, "e3", "p3", SINCE)]
    report = compared(purchases, [billed(9, "p1"), billed(9, "p2"), billed(5, "p3", before)])
    assert report.agrees
    assert report.ours == 5
    assert compared([], [billed(5, "x", before), billed(5, "y", after)]).agrees


def test_what_is_still_open_is_left_out() -> None:
    """An edit that is delivered for hours is not charged yet."""
    open_ = Purchase("e1", "p1", "gpt-image-2", NOON, 0, settled=False)
    assert compared([open_], [billed(5)]).agrees


def test_what_an_admin_corrected_is_left_out() -> None:
    """It is not to be what was billed; and it is no stranger."""
    corrected = Purchase("e1", "p1", "gpt-image-2", NOON, 0, adjusted=True)
    report = compared([corrected, bought(5, "e2", "p2")], [billed(5), billed(5, "p2")])
    assert report.agrees
    assert report.drift == 0


def test_a_report_is_kept_as_text() -> None:
    """And read again as it was."""
    report = compared([bought(5), bought(0, "e2", "p2")], [billed(5, "p2"), billed(2, "x")])
    assert Report.of_json(report.as_json()) == report
