"""Two clients that know nothing of each other work against the Telegram stand-in."""

from __future__ import annotations

import asyncio

import pytest
import telegram

from tests.sandbox.telegram_bench import ADA, CAT, TOKEN, opened, standin


async def test_python_telegram_bot_sends_edits_and_downloads() -> None:
    """PTB's Bot reads itself, sends text and a photo, edits, and downloads what it sent."""
    async with standin() as bench:
        await bench.started()
        bot = telegram.Bot(TOKEN, base_url=f"{bench.url}/bot", base_file_url=f"{bench.url}/file/bot")
        async with bot:
            assert bot.username == "wavebrush_bot"
            text = await bot.send_message(ADA, "<b>bold</b> &amp; plain", parse_mode="HTML")
            assert text.text == "bold & plain"
            assert [(e.type, e.offset, e.length) for e in text.entities] == [("bold", 0, 4)]
            edited = await bot.edit_message_text("new", ADA, text.message_id)
            assert isinstance(edited, telegram.Message)
            assert edited.text == "new"
            photo = await bot.send_photo(ADA, CAT, caption="a cat", reply_to_message_id=text.message_id)
            assert photo.reply_to_message is not None
            assert photo.reply_to_message.text == "new"
            file = await bot.get_file(photo.photo[-1])
            data = await file.download_as_bytearray()
            assert opened(bytes(data)).size == (photo.photo[-1].width, photo.photo[-1].height)


async def test_python_telegram_bot_parses_every_update_of_a_group() -> None:
    """What a person sends comes as objects PTB understands, with nothing it had to set aside."""
    async with standin() as bench:
        await bench.started()
        await bench.write(ADA, ADA, {"photo": ("a.jpg", CAT)}, caption="blue /edit@wavebrush_bot")
        await bench.write(ADA, ADA, {"document": ("a.jpg", CAT, "image/jpeg")}, forward_from=1002)
        sent = await bench.ok("sendMessage", chat_id=ADA, text="?", reply_markup=keyboard("yes"))
        await bench.sandbox(f"chats/{ADA}/messages/{sent['message_id']}/press", {"from": ADA, "data": "yes"})
        bot = telegram.Bot(TOKEN, base_url=f"{bench.url}/bot")
        async with bot:
            photo, document, pressed = await bot.get_updates()
            assert photo.message is not None
            assert photo.message.parse_caption_entities() == {
                photo.message.caption_entities[0]: "/edit@wavebrush_bot"
            }
            assert document.message is not None
            assert document.message.document is not None
            assert document.message.document.thumbnail is not None
            assert isinstance(document.message.forward_origin, telegram.MessageOriginUser)
            assert pressed.callback_query is not None
            assert await pressed.callback_query.answer("done")
            chat = await bot.get_chat(-2001)
            assert chat.title == "Weekend pictures"
            assert [member.status for member in await bot.get_chat_administrators(-2001)] == ["creator"]


def keyboard(data: str) -> dict[str, object]:
    return {"inline_keyboard": [[{"text": "a button", "callback_data": data}]]}


@pytest.mark.long  # to load aiogram takes five seconds
async def test_aiogram_polls_and_answers_a_photo_with_a_photo() -> None:
    """aiogram's dispatcher gets a person's photo by polling and replies with a picture of its own."""
    from aiogram import Bot as AiogramBot
    from aiogram import Dispatcher, F
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import BufferedInputFile, Message, ReplyParameters

    async with standin() as bench:
        session = AiohttpSession(api=TelegramAPIServer.from_base(bench.url))
        dispatcher, bot = Dispatcher(), AiogramBot(TOKEN, session=session)

        async def on_photo(message: Message) -> None:
            assert message.photo is not None
            taken = await bot.download(message.photo[-1])
            assert taken is not None
            await message.answer_photo(
                BufferedInputFile(taken.read(), "cat.jpg"),
                caption=f"you said {message.caption}",
                reply_parameters=ReplyParameters(message_id=message.message_id),
            )

        dispatcher.message.register(on_photo, F.photo)
        polling = asyncio.create_task(dispatcher.start_polling(bot, handle_signals=False))
        [asked] = await bench.write(ADA, ADA, {"photo": ("cat.jpg", CAT)}, caption="make it night")
        news = await bench.sandbox(f"chats/{ADA}/messages?after={asked['message_id']}&wait=10")
        await dispatcher.stop_polling()
        await polling
        [answer] = news["messages"]
        assert answer["from"]["is_bot"] is True
        assert answer["caption"] == "you said make it night"
        assert answer["reply_to_message"]["message_id"] == asked["message_id"]
        assert answer["photo"][-1]["width"] == opened(CAT).width
