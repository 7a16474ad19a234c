"""Calls to Telegram that fail are counted by how, where all of them pass."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY
from telegram.error import TelegramError

from bot.chat.limiter import Priority
from bot.chat.replies import Bot
from tests.chat.memory_telegram import WITH_RETRY_AFTER
from tests.sandbox.telegram_bench import ADA, Bench

pytestmark = WITH_RETRY_AFTER


def counted(error: str) -> float:
    """How many failed like that."""
    return REGISTRY.get_sample_value("wavebrush_telegram_errors_total", {"error": error}) or 0.0


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 403, "description": "Forbidden: bot was blocked by the user"}, "403"),
        ({"kind": "status", "status": 502, "description": "Bad Gateway"}, "502"),
        ({"kind": "drop"}, "NetworkError"),
    ],
)
async def test_a_call_that_fails(telegram: Bench, bot: Bot, fault: dict[str, Any], error: str) -> None:
    """By its status, or by what broke; one that succeeds counts nothing."""
    before = counted(error)
    await bot.send_message(ADA, "all is well")
    assert counted(error) == before
    await telegram.sandbox("faults", {"method": "sendMessage", **fault})
    with pytest.raises(TelegramError):
        await bot.send_message(ADA, "lost", rate_limit_args=Priority.PROGRESS)  # which is not sent again
    assert counted(error) == before + 1


async def test_a_429_that_is_waited_out(telegram: Bench, bot: Bot) -> None:
    """Nobody notices it, so the number is what tells."""
    before = counted("429")
    flood = {"status": 429, "description": "Too Many Requests: retry after 1", "retry_after": 1}
    await telegram.sandbox("faults", {"method": "sendMessage", "kind": "status", **flood})
    await bot.send_message(ADA, "a little later")
    assert counted("429") == before + 1
