"""A running WaveSpeed stand-in and a client with its key, for the tests here."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bot.sandbox.serve import serve
from bot.sandbox.wavespeed import WaveSpeedStandIn

KEY = "test-key-of-nobody"
PHOTOS = Path(__file__).parent.parent / "photos"
IMAGE_1 = "openai/gpt-image-1"
MINI = "openai/gpt-image-1-mini/edit"
IMAGE_2 = "openai/gpt-image-2/edit"
FLARE = "openai/gpt-image-2.6-flare/edit"
SUNBURST = "openai/gpt-image-2.6-sunburst/edit"
TEXT = "openai/gpt-image-2/text-to-image"


@dataclass(frozen=True)
class Bench:
    """``url``: where the stand-in is; ``http``: a client that sends the key to it."""

    url: str
    http: httpx.AsyncClient

    async def upload(self, data: bytes, name: str = "picture.png") -> str:
        """Upload in one step, and return the URL for the model."""
        answer = await self.http.post("/api/v3/media/upload/binary", files={"file": (name, data)})
        return str(answer.json()["data"]["download_url"])

    async def post(self, path: str, body: object, **query: str) -> httpx.Response:
        """Post JSON to an endpoint of the API."""
        return await self.http.post(f"/api/v3/{path}", json=body, params=query)

    async def data(self, path: str, body: object = None) -> Any:
        """Return the ``data`` of a call that has to succeed; without a body it is a GET."""
        answer = await (self.http.get(f"/api/v3/{path}") if body is None else self.post(path, body))
        assert answer.status_code == 200, answer.text
        assert answer.json()["code"] == 200
        assert answer.json()["message"] == "success"
        return answer.json()["data"]

    async def submit(self, model: str = TEXT, prompt: str = "a house", **inputs: Any) -> str:
        """Submit, and return the prediction's id."""
        return str((await self.data(model, {"prompt": prompt, **inputs}))["id"])

    async def result(self, prediction_id: str) -> Any:
        """Return the prediction as the API tells it."""
        return await self.data(f"predictions/{prediction_id}/result")

    async def finish(self, prediction_id: str, **how: Any) -> Any:
        """End a prediction, and return it as the control side tells it."""
        return (await self.http.post(f"/sandbox/predictions/{prediction_id}/finish", json=how)).json()

    async def run(self, model: str, prompt: str, **inputs: Any) -> Any:
        """Submit, finish and return the prediction."""
        prediction_id = await self.submit(model, prompt, **inputs)
        await self.finish(prediction_id)
        return await self.result(prediction_id)

    async def edit(self, model: str, prompt: str, **inputs: Any) -> Image.Image:
        """Run, and return the picture that came of it."""
        prediction = await self.run(model, prompt, **inputs)
        assert prediction["status"] == "completed", prediction["error"]
        return opened((await self.http.get(prediction["outputs"][0])).content)

    async def set(self, **settings: Any) -> Any:
        """Change settings, and return them all."""
        answer = await self.http.post("/sandbox/settings", json=settings)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def fault(self, path: str, kind: str, **more: Any) -> None:
        """Ask for a fault."""
        answer = await self.http.post("/sandbox/faults", json={"path": path, "kind": kind, **more})
        assert answer.status_code == 200, answer.text

    async def predictions(self) -> Any:
        """Return all predictions as the control side tells them."""
        return (await self.http.get("/sandbox/predictions")).json()["predictions"]

    async def calls(self, path: str = "/") -> Any:
        """Return the calls that were noted."""
        return (await self.http.get("/sandbox/calls", params={"path": path})).json()["calls"]


@asynccontextmanager
async def standin(**options: Any) -> AsyncIterator[Bench]:
    """Run a stand-in; unless options say otherwise, predictions wait to be finished."""
    app = WaveSpeedStandIn(api_key=KEY, **options).app
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        serve(app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=30, verify=False) as http,
    ):
        bench = Bench(url, http)
        await bench.set(hold="seconds" not in options)
        yield bench


def picture(width: int = 96, height: int = 96, encoding: str = "PNG", **save: Any) -> bytes:
    """Return a small colourful picture: a gradient with a bright square in the middle."""
    x, y = np.meshgrid(np.linspace(40, 215, width), np.linspace(40, 215, height))
    pixels = np.stack([x, y, 255 - x], axis=-1).astype(np.uint8)
    pixels[height // 3 : height * 2 // 3, width // 3 : width * 2 // 3] = (240, 220, 60)
    return encoded(Image.fromarray(pixels), encoding, **save)


def encoded(image: Image.Image, encoding: str = "PNG", **save: Any) -> bytes:
    """Return the picture as bytes."""
    out = io.BytesIO()
    image.save(out, encoding, **save)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """Return a loaded picture."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def difference(one: Image.Image, other: Image.Image) -> NDArray[np.int16]:
    """Return the greatest difference of a channel for each pixel, height × width."""
    pair = [np.asarray(image.convert("RGB"), dtype=np.int16) for image in (one, other)]
    greatest: NDArray[np.int16] = np.abs(pair[0] - pair[1]).max(axis=-1)
    return greatest
