"""Bot API methods about chats, their members and the bot itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.telegram.members import change_bot_status, member_object
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import Params, bad_request

if TYPE_CHECKING:
    from bot.sandbox.telegram.backend import Backend, Method


async def get_me(tg: Backend, _params: Params) -> Json:
    return tg.world.bot | {
        "can_join_groups": True,
        "can_read_all_group_messages": not tg.world.privacy_mode,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def get_chat(tg: Backend, params: Params) -> Json:
    chat = tg.find_chat(params)
    return chat.about | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


async def get_chat_member(tg: Backend, params: Params) -> Json:
    chat = tg.find_chat(params)
    user_id = params.number("user_id")
    if user_id != tg.world.bot_id and user_id not in tg.world.people:
        raise bad_request("PARTICIPANT_ID_INVALID")
    return member_object(tg.world, chat, user_id)


async def get_chat_administrators(tg: Backend, params: Params) -> list[Json]:
    chat = tg.find_chat(params)
    if chat.private:
        raise bad_request("there are no administrators in the private chat")
    admins = [*chat.admins, *([tg.world.bot_id] if chat.bot == "administrator" else [])]
    return [member_object(tg.world, chat, user_id) for user_id in admins]


async def get_chat_member_count(tg: Backend, params: Params) -> int:
    return len(tg.find_chat(params).members) + 1


async def leave_chat(tg: Backend, params: Params) -> bool:
    chat = tg.find_chat(params)
    if chat.private:
        raise bad_request("chat member status can't be changed in private chats")
    change_bot_status(tg, chat, "left", tg.world.bot)
    return True


async def log_out(_tg: Backend, _params: Params) -> bool:
    return True


METHODS: dict[str, Method] = {
    "getme": get_me,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "getchatadministrators": get_chat_administrators,
    "getchatmembercount": get_chat_member_count,
    "leavechat": leave_chat,
    "logout": log_out,
    "close": log_out,
}
