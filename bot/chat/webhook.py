"""Updates that Telegram posts to us: committed first, and only then answered 200.

python-telegram-bot's own webhook answers before they are handled, which loses them in a crash.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from telegram import Bot, WebhookInfo
from telegram.error import TelegramError

from bot.chat.failures import translate
from bot.chat.polling import ALLOWED, wrap
from bot.chat.receiving import Receives
from bot.clock import Clock
from bot.domain.timing import Timing
from bot.errors import MessengerError, StorageBusy

log = structlog.get_logger(__name__)
_CONNECTIONS = 20  # at once, so that one slow commit holds up no other chat


class Webhook:
    """Has updates posted to us. Source: Bot API, "setWebhook".

    Args:
        bot: who they are for.
        inbox: where they are committed.
        timing: how often Telegram is asked how it fares.
        clock: the time.
        arrived: called after a commit.
        public_url: where the internet reaches us.
        path: the end of our path, which nobody can guess.
        secret: what Telegram shall show us with each, of letters and digits.
    """

    largest = 4 * 1024 * 1024  # what is refused comes again and again, and what comes after it waits

    def __init__(
        self,
        bot: Bot,
        inbox: Receives,
        timing: Timing,
        clock: Clock,
        arrived: Callable[[], None],
        *,
        public_url: str,
        path: str,
        secret: str,
    ) -> None:
        self._bot = bot
        self._inbox = inbox
        self._timing = timing
        self._clock = clock
        self._arrived = arrived
        self._url = f"{public_url}/telegram/{path}"
        self._path = path
        self._secret = secret
        self._trouble: str | None = "the webhook is not set yet"
        self._since = clock.monotonic()
        self._told_at: datetime | None = None
        self._took_at: datetime | None = None

    def admit(self, token: str, headers: Mapping[str, str]) -> int:
        """The HTTP status for the path and the secret, compared in constant time."""
        if not _same(token, self._path):
            return 404
        return 200 if _same(headers.get("x-telegram-bot-api-secret-token", ""), self._secret) else 403

    async def take(self, token: str, headers: Mapping[str, str], body: bytes) -> int:
        """Commit one update; 200 once it is ours, 503 if Telegram shall bring it again."""
        try:
            raw: Any = json.loads(body)
        except (ValueError, RecursionError):
            raw = None
        update = wrap(raw)
        if update is None:  # it is reported, and would be no better the next time
            return 200
        try:
            now = self._clock.now()
            await self._inbox.commit([update], now)
        except StorageBusy as error:
            log.error("update_not_taken", update=update.update_id, detail=str(error))
            return 503
        self._took_at = now
        self._arrived()
        return 200

    async def run(self) -> None:
        """Set the webhook, and watch over it until cancelled."""
        wait = self._timing.poll_retry
        while True:
            try:
                await self._watch()
                wait = self._timing.poll_retry
                # What waits at a start comes within moments; it must not look like a trouble for long.
                calm = self._trouble is None
                await asyncio.sleep(self._timing.telegram_webhook if calm else self._timing.poll_retry_most)
            except MessengerError as error:
                self._worried(str(error))
                log.error("webhook_not_watched", detail=str(error), again_in=wait)
                await asyncio.sleep(error.retry_after or wait)
                wait = min(wait * 2, self._timing.poll_retry_most)

    async def problem(self) -> str | None:
        """What is wrong, for the health page, once it has been wrong for a while."""
        lasted = self._clock.monotonic() - self._since
        return self._trouble if lasted > self._timing.poll_watchdog else None

    async def _watch(self) -> None:
        try:
            info = await self._bot.get_webhook_info()
            if info.url != self._url or set(info.allowed_updates or ()) != set(ALLOWED):
                await self._set(info.url)
                info = await self._bot.get_webhook_info()
        except TelegramError as error:
            raise translate(error) from error
        self._judge(info)

    async def _set(self, before: str) -> None:
        await self._bot.set_webhook(
            self._url,
            secret_token=self._secret,
            allowed_updates=list(ALLOWED),
            max_connections=_CONNECTIONS,
            drop_pending_updates=False,
        )
        log.info("webhook_set", replaced=bool(before))

    def _judge(self, info: WebhookInfo) -> None:
        """Report what Telegram last failed at; it is a trouble while updates wait and none has come since."""
        failed_at = info.last_error_date
        if failed_at is not None and failed_at != self._told_at:
            self._told_at = failed_at
            waiting = info.pending_update_count
            log.error("webhook_failing", says=info.last_error_message, at=str(self._told_at), waiting=waiting)
        came_since = failed_at is not None and self._took_at is not None and self._took_at > failed_at
        if failed_at is None or came_since or not info.pending_update_count:
            self._trouble = None
        else:
            self._worried(f"Telegram can't deliver updates: {info.last_error_message}")

    def _worried(self, trouble: str) -> None:
        if self._trouble is None:
            self._since = self._clock.monotonic()
        self._trouble = trouble


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
