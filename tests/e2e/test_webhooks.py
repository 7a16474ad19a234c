"""The bot behind webhooks, and with WaveSpeed's pictures in its answers: what the network sees of it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.world import Bot, Person, World, world

RESULT, LIST = "/api/v3/predictions/", "/api/v3/predictions"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class Hooked:
    """A world whose bot is reached by webhooks only."""

    def __init__(self, own: World) -> None:
        self.world = own
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.settings = {"PORT": str(port), "PUBLIC_URL": self.url, "TELEGRAM_MODE": "webhook"}

    async def start(self) -> Bot:
        return await self.world.start(**self.settings)


@pytest.fixture(scope="module")
async def hooked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hooked]:
    async with world(tmp_path_factory.mktemp("hooked") / "data") as opened:
        hooked = Hooked(opened)
        await hooked.start()
        yield hooked
        for call in await opened.calls(opened.wavespeed):
            if token := call["query"].get("webhook", "").rpartition("/")[2]:
                assert not any(token in bot.log for bot in opened.bots), "a webhook's address is a secret"


async def _charged(world: World, person: Person) -> list[tuple[str, int]]:
    async def booked() -> bool:
        return len(world.rows("SELECT 1 FROM ledger WHERE user_id = ?", person.id)) > 1

    await world.until(booked)
    query = "SELECT kind, micros FROM ledger WHERE user_id = ? ORDER BY id"
    return [(row["kind"], row["micros"]) for row in world.rows(query, person.id)]


async def _of(world: World, words: str) -> list[dict[str, Any]]:
    return [item for item in await world.predictions() if words in item["inputs"]["prompt"]]


async def test_an_edit_by_webhooks_alone(hooked: Hooked) -> None:
    """Telegram posts the photo, WaveSpeed the end; nobody polls, and health says that all is well."""
    own = hooked.world
    ada = await own.person("Ada")
    await ada.starts()
    await own.wavespeed_settings(hold=True)
    await ada.sends("cat.jpg", caption="anime by webhook")
    prediction = (await own.until(lambda: _of(own, "by webhook")))[0]
    lists = len(await own.calls(own.wavespeed, path=LIST)) - len(await own.calls(own.wavespeed, path=RESULT))
    await own.finish(prediction["id"])
    await ada.sees_picture()
    after = await own.calls(own.wavespeed, path=LIST)
    assert len(after) - len(await own.calls(own.wavespeed, path=RESULT)) <= lists + 1
    assert await own.calls(own.telegram, method="getUpdates") == []
    assert await _charged(own, ada) == [("hold", 60_000), ("charge", 60_000)]
    assert (await own.http.get(f"{hooked.url}/healthz")).json() == {"ok": True}
    await own.wavespeed_settings(hold=False)


async def test_killed_between_the_webhook_and_the_reading(hooked: Hooked) -> None:
    """The post was answered and is gone with the process; the result is read after the restart."""
    own = hooked.world
    chloe = await own.person("Chloe")
    await chloe.starts()
    await own.wavespeed_settings(hold=True)
    await chloe.sends("coffee.jpg", caption="neon over the crash")
    prediction = (await own.until(lambda: _of(own, "over the crash")))[0]

    async def named() -> bool:
        return bool(own.rows("SELECT 1 FROM attempts WHERE prediction_id = ?", prediction["id"]))

    await own.until(named)
    await own.fault(own.wavespeed, path="result", kind="status", status=502, count=1000)
    await own.finish(prediction["id"])

    async def told() -> bool:
        answer = await own.http.get(f"{own.wavespeed}/sandbox/webhooks")
        return any(
            one["prediction"] == prediction["id"] and one["status"] == 200
            for one in answer.json()["webhooks"]
        )

    await own.until(told)
    await own.bots[-1].kill()
    await own.http.delete(f"{own.wavespeed}/sandbox/faults")
    await own.wavespeed_settings(hold=False)
    await hooked.start()
    await chloe.sees_picture()
    assert len(await _of(own, "over the crash")) == 1
    assert await _charged(own, chloe) == [("hold", 60_000), ("charge", 60_000)]


@pytest.mark.long
async def test_pictures_that_come_with_the_answer(own: World) -> None:
    """Sync mode and base64: one call buys and brings the picture; after its time-out it is polled for.

    With base64 no webhook is asked for, which WaveSpeed would refuse. The bot is seen to be alive before
    Telegram was reached.
    """
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    await own.fault(own.telegram, method="getMe", kind="status", status=502, count=1000)
    bot = await own.launch(WAVESPEED_SYNC="true", WAVESPEED_BASE64="true", PORT=port, PUBLIC_URL=url)
    await bot.says("telegram_unreachable")
    assert (await own.http.get(f"{url}/healthz")).json() == {"ok": True, "starting": True}
    (await own.http.delete(f"{own.telegram}/sandbox/faults")).raise_for_status()
    await bot.says("ready")
    dora = await own.person("Dora")
    await dora.starts()
    await dora.sends("cat.jpg", caption="sepia at once")
    first = await dora.sees_picture()
    assert await own.calls(own.wavespeed, path=LIST) == []
    assert await _charged(own, dora) == [("hold", 60_000), ("charge", 60_000)]
    assert list(own.data.glob("results/*.answer")) == []
    await own.wavespeed_settings(sync_seconds=1)
    await dora.sends("rocket.jpg", caption="vintage in the background")
    await dora.sees(lambda message: "photo" in message and message["message_id"] != first["message_id"])
    assert len(await own.predictions()) == 2
    assert await own.calls(own.wavespeed, path=LIST) != []
    submits = await own.calls(own.wavespeed, path="/api/v3/openai/")
    assert [call["query"] for call in submits] == [{}, {}]
    assert all(call["json"]["enable_sync_mode"] and call["json"]["enable_base64_output"] for call in submits)
