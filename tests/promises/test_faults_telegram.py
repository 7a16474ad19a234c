"""Telegram and the wire to it: what they may do to an edit, and what becomes of the edit."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial

import pytest

from tests.e2e.world import Person
from tests.promises.conftest import Record
from tests.promises.faults import (
    ANSWER,
    DATABASES,
    DELIVERED,
    DOWNLOAD,
    GET_FILE,
    PHOTO,
    UPDATES,
    Arm,
    Fault,
    Outcome,
    Scene,
    database_of,
    delivered,
    refused,
    rows,
    scene,
    told,
)
from tests.promises.proxy import Act, bomb, changed, cut, drip, flood, said, silence, unsent

GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
TWICE = Outcome(
    "bought once, charged once, delivered, perhaps twice: its answer does not tell",
    partial(delivered, copies=2),
)


def calls(path: str, act: Act, count: int = 1) -> Arm:
    """The next calls of a path act so."""
    return lambda scene: scene.chats.arm(path, act, count)


def error(code: int, description: str, wait: int | None = None) -> Act:
    """Telegram refuses a call, without effect."""
    body: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    if wait is not None:
        body["parameters"] = {"retry_after": wait}
    return said(json.dumps(body), code, effect=False)


def _broken(body: bytes) -> bytes:
    return body[: len(body) // 2]


async def _unconfirmed(scene: Scene, person: Person) -> None:
    """Both copies are there, and nobody knows it: not tried a third time, and said so."""
    await person.sees_text("Telegram did not confirm that your picture arrived")
    await delivered(scene, person, copies=2)
    seen = set(person.messages)
    await person.says("/history")
    await person.sees(lambda message: "photo" in message and message["message_id"] not in seen)


LEFT = Outcome("bought once, charged once, delivered; the status stays, as nobody knows its id", delivered)
FLOODED = error(429, "Too Many Requests: retry after 1", 1)
DOWN = error(500, "Internal Server Error")
UNCONFIRMED = Outcome(
    "bought once, charged once, delivered twice; told that it may not have arrived: /history brings it",
    _unconfirmed,
)
SENDING = [
    Fault("sending the picture is answered 429, twice", calls(PHOTO, FLOODED, 2), DELIVERED, long=True),
    Fault("sending the picture is answered 500, twice", calls(PHOTO, DOWN, 2), DELIVERED, long=True),
    Fault(
        "a gateway answers to the picture",
        calls(PHOTO, said(GATEWAY, 502, effect=False)),
        DELIVERED,
        long=True,
    ),
    Fault("the picture is reset on its way to Telegram", calls(PHOTO, unsent(1000)), DELIVERED, long=True),
    Fault("the picture is sent, and the answer lost", calls(PHOTO, cut()), TWICE),
    Fault("the picture is sent twice, and both answers are lost", calls(PHOTO, cut(), 2), UNCONFIRMED),
    Fault("the picture is sent, and the answer breaks off", calls(PHOTO, cut(40)), TWICE, long=True),
    Fault("the picture is sent, and never answered", calls(PHOTO, silence), TWICE, long=True),
    Fault("the picture is sent, and the answer drips", calls(PHOTO, drip), TWICE, long=True),
    Fault("the picture is sent, and the answer is a web page", calls(PHOTO, said(GATEWAY)), TWICE, long=True),
    Fault("the picture is sent, and the answer has no end", calls(PHOTO, flood), TWICE, long=True),
    Fault("the picture is sent, and the answer unpacks to 512 MB", calls(PHOTO, bomb()), TWICE, long=True),
    Fault("messages are answered 500", calls(ANSWER, DOWN, 3), DELIVERED, long=True),
    Fault("messages are reset on their way", calls(ANSWER, unsent(5), 2), DELIVERED, long=True),
    Fault("a status is sent, and the answer lost", calls(ANSWER, cut()), LEFT, leaves=True, long=True),
    Fault(
        "the answer to who asked is refused three times",
        calls(ANSWER, DOWN, 3),
        told("told that the content check refused it; nothing charged", "The content check refused"),
        "something [moderated]",
    ),
]
FETCHING = [
    Fault("asking for the photo is answered 500", calls(GET_FILE, DOWN), DELIVERED),
    Fault(
        "asking for the photo is answered by a web page", calls(GET_FILE, said(GATEWAY)), DELIVERED, long=True
    ),
    Fault("the photo's link has run out", calls(DOWNLOAD, error(404, "Not Found")), DELIVERED),
    Fault("the photo's download is answered 502", calls(DOWNLOAD, said(GATEWAY, 502)), DELIVERED, long=True),
    Fault("the photo's download is reset halfway", calls(DOWNLOAD, cut(500)), DELIVERED, long=True),
    Fault("the photo's download is never answered", calls(DOWNLOAD, silence), DELIVERED, long=True),
    Fault("the photo's download drips", calls(DOWNLOAD, drip), DELIVERED, long=True),
    Fault("the photo's download has no end", calls(DOWNLOAD, flood), DELIVERED, long=True),
    Fault("the photo's download unpacks to 512 MB", calls(DOWNLOAD, bomb()), DELIVERED, long=True),
    Fault(
        "Telegram no longer has the photo",
        calls(GET_FILE, error(400, "Bad Request: wrong file_id or the file is temporarily unavailable")),
        refused("told to send it again; nothing held, nothing bought", "Telegram no longer has that picture"),
    ),
    Fault(
        "the photo is cut off",
        calls(DOWNLOAD, changed(_broken)),
        refused("told that it is damaged; nothing held, nothing bought", "damaged"),
    ),
]
_polling = partial(Fault, outcome=DELIVERED, waits=True)
POLLING = [
    _polling("updates are answered 500", calls(UPDATES, DOWN, 2), long=True),
    _polling("updates are answered 429", calls(UPDATES, FLOODED), long=True),
    _polling("updates are answered by a gateway", calls(UPDATES, said(GATEWAY, 502), 2), long=True),
    _polling("updates come as a web page", calls(UPDATES, said(GATEWAY), 2), long=True),
    _polling("updates come as half of their JSON", calls(UPDATES, changed(_broken), 2), long=True),
    _polling("updates are lost on the way", calls(UPDATES, cut(), 2)),
    _polling("updates are never answered", calls(UPDATES, silence), long=True),
    _polling("updates drip", calls(UPDATES, drip), long=True),
    _polling("updates have no end", calls(UPDATES, flood), long=True),
    _polling("updates unpack to 512 MB", calls(UPDATES, bomb()), long=True),
]


@pytest.fixture(scope="module", params=DATABASES)
async def telegram(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """One bot for all rows."""
    async with scene(tmp_path_factory.mktemp("telegram"), database_of(request)) as opened:
        yield opened


@pytest.mark.parametrize("fault", rows(*SENDING, *FETCHING, *POLLING))
async def test_one_call_goes_wrong(telegram: Scene, fault: Fault, promise: Record) -> None:
    """No request is lost, no paid picture is lost, and nothing is bought twice."""
    checked = await telegram.meets(fault)
    promise(fault.name, fault.outcome.text, checked)
