"""What a bot gets to see of a group (core.telegram.org/bots/features, "Privacy mode").

With privacy mode on: service messages, replies to its own messages and commands addressed to it by
name at the start of a text or caption. Telegram also passes bare commands to the bot that spoke
last and some mentions; nobody can rely on that, so it is not given here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.telegram.state import Json

if TYPE_CHECKING:
    from bot.sandbox.telegram.state import Chat, World

SERVICE_KEYS = frozenset(
    {
        "new_chat_members",
        "left_chat_member",
        "group_chat_created",
        "supergroup_chat_created",
        "migrate_to_chat_id",
        "migrate_from_chat_id",
        "forum_topic_created",
        "pinned_message",
        "new_chat_title",
    }
)


def is_service(message: Json) -> bool:
    """Whether a message only reports an event in the chat."""
    return not SERVICE_KEYS.isdisjoint(message)


def bot_sees(world: World, chat: Chat, message: Json) -> bool:
    """Decide whether the bot gets an update about a person's message."""
    if chat.private:
        return True
    if chat.bot not in {"member", "administrator"}:
        return False
    if chat.bot == "administrator" or not chat.privacy_mode or is_service(message):
        return True
    answered = message.get("reply_to_message", {}).get("from", {})
    return answered.get("id") == world.bot_id or _addressed(world, message)


def _addressed(world: World, message: Json) -> bool:
    text: str = message.get("text") or message.get("caption") or ""
    entities = message.get("entities") or message.get("caption_entities") or []
    name = "@" + world.bot["username"].lower()
    return any(
        entity["type"] == "bot_command"
        and entity["offset"] == 0
        and text[: entity["length"]].lower().endswith(name)
        for entity in entities
    )
