"""Reads WaveSpeed's webhooks. Source: WaveSpeed's documentation, "Webhooks"."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Awaitable, Callable, Mapping

import structlog

from bot.clock import Clock
from bot.domain.ports import Prediction
from bot.domain.timing import Timing
from bot.errors import ProviderDown, ProviderError
from bot.providers import wavespeed_wire as wire

log = structlog.get_logger(__name__)
_TOLERANCE = 300  # seconds; Source: "Verifying webhooks"


def signature(secret: str, event_id: str, timestamp: str, body: bytes) -> str:
    """The header ``webhook-signature`` of a body: ``v3,`` and hex. Source: "Verifying webhooks".

    The key is the secret as it is written, without ``whsec_`` and not decoded.
    """
    message = f"{event_id}.{timestamp}.".encode() + body
    key = secret.removeprefix("whsec_").encode()
    return f"v3,{hmac.new(key, message, hashlib.sha256).hexdigest()}"


class WaveSpeedWebhooks:
    """A `bot.domain.ports.WebhookReader`.

    Args:
        read_secret: asks the provider for the secret of its signatures.
        timing: how often it is asked again, after a signature did not fit.
        clock: for the age of a post.
    """

    def __init__(self, read_secret: Callable[[], Awaitable[str]], timing: Timing, clock: Clock) -> None:
        self._read_secret = read_secret
        self._timing = timing
        self._clock = clock
        self._secret: str | None = None
        self._read_at = -math.inf

    def prediction(self, body: bytes) -> Prediction | None:
        """The prediction in a body, which has no envelope; None if there is none."""
        try:
            return wire.prediction(json.loads(body))
        except (ValueError, RecursionError, ProviderDown):
            return None

    async def signed(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether WaveSpeed signed this body within five minutes; False too where the secret can't be had."""
        event_id, timestamp, given = (
            headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        )
        if not re.fullmatch(r"\d{1,12}", timestamp) or not given.isascii():
            return False
        if abs(self._clock.now().timestamp() - int(timestamp)) > _TOLERANCE:
            return False
        if self._secret is not None and _fits(self._secret, event_id, timestamp, body, given):
            return True
        # It is a forgery, or the secret was changed: that is looked up, but not for each forgery.
        return await self._refreshed() and _fits(self._secret or "", event_id, timestamp, body, given)

    async def _refreshed(self) -> bool:
        now = self._clock.monotonic()
        if now - self._read_at < self._timing.webhook_secret:
            return False
        self._read_at = now
        try:
            self._secret = await self._read_secret()
        except ProviderError as error:
            log.warning("webhook_secret_unknown", error=type(error).__name__, detail=str(error))
            return False
        return True


def _fits(secret: str, event_id: str, timestamp: str, body: bytes, given: str) -> bool:
    return hmac.compare_digest(signature(secret, event_id, timestamp, body), given)
