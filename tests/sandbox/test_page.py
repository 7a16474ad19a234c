"""The chat page in a real browser, against the stand-in; the bot's side is played by plain Bot API calls."""

from __future__ import annotations

import asyncio
import io
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.async_api import Browser, Page, async_playwright, expect

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

pytestmark = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium: install it (Debian: apt install chromium; macOS: Google Chrome) to test the page",
)


class Bot:
    """The bot's side: plain calls of the Bot API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
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


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        await browser.close()


@pytest.fixture
async def base() -> AsyncIterator[str]:
    async with serve(TelegramStandIn(token=TOKEN, seed_people=True, speed=1000).app) as url:
        yield url


@pytest.fixture
async def bot(base: str) -> AsyncIterator[Bot]:
    async with httpx.AsyncClient(base_url=base, timeout=20) as client:
        bot = Bot(client)
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


@pytest.fixture
async def page(browser: Browser, base: str) -> AsyncIterator[Page]:
    """Ada's private chat with the bot."""
    async with opened(browser, f"{base}/#{ADA}/{ADA}") as page:
        yield page


async def say(page: Page, text: str) -> None:
    await page.get_by_role("textbox", name="Message").fill(text)
    await page.keyboard.press("Enter")


async def choose_files(page: Page, kind: str, *paths: Path) -> None:
    await page.get_by_role("button", name="Attach").click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("menuitem", name=kind).click()
    await (await chooser.value).set_files(paths)


