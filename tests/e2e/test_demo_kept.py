"""What the demo keeps when it is stopped, over HTTP."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.e2e.demo_bench import Message, demo


def _editing(message: Message) -> bool:
    return "Editing" in message.get("text", "")


@pytest.mark.long  # killed, and with a browser: test_demo.py
async def test_an_edit_that_runs_while_the_demo_is_stopped_is_delivered(tmp_path: Path) -> None:
    """Stopped in the middle of an edit: the next start delivers it, once, for one price."""
    async with demo(tmp_path) as first:
        await first.send("anime [slow 40]", "cat.jpg")
        await first.sees(_editing)
        await first.end()
    async with demo(tmp_path) as second:
        await second.sees(lambda message: "photo" in message)
        messages = await second.messages()
        assert messages[0]["caption"] == "anime [slow 40]"
        assert len([message for message in messages if "photo" in message]) == 2
        assert len({message["message_id"] for message in messages}) == len(messages)
    with sqlite3.connect(tmp_path / "wavebrush.sqlite") as bot:
        assert bot.execute("SELECT count(*) FROM attempts").fetchone() == (1,)
