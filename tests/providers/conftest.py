"""The stand-in for WaveSpeed, and a client of ours that talks to it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from PIL import Image

from bot.domain.catalogue_file import load
from bot.domain.pictures import Encoded, Size
from bot.domain.ports import Submission
from bot.domain.timing import Timing
from bot.providers.wavespeed import WaveSpeed
from bot.sandbox.serve import serve
from bot.sandbox.wavespeed import WaveSpeedStandIn

KEY = "wsk-canary-0123456789"


@dataclass(frozen=True)
class Sandbox:
    """A running stand-in and its control side."""

    url: str
    control: httpx.AsyncClient

    async def change(self, **settings: Any) -> None:
        (await self.control.post("/sandbox/settings", json=settings)).raise_for_status()

    async def fault(self, path: str, kind: str, **more: Any) -> None:
        body = {"path": path, "kind": kind, **more}
        (await self.control.post("/sandbox/faults", json=body)).raise_for_status()

    async def see(self, what: str) -> list[dict[str, Any]]:
        """The stand-in's calls, predictions or uploads."""
        found: list[dict[str, Any]] = (await self.control.get(f"/sandbox/{what}")).json()[what]
        return found

    async def submits(self) -> list[dict[str, Any]]:
        """The paid POSTs that were seen."""
        return [call for call in await self.see("calls") if call["path"].startswith("/api/v3/openai/")]

    async def finish(self, prediction_id: str, **ending: Any) -> None:
        path = f"/sandbox/predictions/{prediction_id}/finish"
        (await self.control.post(path, json=ending)).raise_for_status()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A stand-in whose predictions end when a test says so."""
    async with (
        serve(WaveSpeedStandIn(api_key=KEY).app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as control,
    ):
        sandbox = Sandbox(url, control)
        await sandbox.change(hold=True)
        yield sandbox


@pytest.fixture
async def wavespeed(sandbox: Sandbox) -> AsyncIterator[WaveSpeed]:
    async with aclosing(WaveSpeed(KEY, base_url=sandbox.url)) as provider:
        yield provider


def hurried(**seconds: float) -> Timing:
    """Our times with some deadlines so short that a test can wait for them."""
    return replace(Timing(), **seconds)


def picture(colour: str = "navy") -> Encoded:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "PNG")
    return Encoded(buffer.getvalue(), "image/png", "png", Size(64, 48))


def submission(*urls: str, model: str = "gpt-image-2", prompt: str = "a red hat") -> Submission:
    return Submission(load().models[model], prompt, urls, {"quality": "low"})
