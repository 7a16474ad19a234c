"""Several processes on one Postgres: one that dies loses nothing, and no two do the same."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from bot.domain.timing import Timing
from tests.e2e.process import Bot
from tests.e2e.world import SPEED, Message, Person, World, world
from tests.promises import invariants
from tests.promises.conftest import Record
from tests.promises.faults import PRICE_OF_ONE
from tests.storage.conftest import fresh_postgres

PEOPLE, EACH, KILLS = 10, 15, 14
ENOUGH = PEOPLE * EACH * PRICE_OF_ONE  # a second hold for any edit leaves too little for another
MANY = {
    "MAX_EDITS_PER_USER": "100",
    "MAX_QUEUED_PER_USER": "100",
    "TOTAL_DAILY_BUDGET": str(Decimal(ENOUGH).scaleb(-6)),
}
LEASE = Timing().faster(SPEED)
TAKEN_OVER = LEASE.lease + 2 * LEASE.lease_beat + 5.0  # the last for a machine that is busy with tests


@asynccontextmanager
async def machines(folder: Path, postgres: str, *roles: str) -> AsyncIterator[World]:
    """A world with processes in these roles on one database, all ready."""
    database = fresh_postgres(postgres, template="template0")
    async with world(folder / "data", database=database) as opened:
        for role in roles:
            await opened.start(role, **MANY)
        yield opened


@pytest.fixture
async def crew(tmp_path: Path, postgres: str) -> AsyncIterator[World]:
    """One front and two workers."""
    async with machines(tmp_path, postgres, "front", "worker", "worker") as opened:
        yield opened


async def in_work(crew: World) -> tuple[Person, int]:
    """Somebody whose edits are painted by both workers until that is allowed to end, and how many."""
    await crew.wavespeed_settings(hold=True)
    ada = await crew.person("Ada")
    await ada.starts()
    edits = 0

    async def named() -> bool:
        return len(crew.rows("SELECT 1 FROM attempts WHERE prediction_id IS NOT NULL")) == edits

    while edits < 4 or len(workers_of(crew)) < 2:
        await ada.sends("cat.jpg", caption=f"number {edits}")
        edits += 1
        await crew.until(named)
    return ada, edits


async def delivered(crew: World, people: list[Person], edits: int) -> None:
    """Let the provider end what it holds, and wait for every picture."""
    await crew.wavespeed_settings(hold=False)
    for prediction in await crew.predictions():
        if prediction["status"] not in ("completed", "failed"):
            await crew.finish(prediction["id"])

    async def done() -> bool:
        return len(crew.rows("SELECT 1 FROM edits WHERE state = 'done'")) == edits * len(people)

    await crew.until(done)


def workers_of(crew: World) -> set[str]:
    """The processes that have unfinished edits in their hands."""
    found = crew.rows("SELECT DISTINCT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'")
    return {row["executor_id"] for row in found}


def taken_over(*bots: Bot) -> set[str]:
    """The processes whose edits these gave to others."""
    lines = (line for bot in bots for line in bot.lines if '"edits_taken_over"' in line)
    return {executor for line in lines for executor in json.loads(line)["executors"]}


async def test_a_worker_that_is_killed_for_good_loses_nothing(crew: World, promise: Record) -> None:
    """What it worked on goes on in the other one within the time of a lease."""
    ada, edits = await in_work(crew)
    both = workers_of(crew)
    await crew.bots[1].kill()
    began = time.monotonic()

    async def taken() -> bool:
        gone = both - workers_of(crew)
        return bool(gone) and gone <= taken_over(crew.bots[0], crew.bots[2])

    await crew.until(taken)
    took = time.monotonic() - began
    assert took < TAKEN_OVER
    await delivered(crew, [ada], edits)
    checked = await invariants.check(crew)
    assert (checked.submits, checked.charges) == (edits, edits)
    promise("a worker is killed and never comes back", "its edits go on in another worker", checked)


@pytest.mark.long
async def test_a_worker_that_is_stopped_leaves_its_edits_at_once(crew: World, promise: Record) -> None:
    """No lease has to run out: it says that it goes."""
    ada, edits = await in_work(crew)
    code = await crew.bots[1].stop()
    assert code == 0
    began = time.monotonic()

    async def taken() -> bool:
        return len(workers_of(crew)) == 1

    await crew.until(taken)
    assert time.monotonic() - began < 3.0, "sooner than a lease of 15 s at SPEED 5"
    await delivered(crew, [ada], edits)
    checked = await invariants.check(crew)
    assert (checked.submits, checked.charges) == (edits, edits)
    promise("a worker is stopped while it works", "its edits go on in another worker at once", checked)


@pytest.mark.long
async def test_a_worker_that_was_paused_is_too_late(crew: World, promise: Record) -> None:
    """Its edits were taken over meanwhile; when it wakes it leaves them alone."""
    ada, edits = await in_work(crew)
    paused = crew.bots[1]
    os.kill(paused.process.pid, signal.SIGSTOP)
    try:
        await delivered(crew, [ada], edits)
    finally:
        os.kill(paused.process.pid, signal.SIGCONT)
    assert taken_over(crew.bots[0], crew.bots[2])
    await ada.sends("cat.jpg", caption="one more")

    async def done() -> bool:
        return len(crew.rows("SELECT 1 FROM edits WHERE state = 'done'")) == edits + 1

    await crew.until(done)
    checked = await invariants.check(crew)
    assert (checked.submits, checked.charges) == (edits + 1, edits + 1)
    assert checked.repeated <= 1, "a picture that was on its way when it was paused"
    assert paused.alive
    outcome = "its edits go on in another worker; it leaves them alone"
    promise("a worker is paused for longer than its lease, and wakes", outcome, checked)


@pytest.mark.long
async def test_one_polls_and_the_others_stand_by(tmp_path: Path, postgres: str, promise: Record) -> None:
    """Whichever process polls: settings and buttons are the same. Telegram never sees two of them."""
    async with machines(tmp_path, postgres, "run", "run") as crew:
        ada = await crew.person("Ada")
        await ada.starts()
        await ada.says("/quality high")
        await ada.sees_text("quality high")
        await ada.says("/quality")
        menu = await ada.sees_text("Quality: High")
        polls = [bot for bot in crew.bots if _holds(bot, "polling")]
        assert len(polls) == 1
        await polls[0].kill()
        await ada.says("/quality")
        await ada.sees(partial(_is_another, menu, "Quality: High"))
        await ada.presses(menu, "Low")
        await ada.sees(partial(is_now, menu, "Quality: Low"))
        await ada.sends("cat.jpg", caption="after the take-over")
        await ada.sees_picture()
        (edit,) = crew.rows("SELECT choices FROM edits")
        assert edit["choices"]["quality"] == "low"
        for bot in crew.bots:
            assert "Conflict" not in bot.log
        checked = await invariants.check(crew)
    promise("the process that polls is killed", "one that stood by polls on", checked)


def _holds(bot: Bot, lease: str) -> bool:
    return any('"lease_held"' in line and f'"{lease}"' in line for line in bot.lines)


def _is_another(menu: Message, text: str, message: Message) -> bool:
    """Whether a message with this text came after a menu."""
    return message["message_id"] > menu["message_id"] and text in message.get("text", "")


def is_now(menu: Message, text: str, message: Message) -> bool:
    """Whether a menu has this text."""
    return message["message_id"] == menu["message_id"] and text in message["text"]


@pytest.mark.long
async def test_many_edits_over_workers_that_are_killed_again_and_again(
    tmp_path: Path, postgres: str, promise: Record
) -> None:
    """150 edits, three workers, 14 kills at random moments, each with a replacement."""
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    async with machines(tmp_path, postgres, "front", "worker", "worker", "worker") as crew:
        people = [await crew.person(f"P{number}") for number in range(PEOPLE)]
        for person in people:
            await person.starts()
        async with asyncio.TaskGroup() as at_work:
            for person in people:
                at_work.create_task(_asks(person))
            await _kills(crew, dice)
        async with asyncio.timeout(600):
            while len(crew.rows("SELECT 1 FROM edits WHERE state = 'done'")) < PEOPLE * EACH:  # noqa: ASYNC110 - rows have no event
                await asyncio.sleep(0.5)
        checked = await invariants.check(crew)
        taken = crew.rows("SELECT held + spent AS micros FROM counters WHERE scope = 'bot'")
    assert (checked.edits, checked.submits, checked.charges) == (150, 150, 150)
    assert sum(row["micros"] for row in taken) == ENOUGH, "no edit found too little left, and became cheaper"
    assert checked.repeated <= 3
    fault = f"{KILLS} kills of random workers of three, under {PEOPLE * EACH} edits"
    promise(fault, "150 submits, 150 charges, no picture missing, at most 3 twice", checked)


async def _asks(person: Person) -> None:
    for number in range(EACH):
        await person.sends("cat.jpg", caption=f"{person.name} number {number}")
        await asyncio.sleep(0.5)


async def _kills(crew: World, dice: random.Random) -> None:
    """Kill a worker that is ready, and start another, again and again."""
    working = crew.bots[1:]
    for _ in range(KILLS):
        await asyncio.sleep(dice.uniform(0.5, 3.0))
        killed = working.pop(dice.randrange(len(working)))
        await killed.kill()
        working.append(await crew.start("worker", **MANY))
