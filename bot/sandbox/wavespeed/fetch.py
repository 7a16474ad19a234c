"""Gets the pictures of a prediction: own files from memory, data URIs, and URLs of this machine."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit

import httpx

from .painter import Failure, Material
from .world import Prediction, World

LIMIT = 50 * 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Fetcher:
    """Fetches for one world. Nothing beyond this machine is ever asked."""

    def __init__(self, world: World, client: httpx.AsyncClient) -> None:
        self._world = world
        self._client = client

    async def material(self, prediction: Prediction) -> Material:
        """Return all pictures of the inputs. Raises `Failure` (1402) for one that can't be had."""
        inputs = prediction.inputs
        urls = inputs.get("images") or [inputs[name] for name in ("image",) if inputs.get(name)]
        images = [await self._get(url) for url in urls]
        mask = await self._get(inputs["mask_image"]) if inputs.get("mask_image") else None
        markup = await self._get(inputs["markup_image"]) if inputs.get("markup_image") else None
        return Material(images, mask, markup)

    async def _get(self, url: str) -> bytes:
        data = self._remembered(url)
        if data is None and url.startswith(("http://", "https://")):
            data = await self._download(url)
        elif data is None:
            data = _inline(url)
        if data is None:
            raise Failure(1402, "Failed to download image from the provided URL.")
        return data

    def _remembered(self, url: str) -> bytes | None:
        path = urlsplit(url).path
        upload = self._world.uploads.get(path)
        if upload is not None and not self._world.expired(upload.created_at):
            return upload.data
        output = self._world.outputs.get(path.rpartition("/")[2])
        if output is not None and path.startswith("/outputs/") and not self._world.expired(output[1]):
            return output[0]
        return None

    async def _download(self, url: str) -> bytes | None:
        if urlsplit(url).hostname not in LOOPBACK:
            return None
        data = bytearray()
        try:
            async with self._client.stream("GET", url) as answer:
                if answer.status_code != 200:
                    return None
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > LIMIT:
                        return None
        except httpx.HTTPError:
            return None
        return bytes(data)


def _inline(text: str) -> bytes | None:
    """Decode a data URI, or naked base64 (a client in use sends that)."""
    payload = text.partition(";base64,")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(payload, validate=True) or None
    except binascii.Error:
        return None
