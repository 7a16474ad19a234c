"""Several processes on one Postgres: one status message, one set of flood limits, and webhooks."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.test_webhooks import free_port
from tests.e2e.world import Message, World
from tests.promises import invariants
from tests.promises.conftest import Record
from tests.promises.proxy import Call, passed, proxied
from tests.promises.test_machines import MANY, is_now, machines, workers_of


@pytest.fixture
async def crew(tmp_path: Path, postgres: str) -> AsyncIterator[World]:
    """A front that webhooks reach, and two workers."""
    async with machines(tmp_path, postgres) as opened:
        port = str(free_port())
        hooked = {"PUBLIC_URL": f"http://127.0.0.1:{port}", "TELEGRAM_MODE": "webhook", "SPEED": "5"}
        await opened.start("front", PORT=port, **hooked, **MANY)
        for _ in range(2):
            await opened.start("worker", **hooked, **MANY)
        yield opened


def statuses(messages: dict[int, Message]) -> list[str]:
    """The status messages that somebody sees."""
    texts = (message.get("text", "") for message in messages.values() if message["from"]["is_bot"])
    return [text for text in texts if "in the works" in text or "Editing" in text]


@pytest.mark.long
async def test_a_group_sees_one_status_of_all_workers(crew: World, promise: Record) -> None:
    """Their ends come by webhooks to the front, and the workers that wait follow them at once."""
    await crew.wavespeed_settings(hold=True)
    ada, ben = await crew.person("Ada"), await crew.person("Ben")
    await ada.starts()
    club = await crew.group(ada, ben)
    here = ada.within(club)
    for person in (ada, ben):
        for number in range(2):
            await person.within(club).sends("cat.jpg", caption=f"/edit@wavebrush_bot number {number}")
    await ada.sends("cat.jpg", caption="in private")
    await here.sees_text("4 pictures in the works")
    await ada.sees_text("Editing")
    assert len(workers_of(crew)) == 2, "both have something to do"
    assert (len(statuses(here.messages)), len(statuses(ada.messages))) == (1, 1)
    listed = len(await lists(crew))
    for prediction in await crew.predictions():
        await crew.finish(prediction["id"])
    await ada.sees_picture()

    async def done() -> bool:
        return len(crew.rows("SELECT 1 FROM edits WHERE state = 'done'")) == 5

    await crew.until(done)
    assert len(await lists(crew)) - listed <= 4, "the webhooks told, not the listings"
    await here.sees_nothing_of("in the works")
    await ada.sees_nothing_of("Editing")
    checked = await invariants.check(crew)
    assert (checked.submits, checked.charges) == (5, 5)
    refused = [call for call in await crew.calls(crew.telegram) if call["status"] == 429]
    assert refused == [], "the limits hold over all processes"
    promise("edits of a group run in several workers", "one status message, and results as soon", checked)


async def lists(crew: World) -> list[object]:
    """The listings of predictions so far."""
    return [call for call in await crew.calls(crew.wavespeed) if call["path"] == "/api/v3/predictions"]


class InTurn:
    """One front after the other is reached by what Telegram posts."""

    def __init__(self, *ports: int) -> None:
        self._ports = itertools.cycle(ports)
        self.reached: list[int] = []

    async def __call__(self, call: Call) -> None:
        self.reached.append(next(self._ports))
        await passed(replace(call, upstream=("127.0.0.1", self.reached[-1])))


@pytest.mark.long
async def test_two_fronts_are_one_bot(tmp_path: Path, postgres: str, promise: Record) -> None:
    """Every update reaches the other front: a menu and its button, one album, two edits of one budget."""
    ports = (free_port(), free_port())
    turns = InTurn(*ports)
    async with machines(tmp_path, postgres) as crew, proxied(f"http://127.0.0.1:{ports[0]}") as proxy:
        proxy.arm("^POST /telegram/", turns, 1000)
        hooked = {"PUBLIC_URL": proxy.url, "TELEGRAM_MODE": "webhook", "SPEED": "5"}
        settings = {**hooked, **MANY, "USER_DAILY_BUDGET": "0.06"}
        for port in ports:
            await crew.start("front", PORT=str(port), **settings)
        await crew.start("worker", **settings)
        ada = await crew.person("Ada")
        await ada.starts()
        await ada.says("/quality")
        menu = await ada.sees_text("Quality: Medium")
        await ada.presses(menu, "Low")
        await ada.sees(partial(is_now, menu, "Quality: Low, $0.03"))
        await ada.sends("cat.jpg", "coffee.jpg", caption="combine both")
        await ada.sees_picture()
        [bought] = await crew.predictions()
        assert len(bought["inputs"]["images"]) == 2
        await asyncio.gather(*(ada.sends("cat.jpg", caption=word) for word in ("vintage", "grey")))
        await ada.sees_text("your limit of $0.06 a day leaves $0.00")
        checked = await invariants.check(crew)
    assert (checked.edits, checked.submits, checked.charges) == (2, 2, 2)
    assert turns.reached == [*itertools.islice(itertools.cycle(ports), 7)]
    promise(
        "each update reaches another of two fronts", "one request an album, one menu, one budget", checked
    )
