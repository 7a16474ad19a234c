"""The people's side: who there is, and their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.telegram import phone
from bot.sandbox.telegram.members import change_bot_status, migrate, service_message
from bot.sandbox.telegram.methods_profile import commands_in, offered_commands
from bot.sandbox.telegram.people_wire import (
    chat_object,
    json_body,
    number_in,
    numbers_in,
    the_group,
    the_user,
)
from bot.sandbox.telegram.phone import PhoneError
from bot.sandbox.telegram.state import Chat, Json

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.telegram.backend import Backend


async def world(tg: Backend, _request: Request) -> Json:
    chats = [
        chat_object(chat) | {"bot_commands": commands_in(tg, chat)}
        for chat in tg.world.chats.values()
        if chat.migrated_to is None
    ]
    return {
        "bot": tg.world.bot,
        "people": [person.user for person in tg.world.people.values()],
        "chats": chats,
        "bot_commands": offered_commands(tg),
    }


async def add_person(tg: Backend, request: Request) -> Json:
    body = await json_body(request)
    if not body.get("first_name"):
        raise PhoneError("a person needs a first_name")
    user_id = number_in(body, "id", max([1000, *tg.world.people]) + 1)
    if user_id in tg.world.people:
        raise PhoneError(f"there is somebody with the id {user_id} already")
    user: Json = {"id": user_id, "is_bot": False, "first_name": body["first_name"]}
    optional = ("last_name", "username", "language_code")
    user |= {key: body[key] for key in optional if body.get(key)}
    return tg.world.add_person(user).user


async def add_group(tg: Backend, request: Request) -> Json:
    body = await json_body(request)
    members = numbers_in(body, "members")
    if not members or not body.get("title"):
        raise PhoneError("a group needs a title and at least one member")
    for member in members:
        the_user(tg, member)
    group_id = number_in(body, "id") or None
    if group_id is not None and (group_id >= 0 or group_id in tg.world.chats):
        raise PhoneError("a group's id is negative and not taken")
    privacy_mode = bool(body.get("privacy_mode", tg.world.privacy_mode))
    chat = create_group(tg, body["title"], members, group_id, privacy_mode, forum=bool(body.get("forum")))
    return chat_object(chat)


def create_group(
    tg: Backend, title: str, members: list[int], group_id: int | None, privacy_mode: bool, *, forum: bool
) -> Chat:
    """Create a group with the bot in it; the bot hears of it.

    ``privacy_mode`` is the bot's setting at BotFather from then on, and the group keeps what it is now.
    """
    tg.world.privacy_mode = privacy_mode
    chat = tg.world.add_group(title, members, group_id=group_id, forum=forum)
    owner = tg.world.people[members[0]].user
    chat.bot = "left"
    change_bot_status(tg, chat, "member", owner)
    created = "group_chat_created" if chat.type == "group" else "supergroup_chat_created"
    service_message(tg, chat, owner, {created: True})
    return chat


async def set_bot(tg: Backend, request: Request) -> Json:
    chat, body = the_group(tg, request), await json_body(request)
    status = str(body.get("status"))
    if status not in {"member", "administrator", "left", "kicked"}:
        raise PhoneError("the bot's status is member, administrator, left or kicked")
    by = the_user(tg, number_in(body, "by", chat.admins[0]))
    was_in = chat.bot in {"member", "administrator"}
    if status in {"member", "administrator"} and not was_in:
        chat.privacy_mode = tg.world.privacy_mode
        change_bot_status(tg, chat, status, by)
        service_message(tg, chat, by, {"new_chat_members": [tg.world.bot]})
    else:
        change_bot_status(tg, chat, status, by)
    return chat_object(chat)


async def set_privacy(tg: Backend, request: Request) -> Json:
    body = await json_body(request)
    tg.world.privacy_mode = bool(body.get("privacy_mode"))
    return {"privacy_mode": tg.world.privacy_mode}


async def set_members(tg: Backend, request: Request) -> Json:
    chat, body = the_group(tg, request), await json_body(request)
    for member in numbers_in(body, "add"):
        user = the_user(tg, member)
        if member not in chat.members:
            chat.members.append(member)
            service_message(tg, chat, user, {"new_chat_members": [user]})
    for member in numbers_in(body, "remove"):
        user = the_user(tg, member)
        if member == chat.admins[0]:
            raise PhoneError("the owner can't be removed")
        chat.members = [other for other in chat.members if other != member]
        chat.admins = [other for other in chat.admins if other != member]
        service_message(tg, chat, user, {"left_chat_member": user})
    chat.admins += [admin for admin in numbers_in(body, "admins") if admin not in chat.admins]
    return chat_object(chat)


async def migrate_group(tg: Backend, request: Request) -> Json:
    chat = the_group(tg, request)
    if chat.type != "group" or chat.migrated_to is not None:
        raise PhoneError("only a basic group can become a supergroup")
    return chat_object(migrate(tg, chat))


async def add_topic(tg: Backend, request: Request) -> Json:
    chat, body = the_group(tg, request), await json_body(request)
    if not chat.forum:
        raise PhoneError("only a forum has topics")
    return {"message_thread_id": phone.open_topic(tg, chat, str(body.get("name") or "Topic"))}


async def block_bot(tg: Backend, request: Request) -> Json:
    person = request.path_params["person"]
    the_user(tg, person)
    body = await json_body(request)
    phone.block(tg, person, blocked=bool(body.get("blocked")))
    return {"blocked": tg.world.people[person].blocked}
