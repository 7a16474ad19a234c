"""The ways in, as the settings open them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bot.jobs.keyring import Keyring
from bot.settings import Settings, load
from bot.wiring import incoming
from tests.virtual_time import SetClock

TOKEN = "123456789:" + "a" * 35


def settings(**given: Any) -> Settings:
    """Settings with what is needed."""
    needed = {"telegram_bot_token": TOKEN, "wavespeed_api_key": "a-key-of-nobody", "port": 0}
    return load(_env_file=None, **needed, **given)


async def fine() -> None:
    """Nothing is wrong."""


@pytest.mark.parametrize(
    ("given", "statuses"),
    [
        ({}, {"telegram": 404, "wavespeed": 404}),
        ({"public_url": "https://a.test"}, {"telegram": 404, "wavespeed": 503}),
        ({"public_url": "https://a.test", "telegram_mode": "webhook"}, {"telegram": 503, "wavespeed": 503}),
    ],
)
async def test_what_is_served_from_the_first_moment(given: dict[str, str], statuses: dict[str, int]) -> None:
    """The bot is alive while it starts, however long Telegram is away; only after a while that is a fault."""
    clock, chosen = SetClock(), settings(**given)
    async with (
        incoming.page(chosen, clock, "127.0.0.1") as (site, port),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False) as http,
    ):
        answer = await http.get("/healthz")
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "starting": True})
        assert {name: (await http.post(f"/{name}/x")).status_code for name in statuses} == statuses
        clock.pass_(91)
        late = await http.get("/healthz")
        assert (late.status_code, late.json()["start"]) == (503, "not ready after 91 s")
        async with incoming.Ways(chosen, Keyring("secret"), clock).open(site, {"telegram": fine}):
            assert (await http.get("/healthz")).json() == {"ok": True}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, False),
        ({"public_url": "https://a.test"}, True),
        ({"public_url": "https://a.test", "wavespeed_base64": True}, False),
        ({"public_url": "https://a.test", "wavespeed_sync": True}, True),
    ],
)
def test_when_wavespeed_is_asked_for_webhooks(given: dict[str, Any], told: bool) -> None:
    """It refuses them together with pictures inside its answers."""
    assert incoming.Ways(settings(**given), Keyring("secret"), SetClock()).told is told


def test_words_that_nobody_can_guess() -> None:
    """Each purpose has its own, the same each time, and another bot has others."""
    ours, theirs = Keyring("ours"), Keyring("theirs")
    assert ours.word("a") == Keyring("ours").word("a") != ours.word("b")
    assert ours.fits(ours.word("a"), "a")
    for wrong in (ours.word("b"), theirs.word("a"), "", "é", ours.word("a")[:-1]):
        assert not ours.fits(wrong, "a")
    assert ours.word("a") not in repr(ours)
