"""Where a call goes instead when its place is no more: the supergroup that a group became, or no topic."""

from __future__ import annotations

from typing import Any

from telegram.error import BadRequest, ChatMigrated, TelegramError

_NO_TOPIC = "message thread not found"
_BOUND = ("reply_parameters", "message_thread_id")  # they name what only the old place had


def rerouted(data: dict[str, Any], error: TelegramError) -> bool:
    """Point a refused call's ``data`` to where it can succeed; False if there is no such place.

    A call about one message can't be repeated in the supergroup: its ids start anew there
    (https://core.telegram.org/bots/api#responseparameters).
    """
    if isinstance(error, ChatMigrated):
        if "message_id" in data:
            return False
        data["chat_id"] = error.new_chat_id
        for name in _BOUND:
            data.pop(name, None)
        return True
    if isinstance(error, BadRequest) and _NO_TOPIC in error.message.lower():
        return data.pop("message_thread_id", None) is not None
    return False
