"""The calls to Telegram that all processes make, on Postgres: the rows of `bot.domain.shared.Calls`."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from bot.domain.shared import Span
from bot.storage.database import Database

_LOCK = 0x43616C6C  # any number that is ours: the name of the advisory lock
_ALL = -1  # a priority before all others

# One after the other: two at once would both find the last place. Nothing is lost with the last
# transactions before a power cut, so nobody waits for the disk.
_ALONE = text("SELECT pg_advisory_xact_lock(:lock), set_config('synchronous_commit', 'off', true)")

# A limit of so many calls has room once the last but so many was long enough ago. All times are the
# statement's, which begins when the lock is ours; a row in the future is left over from a clock that
# was put back.
_TAKE = text(
    """
    WITH asked AS (
        SELECT greatest(
            (SELECT max(until) FROM telegram_pauses WHERE chat = :chat AND priority < :priority),
            (SELECT at + make_interval(secs => :chat_seconds) FROM telegram_calls
             WHERE chat = :chat AND at <= statement_timestamp()
             ORDER BY at DESC OFFSET :chat_calls LIMIT 1),
            (SELECT at + make_interval(secs => :bot_seconds) FROM telegram_calls
             WHERE at <= statement_timestamp()
             ORDER BY at DESC OFFSET :bot_calls LIMIT 1)
        ) - statement_timestamp() AS wait
    ), taken AS (
        INSERT INTO telegram_calls (chat, at)
        SELECT :chat, statement_timestamp() FROM asked WHERE coalesce(wait, '0') <= '0'
    ), forgotten AS (
        DELETE FROM telegram_calls WHERE at < statement_timestamp() - interval '1 hour'
    )
    SELECT greatest(0, extract(epoch FROM wait)) FROM asked
    """
)
_PAUSE = text(
    """
    WITH forgotten AS (
        DELETE FROM telegram_pauses
        WHERE until < statement_timestamp() - interval '1 hour' AND (chat, priority) <> (:chat, :priority)
    )
    INSERT INTO telegram_pauses (chat, priority, until)
    VALUES (:chat, :priority, statement_timestamp() + make_interval(secs => :seconds))
    ON CONFLICT (chat, priority) DO UPDATE SET until = greatest(telegram_pauses.until, excluded.until)
    """
)


class SqlCalls:
    """The same windows for all processes, by the database's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()  # who waits for the others needs no connection meanwhile

    async def take(self, chat_id: int, priority: int, chat: Span, bot: Span, *, waits: bool) -> float:
        """Count one call if there is room for it; 0.0, or how many seconds there is none.

        One that waits keeps lower priorities of its chat back in all processes, until it could have been
        made and a moment longer.
        """
        values = {
            "chat": chat_id,
            "priority": priority,
            "chat_calls": chat.calls - chat.reserve - 1,
            "chat_seconds": chat.seconds,
            "bot_calls": bot.calls - bot.reserve - 1,
            "bot_seconds": bot.seconds,
        }
        async with self._turn, self._database.writing() as connection:
            await connection.execute(_ALONE, {"lock": _LOCK})
            wait = float((await connection.execute(_TAKE, values)).scalar_one() or 0.0)
            if wait and waits:
                pause = {"chat": chat_id, "priority": priority, "seconds": wait + bot.seconds}
                await connection.execute(_PAUSE, pause)
        return wait

    async def close(self, chat_id: int, seconds: float) -> None:
        """Telegram said to leave the chat alone for so long."""
        async with self._turn, self._database.writing() as connection:
            await connection.execute(_PAUSE, {"chat": chat_id, "priority": _ALL, "seconds": seconds})
