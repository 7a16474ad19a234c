"""The OpenAI stand-in, and a client of ours that talks to it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from PIL import Image, ImageDraw

from bot.domain.catalogue import Model
from bot.domain.catalogue_file import load
from bot.domain.pictures import Encoded, Size
from bot.domain.ports import Submission
from bot.providers.openai_images import OpenAIImages
from bot.sandbox.openai import OpenAIStandIn
from bot.sandbox.serve import serve
from tests.fakes import FakeBlobs

KEY = "sk-canary-0123456789"
MODELS = [model for model in load().models.values() if model.provider == "openai"]
SIZE = (96, 64)


@dataclass(frozen=True)
class Bench:
    """A running stand-in, its control side, a client of ours and where its pictures wait."""

    url: str
    control: httpx.AsyncClient
    blobs: FakeBlobs
    ours: OpenAIImages
    settings: dict[str, Any]

    async def begin_anew(self) -> None:
        """As if it had just been started, which takes longer."""
        for what in ("calls", "faults"):
            (await self.control.delete(f"/sandbox/{what}")).raise_for_status()
        await self.change(**self.settings)
        self.blobs.kept.clear()

    async def change(self, **settings: Any) -> None:
        (await self.control.post("/sandbox/settings", json=settings)).raise_for_status()

    async def fault(self, path: str, kind: str, **more: Any) -> None:
        body = {"path": path, "kind": kind, **more}
        (await self.control.post("/sandbox/faults", json=body)).raise_for_status()

    async def see(self, what: str) -> list[dict[str, Any]]:
        """The stand-in's calls or edits."""
        found: list[dict[str, Any]] = (await self.control.get(f"/sandbox/{what}")).json()[what]
        return found

    async def posts(self) -> list[str]:
        """The paths of the paid calls that were seen."""
        return [call["path"] for call in await self.see("calls") if call["method"] == "POST"]

    async def uploaded(self, count: int = 1) -> tuple[str, ...]:
        return tuple([await self.ours.upload(picture()) for _ in range(count)])


@asynccontextmanager
async def bench(**options: Any) -> AsyncIterator[Bench]:
    """A stand-in and a client of it; ``options`` are the client's."""
    blobs = FakeBlobs()
    async with (
        serve(OpenAIStandIn(api_key=KEY).app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as control,
        aclosing(OpenAIImages(options.pop("api_key", KEY), blobs, base_url=url, **options)) as ours,
    ):
        yield Bench(url, control, blobs, ours, (await control.get("/sandbox/settings")).json())


def picture(colour: str = "navy", encoding: str = "JPEG") -> Encoded:
    buffer = io.BytesIO()
    Image.new("RGB", SIZE, colour).save(buffer, encoding)
    kind = encoding.lower()
    return Encoded(buffer.getvalue(), f"image/{kind}", "jpg" if kind == "jpeg" else kind, Size(*SIZE))


def mask(size: tuple[int, int] = SIZE) -> Encoded:
    """A PNG that is transparent in its left half."""
    image = Image.new("RGBA", size, "black")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 2 - 1, size[1]), fill=(0, 0, 0, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return Encoded(buffer.getvalue(), "image/png", "png", Size(*size))


def model(name: str = "gpt-image-2-openai") -> Model:
    return load().models[name]


def submission(
    *urls: str,
    name: str = "gpt-image-2-openai",
    prompt: str = "a red hat",
    mask: str | None = None,
    **choices: str,
) -> Submission:
    return Submission(model(name), prompt, urls, choices or {"quality": "low"}, mask)
