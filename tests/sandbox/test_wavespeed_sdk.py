"""WaveSpeed's own Python SDK, unchanged, against the stand-in."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import wavespeed

from tests.sandbox.wavespeed_bench import IMAGE_2, KEY, PHOTOS, opened, standin


def run_edit(url: str, photo: Path) -> list[str]:
    """Upload a picture and edit it as the SDK's README does."""
    client = wavespeed.Client(api_key=KEY, base_url=url)
    source = client.upload(str(photo))
    inputs = {"prompt": "Become a comic style", "images": [source], "quality": "low"}
    outputs: list[str] = client.run(IMAGE_2, inputs, poll_interval=0.05, timeout=30)["outputs"]
    return outputs


async def test_official_sdk_uploads_and_edits() -> None:
    """The SDK's ticket upload, submit and polling end in a picture that can be downloaded."""
    async with standin(seconds=(0.0, 0.01)) as bench, httpx.AsyncClient(verify=False) as anonymous:
        outputs = await asyncio.to_thread(run_edit, bench.url, PHOTOS / "cat.jpg")
        assert len(outputs) == 1
        result = opened((await anonymous.get(outputs[0])).content)
        assert (result.format, result.width * result.height > 1_000_000) == ("PNG", True)
        (upload,) = (await bench.http.get("/sandbox/uploads")).json()["uploads"]
        assert (upload["name"], upload["flow"], upload["format"]) == ("cat.jpg", "ticket", "JPEG")
        assert (await bench.predictions())[0]["billed"] == 30_000


async def test_official_sdk_reports_a_failed_task() -> None:
    """A failed task reaches the SDK's caller with its text and id."""

    def moderated() -> dict[str, object]:
        client = wavespeed.Client(api_key=KEY, base_url=bench.url)
        inputs = {"prompt": "a [moderated] house"}
        told: dict[str, object] = client.run_no_throw("openai/gpt-image-2/text-to-image", inputs)
        return told

    async with standin(seconds=(0.0, 0.001)) as bench:
        told = await asyncio.to_thread(moderated)
        assert not told["outputs"]
        assert "sensitive information" in str(told)
