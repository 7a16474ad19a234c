"""Requests and edits for the tests, each with an id of its own."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.edits import Edit, Place, Request, RequestState, SentPicture
from bot.domain.pictures import Fit, Role, Size
from bot.storage.database import Database
from bot.storage.requests import SqlRequests

NOW = datetime(2026, 3, 31, 23, 59, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)  # the next day, and the next month
USER = 2**52 - 1  # the largest that Telegram promises
CHAT = -1_009_876_543_210
_numbers = itertools.count(1)


def a_request(**changes: Any) -> Request:
    """A request that is being collected, from a message of its own."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "id": f"r{number}",
        "user_id": USER,
        "place": Place(CHAT, number, thread_id=7),
        "state": RequestState.COLLECTING,
        "pictures": (
            SentPicture(file_id="AgAC", file_unique_id="u", message_id=number, bytes=1234),
            SentPicture(Role.MASK, result_of="e0", as_file=True),
        ),
        "created_at": NOW,
        "prompt": "Мак у вазі 🌺",
        "language": "uk",
    }
    return Request(**{**values, **changes})


def a_part(number: int, **changes: Any) -> Request:
    """The part of an album that came as the message of that number, without words."""
    values: dict[str, Any] = {
        "place": Place(CHAT, number),
        "pictures": (a_picture(number),),
        "prompt": None,
        "album_id": "album",
    }
    return a_request(**{**values, **changes})


def a_picture(number: int) -> SentPicture:
    """The photo in the message of that number."""
    return SentPicture(file_id=f"AgAC{number}", file_unique_id=f"u{number}", message_id=number)


def an_edit(request: Request, **changes: Any) -> Edit:
    """The edit that a request asks for."""
    values: dict[str, Any] = {
        "id": f"e-{request.id}",
        "origin": f"request:{request.id}:1",
        "user_id": request.user_id,
        "place": request.place,
        "prompt": request.prompt or "",
        "model": "gpt-image-2",
        "choices": {"quality": "high", "aspect": "3:2"},
        "pictures": request.pictures,
        "quote": 42_000,
        "created_at": request.created_at,
        "fit": Fit(Size(300, 200), Size(1536, 1024), (0, 10, 1536, 1004)),
        "mask_key": "masks/1.png",
        "finishing": False,
        "delivery": "both",
        "language": request.language,
    }
    return Edit(**{**values, **changes})


async def prepared(database: Database, **changes: Any) -> Request:
    """A request that is stored and being prepared."""
    request = a_request(state=RequestState.PREPARING, **changes)
    return await SqlRequests(database).open(request, NOW)


async def accepted(database: Database, **changes: Any) -> Edit:
    """An edit that is accepted, its money held."""
    request = a_request(state=RequestState.PREPARING)
    if "place" in changes:  # an edit is in the chat of its request
        request = replace(request, place=replace(request.place, chat_id=changes["place"].chat_id))
    await SqlRequests(database).open(request, NOW)
    edit = an_edit(request, **changes)
    assert await SqlRequests(database).accept(request.id, [edit])
    return edit
