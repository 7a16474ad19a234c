"""What the tests of the chat page share: a browser, the stand-in, and the bot as plain Bot API calls."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from bot.sandbox.serve import serve
from bot.sandbox.telegram import TelegramStandIn

Json = dict[str, Any]

PHOTOS = Path(__file__).parent.parent / "photos"
CAT = PHOTOS / "cat.jpg"
TOKEN = "4242:chat-page-test-token-of-35-letters-x"
ADA, BEN, GROUP = 1001, 1002, -2001
PHONE = {"width": 390, "height": 844}
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def find_browser() -> str | None:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return str(MAC) if MAC.exists() else None


CHROMIUM = find_browser()

needs_browser = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium: install it (Debian: apt install chromium; macOS: Google Chrome) to test the page",
)


class Bot:
    """The bot's side: plain calls of the Bot API."""

    def __init__(self, client: httpx.AsyncClient, base: str) -> None:
        self.client = client
        self.base = base
        self._offset = 0

    async def call(self, method: str, files: Json | None = None, **params: Any) -> Any:
        data = {
            name: json.dumps(value) if isinstance(value, list | dict) else value
            for name, value in params.items()
        }
        answer = (await self.client.post(f"/bot{TOKEN}/{method}", data=data, files=files)).json()
        assert answer["ok"], answer
        return answer["result"]

    async def updates(self) -> list[Json]:
        """Wait for the next updates, and confirm them."""
        updates: list[Json] = await self.call("getUpdates", offset=self._offset, timeout=10)
        if updates:
            self._offset = updates[-1]["update_id"] + 1
        return updates

    async def send_photo(self, chat: int, name: str, **params: Any) -> Json:
        files = {"photo": (name, (PHOTOS / name).read_bytes(), "image/jpeg")}
        message: Json = await self.call("sendPhoto", files, chat_id=chat, **params)
        return message


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def served(port: int = 0) -> AsyncIterator[Bot]:
    """Run the stand-in with its demo people; give the bot's side of it."""
    app = TelegramStandIn(token=TOKEN, seed_people=True, speed=1000).app
    async with (
        serve(app, port=port) as base,
        httpx.AsyncClient(base_url=base, timeout=20, verify=False) as client,
    ):
        bot = Bot(client, base)
        await bot.updates()  # that it was added to the demo's group
        yield bot


@asynccontextmanager
async def opened(browser: Browser, address: str, **options: Any) -> AsyncIterator[Page]:
    """Open an address as a phone does, and hold that no script failed on the way."""
    context = await browser.new_context(**{"viewport": PHONE, **options})
    page = await context.new_page()
    page.set_default_timeout(10_000)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    await page.goto(address)
    try:
        yield page
    finally:
        await context.close()
    assert failures == []


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")


async def choose_files(page: Page, kind: str, *paths: Path) -> None:
    await page.get_by_role("button", name="Attach").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("menuitem", name=kind).click()
    await (await chooser.value).set_files(paths)


async def started(page: Page, bot: Bot) -> int:
    """Let the person write first, as a bot can't; the chat's id."""
    await say(page, "/start")
    await bot.updates()
    return ADA


def bubble(page: Page, words: str) -> Any:
    return page.locator("li.message").filter(has_text=words)


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size
