"""WaveSpeed's account: entries over all pages, refunds, and whatever else may be in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.ports import Billing
from bot.errors import ProviderDown
from bot.providers import wavespeed_billing as billing
from bot.providers.wavespeed import WaveSpeed

from .conftest import Sandbox, picture, submission

AT = datetime(2026, 11, 20, 9, 30, 1, 500_000, tzinfo=UTC)


def entry(**changes: Any) -> dict[str, Any]:
    """An entry as the official CLI knows them."""
    values: dict[str, Any] = {
        "uuid": "b1",
        "billing_type": "deduct",
        "price": 0.03,
        "created_at": "2026-11-20T09:30:01.500000031Z",
        "access_key_name": "mine",
        "access_key_uuid": "k1",
        "order": None,
        "prediction": {"uuid": "p1", "model_uuid": "openai/gpt-image-2/edit", "status": "completed"},
        "consumption": None,
    }
    return {**values, **changes}


def read(*entries: Any, **more: Any) -> list[Billing]:
    return billing.page({"page": 1, "items": list(entries), **more})[0]


def test_an_entry() -> None:
    """Its money in micro-dollars, its time, and its prediction."""
    assert read(entry()) == [Billing("b1", 30_000, AT, "p1")]


@pytest.mark.parametrize("kind", ["refund", "auto_refund", "REFUND", "returned", "reversal"])
@pytest.mark.parametrize("price", [0.03, -0.03, "0.03"])
def test_what_is_given_back_is_negative(kind: str, price: object) -> None:
    """With whatever sign it is written."""
    assert [one.micros for one in read(entry(billing_type=kind, price=price))] == [-30_000]


@pytest.mark.parametrize("prediction", [None, {}, {"uuid": ""}, {"uuid": 7}, "p1"])
def test_no_prediction(prediction: object) -> None:
    """A top-up, for one."""
    assert [one.prediction_id for one in read(entry(prediction=prediction))] == [None]


@pytest.mark.parametrize(
    "broken",
    ["text", entry(price=None), entry(price=True), entry(price="much"), entry(created_at=None)],
    ids=repr,
)
def test_what_cant_be_read_is_left_out(broken: object) -> None:
    """The others count."""
    assert len(read(entry(), broken)) == 1


@pytest.mark.parametrize("data", [None, [], "page", {"items": "none"}])
def test_no_page(data: object) -> None:
    """That is a fault of the moment."""
    with pytest.raises(ProviderDown):
        billing.page(data)


def test_the_last_page() -> None:
    """An empty account has one."""
    assert billing.page({"page": 1, "has_more": False, "items": None}) == ([], False)
    assert billing.page({"page": 1, "has_more": True, "items": []}) == ([], True)


async def test_over_http(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """All pages of a window, each entry once; what failed was paid back."""
    url = await wavespeed.upload(picture())
    bought = [(await wavespeed.submit(submission(url))).id for _ in range(103)]
    await sandbox.finish(bought[0], status="failed")
    now = datetime.now(UTC)
    found = await wavespeed.billings(now - timedelta(minutes=5), now + timedelta(minutes=5))
    assert {one.prediction_id for one in found} == set(bought[1:])
    assert {one.micros for one in found} == {30_000}
    assert len(found) == 102
    assert await wavespeed.billings(now - timedelta(hours=2), now - timedelta(hours=1)) == []
