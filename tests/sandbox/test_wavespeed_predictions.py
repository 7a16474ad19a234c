"""Predictions of the WaveSpeed stand-in: from submit to result, listing, deleting, limits."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import Any

import httpx
import pytest

from bot.sandbox.serve import serve
from bot.sandbox.wavespeed import WaveSpeedStandIn
from tests.sandbox.wavespeed_bench import IMAGE_2, TEXT, Bench, opened, picture, standin


async def test_submit_answers_with_a_created_prediction() -> None:
    """The answer has the documented shape; the id is 32 hexadecimal digits, the time has nanoseconds."""
    async with standin() as bench:
        told = await bench.data(TEXT, {"prompt": "a house"})
        assert re.fullmatch(r"[0-9a-f]{32}", told.pop("id"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", told.pop("created_at"))
        assert re.fullmatch(bench.url + r"/api/v3/predictions/\w+/result", told.pop("urls")["get"])
        assert told == {
            "model": TEXT,
            "outputs": [],
            "has_nsfw_contents": [],
            "status": "created",
            "error": "",
            "timings": {"inference": 0},
        }


async def test_prediction_goes_from_processing_to_completed() -> None:
    """A finished prediction has one output URL on this server, which needs no key."""
    async with standin() as bench, httpx.AsyncClient(verify=False) as anonymous:
        prediction_id = await bench.submit()
        assert (await bench.result(prediction_id))["status"] == "processing"
        await bench.finish(prediction_id)
        told = await bench.result(prediction_id)
        assert (told["status"], told["has_nsfw_contents"], told["error"]) == ("completed", [False], "")
        assert told["timings"]["inference"] == told["executionTime"] > 0
        assert told["outputs"][0].startswith(f"{bench.url}/outputs/")
        answer = await anonymous.get(told["outputs"][0])
        assert answer.headers["content-type"] == "image/png"
        assert opened(answer.content).size == (1024, 1024)


async def test_predictions_finish_by_themselves() -> None:
    """Without hold the end comes after the set time; a synchronous submit answers with it."""
    async with standin(seconds=(0.0, 0.001)) as bench:
        told = await bench.data(TEXT, {"prompt": "a house", "enable_sync_mode": True})
        assert (told["status"], len(told["outputs"])) == ("completed", 1)


async def test_releasing_the_hold_finishes_what_waited() -> None:
    """Held predictions end in the order in which a test lets them, then all at once."""
    async with standin() as bench:
        first, second, third = [await bench.submit() for _ in range(3)]
        await bench.finish(second)
        states = [(await bench.result(one))["status"] for one in (first, second, third)]
        assert states == ["processing", "completed", "processing"]
        await bench.set(hold=False)
        assert (await bench.finish(first))["status"] == (await bench.finish(third))["status"] == "completed"


async def test_sync_mode_gives_up_waiting_but_not_the_task() -> None:
    """After the limit the answer is the documented 5004 with status processing; the task goes on."""
    async with standin() as bench:
        await bench.set(sync_seconds=90, speed=9000)
        told = await bench.data(TEXT, {"prompt": "a house", "enable_sync_mode": True})
        prediction_id = told.pop("id")
        text = "Sync mode timed out after 90 seconds. The prediction is still processing asynchronously."
        assert told == {"status": "processing", "code": 5004, "error": text}
        assert (await bench.finish(prediction_id))["status"] == "completed"


async def test_base64_output_is_naked() -> None:
    """With enable_base64_output the result holds the picture itself, without "data:"."""
    async with standin() as bench:
        told = await bench.run(TEXT, "a house", enable_base64_output=True)
        assert opened(base64.b64decode(told["outputs"][0], validate=True)).format == "PNG"


@pytest.mark.parametrize(
    ("prompt", "code"), [("a [moderated] house", 1200), ("a house [fail 5000]", 5000), ("[fail 1405]", 1405)]
)
async def test_prompts_can_ask_for_failure(prompt: str, code: int) -> None:
    """A failed task is HTTP 200 with status failed, its own code and a text, no output and no bill."""
    async with standin() as bench:
        told = await bench.run(TEXT, prompt)
        assert (told["status"], told["code"], told["outputs"]) == ("failed", code, [])
        assert told["error"]
        assert (await bench.predictions())[0]["billed"] == 0
        assert (await bench.data("balance"))["balance"] == 100


async def test_prompts_can_ask_for_time() -> None:
    """ "[slow 30]" takes thirty seconds of the stand-in's time."""
    async with standin(seconds=(0.0, 0.001), speed=1000) as bench:
        prediction_id = await bench.submit(prompt="a house [slow 30]")
        assert (await bench.result(prediction_id))["status"] != "completed"
        await bench.finish(prediction_id)
        assert (await bench.result(prediction_id))["timings"]["inference"] == 30_000


