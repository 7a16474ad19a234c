"""How the bot introduces itself in a group: with what it gets to see there."""

from __future__ import annotations

from telegram import ChatMember
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.chat.failures import translate
from bot.chat.replies import Bot
from bot.chat.texts import say


async def welcome(bot: Bot, chat_id: int, language: str | None = None) -> str:
    """How to use the bot in a group; where that can't be told, what holds in every group.

    Raises:
        WavebrushError: Telegram can't be reached.
    """
    try:
        all_of_it = await sees_all(bot, await bot.get_chat_member(chat_id, bot.id))
    except (BadRequest, Forbidden):
        all_of_it = False
    except TelegramError as error:
        raise translate(error) from error
    key = "group-welcome-all" if all_of_it else "group-welcome-some"
    return say(key, language, bot=bot.username)


async def sees_all(bot: Bot, member: ChatMember) -> bool:
    """Whether Telegram shows the bot every message: as an admin, or with privacy mode off.

    Raises:
        WavebrushError: Telegram can't be reached.
    """
    if member.status == ChatMemberStatus.ADMINISTRATOR:
        return True
    try:
        me = await bot.get_me()
    except TelegramError as error:
        raise translate(error) from error
    return bool(me.can_read_all_group_messages)
