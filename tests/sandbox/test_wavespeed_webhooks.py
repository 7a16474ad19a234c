"""Webhooks of the WaveSpeed stand-in: body, signature, repeats."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox.serve import serve
from bot.sandbox.wavespeed import signature
from tests.sandbox.wavespeed_bench import IMAGE_2, TEXT, Bench, picture, standin

Delivery = tuple[dict[str, str], bytes]


@asynccontextmanager
async def receiver(*statuses: int) -> AsyncIterator[tuple[str, asyncio.Queue[Delivery]]]:
    """Run a server that answers one delivery after the other with these statuses."""
    arrived: asyncio.Queue[Delivery] = asyncio.Queue()
    answers = iter(statuses)

    async def take(request: Request) -> Response:
        await arrived.put((dict(request.headers), await request.body()))
        return Response(status_code=next(answers))

    async with serve(Starlette(routes=[Route("/hook", take, methods=["POST"])])) as url:
        yield f"{url}/hook", arrived


async def submit(bench: Bench, hook: str, model: str = TEXT, **inputs: Any) -> str:
    answer = await bench.post(model, {"prompt": "a house", **inputs}, webhook=hook)
    return str(answer.json()["data"]["id"])


async def test_webhook_brings_the_bare_prediction() -> None:
    """The body is the prediction with its input, not in an envelope, and its output is there."""
    async with standin() as bench, receiver(200) as (hook, arrived):
        source = await bench.upload(picture())
        prediction_id = await submit(bench, hook, IMAGE_2, images=[source])
        await bench.finish(prediction_id)
        _, raw = await asyncio.wait_for(arrived.get(), 5)
        body = json.loads(raw)
        assert (body["id"], body["status"], body["error"]) == (prediction_id, "completed", "")
        assert body["input"] == {"prompt": "a house", "images": [source]}
        assert body["executionTime"] == body["timings"]["inference"]
        assert (await bench.http.get(body["outputs"][0])).status_code == 200
        assert {"code", "message", "data"}.isdisjoint(body)


async def test_webhook_is_signed() -> None:
    """The signature is v3, hex HMAC-SHA256 over id, time and raw body with the secret's raw text."""
    async with standin() as bench, receiver(200) as (hook, arrived):
        await bench.finish(await submit(bench, hook), status="failed", code=1200)
        headers, raw = await asyncio.wait_for(arrived.get(), 5)
        secret = (await bench.data("webhook/secret"))["secret"]
        assert secret.startswith("whsec_")
        message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
        expected = hmac.new(secret[6:].encode(), message, hashlib.sha256).hexdigest()
        assert headers["webhook-signature"] == f"v3,{expected}"
        assert json.loads(raw)["code"] == 1200


def test_signature_of_a_known_message() -> None:
    """The algorithm gives the value that was computed for this message by hand."""
    body = b'{"id":"task_1","status":"completed"}'
    expected = "v3,736aff451134bb633cb51cf1754950fc72682ba018e430b7c449944c94a4a097"
    assert signature("whsec_test-secret-0123456789", "evt_1", "1700000000", body) == expected


async def test_webhook_is_repeated_until_it_is_taken() -> None:
    """Answers other than 2xx are tried again with the same id and body."""
    async with standin(speed=1000) as bench, receiver(500, 204) as (hook, arrived):
        await bench.finish(await submit(bench, hook), status="failed")
        first = await asyncio.wait_for(arrived.get(), 5)
        second = await asyncio.wait_for(arrived.get(), 5)
        assert first[0]["webhook-id"] == second[0]["webhook-id"]
        assert first[1] == second[1]


async def test_webhook_is_given_up_after_three_tries() -> None:
    """After the third failure nobody is called again; all tries are noted."""
    async with standin(speed=1000) as bench, receiver(500, 500, 500, 200) as (hook, arrived):
        await bench.finish(await submit(bench, hook), status="failed")
        for _ in range(3):
            await asyncio.wait_for(arrived.get(), 5)
        await bench.finish(await submit(bench, hook), status="failed")
        await asyncio.wait_for(arrived.get(), 5)
        noted = (await bench.http.get("/sandbox/webhooks?count=4")).json()["webhooks"]
        assert [(one["attempt"], one["status"]) for one in noted] == [(1, 500), (2, 500), (3, 500), (1, 200)]


async def test_webhook_does_not_go_with_base64() -> None:
    """Both together are refused, with the error in a shape of its own."""
    async with standin() as bench:
        inputs = {"prompt": "a house", "enable_base64_output": True}
        answer = await bench.post(TEXT, inputs, webhook="http://127.0.0.1:9/")
        assert answer.status_code == 400
        assert set(answer.json()) == {"error"}
        assert "base64" in answer.json()["error"]
        assert await bench.predictions() == []


async def test_webhook_beyond_this_machine_is_not_called() -> None:
    """Only this machine is ever called; the try is noted as unanswered."""
    async with standin(speed=1000) as bench:
        await bench.finish(await submit(bench, "https://example.test/hook"), status="failed")
        noted = (await bench.http.get("/sandbox/webhooks?count=3")).json()["webhooks"]
        assert [one["status"] for one in noted] == [None, None, None]