@pytest.mark.parametrize("status", ["failed", "cancelled", "timeout"])
async def test_control_side_can_end_a_prediction_badly(status: str) -> None:
    """A held prediction can be given any end; failed and timed out ones are paid back."""
    async with standin() as bench:
        prediction_id = await bench.submit()
        told = await bench.finish(prediction_id, status=status, code=5003, error="gone")
        assert (told["status"], told["code"], told["error"]) == (status, 5003, "gone")
        assert (await bench.result(prediction_id))["status"] == status
        assert told["billed"] == (60_000 if status == "cancelled" else 0)


async def test_unknown_prediction_is_not_found() -> None:
    """An unknown id is answered 404 by envelope."""
    async with standin() as bench:
        answer = await bench.http.get("/api/v3/predictions/0123/result")
        assert (answer.status_code, answer.json()) == (404, {"code": 404, "message": "Prediction not found"})


async def test_predictions_and_outputs_are_gone_after_seven_days() -> None:
    """After a week there is no result, no list item and no output."""
    async with standin() as bench:
        told = await bench.run(TEXT, "a house")
        await bench.set(advance=7 * 24 * 3600 + 1)
        assert (await bench.http.get(told["outputs"][0])).status_code == 404
        assert (await bench.http.get(f"/api/v3/predictions/{told['id']}/result")).status_code == 404
        assert (await bench.data("predictions", {}))["items"] == []


async def listed(bench: Bench, **body: Any) -> list[str]:
    return [item["id"] for item in (await bench.data("predictions", body))["items"]]


async def test_list_is_newest_first_in_pages() -> None:
    """Pages are as long as asked, the total counts everything, a page past the end is empty."""
    async with standin() as bench:
        ids = [await bench.submit() for _ in range(5)]
        assert await listed(bench) == ids[::-1]
        assert await listed(bench, page=2, page_size=2) == [ids[2], ids[1]]
        told = await bench.data("predictions", {"page": 4, "page_size": 2})
        assert told == {"page": 4, "total": 5, "items": []}


async def test_list_filters_by_model_status_and_time() -> None:
    """Model, status and creation time narrow the list."""
    async with standin() as bench:
        first = await bench.submit()
        second = await bench.submit(IMAGE_2, images=["https://example.test/a.png"])
        await bench.finish(first)
        times = {one["id"]: one["created_at"] for one in await bench.predictions()}
        assert await listed(bench, model=IMAGE_2) == [second]
        assert await listed(bench, status="completed") == [first]
        assert await listed(bench, created_after=times[second]) == [second]
        assert await listed(bench, created_before=times[first]) == [first]
        assert await listed(bench, created_after="2100-01-01T00:00:00Z") == []


async def test_list_tells_inputs_only_when_asked() -> None:
    """With include_inputs each item has what was submitted, under a name that can be changed."""
    async with standin() as bench:
        await bench.submit(prompt="a red house", quality="low")
        assert "inputs" not in (await bench.data("predictions", {}))["items"][0]
        asked = {"include_inputs": True}
        item = (await bench.data("predictions", asked))["items"][0]
        assert item["inputs"] == {"prompt": "a red house", "quality": "low"}
        await bench.set(list_inputs_name="input")
        assert (await bench.data("predictions", asked))["items"][0]["input"] == item["inputs"]
        await bench.set(reject_list_inputs=True)
        assert (await bench.post("predictions", asked)).status_code == 400


async def test_list_refuses_nonsense() -> None:
    """Pages start at 1, hold at most 100, and times are RFC 3339."""
    nonsense = [{"page": 0}, {"page_size": 101}, {"page_size": "10"}, {"created_after": "yesterday"}]
    async with standin() as bench:
        for body in nonsense:
            assert (await bench.post("predictions", body)).status_code == 400


