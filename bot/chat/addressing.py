"""Whether a message turns to the bot, and what it says to it. In private all do; in groups few.

With Telegram's privacy mode on, a bot in a group is sure to get only ``/edit@name …`` and replies to its
own messages; with it off, or as an admin, also mentions and bare ``/edit``.
"""

from __future__ import annotations

import re

from telegram import Message

_EDIT = re.compile(r"^/edit(?:@(\w+))?(?:\s+|$)", re.IGNORECASE)


def addressed(message: Message, bot_id: int, bot_name: str) -> str | None:
    """The words that a message has for the bot (perhaps none: ``""``); None if it is not for the bot.

    A forwarded caption is somebody else's words, not an instruction to spend this person's money.
    """
    text = "" if message.forward_origin else (message.caption or message.text or "")
    command = _EDIT.match(text)
    if command is not None:
        named = command.group(1)
        return text[command.end() :].strip() if named is None or _same(named, bot_name) else None
    if message.chat.type == "private":
        return text.strip()
    mention = re.compile(rf"@{re.escape(bot_name)}\b", re.IGNORECASE)
    if mention.search(text):
        return mention.sub("", text).strip()
    answered = message.reply_to_message
    to_bot = answered is not None and answered.from_user is not None and answered.from_user.id == bot_id
    return text.strip() if to_bot else None


def _same(name: str, other: str) -> bool:
    return name.lower() == other.lower()
