"""What python-telegram-bot raises, in our words: out of reach, perhaps later, or never."""

from __future__ import annotations

from datetime import timedelta

import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.chat.failures import seconds, translate
from bot.errors import MessengerBusy, MessengerError, PersonUnreachable
from tests.chat.memory_telegram import TOKEN, WITH_RETRY_AFTER

pytestmark = WITH_RETRY_AFTER


@pytest.mark.parametrize(
    "error",
    [
        Forbidden("Forbidden: bot was blocked by the user"),
        Forbidden("Forbidden: bot was kicked from the group chat"),
        BadRequest("Bad Request: chat not found"),
        BadRequest("Bad Request: user is deactivated"),
        BadRequest("Bad Request: have no rights to send a message"),
        BadRequest("Bad Request: TOPIC_CLOSED"),
        BadRequest("Bad Request: not enough rights to send photos to the chat"),
    ],
    ids=str,
)
def test_a_chat_that_takes_nothing_is_out_of_reach(error: TelegramError) -> None:
    """For good: the same call would fail again."""
    assert type(translate(error)) is PersonUnreachable


@pytest.mark.parametrize(
    "error",
    [
        TimedOut(),
        NetworkError("Bad Gateway"),
        Conflict("terminated"),
        InvalidToken("Unauthorized"),
        TelegramError("?"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_may_pass_is_worth_another_try(error: TelegramError) -> None:
    """Also what looks final: a token is refused for a moment when Telegram has trouble."""
    translated = translate(error)
    assert type(translated) is MessengerBusy
    assert not translated.permanent


@pytest.mark.parametrize(
    "error", [BadRequest("Bad Request: message is too long"), ChatMigrated(-1009)], ids=str
)
def test_what_would_be_refused_again_is_for_good(error: TelegramError) -> None:
    """`BadRequest` is a `NetworkError` there, but repeating it helps nobody."""
    translated = translate(error)
    assert type(translated) is MessengerError
    assert translated.permanent


def test_a_flood_says_how_long_to_wait() -> None:
    """In seconds, whichever type it came in."""
    assert translate(RetryAfter(42)).retry_after == 42.0
    assert seconds(RetryAfter(timedelta(seconds=7))) == 7.0


def test_a_moved_chat_says_where_to() -> None:
    """For the log."""
    assert "-1009" in str(translate(ChatMigrated(-1009)))


def test_a_token_in_an_error_goes_no_further() -> None:
    """python-telegram-bot writes it into the message."""
    error = InvalidToken(f"The token `{TOKEN}` was rejected by the server.")
    assert TOKEN not in str(translate(error))