async def test_control_side_waits_for_what_is_expected() -> None:
    """A test can wait for a number of predictions in a state without sleeping."""
    async with standin() as bench:
        waiting = asyncio.create_task(bench.http.get("/sandbox/predictions?count=1&status=completed"))
        prediction_id = await bench.submit()
        await bench.finish(prediction_id)
        told = (await asyncio.wait_for(waiting, 5)).json()["predictions"]
        assert [one["id"] for one in told] == [prediction_id]


async def test_deleted_predictions_are_gone_but_stay_billed() -> None:
    """Deleting counts the known ids only; result, list and output are gone, the bill is not."""
    async with standin() as bench:
        told = await bench.run(TEXT, "a house")
        running = await bench.submit()
        ids = [told["id"], running, "0" * 32]
        assert await bench.data("predictions/delete", {"ids": ids}) == {"deleted_count": 2}
        assert await bench.data("predictions/delete", {"ids": ids}) == {"deleted_count": 0}
        assert await listed(bench) == []
        assert (await bench.http.get(told["urls"]["get"])).status_code == 404
        assert (await bench.http.get(told["outputs"][0])).status_code == 404
        assert [one["billed"] for one in await bench.predictions()] == [60_000, 60_000]


async def test_images_per_minute_are_limited_and_reset() -> None:
    """Over the account's limit a submit is answered 429 and starts nothing; a minute later it works."""
    async with standin(images_per_minute=2) as bench:
        await bench.submit()
        await bench.submit()
        answer = await bench.post(TEXT, {"prompt": "a house"})
        assert (answer.status_code, answer.json()) == (429, {"code": 429, "message": "Too Many Requests"})
        assert "retry-after" not in answer.headers
        assert len(await bench.predictions()) == 2
        await bench.set(advance=60)
        await bench.submit()


async def test_over_concurrency_predictions_wait() -> None:
    """No more than the account's number are processed at once; the others stay created, in order."""
    async with standin(concurrency=1) as bench:
        ids = [await bench.submit() for _ in range(3)]

        async def states() -> list[str]:
            return [(await bench.result(one))["status"] for one in ids]

        assert await states() == ["processing", "created", "created"]
        await bench.finish(ids[0])
        assert await states() == ["completed", "processing", "created"]
        await bench.finish(ids[2])
        assert await states() == ["completed", "processing", "completed"]


async def test_raised_concurrency_starts_what_waits() -> None:
    """Without a limit nothing waits any more."""
    async with standin(concurrency=1) as bench:
        await bench.submit()
        second = await bench.submit()
        assert (await bench.result(second))["status"] == "created"
        await bench.set(concurrency=None)
        assert (await bench.result(second))["status"] == "processing"


async def test_restarted_server_takes_up_its_work() -> None:
    """What was under way when the server stopped goes on when it is served again."""
    app = WaveSpeedStandIn(api_key="k", seconds=(600, 600)).app
    headers = {"Authorization": "Bearer k"}
    async with httpx.AsyncClient(headers=headers, verify=False) as http:
        async with serve(app) as url:
            answer = await http.post(f"{url}/api/v3/{TEXT}", json={"prompt": "a house"})
            prediction_id = answer.json()["data"]["id"]
        async with serve(app) as url:
            finished = await http.post(f"{url}/sandbox/predictions/{prediction_id}/finish")
            assert finished.json()["status"] == "completed"


async def test_uploaded_pictures_are_fetched_from_every_kind_of_url() -> None:
    """Own uploads, own outputs, data URIs, naked base64 and URLs on this machine are all pictures."""
    data = picture()
    text = base64.b64encode(data).decode()
    async with standin() as bench, standin() as elsewhere:
        own = await bench.upload(data)
        first = await bench.run(IMAGE_2, "comic", images=[own])
        foreign = await elsewhere.upload(data)
        for url in (first["outputs"][0], f"data:image/png;base64,{text}", text, foreign):
            assert (await bench.run(IMAGE_2, "comic", images=[url]))["status"] == "completed"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.test/cat.png",
        "http://127.0.0.1:9/cat.png",
        "data:image/png;base64,%",
        "file:///cat.png",
    ],
)
async def test_unreachable_picture_fails_the_task(url: str) -> None:
    """A URL that can't be fetched ends the task with code 1402; the submit itself succeeds."""
    async with standin() as bench:
        told = await bench.run(IMAGE_2, "comic", images=[url])
        assert (told["status"], told["code"]) == ("failed", 1402)
        assert told["error"] == "Failed to download image from the provided URL."
