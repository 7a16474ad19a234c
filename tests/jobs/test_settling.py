"""What only an admin can know: each settles once, to the micro-dollar, and the person hears of it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.domain.edits import EditState
from bot.errors import EditFoundBilled, EditFoundFree
from bot.jobs.settling import Settling
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.ledger import SqlLedger
from bot.storage.migrations import upgrade
from tests.fakes import FakeMessenger
from tests.jobs.bench import an_edit
from tests.virtual_time import START, SetClock

PRICE = 63_000


class World:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.edits, self.accounts = SqlEdits(database), SqlAccounts(database)
        self.ledger, self.messenger = SqlLedger(database), FakeMessenger()
        self.settling = Settling(self.edits, self.accounts, self.messenger, SetClock())

    async def settled(self, state: EditState, charge: int = 0) -> None:
        assert await self.edits.accept(an_edit(state=EditState.HELD))
        await self.edits.settle("e1", state, charge=charge, reason=None, now=START)

    async def money(self) -> tuple[int, int]:
        """What is held, and what was spent."""
        spending = await self.ledger.spending(1001, START)
        return spending.held, spending.ever


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("settling") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
async def world(migrated: Path, tmp_path: Path) -> AsyncIterator[World]:
    opened = Database.open(f"sqlite:///{shutil.copy(migrated, tmp_path / 'app.db')}")
    yield World(opened)
    await opened.close()


@pytest.mark.parametrize("charged", [True, False])
async def test_an_unknown_edit(world: World, charged: bool) -> None:
    """All of its hold is charged, or released; the second press finds nothing to do."""
    await world.settled(EditState.UNKNOWN)
    assert await world.money() == (PRICE, 0)
    assert await world.settling.unknown("e1", charged=charged, by=9)
    assert await world.money() == (0, PRICE if charged else 0)
    assert not await world.settling.unknown("e1", charged=not charged, by=9)
    [(edit, error)] = world.messenger.ends
    assert (edit.state, edit.charged) == (EditState.FAILED, PRICE if charged else 0)
    assert type(error) is (EditFoundBilled if charged else EditFoundFree)


async def test_an_edit_that_is_known_is_left_alone(world: World) -> None:
    """It has its own end."""
    await world.settled(EditState.DONE, PRICE)
    assert not await world.settling.unknown("e1", charged=False, by=9)
    assert await world.money() == (0, PRICE)
    assert not world.messenger.ends


async def test_a_charge_is_given_back_once(world: World) -> None:
    """What was given back is not given back again."""
    await world.settled(EditState.DONE, PRICE)
    assert await world.settling.refund("e1", by=9)
    assert not await world.settling.refund("e1", by=9)
    assert await world.money() == (0, 0)
    assert list(await world.accounts.differences()) == []


async def test_nothing_to_give_back(world: World) -> None:
    """What failed cost nothing."""
    await world.settled(EditState.FAILED)
    assert not await world.settling.refund("e1", by=9)


async def test_an_edit_that_was_found_a_moment_ago(world: World) -> None:
    """Between the look and the settling: its picture comes, and it is not given away."""
    await world.settled(EditState.UNKNOWN)

    class Slow(SqlEdits):
        async def settle(self, edit_id: str, *args: Any, **kwargs: Any) -> bool:
            assert await self.found(edit_id)
            return await super().settle(edit_id, *args, **kwargs)

    settling = Settling(Slow(world.database), world.accounts, world.messenger, SetClock())
    assert not await settling.unknown("e1", charged=False, by=9)
    assert (await world.edits.get("e1")).state is EditState.RUNNING
    assert await world.money() == (PRICE, 0)
    assert not world.messenger.ends
