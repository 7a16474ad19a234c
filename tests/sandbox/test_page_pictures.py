"""Pictures on the chat page, in a real browser: sent, shown, opened, painted over."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import AsyncIterator

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect

from tests.sandbox.page_bench import (
    ADA,
    CAT,
    PHONE,
    PHOTOS,
    TOKEN,
    Bot,
    bubble,
    choose_files,
    needs_browser,
    opened,
    say,
    served,
    size_of,
    started,
)

pytestmark = needs_browser


@pytest.fixture
async def bot() -> AsyncIterator[Bot]:
    async with served() as bot:
        yield bot


@pytest.fixture
async def page(browser: Browser, bot: Bot) -> AsyncIterator[Page]:
    """Ada's private chat with the bot."""
    async with opened(browser, f"{bot.base}/#{ADA}/{ADA}") as page:
        yield page


async def test_photo_with_a_caption_is_answered_by_a_picture_with_buttons(page: Page, bot: Bot) -> None:
    """The whole way: photo and caption out; picture, quote and buttons back; a press and its toast."""
    await choose_files(page, "Photo", CAT)
    await expect(page.get_by_role("list", name="Attached").get_by_role("img")).to_be_visible()
    await say(page, "Give the cat a hat")
    await expect(bubble(page, "Give the cat a hat").locator("img")).to_be_visible()
    [update] = await bot.updates()
    request = update["message"]
    assert request["caption"] == "Give the cat a hat"
    assert request["photo"][-1]["width"] == size_of(CAT)[0]

    answer = await bot.send_photo(
        ADA,
        "astronaut.jpg",
        caption="Here it is",
        reply_parameters={"message_id": request["message_id"]},
        reply_markup={"inline_keyboard": [[{"text": "Again", "callback_data": "again:1"}]]},
    )
    shown = bubble(page, "Here it is")
    await expect(shown).to_have_class(re.compile("theirs"))
    await expect(shown.get_by_role("button", name="In reply to Ada: Give the cat a hat")).to_be_visible()
    picture = shown.locator(".photo img")
    await expect(picture).to_have_js_property("complete", True)
    assert await picture.evaluate("image => image.naturalWidth") > 0

    await shown.get_by_role("button", name="Again").click()
    [pressed] = await bot.updates()
    assert pressed["callback_query"]["data"] == "again:1"
    assert pressed["callback_query"]["message"]["message_id"] == answer["message_id"]
    await bot.call(
        "answerCallbackQuery", callback_query_id=pressed["callback_query"]["id"], text="Working on it"
    )
    await expect(page.locator("#toast")).to_have_text("Working on it")


async def test_several_photos_become_an_album_and_files_stay_files(page: Page, bot: Bot) -> None:
    """Two photos are one bubble; a removed one is not sent; a file keeps its bytes and its name."""
    await choose_files(page, "Photo", CAT, PHOTOS / "coffee.jpg", PHOTOS / "rocket.jpg")
    await page.get_by_role("button", name="Remove coffee.jpg").click()
    await say(page, "Both of them")
    await expect(bubble(page, "Both of them").locator(".album img")).to_have_count(2)
    messages = [update["message"] for update in await bot.updates()]
    assert len({message["media_group_id"] for message in messages}) == 1

    await choose_files(page, "File", CAT)
    await page.get_by_role("button", name="Send", exact=True).click()
    card = page.get_by_role("link", name="Download cat.jpg")
    await expect(card).to_contain_text(f"{CAT.stat().st_size / 1024:.1f} KB")
    async with page.expect_download() as download:
        await card.click()
    kept = await asyncio.to_thread((await (await download.value).path()).read_bytes)
    assert kept == CAT.read_bytes()


