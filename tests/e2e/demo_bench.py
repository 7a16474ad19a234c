"""The real command ``python -m bot demo`` as a process, and what its people see, over HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
PHOTOS = Path(__file__).parents[1] / "photos"
ADA = 1001
SPEED = "20"
PATIENCE = 30.0

Message = dict[str, Any]


@dataclass
class Demo:
    """One run of the demo. ``address`` is the one it printed."""

    process: asyncio.subprocess.Process
    address: str
    http: httpx.AsyncClient

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def send(self, caption: str, photo: str) -> None:
        """Send a photo as Ada."""
        files = {"photo": (photo, (PHOTOS / photo).read_bytes(), "image/jpeg")}
        answer = await self.http.post(
            f"/sandbox/chats/{ADA}/messages", data={"from": str(ADA), "caption": caption}, files=files
        )
        assert answer.status_code == 200, answer.text

    async def messages(self) -> list[Message]:
        """All that is in Ada's chat with the bot."""
        messages: list[Message] = (await self.http.get(f"/sandbox/chats/{ADA}/messages")).json()["messages"]
        return messages

    async def sees(self, expected: Callable[[Message], Any]) -> Message:
        """Wait for a message of the bot that is as expected."""
        deadline = time.monotonic() + PATIENCE
        while True:
            messages = await self.messages()
            for message in messages:
                if message["from"]["is_bot"] and expected(message):
                    return message
            assert time.monotonic() < deadline, [message.get("text", "?") for message in messages]
            await asyncio.sleep(0.05)


@asynccontextmanager
async def demo(data: Path, *options: str) -> AsyncIterator[Demo]:
    """Start the demo on a free port, at twenty times its speed, and kill it at the end if it still runs."""
    command = [sys.executable, "-m", "bot", "demo", "--port", "0", "--data", str(data), "--speed", SPEED]
    process = await asyncio.create_subprocess_exec(
        *command, *options, cwd=ROOT, env={"PATH": os.environ["PATH"]}, stdout=asyncio.subprocess.PIPE
    )
    try:
        address = await _address(process)
        async with httpx.AsyncClient(base_url=address, timeout=20, trust_env=False, verify=False) as http:
            yield Demo(process, address, http)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    """Read what the demo prints until it names its address."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        async for line in process.stdout:
            if found := re.search(rb"Open\s+(http://\S+)", line):
                return found[1].decode()
    raise AssertionError("the demo ended without an address")
