"""A real client of a real Telegram stand-in over HTTP, and a real SQLite database."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat import application
from bot.chat.application import App
from bot.chat.replies import Bot
from bot.clock import SystemClock
from bot.domain.access import Standing
from bot.domain.budgets import Budgets
from bot.domain.timing import Timing
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from bot.storage.migrations import upgrade
from tests.chat import admin_bench
from tests.chat.admin_bench import Office
from tests.sandbox.telegram_bench import ADA, BEN, TOKEN, Bench, standin

TIMING = Timing().faster(20)


@pytest.fixture
async def telegram() -> AsyncIterator[Bench]:
    """Telegram, 200 times as fast, with Ada, Ben, Chloe and their group; Ada has started the bot."""
    async with standin() as bench:
        await bench.started()
        yield bench


@pytest.fixture
async def app(telegram: Bench) -> AsyncIterator[App]:
    """Our own python-telegram-bot, with its limiter."""
    app = application.build(TOKEN, telegram.url, TIMING, SystemClock())
    await app.initialize()
    yield app
    await app.shutdown()


@pytest.fixture
def bot(app: App) -> Bot:
    """The bot's side of the chats."""
    bot: Bot = app.bot
    return bot


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("chat") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
async def database(migrated: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh database."""
    database = Database.open(f"sqlite:///{shutil.copy(migrated, tmp_path / 'app.db')}")
    yield database
    await database.close()


@pytest.fixture
def inbox(database: Database) -> SqlInbox:
    """The real inbox."""
    return SqlInbox(database)


@pytest.fixture
async def office(telegram: Bench, app: App, database: Database) -> Office:
    """The panel of admins. Ben is approved; everybody has a dollar a day and ten a month."""
    opened = await admin_bench.office(
        telegram, app, database, Budgets(user_day=1_000_000, user_month=10_000_000)
    )
    await opened.people.seen(BEN, "Ben", "ben", "en")
    await opened.telegram.started(BEN)
    await opened.access.decide(BEN, Standing.APPROVED, ADA, opened.now)
    return opened
