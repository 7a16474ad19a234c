"""A running Telegram stand-in, a raw client of its Bot API, and people with phones, for the tests here."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from bot.sandbox.serve import serve
from bot.sandbox.telegram import TelegramStandIn

TOKEN = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  # made up
BOT_ID = 123456
ADA, BEN, CHLOE, GROUP = 1001, 1002, 1003, -2001
CAT = (Path(__file__).parent.parent / "photos" / "cat.jpg").read_bytes()


@dataclass(frozen=True)
class Bench:
    """``url``: where the stand-in is; ``http``: a client for both of its sides."""

    url: str
    http: httpx.AsyncClient

    async def call(self, method: str, files: Any = None, **params: Any) -> httpx.Response:
        """Call a Bot API method as a form."""
        data = {k: v if isinstance(v, str) else json.dumps(v) for k, v in params.items()}
        return await self.http.post(f"/bot{TOKEN}/{method}", data=data, files=files)

    async def ok(self, method: str, files: Any = None, **params: Any) -> Any:
        """Call a method that has to succeed; return its result."""
        answer = await self.call(method, files, **params)
        assert answer.status_code == 200, answer.text
        assert answer.json()["ok"] is True
        return answer.json()["result"]

    async def refused(self, method: str, files: Any = None, **params: Any) -> str:
        """Call a method that has to fail; return "<status> <description>"."""
        answer = await self.call(method, files, **params)
        body = answer.json()
        assert body["ok"] is False
        assert body["error_code"] == answer.status_code
        return f"{answer.status_code} {body['description']}"

    async def updates(self, **params: Any) -> list[Any]:
        """Fetch and confirm all updates that wait."""
        got: list[Any] = await self.ok("getUpdates", limit=100, **params)
        await self.ok("getUpdates", offset=got[-1]["update_id"] + 1 if got else 1)
        return got

    async def sandbox(self, path: str, body: Any = None, method: str = "") -> Any:
        """Call the people's side; without a body it is a GET."""
        verb = method or ("GET" if body is None else "POST")
        answer = await self.http.request(verb, f"/sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def write(self, chat: int, sender: int, files: Any = None, **fields: Any) -> Any:
        """Send something as a person; return the messages."""
        answer = await self.phone(chat, sender, files, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"]

    async def phone(self, chat: int, sender: int, files: Any = None, **fields: Any) -> httpx.Response:
        """Send something as a person; return the answer, whatever it is."""
        form = {name: str(value) for name, value in fields.items()} | {"from": str(sender)}
        parts = files or [("", ("", b""))]  # always multipart, as the page sends it
        return await self.http.post(f"/sandbox/chats/{chat}/messages", data=form, files=parts)

    async def started(self, person: int = ADA) -> None:
        """Let a person start the bot, and forget all updates so far."""
        await self.write(person, person, text="/start")
        await self.ok("getUpdates", offset=-1)
        await self.updates()


@asynccontextmanager
async def standin(**options: Any) -> AsyncIterator[Bench]:
    """Run a stand-in with Ada, Ben, Chloe and their group, by default 200 times as fast as Telegram."""
    telegram = TelegramStandIn(token=TOKEN, seed_people=True, **{"speed": 200.0, **options})
    async with serve(telegram.app) as url, httpx.AsyncClient(base_url=url, verify=False) as http:
        bench = Bench(url, http)
        await bench.updates()
        yield bench


def picture(width: int = 40, height: int = 30, kind: str = "PNG", **options: Any) -> bytes:
    """Make a picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    """Decode a picture."""
    return Image.open(io.BytesIO(data))
