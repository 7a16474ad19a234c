"""python-telegram-bot, set up for us: its client, its limiter, and every handler in one list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import structlog
from telegram import Update
from telegram.error import InvalidToken, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    BaseHandler,
    TypeHandler,
)
from telegram.request import HTTPXRequest

from bot import meters
from bot.bounded import BoundedTransport
from bot.chat.failures import translate
from bot.chat.gate import Gate
from bot.chat.limiter import Limiter, Moved
from bot.clock import Clock
from bot.domain.shared import Calls
from bot.domain.timing import Timing
from bot.errors import StartRefused

log = structlog.get_logger(__name__)
_MOST_BYTES = 32 * 1024 * 1024  # of an answer: Telegram hands out files of up to 20 MB

App = Application[Any, Any, Any, Any, Any, Any]
Room = list[BaseHandler[Any, Any, Any]]


class _Counting(HTTPXRequest):
    """Counts what fails. All calls pass here, those that the limiter repeats each time."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        try:
            status, body = await super().do_request(*args, **kwargs)
        except TelegramError as error:
            meters.TELEGRAM_ERRORS.labels(type(error).__name__).inc()
            raise
        if status >= HTTPStatus.BAD_REQUEST:
            meters.TELEGRAM_ERRORS.labels(str(status)).inc()
        return status, body


class _Strict(App):
    """Lets a handler's error through to whoever dispatches, who knows whether the update can wait."""

    __slots__ = ()

    async def process_error(self, update: object, error: Exception, *args: Any, **kwargs: Any) -> bool:
        """Raise what python-telegram-bot would only log."""
        raise error


def build(
    token: str,
    api_url: str,
    timing: Timing,
    clock: Clock,
    moved: Moved | None = None,
    calls: Calls | None = None,
) -> App:
    """An application that neither polls nor queues by itself: `Polling` and `Dispatch` do.

    Args:
        token: the bot's.
        api_url: the Bot API server, without ``/bot``.
        timing: time-outs. Uploads are answered late; giving up early would send a picture twice.
        clock: for the flood limits.
        moved: told the old and the new id of a group that became a supergroup.
        calls: counts those of all processes, where there are several.
    """

    def request(connections: int, patience: float) -> HTTPXRequest:
        return _Counting(
            connection_pool_size=connections,
            connect_timeout=timing.http_connect,
            read_timeout=timing.telegram_read,
            write_timeout=patience,
            pool_timeout=patience,
            media_write_timeout=timing.telegram_upload,
            httpx_kwargs={"trust_env": False, "transport": BoundedTransport(connections, _MOST_BYTES)},
        )

    return (
        ApplicationBuilder()
        .application_class(_Strict)
        .token(token)
        .base_url(f"{api_url}/bot")
        .base_file_url(f"{api_url}/file/bot")
        .request(request(16, timing.telegram_read))
        .get_updates_request(request(2, timing.http_connect))  # in all less than the watchdog
        .rate_limiter(Limiter(timing, clock, moved, calls))
        .updater(None)
        .build()
    )


async def connect(app: App, timing: Timing) -> None:
    """Initialise the client; Telegram being down is waited out, a wrong token is not.

    Raises:
        StartRefused: Telegram refuses the token.
    """
    wait = timing.poll_retry
    while True:
        try:
            await app.initialize()
            return
        except InvalidToken:
            raise StartRefused(
                "TELEGRAM_BOT_TOKEN is refused by Telegram: copy it again from @BotFather (/mybots)"
            ) from None
        except TelegramError as error:
            log.warning("telegram_unreachable", detail=str(translate(error)), again_in=wait)
        await asyncio.sleep(wait)
        wait = min(wait * 2, timing.poll_retry_most)


Handlers = Iterable[BaseHandler[Any, Any, Any]]


def route(app: App, gate: Gate, rooms: Iterable[Handlers], before: Handlers = ()) -> None:
    """Put the gate before all handlers but those that hear of everybody, and the handlers in order."""
    app.add_handlers(list(before), group=-2)
    app.add_handler(TypeHandler(Update, gate.check), group=-1)
    for room in rooms:
        app.add_handlers(list(room))
