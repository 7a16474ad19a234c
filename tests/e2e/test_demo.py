"""The demo as a newcomer on a phone meets it: the real command, its own page, a real browser."""

from __future__ import annotations

import io
import signal
import sqlite3
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.demo_bench import PHOTOS, demo
from tests.sandbox.page_bench import bubble, choose_files, needs_browser, opened, say, size_of

pytestmark = needs_browser

COFFEE = PHOTOS / "coffee.jpg"
WISH = "make it a pencil drawing"
PRICE = "$0.06"


async def test_demo_from_start_to_reset(browser: Browser, tmp_path: Path) -> None:
    """Start, send a photo, get it back edited and priced; a restart keeps the chat, a reset empties it.

    Killed in the middle of the next edit, the next start delivers it, once.
    """
    async with demo(tmp_path) as first, opened(browser, first.address) as page:
        await page.get_by_role("button", name="Start", exact=True).click()
        await expect(bubble(page, "Hi Ada!")).to_be_visible()
        await choose_files(page, "Photo", COFFEE)
        await say(page, WISH)
        await expect(bubble(page, "Editing…")).to_be_visible()
        await _shows_the_edited_picture(page)
        await expect(bubble(page, "Editing…")).to_have_count(0)
        await first.send("anime [slow 40]", "cat.jpg")
        await expect(bubble(page, "Editing…")).to_be_visible()
        await first.end(signal.SIGKILL)
    async with demo(tmp_path) as second, opened(browser, second.address) as page:
        await _shows_the_edited_picture(page)
        await expect(page.locator("li.message.theirs .photo")).to_have_count(2)
        await say(page, "/spend")
        await expect(bubble(page, "Today $0.12")).to_be_visible()
        assert await second.end() == 0
    with sqlite3.connect(tmp_path / "wavebrush.sqlite") as bot:
        assert bot.execute("SELECT count(*) FROM attempts").fetchone() == (2,)
    async with demo(tmp_path, "--reset") as third, opened(browser, third.address) as page:
        await expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()
        await expect(page.locator("li.message")).to_have_count(0)


async def _shows_the_edited_picture(page: Page) -> None:
    """The source and, as a reply to it, another picture of its shape stand in the chat, both to be seen."""
    source = bubble(page, WISH).and_(page.locator(".mine"))
    result = bubble(page, PRICE).and_(page.locator(".theirs")).filter(has=page.locator(".photo"))
    await expect(result.get_by_role("button", name=f"In reply to Ada: {WISH}")).to_be_visible()
    pictures = [await _loaded(source), await _loaded(result)]
    before, after = [await _as_shown(page, picture) for picture in pictures]
    assert before.width / before.height == pytest.approx(after.width / after.height, rel=0.05)
    assert ImageStat.Stat(after.convert("L")).stddev[0] > 10, "nothing is drawn in its place"
    difference = ImageChops.difference(before, after.resize(before.size))
    assert sum(ImageStat.Stat(difference).mean) > 15, "it looks like the source"


async def _loaded(message: Locator) -> Locator:
    """A message's photo, once the browser has all of it."""
    image = message.locator(".photo img")
    await expect(image).to_have_js_property("complete", True)
    width, height = size_of(COFFEE)
    size = await image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    assert size[0] / size[1] == pytest.approx(width / height, rel=0.02)
    return image


async def _as_shown(page: Page, picture: Locator) -> Image.Image:
    """The part of the screen where a picture is."""
    await picture.scroll_into_view_if_needed()
    return Image.open(io.BytesIO(await picture.screenshot())).convert("RGB")
