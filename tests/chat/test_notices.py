"""What admins are told unasked: each of them, once, whoever can't be reached."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.chat.notices import Notices
from bot.chat.replies import Bot
from bot.clock import SystemClock
from bot.domain.access import Member
from bot.errors import StorageBusy
from bot.storage.access import SqlAccess
from bot.storage.database import Database
from tests.sandbox.telegram_bench import ADA, BEN, Bench

NOBODY = 777


async def said(telegram: Bench, user_id: int) -> list[str]:
    found = (await telegram.sandbox(f"chats/{user_id}/messages"))["messages"]
    return [
        message["text"] for message in found if message["from"]["is_bot"] and "balance" in message["text"]
    ]


async def test_all_admins_are_told(telegram: Bench, bot: Bot, database: Database) -> None:
    """Those of the settings and who claimed; one who never started the bot keeps it from nobody."""
    access = SqlAccess(database, SystemClock())
    await access.offer_claim("hash")
    assert await access.claim(BEN, "hash", datetime.now(UTC))
    await telegram.write(BEN, BEN, text="/start")
    notices = Notices(bot, access, (NOBODY, ADA))
    assert await notices.tell_admins("notice-low-balance", balance="$1.00", limit="$5.00")
    for admin in (ADA, BEN):
        [text] = await said(telegram, admin)
        assert "$1.00" in text
        assert "$5.00" in text


async def test_a_busy_database_keeps_no_admin_from_being_told(
    telegram: Bench, bot: Bot, database: Database
) -> None:
    """Those that were known before are told, who claimed among them."""

    class Busy(SqlAccess):
        busy = False

        async def admins(self) -> list[Member]:
            if self.busy:
                raise StorageBusy("locked")
            return await super().admins()

    access = Busy(database, SystemClock())
    await access.offer_claim("hash")
    assert await access.claim(ADA, "hash", datetime.now(UTC))
    notices = Notices(bot, access, ())
    for access.busy in (False, True):
        assert await notices.tell_admins("notice-low-balance", balance="$1.00", limit="$5.00")
    assert len(await said(telegram, ADA)) == 2


async def test_nobody_is_reached(bot: Bot, database: Database) -> None:
    """Who tells hears of it, and may try again."""
    notices = Notices(bot, SqlAccess(database, SystemClock()), (NOBODY,))
    assert not await notices.tell_admins("notice-low-balance", balance="$1.00", limit="$5.00")
