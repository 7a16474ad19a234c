"""Membership: ``ChatMember`` objects, the bot's own comings and goings, and moves to a supergroup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.telegram.state import Chat, Json

if TYPE_CHECKING:
    from bot.sandbox.telegram.backend import Backend
    from bot.sandbox.telegram.state import World

_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
)


def member_object(world: World, chat: Chat, user_id: int) -> Json:
    """Build the ``ChatMember`` of a person or the bot in a chat."""
    if user_id == world.bot_id:
        return _member(world.bot, chat.bot)
    user = world.people[user_id].user
    if user_id not in chat.members:
        return _member(user, "left")
    if user_id not in chat.admins:
        return _member(user, "member")
    return _member(user, "creator" if user_id == chat.admins[0] else "administrator")


def _member(user: Json, status: str) -> Json:
    member: Json = {"status": status, "user": user}
    if status == "creator":
        member["is_anonymous"] = False
    elif status == "administrator":
        member |= {"can_be_edited": False, "is_anonymous": False, **dict.fromkeys(_RIGHTS, True)}
    elif status == "kicked":
        member["until_date"] = 0
    return member


def change_bot_status(tg: Backend, chat: Chat, status: str, by: Json) -> None:
    """Set the bot's status in a chat and tell it with ``my_chat_member``, as ``by`` did it."""
    old, chat.bot = chat.bot, status
    if old == status:
        return
    update = {
        "chat": chat.about,
        "from": by,
        "date": tg.world.date(),
        "old_chat_member": _member(tg.world.bot, old),
        "new_chat_member": _member(tg.world.bot, status),
    }
    tg.updates.push("my_chat_member", update, chat.id)
    tg.world.bell.ring()


def service_message(tg: Backend, chat: Chat, by: Json, content: Json) -> Json:
    """Put a service message into a group and tell the bot, whom privacy mode does not keep from it."""
    message = tg.compose(chat, {"from": by}, content, reply=None, thread=0)
    if chat.bot in {"member", "administrator"}:
        tg.updates.push("message", message, chat.id)
    return message


def migrate(tg: Backend, chat: Chat) -> Chat:
    """Turn a group into a supergroup: a new chat with the same people; the old one takes nothing more."""
    world = tg.world
    new_id = world.free_group_id(supergroup=True)
    new = Chat(
        {**chat.about, "id": new_id, "type": "supergroup"},
        members=list(chat.members),
        admins=list(chat.admins),
        bot=chat.bot,
        privacy_mode=chat.privacy_mode,
    )
    world.add_chat(new)
    by = world.people[chat.admins[0]].user
    service_message(tg, chat, by, {"migrate_to_chat_id": new_id})
    chat.migrated_to = new_id
    service_message(tg, new, by, {"migrate_from_chat_id": chat.id})
    return new
