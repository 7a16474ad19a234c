"""The chat page in a real browser, against the stand-in: words, buttons, people and chats."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Page, expect

from tests.sandbox.page_bench import (
    ADA,
    BEN,
    GROUP,
    Bot,
    bubble,
    needs_browser,
    opened,
    say,
    served,
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


async def test_start_button_in_an_empty_chat(page: Page, bot: Bot) -> None:
    """An empty private chat offers Start, which sends /start and then is gone."""
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(bubble(page, "/start")).to_have_class(re.compile("mine"))
    await expect(page.get_by_role("button", name="Start", exact=True)).to_be_hidden()
    [update] = await bot.updates()
    assert update["message"]["text"] == "/start"
    assert update["message"]["chat"]["id"] == update["message"]["from"]["id"] == ADA


async def test_group_without_messages_says_how_to_address_the_bot(browser: Browser, bot: Bot) -> None:
    """The card names the bot's own command, and its button begins a message with it."""
    async with opened(browser, f"{bot.base}/#{ADA}/{GROUP}") as page:
        await expect(page.locator("#empty")).to_contain_text(
            "begin a photo's caption with /edit@wavebrush_bot"
        )
        await expect(page.get_by_text("Ada created the group").last).to_be_visible()
        await page.get_by_role("button", name="Write to the bot").click()
        await page.keyboard.type("make it vintage")
        await page.keyboard.press("Enter")
        await expect(bubble(page, "/edit@wavebrush_bot make it vintage")).to_be_visible()
        await expect(page.locator("#empty")).to_be_hidden()


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


@pytest.mark.long  # a browser is dear, and the demo works without it
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


@pytest.mark.long  # a browser is dear, and the demo works without it
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


@pytest.mark.long  # a browser is dear, and the demo works without it
async def test_group_shows_names_and_unread_counts(browser: Browser, bot: Bot) -> None:
    """In a group others' names show; the chat list counts what was not read, until the group is opened."""
    async with opened(browser, f"{bot.base}/#{BEN}/{GROUP}") as ben:
        await say(ben, "/edit@wavebrush_bot hello")
        await bot.updates()
        await bot.call("sendMessage", chat_id=GROUP, text="Hello group")
        await expect(bubble(ben, "Hello group").locator(".sender")).to_have_text("Wavebrush")
        await expect(bubble(ben, "/edit").locator(".sender")).to_have_count(0)
    async with opened(browser, f"{bot.base}/#{ADA}") as ada:
        row = ada.get_by_role("link", name="Weekend pictures")
        await expect(row.locator(".badge")).to_have_text("2")
        await row.click()
        await expect(bubble(ada, "/edit").locator(".sender")).to_have_text("Ben")
        await ada.get_by_role("button", name="Back to the chats").click()
        await expect(row.locator(".badge")).to_have_count(0)


@pytest.mark.long  # a browser is dear, and the demo works without it
async def test_person_is_switched(page: Page, bot: Bot) -> None:
    """Another person has another private chat, and writes as themselves."""
    await page.get_by_role("button", name="You are Ada").click()
    await page.get_by_role("menuitem", name="Ben").click()
    await expect(page.get_by_role("button", name="You are Ben")).to_be_visible()
    await say(page, "it is me")
    [update] = await bot.updates()
    assert update["message"]["from"]["id"] == update["message"]["chat"]["id"] == BEN


@pytest.mark.long  # a browser is dear, and the demo works without it
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


@pytest.mark.long  # a browser is dear, and the demo works without it
async def test_page_survives_a_restart_of_the_server(browser: Browser) -> None:
    """While the server is away the header says so; the new server's messages replace the old ones."""
    first = AsyncExitStack()
    bot = await first.enter_async_context(served())
    async with first, opened(browser, f"{bot.base}/#{ADA}/{ADA}") as page:
        await say(page, "before")
        await expect(bubble(page, "before")).to_be_visible()
        await first.aclose()
        await expect(page.locator("#subtitle")).to_have_text("connecting…")
        async with served(port=int(bot.base.rpartition(":")[2])):
            await expect(page.locator("#subtitle")).to_have_text("bot")
            await expect(bubble(page, "before")).to_have_count(0)
            await say(page, "after")
            await expect(bubble(page, "after")).to_be_visible()


async def test_commands_of_the_bot_are_offered(browser: Browser, bot: Bot) -> None:
    """Where the bot has set its commands, a button lists them, and one that is chosen is sent."""
    await bot.call("setMyCommands", commands=[{"command": "spend", "description": "What was spent"}])
    async with opened(browser, f"{bot.base}/#{ADA}/{ADA}") as page:
        await page.get_by_role("button", name="Commands").click()
        await page.get_by_role("menuitem", name="/spend What was spent").click()
        await expect(bubble(page, "/spend")).to_have_class(re.compile("mine"))
