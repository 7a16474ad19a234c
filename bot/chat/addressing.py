"""Whether a message turns to the bot, and what it says to it. In private all do; in groups few.

With Telegram's privacy mode on, a bot in a group is sure to get only ``/edit@name …``, ``/create@name …``
and replies to its own messages; with it off, or as an admin, also mentions and the bare commands.
"""

from __future__ import annotations

import re

from telegram import Message

_ASKING = re.compile(r"^/(edit|create)(?:@(\w+))?(?:\s+|$)", re.IGNORECASE)
_NAMED = re.compile(r"^/\w+@(\w+)", re.IGNORECASE)


def addressed(message: Message, bot_id: int, bot_name: str) -> str | None:
    """The words that a message has for the bot (perhaps none: ``""``); None if it is not for the bot.

    A forwarded caption is somebody else's words, not an instruction to spend this person's money.
    """
    text = _words(message)
    command = _ASKING.match(text)
    if command is not None:
        named = command.group(2)
        return text[command.end() :].strip() if named is None or _same(named, bot_name) else None
    if message.chat.type == "private":
        return text.strip()
    mention = re.compile(rf"(?<!\w)@{re.escape(bot_name)}\b", re.IGNORECASE)
    if mention.search(text):
        return mention.sub("", text).strip()
    other = _NAMED.match(text)
    if other is not None and not _same(other.group(1), bot_name):
        return None  # another bot's, also as a reply to this one
    answered = answered_by(message)
    to_bot = answered is not None and answered.from_user is not None and answered.from_user.id == bot_id
    return text.strip() if to_bot else None


def creates(message: Message) -> bool:
    """Whether a message asks, of whichever bot, for a picture from words alone."""
    command = _ASKING.match(_words(message))
    return command is not None and command.group(1).lower() == "create"


def turned_to(message: Message, bot_id: int, bot_name: str) -> bool:
    """Whether a message expects an answer of the bot: it is addressed, or a command that names the bot."""
    command = _NAMED.match(_words(message))
    named = command is not None and _same(command.group(1), bot_name)
    return named or addressed(message, bot_id, bot_name) is not None


def answered_by(message: Message) -> Message | None:
    """What a message replies to.

    In a forum, one that replies to nothing carries its topic's opening there, which somebody made and
    nobody answers (https://core.telegram.org/bots/api#message, ``is_topic_message``).
    """
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created is not None:
        return None
    opening = message.is_topic_message and answered.message_id == message.message_thread_id
    return None if opening else answered


def _words(message: Message) -> str:
    return "" if message.forward_origin else (message.caption or message.text or "")


def _same(name: str, other: str) -> bool:
    return name.lower() == other.lower()
