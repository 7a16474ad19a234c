"""The second provider, end to end: chosen, held, bought with one call of its own, charged by its tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.domain.money import dollars
from bot.sandbox.openai import OpenAIStandIn
from bot.sandbox.serve import serve
from tests.e2e.world import SPEED, World

KEY = "sk-canary-of-the-whole-way"


@pytest.fixture
async def openai(own: World) -> AsyncIterator[str]:
    """The stand-in's URL; the bot knows it and has a key for it."""
    async with serve(OpenAIStandIn(api_key=KEY, speed=SPEED).app) as url:
        await own.start(OPENAI_API_KEY=KEY, OPENAI_API_URL=url)
        yield url
        for bot in own.bots:
            await bot.stop()
            assert KEY not in bot.log


async def edits(url: str, http: httpx.AsyncClient) -> list[dict[str, object]]:
    """What the stand-in did and billed."""
    found: list[dict[str, object]] = (await http.get(f"{url}/sandbox/edits")).json()["edits"]
    return found


async def test_an_edit_and_a_lost_one(own: World, openai: str) -> None:
    """The hold is the most that it can cost, the charge what its tokens cost; a lost one is not repeated."""
    ada = await own.person("Ada")
    await ada.starts()
    await ada.says("/model gpt-image-2-openai")
    await ada.sees_text("GPT Image 2 OpenAI from now on")
    await ada.sends("cat.jpg", caption="make it a comic")
    answer = await ada.sees_picture()
    [done] = await edits(openai, own.http)
    assert answer["caption"].startswith("GPT Image 2 OpenAI · medium · ")
    assert answer["caption"].endswith(dollars(int(str(done["billed"]))))
    await ada.sees_nothing_of("…")
    rows = own.rows("SELECT kind, micros FROM ledger WHERE user_id = ? ORDER BY id", ada.id)
    held, charged, released = (row["micros"] for row in rows)
    assert [row["kind"] for row in rows] == ["hold", "charge", "release"]
    assert held > charged == done["billed"] == held - released
    assert not list((own.data / "results" / "openai").iterdir())

    request = await ada.says("/create a lighthouse")
    answer = await ada.sees(
        lambda m: "photo" in m and m["reply_to_message"]["message_id"] == request["message_id"]
    )
    [_, made] = await edits(openai, own.http)
    assert answer["caption"].endswith(dollars(int(str(made["billed"]))))

    await own.fault(openai, path="submit", kind="drop")
    await ada.sends("coffee.jpg", caption="make it a sketch")
    told = await ada.sees_text("I can't find out whether")
    assert "set aside" in told["text"]
    assert len(await edits(openai, own.http)) == 3
    assert len([call for call in await own.calls(openai) if call["method"] == "POST"]) == 3
    [state] = own.rows("SELECT state FROM edits WHERE user_id = ? ORDER BY created_at DESC LIMIT 1", ada.id)
    assert state["state"] == "unknown"
