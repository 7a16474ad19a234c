"""A bot that is forked from a loaded program is like one that is started by ``python -m bot``."""

from __future__ import annotations

import os
import signal

from tests.e2e.process import Bot


async def test_it_has_its_own_environment_output_and_end() -> None:
    """It sees the settings that it is given and no others, and its exit code and lines come back."""
    told = await Bot.started(("-m", "bot", "--help"), {"COLUMNS": "80"})
    assert await told.ends() == 0
    assert any("backup" in line for line in told.printed)
    refused = await Bot.started(("-m", "bot", "run"), {"TELEGRAM_BOT_TOKEN": "x", "WAVESPEED_API_KEY": ""})
    assert await refused.ends() == 2
    assert "TELEGRAM_BOT_TOKEN is malformed" in refused.log
    assert refused.printed == []
    assert not refused.alive
    assert refused.process.pid != os.getpid()


async def test_it_can_be_killed() -> None:
    """The exit code names the signal, as of any process."""
    bot = await Bot.started(("-m", "bot", "--help"), {})
    os.kill(bot.process.pid, signal.SIGSTOP)
    await bot.kill()
    assert bot.process.returncode in (-signal.SIGKILL, 0)  # 0: it was quicker
