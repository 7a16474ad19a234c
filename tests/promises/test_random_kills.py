"""Killed at random moments: by SIGKILL, over and over, while people go on asking."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.edits import UNFINISHED
from tests.e2e.world import Person, World, world
from tests.promises.books import place_of, read
from tests.promises.conftest import Record
from tests.promises.faults import PRICE_OF_ONE
from tests.promises.invariants import Checked, check, no_status_left
from tests.storage.conftest import fresh_postgres

NAMES = ("Ada", "Ben", "Chloe", "Dora")
LONGEST = 1.5  # seconds between a start and the kill; an edit takes about one
STARTING = 0.2  # so many of the kills come before the bot is ready
EACH = 2  # requests between two kills
FEW = 8
AFTERWARDS = 900.0  # as long as a lost submit is looked for


@pytest.mark.parametrize(
    ("database", "kills"),
    [
        ("sqlite", 10),
        pytest.param("sqlite", 100, marks=pytest.mark.long),
        pytest.param("postgres", 100, marks=pytest.mark.long),
    ],
)
async def test_killed_again_and_again(
    database: str, kills: int, tmp_path: Path, request: pytest.FixtureRequest, promise: Record
) -> None:
    """Each request becomes one edit, bought once, charged once and delivered; few pictures come twice."""
    seed = random.randrange(1_000_000)
    url = None
    if database == "postgres":
        url = fresh_postgres(request.getfixturevalue("postgres"), template="template0")
    async with world(tmp_path / "data", database=url, killable=True, seconds=(2.0, 10.0)) as opened:
        enough = kills * EACH * PRICE_OF_ONE  # a second hold for any edit leaves too little for another
        budget = {"TOTAL_DAILY_BUDGET": str(Decimal(enough).scaleb(-6))}
        prompts = await storm(opened, kills, random.Random(seed), budget)
        checked = await calm(opened, prompts, budget)
        await delivered(opened, prompts)
        taken = opened.rows("SELECT held + spent AS micros FROM counters WHERE scope = 'bot'")
    print(f"seed {seed}: {checked}")  # noqa: T201 - shown when it fails, or with -s
    assert checked.edits == len(prompts), f"seed {seed}"
    assert checked.repeated <= kills, f"seed {seed}"
    assert sum(row["micros"] for row in taken) == enough, f"seed {seed}"
    promise(
        f"killed {kills} times at random moments",
        f"{len(prompts)} requests, as many edits; each bought at most once; no picture missing",
        checked,
    )


async def storm(opened: World, kills: int, chance: random.Random, budget: dict[str, str]) -> list[str]:
    """Kill the bot while two new requests a life come in; the prompts of all."""
    await opened.start(**budget)
    people = [await opened.person(name) for name in NAMES]
    for person in people:
        await person.starts()
    prompts: list[str] = []
    for number in range(kills):
        prompts += [await ask(chance.choice(people), f"anime {number} {part}") for part in range(EACH)]
        bot = opened.bots[-1]
        if not bot.alive:
            early = chance.random() < STARTING
            bot = await (opened.launch(**budget) if early else opened.start(**budget))
        await asyncio.sleep(chance.uniform(0, LONGEST))  # the moment of the kill
        await bot.kill()
        if number % 10 == 9:
            await opened.start(**budget)
            # A person may only have so many edits waiting.
            await until_ended(opened, len(prompts) - FEW)
    return prompts


async def until_ended(opened: World, wanted: int) -> None:
    """Wait until so many edits have ended, as long as anything goes on."""
    while ended(opened) < wanted:
        before = states(opened)

        async def moved(before: list[str] = before) -> bool:
            return states(opened) != before

        await opened.until(moved)


def states(opened: World) -> list[str]:
    """The states of everything that was asked for."""
    rows = opened.rows("SELECT state FROM edits UNION ALL SELECT state FROM requests")
    return sorted(row["state"] for row in rows)


def ended(opened: World) -> int:
    """How many edits have ended."""
    open_ = ",".join(f"'{state}'" for state in UNFINISHED)
    return len(opened.rows(f"SELECT id FROM edits WHERE state NOT IN ({open_})"))


async def ask(person: Person, prompt: str) -> str:
    """Have a picture edited."""
    await person.sends("cat.jpg", caption=prompt)
    return prompt


async def calm(opened: World, prompts: list[str], budget: dict[str, str]) -> Checked:
    """Start once more, so much later that what was lost for good is known to be; wait for the last end."""
    await opened.bots[-1].kill()
    opened.jump(AFTERWARDS)
    await opened.wavespeed_settings(advance=AFTERWARDS)
    await opened.start(**budget)
    await until_ended(opened, len(prompts))
    # A status whose sending the kill cut off is nobody's: Telegram tells its id in the answer only.
    return await check(opened, without=(no_status_left,))


async def delivered(opened: World, prompts: list[str]) -> None:
    """Assert that each request has one edit, and that what was bought has arrived."""
    books = await read(opened, whole=False)
    assert sorted(edit["prompt"] for edit in books.edits) == sorted(prompts)
    for edit in books.edits:
        bought = bool(books.bought.get(edit["id"]))
        assert edit["state"] == ("done" if bought else "unknown")
        assert bool(books.pictures(place_of(edit))) == bought