async def test_painting_over_a_photo_sends_it_as_a_reply(page: Page, bot: Bot) -> None:
    """A stroke in the editor becomes a compressed photo of the same size, in reply, with its caption."""
    await choose_files(page, "Photo", CAT)
    await page.get_by_role("button", name="Send", exact=True).click()
    [update] = await bot.updates()
    await page.locator(".photo").click(button="right")
    await page.get_by_role("menuitem", name="Paint over").click()
    editor = page.get_by_role("dialog", name="Paint over the photo")
    send = editor.get_by_role("button", name="Send the painted photo")
    await expect(send).to_be_disabled()
    await editor.get_by_role("radio", name="Green").check()
    await stroke(page)
    await editor.get_by_role("textbox", name="Caption").fill("a hat here")
    await send.click()
    await expect(editor).to_have_count(0)
    await expect(bubble(page, "a hat here").locator(".photo img")).to_be_visible()

    [update_of_paint] = await bot.updates()
    painted = update_of_paint["message"]
    assert painted["reply_to_message"]["message_id"] == update["message"]["message_id"]
    assert painted["caption"] == "a hat here"
    picture = await file_of(bot, painted["photo"][-1]["file_id"])
    assert picture.size == size_of(CAT)
    red, green, blue = picture.getpixel((picture.width // 2, picture.height // 2))  # type: ignore[misc]  # RGB
    assert green > 150 > max(red, blue)


async def stroke(page: Page) -> None:
    """Draw from left to right through the middle of the canvas."""
    box = await page.locator("canvas").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=8)
    await page.mouse.up()


async def file_of(bot: Bot, file_id: str) -> Image.Image:
    file = await bot.call("getFile", file_id=file_id)
    answer = await bot.client.get(f"/file/bot{TOKEN}/{file['file_path']}")
    return Image.open(io.BytesIO(answer.content)).convert("RGB")


@pytest.mark.long  # a browser is dear, and the demo works without it
async def test_undo_takes_the_stroke_back(page: Page, bot: Bot) -> None:
    """After undoing the only stroke there is nothing to send, and the canvas is the photo again."""
    await choose_files(page, "Photo", CAT)
    await page.get_by_role("button", name="Send", exact=True).click()
    await bot.updates()
    await page.locator(".photo").click(button="right")
    await page.get_by_role("menuitem", name="Paint over").click()
    canvas = page.locator("canvas")
    before = await canvas.evaluate("canvas => canvas.toDataURL()")
    await stroke(page)
    assert await canvas.evaluate("canvas => canvas.toDataURL()") != before
    await page.get_by_role("button", name="Undo").click()
    assert await canvas.evaluate("canvas => canvas.toDataURL()") == before
    await expect(page.get_by_role("button", name="Send the painted photo")).to_be_disabled()


@pytest.mark.long  # a browser is dear, and the demo works without it
async def test_photo_opens_in_full_size_and_zooms(page: Page, bot: Bot) -> None:
    """A press on a photo opens it; another shows it at its own pixels; Escape closes it."""
    await started(page, bot)
    await bot.send_photo(ADA, "rocket.jpg")
    await page.locator(".photo").click()
    box = page.get_by_role("dialog", name="Photo")
    picture = box.get_by_role("img", name="Photo")
    assert await picture.evaluate("image => image.clientWidth") <= PHONE["width"]
    await box.get_by_role("button", name="Zoom to natural size").click()
    assert await picture.evaluate("image => image.clientWidth") == size_of(PHOTOS / "rocket.jpg")[0]
    await page.keyboard.press("Escape")
    await expect(box).to_have_count(0)


@pytest.mark.long  # a browser is dear, and the demo works without it
async def test_space_for_a_photo_is_there_before_it_loads(page: Page, bot: Bot) -> None:
    """With its bytes held back, a photo's bubble already has its final height."""
    await started(page, bot)
    await page.route("**/sandbox/files/*", lambda route: route.abort())
    await bot.send_photo(ADA, "coffee.jpg")
    box = await page.locator(".photo").bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(600 / 400, abs=0.02)