def size_of(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def bubble(page: Page, words: str) -> Any:
    return page.locator("li.message").filter(has_text=words)


async def test_start_button_in_an_empty_chat(page: Page, bot: Bot) -> None:
    """An empty private chat offers Start, which sends /start and then is gone."""
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(bubble(page, "/start")).to_have_class(re.compile("mine"))
    await expect(page.get_by_role("button", name="Start", exact=True)).to_be_hidden()
    [update] = await bot.updates()
    assert update["message"]["text"] == "/start"
    assert update["message"]["chat"]["id"] == update["message"]["from"]["id"] == ADA


async def test_text_is_sent_with_enter_and_wrapped_with_shift_enter(page: Page, bot: Bot) -> None:
    """Enter sends, Shift+Enter begins a line, and markup in a text stays text."""
    field = page.get_by_role("textbox", name="Message")
    await field.fill("<img src=x onerror=alert(1)>")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second line")
    await page.keyboard.press("Enter")
    await expect(bubble(page, "second line")).to_contain_text("<img src=x onerror=alert(1)>")
    await expect(field).to_have_value("")
    [update] = await bot.updates()
    assert update["message"]["text"] == "<img src=x onerror=alert(1)>\nsecond line"


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


async def test_alert_answer_is_a_dialog(page: Page, bot: Bot) -> None:
    """An answer with show_alert stays until it is closed."""
    await say(page, "hello")
    await bot.updates()
    keyboard = {"inline_keyboard": [[{"text": "Buy", "callback_data": "buy"}]]}
    await bot.call("sendMessage", chat_id=ADA, text="Sure?", reply_markup=keyboard)
    await page.get_by_role("button", name="Buy").click()
    [pressed] = await bot.updates()
    query = pressed["callback_query"]["id"]
    await bot.call(
        "answerCallbackQuery", callback_query_id=query, text="Your budget is used up", show_alert="true"
    )
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Your budget is used up")
    await dialog.get_by_role("button", name="OK").click()
    await expect(dialog).to_have_count(0)


async def test_edits_deletions_and_reactions_of_the_bot_show(page: Page, bot: Bot) -> None:
    """What the bot changes afterwards changes on the page, without a reload."""
    await say(page, "hello")
    [update] = await bot.updates()
    mine, first = update["message"]["message_id"], await bot.call("sendMessage", chat_id=ADA, text="Waiting")
    await expect(bubble(page, "Waiting")).to_be_visible()
    await bot.call("editMessageText", chat_id=ADA, message_id=first["message_id"], text="Running now")
    await expect(bubble(page, "Running now")).to_contain_text("edited")
    await expect(bubble(page, "Waiting")).to_have_count(0)
    await bot.call(
        "setMessageReaction", chat_id=ADA, message_id=mine, reaction=[{"type": "emoji", "emoji": "👀"}]
    )
    await expect(bubble(page, "hello").locator(".reaction")).to_have_text("👀")
    await bot.call("deleteMessage", chat_id=ADA, message_id=first["message_id"])
    await expect(bubble(page, "Running now")).to_have_count(0)


async def test_own_message_is_edited_and_deleted_from_its_menu(page: Page, bot: Bot) -> None:
    """A right click on one's own message offers Edit and Delete; the bot is told of the edit."""
    await say(page, "a blue hat")
    await bot.updates()
    await bubble(page, "a blue hat").locator(".bubble").click(button="right")
    await page.get_by_role("menuitem", name="Edit").click()
    await say(page, "a red hat")
    await expect(bubble(page, "a red hat")).to_contain_text("edited")
    [update] = await bot.updates()
    assert update["edited_message"]["text"] == "a red hat"
    await bubble(page, "a red hat").locator(".bubble").click(button="right")
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(bubble(page, "a red hat")).to_have_count(0)


async def test_reply_goes_out_and_its_quote_leads_to_the_original(page: Page, bot: Bot) -> None:
    """The reply button quotes a message; pressing the quote lights the original up."""
    await bot.call("sendMessage", chat_id=await started(page, bot), text="Which colour?")
    target = bubble(page, "Which colour?")
    await target.hover()
    await target.get_by_role("button", name="Reply").click()
    await expect(page.locator("#context")).to_contain_text("Reply to Wavebrush")
    await say(page, "green, please")
    [update] = await bot.updates()
    assert update["message"]["reply_to_message"]["text"] == "Which colour?"
    await expect(page.locator("#context")).to_be_hidden()
    await bubble(page, "green, please").get_by_role("button", name="In reply to Wavebrush").click()
    await expect(page.locator("li.message.flash")).to_contain_text("Which colour?")


async def started(page: Page, bot: Bot) -> int:
    """Let the person write first, as a bot can't; the chat's id."""
    await say(page, "/start")
    await bot.updates()
    return ADA


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


async def test_space_for_a_photo_is_there_before_it_loads(page: Page, bot: Bot) -> None:
    """With its bytes held back, a photo's bubble already has its final height."""
    await started(page, bot)
    await page.route("**/sandbox/files/*", lambda route: route.abort())
    await bot.send_photo(ADA, "coffee.jpg")
    box = await page.locator(".photo").bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(600 / 400, abs=0.02)


async def test_group_shows_names_and_unread_counts(browser: Browser, base: str, bot: Bot) -> None:
    """In a group others' names show; the chat list counts what was not read, until the group is opened."""
    async with opened(browser, f"{base}/#{BEN}/{GROUP}") as ben:
        await say(ben, "/edit@wavebrush_bot hello")
        await bot.updates()
        await bot.call("sendMessage", chat_id=GROUP, text="Hello group")
        await expect(bubble(ben, "Hello group").locator(".sender")).to_have_text("Wavebrush")
        await expect(bubble(ben, "/edit").locator(".sender")).to_have_count(0)
    async with opened(browser, f"{base}/#{ADA}") as ada:
        row = ada.get_by_role("link", name="Weekend pictures")
        await expect(row.locator(".badge")).to_have_text("2")
        await row.click()
        await expect(bubble(ada, "/edit").locator(".sender")).to_have_text("Ben")
        await ada.get_by_role("button", name="Back to the chats").click()
        await expect(row.locator(".badge")).to_have_count(0)


async def test_person_is_switched(page: Page, bot: Bot) -> None:
    """Another person has another private chat, and writes as themselves."""
    await page.get_by_role("button", name="You are Ada").click()
    await page.get_by_role("menuitem", name="Ben").click()
    await expect(page.get_by_role("button", name="You are Ben")).to_be_visible()
    await say(page, "it is me")
    [update] = await bot.updates()
    assert update["message"]["from"]["id"] == update["message"]["chat"]["id"] == BEN


async def test_chat_action_is_shown_until_the_message_comes(page: Page, bot: Bot) -> None:
    """The header says what the bot is doing, and stops when it has done it."""
    await started(page, bot)
    await bot.call("sendChatAction", chat_id=ADA, action="upload_photo")
    await expect(page.locator("#subtitle")).to_have_text("sending a photo…")
    await bot.call("sendMessage", chat_id=ADA, text="done")
    await expect(page.locator("#subtitle")).to_have_text("bot")


async def test_entities_are_drawn_and_a_command_is_sent_when_pressed(page: Page, bot: Bot) -> None:
    """Marks become elements, a link of a harmful scheme does not, and a command works as a button."""
    chat = await started(page, bot)
    text = "Bold /model here bad"
    marks = [
        {"type": "bold", "offset": 0, "length": 4},
        {"type": "bot_command", "offset": 5, "length": 6},
        {"type": "text_link", "offset": 12, "length": 4, "url": "https://example.org/"},
    ]
    await bot.call("sendMessage", chat_id=chat, text=text, entities=marks)
    shown = bubble(page, "here bad")
    await expect(shown.locator("b")).to_have_text("Bold")
    await expect(shown.get_by_role("link", name="here")).to_have_attribute("href", "https://example.org/")
    await shown.get_by_role("button", name="/model").click()
    [update] = await bot.updates()
    assert update["message"]["text"] == "/model"


async def test_harmful_link_scheme_is_no_link(page: Page) -> None:
    """A script's address never becomes a link; a bare host name does."""
    check = "address => import('./entities.js').then(module => module.safeUrl(address))"
    assert await page.evaluate(check, "javascript:alert(1)") is None
    assert await page.evaluate(check, "data:text/html,hello") is None
    assert await page.evaluate(check, "example.org/a") == "https://example.org/a"


async def test_page_survives_a_restart_of_the_server(browser: Browser) -> None:
    """While the server is away the header says so; the new server's messages replace the old ones."""
    first = serve(TelegramStandIn(token=TOKEN, seed_people=True, speed=1000).app)
    base = await first.__aenter__()
    async with opened(browser, f"{base}/#{ADA}/{ADA}") as page:
        await say(page, "before")
        await expect(bubble(page, "before")).to_be_visible()
        await first.__aexit__(None, None, None)
        await expect(page.locator("#subtitle")).to_have_text("connecting…")
        port = int(base.rpartition(":")[2])
        async with serve(TelegramStandIn(token=TOKEN, seed_people=True, speed=1000).app, port=port):
            await expect(page.locator("#subtitle")).to_have_text("bot")
            await expect(bubble(page, "before")).to_have_count(0)
            await say(page, "after")
            await expect(bubble(page, "after")).to_be_visible()
