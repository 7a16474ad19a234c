"""The people's side of the Telegram stand-in: what a person's phone would do, as plain HTTP.

The chat page makes these calls, and so can any script. All answers are JSON; a refused call answers
``4xx`` with ``{"error": "<one sentence>"}``. Ids are Telegram's own: people and private chats share a
positive id, groups are negative. A *message* is the Bot API's ``Message`` object as stored, with two
extra keys for the page: ``"sandbox_files": {file_id: url}`` and, where the bot reacted to it,
``"sandbox_reactions": ["👀", …]``.

=======  =============================================  ==================================================
method   path                                           what it does
=======  =============================================  ==================================================
GET      /sandbox/world                                 ``{"bot": User, "people": [User], "chats": [Chat],
                                                        "bot_commands": [BotCommand]}``; a group carries
                                                        ``"members": [id]``, ``"admins": [id]``,
                                                        ``"privacy_mode": bool``; each chat has the
                                                        ``"bot_commands"`` that apps offer in it
POST     /sandbox/people                                JSON ``{first_name, username?, id?, language_code?}``
                                                        → ``User``; its private chat exists from then on
POST     /sandbox/groups                                JSON ``{title, members: [id], privacy_mode?: bool,
                                                        id?, forum?: bool}`` → ``Chat``; the bot is added
GET      /sandbox/chats/{chat}/messages?after=N         ``{"messages": [Message], "version": int}``: with
         [&wait=S]                                      ``after`` (a version), only what changed later, and
                                                        ``"deleted": [message_id]``; waits up to S seconds
                                                        (at most 25) until something did
POST     /sandbox/chats/{chat}/messages                 multipart: ``from`` (id, required), ``text``,
                                                        ``caption``, ``photo`` (files, compressed as the app
                                                        does), ``document`` (files, kept as they are),
                                                        ``sticker`` (file), ``reply_to`` (message id),
                                                        ``thread`` (topic id), ``forward_from`` (id).
                                                        Several photos or documents become an album: one
                                                        message and one update each, the caption on the
                                                        first. → ``{"messages": [Message]}``
POST     /sandbox/chats/{chat}/messages/{id}/edit       JSON ``{from, text}``: edits a text or a caption
POST     /sandbox/chats/{chat}/messages/{id}/press      JSON ``{from, data}``: presses an inline button →
                                                        ``{"query": id}``
GET      /sandbox/queries/{id}[?wait=S]                 ``{"answered": bool, "text": str|null,
                                                        "alert": bool}``
POST     /sandbox/chats/{chat}/messages/{id}/delete     JSON ``{from}``: the person deletes a message
POST     /sandbox/people/{id}/block                     JSON ``{blocked: bool}``: blocks or unblocks the bot
GET      /sandbox/chats/{chat}/actions                  ``{"actions": [{action, at}]}``: the chat actions the
                                                        bot sent, with their seconds
GET      /sandbox/files/{file_id}                       the bytes of a file, with its content type
GET      /sandbox/calls[?method=M]                      ``{"calls": [{method, params, status, at}]}``: every
                                                        Bot API call received, oldest first (files as their
                                                        sizes)
POST     /sandbox/updates                               JSON: one raw update, queued as it is; for updates
                                                        that no page can make (``update_id`` is given if
                                                        it is missing)
POST     /sandbox/faults                                JSON ``{method, count, kind, …}``: the next ``count``
                                                        calls of a method (``*``: any) fail; kinds:
                                                        ``status`` (``status``, ``description``,
                                                        ``retry_after``?), ``drop`` (accepted, then the
                                                        connection closes without an answer), ``refuse``
                                                        (closed without effect), ``slow`` (``seconds``),
                                                        ``garbage`` (HTTP 200 with HTML)
DELETE   /sandbox/faults                                none from now on
POST     /sandbox/chats/{chat}/messages/{id}/react      JSON ``{from, emoji}``: a person's reaction ("": none)
POST     /sandbox/privacy                               JSON ``{privacy_mode: bool}``: the bot's setting at
                                                        BotFather; a group keeps its own until the bot is
                                                        added again. A new group's ``privacy_mode`` sets it
                                                        too
POST     /sandbox/groups/{id}/bot                       JSON ``{status: member | administrator | left |
                                                        kicked, by?: id}`` → ``Chat``
POST     /sandbox/groups/{id}/members                   JSON ``{add?: [id], remove?: [id], admins?: [id]}``
POST     /sandbox/groups/{id}/migrate                   makes it a supergroup → the new ``Chat``
POST     /sandbox/groups/{id}/topics                    JSON ``{name}`` → ``{"message_thread_id": id}``
POST     /sandbox/files/{file_id}/expire                its links end; ``getFile`` gives a new one
GET      /sandbox/polls[?wait=S]                        ``{"open": bool}``: whether a getUpdates waits now;
                                                        waits up to S seconds until one does
POST     /sandbox/files/{file_id}/forget                it is lost: ``getFile`` knows it no longer
=======  =============================================  ==================================================

The form of a message also takes ``as``: ``anonymous`` (an admin who writes as the
group) or ``channel`` (somebody who writes as a channel of theirs).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.telegram import people_chats as chats
from bot.sandbox.telegram import people_groups as groups
from bot.sandbox.telegram import people_tools as tools
from bot.sandbox.telegram.phone import PhoneError

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.sandbox.telegram.backend import Backend

Handler = Callable[["Backend", "Request"], Awaitable[Any]]

_CHAT = "/sandbox/chats/{chat:int}"
_MESSAGE = _CHAT + "/messages/{message:int}"
_GROUP = "/sandbox/groups/{chat:int}"
_TABLE: list[tuple[str, str, Handler]] = [
    ("GET", "/sandbox/world", groups.world),
    ("POST", "/sandbox/people", groups.add_person),
    ("POST", "/sandbox/people/{person:int}/block", groups.block_bot),
    ("POST", "/sandbox/privacy", groups.set_privacy),
    ("POST", "/sandbox/groups", groups.add_group),
    ("POST", _GROUP + "/bot", groups.set_bot),
    ("POST", _GROUP + "/members", groups.set_members),
    ("POST", _GROUP + "/migrate", groups.migrate_group),
    ("POST", _GROUP + "/topics", groups.add_topic),
    ("GET", _CHAT + "/messages", chats.read_messages),
    ("POST", _CHAT + "/messages", chats.send_messages),
    ("POST", _MESSAGE + "/edit", chats.edit_message),
    ("POST", _MESSAGE + "/press", chats.press_button),
    ("POST", _MESSAGE + "/react", chats.react_to_message),
    ("POST", _MESSAGE + "/delete", chats.delete_message),
    ("GET", _CHAT + "/actions", chats.read_actions),
    ("GET", "/sandbox/queries/{query}", chats.read_query),
    ("GET", "/sandbox/files/{file_id}", tools.read_file),
    ("POST", "/sandbox/files/{file_id}/expire", tools.expire_file),
    ("POST", "/sandbox/files/{file_id}/forget", tools.forget_file),
    ("GET", "/sandbox/calls", tools.read_calls),
    ("GET", "/sandbox/polls", tools.read_polls),
    ("POST", "/sandbox/updates", tools.add_update),
    ("POST", "/sandbox/faults", tools.add_fault),
    ("DELETE", "/sandbox/faults", tools.clear_faults),
]


def people_routes(tg: Backend) -> list[Route]:
    """Make the routes of the people's side."""
    return [_route(tg, method, path, handler) for method, path, handler in _TABLE]


def _route(tg: Backend, method: str, path: str, handler: Handler) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            answer = await handler(tg, request)
        except PhoneError as error:
            return JSONResponse({"error": str(error)}, status_code=error.status)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return Route(path.replace(":int}", ":signed}"), endpoint, methods=[method])
