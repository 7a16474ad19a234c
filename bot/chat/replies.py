"""Short answers to what somebody just did. An answer that can't be sent is logged, not raised."""

from __future__ import annotations

import structlog
from telegram import InlineKeyboardMarkup, Message, ReplyParameters
from telegram.error import TelegramError
from telegram.ext import ExtBot

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.domain.edits import Place
from bot.errors import MessengerError

log = structlog.get_logger(__name__)
MOST_TEXT = 4096

Bot = ExtBot[Priority]


async def reply(
    bot: Bot,
    place: Place,
    text: str,
    priority: Priority = Priority.ANSWER,
    markup: InlineKeyboardMarkup | None = None,
    *,
    quote: bool = True,
) -> int | None:
    """Reply with plain text; the new message's id, or None if it could not be sent."""
    try:
        return await tell(bot, place, text, priority, markup, quote=quote)
    except MessengerError as error:
        log.warning("reply_failed", chat=place.chat_id, error=type(error).__name__, detail=str(error))
        return None


async def tell(
    bot: Bot,
    place: Place,
    text: str,
    priority: Priority = Priority.ANSWER,
    markup: InlineKeyboardMarkup | None = None,
    *,
    quote: bool = True,
) -> int:
    """Reply with plain text that must not be lost; the new message's id.

    Raises:
        MessengerError: it could not be sent; MessengerBusy if it is worth another try.
    """
    to = answering(place.message_id) if quote else None
    try:
        sent = await bot.send_message(
            place.chat_id,
            text[:MOST_TEXT],
            reply_markup=markup,
            message_thread_id=place.thread_id,
            reply_parameters=to,
            rate_limit_args=priority,
        )
    except TelegramError as error:
        raise translate(error) from error
    return sent.message_id


def answering(message_id: int) -> ReplyParameters | None:
    """Quote a message, if it is still there.

    It is not if its group became a supergroup since: then its id is negative (`Chats.move`).
    """
    return ReplyParameters(message_id, allow_sending_without_reply=True) if message_id > 0 else None


def place_of(message: Message) -> Place:
    """Where an answer to a message goes."""
    topic = message.message_thread_id if message.is_topic_message else None
    return Place(message.chat_id, message.message_id, topic)
