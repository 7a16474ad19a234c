"""The stand-ins of the demo, on fixed ports, with people to be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.serve import serve
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.wavespeed import WaveSpeedStandIn

TOKEN = "123456789:demo-token-of-the-stand-in-00000000"  # noqa: S105 - opens only the stand-in
KEY = "demo-key-of-the-stand-in"


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the stand-ins are."""

    telegram: str
    wavespeed: str


@asynccontextmanager
async def stand_ins(directory: Path, port: int) -> AsyncIterator[Demo]:
    """Run both stand-ins while the context lasts.

    Args:
        directory: where the chats are kept between starts.
        port: of the chat page; 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    telegram = TelegramStandIn(token=TOKEN, seed_people=True)
    wavespeed = WaveSpeedStandIn(api_key=KEY)
    async with serve(wavespeed.app) as paid, serve(telegram.app, port=port) as chats:
        yield Demo(chats, paid)
