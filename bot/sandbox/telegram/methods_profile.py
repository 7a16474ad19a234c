"""Bot API methods for what a bot shows of itself: commands, name and descriptions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from bot.sandbox.telegram.state import Chat, Json
from bot.sandbox.telegram.wire import Params, bad_request

if TYPE_CHECKING:
    from bot.sandbox.telegram.backend import Backend, Method

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"(?:[a-z]{2})?")
_MAX_COMMANDS = 100
_MAX_DESCRIPTION = 256
_SCOPES = frozenset(
    {
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    }
)


async def set_my_commands(tg: Backend, params: Params) -> bool:
    key = _commands_key(params)
    commands = params.json("commands") or []
    if len(commands) > _MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    tg.profile[key] = [_command(entry) for entry in commands]
    return True


async def get_my_commands(tg: Backend, params: Params) -> list[Json]:
    commands: list[Json] = tg.profile.get(_commands_key(params), [])
    return commands


async def delete_my_commands(tg: Backend, params: Params) -> bool:
    tg.profile.pop(_commands_key(params), None)
    return True


def offered_commands(tg: Backend) -> list[Json]:
    """Give the commands that an app offers everybody: those of the default scope, in no language."""
    commands: list[Json] = tg.profile.get(_commands_key(Params({}, {})), [])
    return commands


def commands_in(tg: Backend, chat: Chat) -> list[Json]:
    """Give the commands that an app offers in a chat, in no language: the first list that is set.

    In the order of the page "Determining list of commands", without the scopes of single members.
    """
    kind = "all_private_chats" if chat.private else "all_group_chats"
    for scope in ({"type": "chat", "chat_id": chat.id}, {"type": kind}, {"type": "default"}):
        found: list[Json] | None = tg.profile.get(("commands", json.dumps(scope, sort_keys=True), ""))
        if found:
            return found
    return []


def _commands_key(params: Params) -> tuple[str, ...]:
    scope = params.json("scope") or {"type": "default"}
    if scope.get("type") not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    return "commands", json.dumps(scope, sort_keys=True), _language(params)


def _command(entry: Any) -> Json:
    command = str(entry.get("command", "")).removeprefix("/")
    description = str(entry.get("description", "")).strip()
    if not _COMMAND.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= _MAX_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command, "description": description}


def _language(params: Params) -> str:
    code = params.text("language_code")
    if not _LANGUAGE.fullmatch(code):
        raise bad_request("invalid language code specified")
    return code


def _text_methods(name: str, field: str, limit: int) -> dict[str, Method]:
    """Make the setter and the getter of one of the bot's own texts."""

    async def set_text(tg: Backend, params: Params) -> bool:
        text = params.text(field)
        if len(text) > limit:
            raise bad_request(f"{name} is too long")
        tg.profile[field, _language(params)] = text
        return True

    async def get_text(tg: Backend, params: Params) -> Json:
        default = tg.profile.get((field, ""), tg.world.bot["first_name"] if field == "name" else "")
        return {field: tg.profile.get((field, _language(params))) or default}

    return {f"setmy{name}": set_text, f"getmy{name}": get_text}


METHODS: dict[str, Method] = {
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    **_text_methods("name", "name", 64),
    **_text_methods("description", "description", 512),
    **_text_methods("shortdescription", "short_description", 120),
}
