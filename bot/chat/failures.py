"""Where python-telegram-bot's exceptions stop: each becomes one of ours.

Its tree has traps (facts measured with 22.8): BadRequest *is a* NetworkError; an expired file is an
InvalidToken; a time-out may come after the message was delivered.
"""

from __future__ import annotations

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from bot.errors import MessengerBusy, MessengerError, PersonUnreachable

# How httpx names what may come after Telegram took the call.
_PERHAPS_MADE = ("ReadError", "ReadTimeout", "RemoteProtocolError", "WriteError", "WriteTimeout")
_UNREADABLE = "Invalid server response"  # python-telegram-bot's words for a 200 that is no JSON
_GONE = (
    "chat not found",
    "user is deactivated",
    "have no rights to send",
    "topic_closed",
    "not enough rights",
)


def translate(error: TelegramError) -> MessengerError:
    """Our error for one of python-telegram-bot's."""
    detail = f"{type(error).__name__}: {error.message}"
    if isinstance(error, Forbidden):
        return PersonUnreachable(detail)
    if isinstance(error, RetryAfter):
        busy = MessengerBusy(detail)
        busy.retry_after = seconds(error)
        return busy
    if isinstance(error, BadRequest):
        gone = any(text in error.message.lower() for text in _GONE)
        return PersonUnreachable(detail) if gone else MessengerError(detail)
    if isinstance(error, ChatMigrated):
        return MessengerError(f"{type(error).__name__}: moved to {error.new_chat_id}")
    if isinstance(error, InvalidToken):
        return MessengerBusy("InvalidToken")  # its message holds the token
    busy = MessengerBusy(detail)
    busy.uncertain = perhaps_made(error)
    return busy


def seconds(error: RetryAfter) -> float:
    """What a RetryAfter asks to wait, whichever type python-telegram-bot gives it."""
    wait = error.retry_after
    return float(wait) if isinstance(wait, int | float) else wait.total_seconds()


def perhaps_made(error: TelegramError) -> bool:
    """Whether Telegram may have done what it was asked to: only its answer broke off, or can't be read."""
    broke = {kind.__name__ for kind in type(error.__cause__).__mro__}
    return error.message == _UNREADABLE or not broke.isdisjoint(_PERHAPS_MADE)
