"""Killed at every point between two effects: by SIGKILL; nothing is lost, nothing is paid for twice."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from bot.domain.edits import EditState
from tests.e2e.world import Person, World, world
from tests.promises.books import place_of, read
from tests.promises.conftest import Record
from tests.promises.invariants import check
from tests.promises.kill_points import POINTS, Point, seen
from tests.storage.conftest import fresh_postgres

DAY = 25 * 3600.0
# What leaves the most to be done right; the others are much like these.
GRAVEST = {
    "updates_committed",
    "attempt_opened",
    "submit_sent",
    "prediction_named",
    "picture_sent",
    "delivery_noted",
    "end_booked",
}
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.long)]


@dataclass
class Mortal:
    """A world whose bot dies and starts again, and somebody who uses it."""

    world: World
    ada: Person
    files: list[str] = field(default_factory=list)

    async def ask(self, prompt: str) -> None:
        """Have a picture edited."""
        [sent] = await self.ada.sends("cat.jpg", caption=prompt)
        self.files = [size["file_id"] for size in sent["photo"]]

    async def dies_at(self, point: str, prompt: str) -> None:
        """Ask for an edit that the bot does not survive."""
        bot = await self.world.running()
        self.world.arm(point)
        await self.ask(prompt)
        assert await bot.ends() == -signal.SIGKILL, bot.log
        assert not self.world.failpoint.exists()

    async def ended(self, prompt: str) -> None:
        """Wait for the end of an edit."""

        async def found() -> bool:
            edits = self.world.rows("SELECT state FROM edits WHERE prompt = ?", prompt)
            return bool(edits) and EditState(edits[0]["state"]).final

        await self.world.until(found)

    async def later(self, seconds: float) -> None:
        """Let time pass for the bot and the provider."""
        self.world.jump(seconds)
        await self.world.wavespeed_settings(advance=self.world.ahead)

    async def expire_links(self) -> None:
        """Let the links to the files that were sent end; a new one can be asked for."""
        for file in self.files:
            await self.world.post(self.world.telegram, f"files/{file}/expire")

    async def last_update(self) -> int:
        """The last position in the inbox."""
        return int(self.world.rows("SELECT COALESCE(MAX(position), 0) AS last FROM inbox")[0]["last"])


@pytest.fixture(scope="module", params=DATABASES)
async def mortal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Mortal]:
    """One world for all deaths on a database."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    database = fresh_postgres(server, template="template0") if server else None
    folder = tmp_path_factory.mktemp("mortal") / "data"
    async with world(folder, database=database, killable=True) as opened:
        await opened.start()
        ada = await opened.person("Ada")
        await ada.starts()
        yield Mortal(opened, ada)


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(point, id=point.name, marks=() if point.name in GRAVEST else pytest.mark.long)
        for point in POINTS
    ],
)
async def test_killed_at(mortal: Mortal, point: Point, promise: Record) -> None:
    """Dead at that point and started again, it does what is left to do, once."""
    await killed_at(mortal, point, promise)


@pytest.mark.long
@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
async def test_killed_at_and_started_a_day_later(mortal: Mortal, point: Point, promise: Record) -> None:
    """The same after 25 hours, when links to files have ended."""
    late = replace(point, later=DAY, fault=f"{point.fault}; started 25 hours later")
    await killed_at(mortal, late, promise)


async def killed_at(mortal: Mortal, point: Point, promise: Record) -> None:
    """Kill the bot at a point, start it again, and look at what became of the edit."""
    world = mortal.world
    prompt = f"anime {point.name} {point.later}{point.words}"
    since = await mortal.last_update()
    await mortal.dies_at(point.name, prompt)
    assert seen(await read(world), prompt, since) == point.seen
    if point.later:
        await mortal.later(point.later)
        await mortal.expire_links()
    bot = await world.start()
    await bot.says(point.said)
    await mortal.ended(prompt)
    checked = await check(world)
    books = await read(world)
    [edit] = [row for row in books.edits if row["prompt"] == prompt]
    assert edit["state"] == point.state
    assert len(books.pictures(place_of(edit))) in point.pictures
    assert len(books.bought.get(edit["id"], ())) == (point.state is not EditState.UNKNOWN)
    assert books.booked(edit, "charge") == (60_000 if point.state is EditState.DONE else 0)
    promise(point.fault, point.outcome, checked)
