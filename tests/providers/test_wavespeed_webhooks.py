"""Signatures of webhooks: only a fresh one over exactly these bytes counts."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot.domain.timing import Timing
from bot.errors import ProviderDown
from bot.providers.wavespeed import WaveSpeed
from bot.providers.wavespeed_webhooks import WaveSpeedWebhooks, signature
from tests.fakes import Turns
from tests.sandbox.wavespeed_bench import KEY, standin
from tests.virtual_time import SetClock

SECRET = "whsec_test-secret-0123456789"
BODY = b'{"id":"task_1","status":"completed"}'


class Reading:
    """A reader whose secret is given turn by turn."""

    def __init__(self, *secrets: str | Exception) -> None:
        self.clock = SetClock()
        self.secrets = Turns(*secrets)
        self.reader = WaveSpeedWebhooks(self._secret, Timing(), self.clock)

    async def _secret(self) -> str:
        return self.secrets.take()

    def headers(self, secret: str = SECRET, ago: float = 0, body: bytes = BODY) -> dict[str, str]:
        timestamp = str(int(self.clock.now().timestamp() - ago))
        return {
            "webhook-id": "evt_1",
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(secret, "evt_1", timestamp, body),
        }

    def signed(self, headers: dict[str, str], body: bytes = BODY) -> bool:
        return asyncio.run(self.reader.signed(headers, body))


def test_the_signature_of_a_known_message() -> None:
    """Computed apart from this program: the secret is used as it is written, without its first word."""
    expected = "v3,736aff451134bb633cb51cf1754950fc72682ba018e430b7c449944c94a4a097"
    assert signature(SECRET, "evt_1", "1700000000", BODY) == expected


def test_a_true_one_is_known() -> None:
    """And the secret is read once for all of them."""
    reading = Reading(SECRET)
    assert all(reading.signed(reading.headers(ago=ago)) for ago in (0, 299, -299))
    assert reading.secrets.taken == 1


def test_an_old_one_is_not_believed() -> None:
    """What was recorded can't be used for longer than five minutes, nor what is dated ahead."""
    reading = Reading(SECRET)
    assert not any(reading.signed(reading.headers(ago=ago)) for ago in (301, 86_400, -301))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-signature", "v3," + "0" * 64),
        ("webhook-signature", ""),
        ("webhook-signature", "v3,é"),
        ("webhook-id", "evt_2"),
        ("webhook-timestamp", "yesterday"),
        ("webhook-timestamp", "-5"),
        ("webhook-timestamp", "9" * 40),
    ],
)
def test_nothing_of_it_can_be_changed(name: str, value: str) -> None:
    """Neither the id, the time nor the signature."""
    reading = Reading(SECRET)
    assert not reading.signed({**reading.headers(), name: value})


def test_another_body_or_no_headers_are_not_signed() -> None:
    """The signature is over the raw bytes: one space more is another message."""
    reading = Reading(SECRET)
    assert not reading.signed(reading.headers(), BODY + b" ")
    assert not reading.signed({})


def test_a_changed_secret_is_read_again_but_not_for_every_forgery() -> None:
    """A flood of forgeries costs one question in five minutes."""
    reading = Reading("whsec_old", SECRET, "whsec_third")
    assert reading.signed(reading.headers("whsec_old"))
    assert not any(reading.signed(reading.headers("whsec_forged")) for _ in range(50))
    assert reading.secrets.taken == 1
    reading.clock.pass_(Timing().webhook_secret)
    assert reading.signed(reading.headers())
    assert reading.secrets.taken == 2


def test_without_the_secret_nothing_is_believed() -> None:
    """And it is asked for again later."""
    reading = Reading(ProviderDown("502"), SECRET)
    assert not reading.signed(reading.headers())
    reading.clock.pass_(Timing().webhook_secret)
    assert reading.signed(reading.headers())


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id":7}', b"\xff", b"[" * 100_000, b'"p1"'])
def test_what_is_no_prediction_is_none(body: bytes) -> None:
    """Nothing of it raises."""
    assert Reading(SECRET).reader.prediction(body) is None


async def test_the_secret_of_a_real_account() -> None:
    """What the provider gives verifies what it sends."""
    async with standin() as bench:
        provider = WaveSpeed(KEY, base_url=bench.url)
        assert (await provider.webhook_secret()).startswith("whsec_")
        await provider.aclose()


def test_a_prediction_says_what_it_was_made_from() -> None:
    """So that a signed one is known by its pictures."""
    body = json.dumps({"id": "p1", "status": "completed", "input": {"images": ["https://up/1"]}}).encode()
    prediction = Reading(SECRET).reader.prediction(body)
    assert prediction is not None
    assert prediction.inputs == {"images": ["https://up/1"]}
