"""The figures for Prometheus: counts, ages and money, and nothing about anybody."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from bot.domain.edits import EditState
from bot.domain.figures import Figures, Group
from bot.domain.stores import InboxUpdate
from bot.domain.turns import Capacity
from bot.storage.books import Books
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.figures import SqlFigures
from bot.storage.inbox import SqlInbox
from bot.storage.turns import SqlTurns

from .makers import LATER, NOW, accepted, prepared


@pytest.fixture
def figures(database: Database) -> SqlFigures:
    return SqlFigures(database, Books())


async def test_nothing_has_happened(figures: SqlFigures) -> None:
    """Zeros, not errors."""
    assert await figures.read(NOW) == Figures()


async def test_edits_by_state_and_model(figures: SqlFigures, database: Database) -> None:
    """Those that are not over, and those whose fate nobody knows, with the oldest of each kind."""
    edits, minute = SqlEdits(database), timedelta(minutes=1)
    await accepted(database, model="one", created_at=NOW - minute)
    await accepted(database, model="one", created_at=NOW - 2 * minute)
    await accepted(database, model="two")
    lost, over = [await accepted(database, model="two") for _ in range(2)]
    await edits.settle(lost.id, EditState.UNKNOWN, charge=0, reason=None, now=NOW)
    await edits.settle(over.id, EditState.DONE, charge=1, reason=None, now=NOW)
    assert (await figures.read(NOW)).edits == {
        ("held", "one"): Group(2, NOW - 2 * minute),
        ("held", "two"): Group(1, NOW),
        ("unknown", "two"): Group(1, NOW),
    }


async def test_money(figures: SqlFigures, database: Database) -> None:
    """All that is held, of whichever day; what was charged to this day's edits only."""
    first = await accepted(database, quote=50_000)
    await accepted(database, quote=7_000, created_at=LATER)
    await SqlEdits(database).settle(first.id, EditState.DONE, charge=42_000, reason=None, now=LATER)
    today, tomorrow = await figures.read(NOW), await figures.read(LATER)
    assert (today.held, today.spent_today) == (7_000, 42_000)
    assert (tomorrow.held, tomorrow.spent_today) == (7_000, 0)


async def test_what_waits(figures: SqlFigures, database: Database) -> None:
    """Updates that are not handled, requests that are open, turns that are asked for or taken."""
    inbox, second = SqlInbox(database), timedelta(seconds=1)
    for number in range(3):
        await inbox.commit([InboxUpdate(number, 1, "{}")], NOW + number * second)
    await inbox.done(0)
    await prepared(database)
    await SqlTurns(database).grant("wavespeed", Capacity(at_once=1), [("a", 1), ("b", 1), ("c", 2)], NOW)
    read = await figures.read(NOW)
    assert (read.updates, read.update_since) == (2, NOW + second)
    assert read.requests == {"preparing": 1}
    assert read.turns == {("wavespeed", "granted"): 1, ("wavespeed", "waiting"): 2}


async def test_a_database_that_answers(figures: SqlFigures) -> None:
    """Nothing is wrong with it."""
    assert await figures.problem() is None


async def test_a_database_that_is_gone(tmp_path: Path) -> None:
    """It is said, without where it is."""
    away = Database.open(f"sqlite:///{tmp_path / 'away' / 'app.db'}")
    assert await SqlFigures(away, Books()).problem() == "the database does not answer"
    await away.close()


async def test_each_end_is_counted_once(database: Database) -> None:
    """By how it ended and its model; ending it again counts nothing."""

    def counted(state: EditState) -> float:
        labels = {"state": state.value, "model": "counted"}
        return REGISTRY.get_sample_value("wavebrush_edits_ended_total", labels) or 0.0

    edits = SqlEdits(database)
    done, cancelled = [await accepted(database, model="counted") for _ in range(2)]
    before = [counted(state) for state in (EditState.DONE, EditState.CANCELLED)]
    for _ in range(2):
        await edits.settle(done.id, EditState.DONE, charge=1, reason=None, now=NOW)
        await edits.cancel(cancelled.id, NOW)
    assert [counted(state) for state in (EditState.DONE, EditState.CANCELLED)] == [n + 1 for n in before]
