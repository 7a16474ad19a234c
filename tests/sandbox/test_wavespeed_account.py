"""The account of the WaveSpeed stand-in: balance, billing and usage."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.wavespeed_bench import FLARE, IMAGE_2, TEXT, standin

URL = "https://example.test/cat.png"


async def test_money_is_taken_at_submit_and_given_back_at_failure() -> None:
    """The balance falls with the submit and is whole again when the task fails."""
    async with standin() as bench:
        prediction_id = await bench.submit(quality="high")
        assert (await bench.data("balance"))["balance"] == 99.78
        await bench.finish(prediction_id, status="failed", code=5000)
        assert (await bench.data("balance"))["balance"] == 100


async def test_exhausted_credits_refuse_a_submit() -> None:
    """With less than the price left, a submit is HTTP 400 with code 1407 and starts nothing."""
    async with standin() as bench:
        await bench.set(balance=0.06)
        await bench.submit()
        answer = await bench.post(TEXT, {"prompt": "a house"})
        assert (answer.status_code, answer.json()) == (400, {"code": 1407, "message": "insufficient credits"})
        assert len(await bench.predictions()) == 1
        assert (await bench.data("balance"))["balance"] == 0


async def test_billing_lists_what_is_billed_newest_first() -> None:
    """Each billed prediction is one item with its id, model, state and price; failed ones are not in it."""
    async with standin() as bench:
        first = await bench.submit(quality="low")
        failed = await bench.submit()
        last = await bench.submit(quality="high")
        await bench.finish(failed, status="failed")
        told = await bench.data("billings/search", {"page": 1, "page_size": 10})
        assert (told["page"], told["has_more"]) == (1, False)
        assert [one["prediction"]["uuid"] for one in told["items"]] == [last, first]
        assert [one["price"] for one in told["items"]] == [0.22, 0.03]
        status = {"uuid": last, "model_uuid": TEXT, "status": "processing"}
        assert told["items"][0]["prediction"] == status
        assert set(told["items"][0]) == {
            *("uuid", "billing_type", "price", "created_at", "access_key_name", "access_key_uuid"),
            *("order", "prediction", "consumption"),
        }


async def test_billing_is_paged_and_filtered() -> None:
    """Pages say whether more follow; times and models narrow the list."""
    async with standin() as bench:
        ids = [await bench.submit(quality="low") for _ in range(3)]
        await bench.set(advance=3600)
        ids.append(await bench.submit(FLARE, images=[URL]))
        times = {one["id"]: one["created_at"] for one in await bench.predictions()}

        async def found(**body: Any) -> tuple[list[str], bool]:
            told = await bench.data("billings/search", body)
            return [one["prediction"]["uuid"] for one in told["items"]], told["has_more"]

        assert await found(page=1, page_size=3) == (ids[:0:-1], True)
        assert await found(page=2, page_size=3) == (ids[:1], False)
        assert await found(model_uuid=FLARE) == (ids[3:], False)
        assert await found(start_time=times[ids[3]]) == (ids[3:], False)
        assert await found(end_time=times[ids[0]]) == (ids[:1], False)


async def test_usage_sums_by_model_and_day() -> None:
    """The statistics count requests, successes and cost, in total, by model and by day."""
    async with standin() as bench:
        await bench.finish(await bench.submit(quality="low"))
        await bench.finish(await bench.submit(quality="low"), status="failed")
        await bench.submit(IMAGE_2, quality="high", images=[URL])
        day = (await bench.predictions())[0]["created_at"][:10]
        told = await bench.data(
            "user/usage_stats", {"start_time": f"{day}T00:00:00Z", "end_time": later(day)}
        )
        assert told["summary"] == {"total_cost": 0.25, "total_requests": 3, "success_requests": 1}
        by_model = {one["model_uuid"]: one["total_requests"] for one in told["per_model_usage"]}
        assert by_model == {TEXT: 2, IMAGE_2: 1}
        assert sum(one["total_requests"] for one in told["daily_usage"]) == 3


def later(day: str) -> str:
    """Return a time two weeks after a day, so that no midnight spoils the test."""
    return (datetime.fromisoformat(day) + timedelta(days=14)).isoformat() + "Z"


@pytest.mark.parametrize(
    "body", [{}, {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-02-02T00:00:00Z"}]
)
async def test_usage_needs_at_most_31_days(body: dict[str, str]) -> None:
    """Without both times, or with more than 31 days between them, the statistics are refused."""
    async with standin() as bench:
        assert (await bench.post("user/usage_stats", body)).status_code == 400
