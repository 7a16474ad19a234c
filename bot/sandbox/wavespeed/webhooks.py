"""Tells a finished prediction to the URL that its submit named (page "Webhooks")."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlsplit

import httpx

from .fetch import LOOPBACK
from .world import World, new_id

TRIES = 3
BACKOFF = 2.0


def signature(secret: str, event_id: str, timestamp: str, body: bytes) -> str:
    """Return ``v3,<hex>`` (page "Verifying webhooks").

    The key is the secret without ``whsec_`` as raw text, the message ``{id}.{timestamp}.{body}``.
    """
    key = secret.removeprefix("whsec_").encode()
    message = f"{event_id}.{timestamp}.".encode() + body
    return "v3," + hmac.new(key, message, hashlib.sha256).hexdigest()


async def deliver(world: World, client: httpx.AsyncClient, url: str, prediction: dict[str, Any]) -> None:
    """Post the bare prediction, up to three times with growing pauses, until it is answered 2xx.

    Only URLs of this machine are called. Each try is noted in ``world.deliveries``.
    """
    event_id = f"evt_{new_id()}"
    body = json.dumps(prediction).encode()
    for attempt in range(1, TRIES + 1):
        timestamp = str(int(world.now()))
        headers = {
            "content-type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(world.webhook_secret, event_id, timestamp, body),
        }
        status = await _post(client, url, body, headers)
        world.deliveries.append(
            {"id": event_id, "url": url, "attempt": attempt, "status": status, "prediction": prediction["id"]}
        )
        world.bell.ring()
        if status is not None and 200 <= status < 300:
            return
        if attempt < TRIES:
            await asyncio.sleep(BACKOFF**attempt / world.settings.speed)


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> int | None:
    if urlsplit(url).hostname not in LOOPBACK:
        return None
    try:
        return (await client.post(url, content=body, headers=headers)).status_code
    except httpx.HTTPError:
        return None
