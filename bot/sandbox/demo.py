"""The stand-ins of the demo, with people to be, and the folder they keep their worlds in."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.serve import serve
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.telegram.kept import FILE as KEPT
from bot.sandbox.wavespeed import WaveSpeedStandIn

TOKEN = "123456789:demo-token-of-the-stand-in-00000000"  # noqa: S105 - opens only the stand-in
KEY = "demo-key-of-the-stand-in"
ADMIN = 1001  # Ada


@dataclass(frozen=True, slots=True)
class Demo:
    """Where the stand-ins are."""

    telegram: str
    wavespeed: str


class NotADemo(Exception):
    """The folder holds something else, which must not be touched."""


def prepare(directory: Path, *, reset: bool) -> None:
    """Make sure that a folder is empty or a demo's, and empty it if ``reset``.

    Nobody may be using it. Raises `NotADemo`.
    """
    entries = {entry.name for entry in directory.iterdir()} if directory.is_dir() else set()
    if entries - {"lock"} and KEPT not in entries:
        raise NotADemo(f"{directory} holds something else than a demo: choose another folder with --data")
    if reset and entries:
        shutil.rmtree(directory)


@asynccontextmanager
async def stand_ins(directory: Path, port: int, speed: float = 1.0) -> AsyncIterator[Demo]:
    """Run both stand-ins while the context lasts.

    Args:
        directory: where the chats and the account are kept between starts.
        port: of the chat page; 0 takes a free one.
        speed: divides all times of the stand-ins.

    Raises:
        OSError: the port is taken.
    """
    telegram = TelegramStandIn(token=TOKEN, seed_people=True, directory=directory, speed=speed)
    wavespeed = WaveSpeedStandIn(api_key=KEY, directory=directory, speed=speed)
    async with serve(wavespeed.app) as paid, serve(telegram.app, port=port) as chats:
        yield Demo(chats, paid)
