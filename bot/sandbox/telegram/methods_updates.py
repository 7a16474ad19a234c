"""Bot API methods about updates and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.telegram.entities import utf16
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import Params, bad_request

if TYPE_CHECKING:
    from bot.sandbox.telegram.backend import Backend, Method

_ALERT_LIMIT = 200


async def get_updates(tg: Backend, params: Params) -> list[Json]:
    return await tg.updates.poll(params)


async def set_webhook(tg: Backend, params: Params) -> bool:
    return await tg.webhook.set(params)


async def delete_webhook(tg: Backend, params: Params) -> bool:
    return await tg.webhook.delete(params)


async def get_webhook_info(tg: Backend, _params: Params) -> Json:
    return tg.webhook.info()


async def get_file(tg: Backend, params: Params) -> Json:
    return tg.files.get_file(params.text("file_id"))


async def answer_callback_query(tg: Backend, params: Params) -> bool:
    query = tg.world.queries.get(params.text("callback_query_id"))
    if utf16(params.text("text")) > _ALERT_LIMIT:
        raise bad_request("MESSAGE_TOO_LONG")
    if query is None or query.answered or query.expires < tg.world.now():
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    query.answered = True
    query.text = params.text("text") or None
    query.alert = params.flag("show_alert")
    tg.world.bell.ring()
    return True


METHODS: dict[str, Method] = {
    "getupdates": get_updates,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "getfile": get_file,
    "answercallbackquery": answer_callback_query,
}
