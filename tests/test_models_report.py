"""``python -m bot models`` over the WaveSpeed stand-in: both tables, what is kept, and rows to add."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import models_report
from bot.domain.catalogue import Catalogue
from bot.domain.catalogue_file import load
from bot.errors import StartRefused
from bot.jobs.quoting import Quotes
from bot.own_models import rows
from bot.reports import Form
from bot.sandbox.serve import serve
from bot.sandbox.wavespeed import WaveSpeedStandIn
from bot.sandbox.wavespeed.models import MODELS
from bot.settings import Settings
from bot.storage.blobs import FileBlobs
from bot.storage.migrations import upgrade
from bot.wiring.outgoing import providers, wavespeed
from tests.virtual_time import SetClock
from tests.wiring.test_incoming import settings

KEY = "a-key-of-nobody"
TWO = "openai/gpt-image-2/edit"


@asynccontextmanager
async def world(data: Path, **changes: Any) -> AsyncIterator[Settings]:
    """Settings for a stand-in that was changed."""
    async with (
        serve(WaveSpeedStandIn(api_key=KEY).app) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as http,
    ):
        (await http.post("/sandbox/settings", json=changes)).raise_for_status()
        yield settings(wavespeed_api_url=url, data_dir=data, speed=20)


async def seen(chosen: Settings) -> dict[str, dict[str, Any]]:
    """Our rows as JSON, by name."""
    found = await models_report.look(chosen, SetClock())
    return {row["model"]: row for row in json.loads(found.written(Form.JSON))["models"]}


async def test_what_is_offered_what_is_not_and_why(tmp_path: Path) -> None:
    """In the order of preference, with what it costs; what is withdrawn comes last, with the field."""
    live = [model for model in MODELS if model != "openai/gpt-image-1"]
    withheld = {TWO: {"quality": ["high"]}, "bytedance/seedream-v4.5/edit": {}}
    async with world(tmp_path, models=live, withheld=withheld) as chosen:
        found = await models_report.look(chosen, SetClock())
    table = found.written(Form.TEXT)
    lines = [" ".join(line.split()) for line in table.splitlines()]
    assert lines[1] == f"gpt-image-2 offered $0.03–$0.66 16 wavespeed {TWO}"
    assert "flux-fill-dev offered $0.035 required 1 wavespeed wavespeed-ai/flux-fill-dev" in lines
    assert "gpt-image-1 withdrawn $0.011–$0.25 yes 1 wavespeed openai/gpt-image-1" in lines
    assert "gpt-image-1: gone from its provider's list" in lines
    assert "gpt-image-2: field quality: the model no longer takes high" in lines
    assert [line for line in lines if "openai:" in line.lower()] == ["OpenAI: not set up (OPENAI_API_KEY)"]
    assert not any(line.startswith("gpt-image-2-openai") for line in lines)
    assert any(line.startswith("nano-banana-2 no price yet ") for line in lines)
    assert any(line.startswith("What has no price yet") for line in lines)
    rows = {row["model"]: row for row in json.loads(found.written(Form.JSON))["models"]}
    assert set(rows) == set(load().models)
    assert rows["gpt-image-1"]["why"] == "gone from its provider's list"


async def test_prices_that_the_bot_asked_for(tmp_path: Path) -> None:
    """They are in its database, which may be in use."""
    async with world(tmp_path) as chosen:
        await asyncio.to_thread(upgrade, chosen.app_database_url)
        assert (await seen(chosen))["nano-banana-2"]["state"] == "no price yet"
        await quoted(chosen)
        found = (await seen(chosen))["nano-banana-2"]
    assert found["state"] == "offered"
    assert found["price"].startswith("$0.")


async def quoted(chosen: Settings) -> None:
    """Ask for the prices of one model, as the running bot does."""
    async with AsyncExitStack() as stack:
        notes = await stack.enter_async_context(models_report._notes(chosen))
        opened = providers(chosen, stack, wavespeed(chosen, stack), FileBlobs(chosen.data_dir / "results"))
        one = Catalogue({"nano-banana-2": load().models["nano-banana-2"]}, ())
        await Quotes(opened.of, notes, chosen.timing, SetClock()).refresh(one)


async def test_without_a_network_the_last_list_is_shown(tmp_path: Path) -> None:
    """With its age; before there was one, nothing is known to be gone."""
    async with world(tmp_path, models=[TWO]) as chosen:
        await asyncio.to_thread(upgrade, chosen.app_database_url)
        nowhere = chosen.model_copy(update={"wavespeed_api_url": "http://127.0.0.1:1"})
        unknown = await models_report.look(nowhere, SetClock())
        assert "WaveSpeed's list is not known." in unknown.written(Form.TEXT)
        await models_report.look(chosen, SetClock())
        found = await models_report.look(nowhere, SetClock())
    assert "Not every provider answered. WaveSpeed's list is of 20" in found.written(Form.TEXT)
    assert (await seen(nowhere))["gpt-image-1"]["state"] == "withdrawn"


async def test_a_model_that_could_be_added(tmp_path: Path) -> None:
    """It is listed with its base price; its row, put into the file, is offered."""
    replaced = tmp_path / "models.toml"
    replaced.write_text("[models.gpt-image-2]\n" + ROW)
    async with world(tmp_path) as chosen:
        found = await models_report.look(chosen, SetClock())
        [other] = json.loads(found.written(Form.JSON))["others"]
        assert other == {"endpoint": TWO, "base_price": "0.060000", "mask": "", "pictures": 16}
        text = found.added(TWO)
        replaced.write_text(text)
        assert {row.endpoint for row in rows(tmp_path).models.values()} >= {TWO}
        for endpoint, why in (
            (TWO, "has a row already: gpt-image-2"),
            ("makers/none", "WaveSpeed has no model"),
            ("openai/gpt-image-2/text-to-image", "field image or images"),
        ):
            with pytest.raises(StartRefused, match=why):
                (await models_report.look(chosen, SetClock())).added(endpoint)


ROW = """
title = "Another"
provider = "wavespeed"
endpoint = "makers/another"
pictures = { field = "image", most = 1 }
prompt = 4000
seconds = 30
prices = [{ micros = 1 }]
"""
