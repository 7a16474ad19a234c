"""WaveSpeed and the wire to it: what they may do to an edit, and what becomes of the edit."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from PIL import Image

from tests.e2e.world import Person
from tests.promises.conftest import Record
from tests.promises.faults import (
    DATABASES,
    DELIVERED,
    LIST,
    OUTPUT,
    PRICE_OF_ONE,
    RESULT,
    STORE,
    SUBMIT,
    UPLOAD,
    Arm,
    Fault,
    Outcome,
    Scene,
    database_of,
    delivered,
    rows,
    scene,
    told,
)
from tests.promises.proxy import Act, bomb, changed, cut, drip, flood, passed, said, silence, unsent

HOUR = 3600.0
GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
MODERATED = told("told that the content check refused it; nothing charged", "The content check refused")
UNUSABLE = told("told to try other words or another picture; nothing charged", "could not use this picture")
BROKE = told("told that the provider failed; nothing charged, not bought again", "The provider failed")
NO_KEY = told("told that the bot's owner must look at the key; nothing charged", "does not accept this bot's")
INPUT = told("told to try another model or other words; nothing charged", "did not accept this edit")
NO_PICTURE = told(
    "told that it is no picture, and its number; charged as the provider bills it",
    "something that I can't open as a picture. It bills it all the same: $0.06",
    charged=True,
)


async def _hours_later(scene: Scene, person: Person) -> None:
    """It is fetched again and again, until its time is over."""
    await person.sees_text("Almost done")
    scene.world.jump(7 * HOUR)
    await NO_PICTURE.check(scene, person)


GIVEN_UP = Outcome(f"fetched again for hours; then {NO_PICTURE.text}", _hours_later)


async def _as_a_file(scene: Scene, person: Person) -> None:
    """Telegram takes no photo of this shape, so a file comes, and says why; it is charged like any other."""
    came = await person.sees(lambda message: "document" in message)
    assert "Too long and narrow for a photo" in came["caption"]
    assert Image.open(io.BytesIO(await person.picture(came))).size == _NARROW
    await scene.becomes(person, "done")
    assert len(await scene.bought(person)) == 1
    assert scene.money(person) == [("hold", PRICE_OF_ONE), ("charge", PRICE_OF_ONE)]
    await person.look()
    assert not [one for one in person.messages.values() if one["from"]["is_bot"] and "photo" in one]


AS_A_FILE = Outcome("bought once, charged once, delivered as a file, which says why", _as_a_file)


async def _told_to_wait(scene: Scene, person: Person) -> None:
    """The status says whom it waits for."""
    await person.sees_text("The provider is busy; your edit waits for its turn. Nothing is lost.")
    await delivered(scene, person)


WAITS = Outcome("told that the provider is busy; bought once, charged once, delivered", _told_to_wait)


def calls(path: str, act: Act, count: int = 1) -> Arm:
    """The next calls of a path act so."""
    return lambda scene: scene.paid.arm(path, act, count)


def _broken(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _told_nothing(body: bytes) -> bytes:
    """An answer about a prediction that has ended, without its outputs."""
    answer: dict[str, Any] = json.loads(body)
    answer["data"]["outputs"] = []
    return json.dumps(answer).encode()


def _sized(width: int, height: int) -> Callable[[bytes], bytes]:
    """Another picture instead: a few kilobytes, whatever its size."""
    buffer = io.BytesIO()
    Image.new("1", (width, height)).save(buffer, "PNG")
    return lambda _: buffer.getvalue()


_NARROW = (2100, 100)  # a photo may be 20 times as long as it is wide, and its sides sum up to 10,000


def _unreachable(scene: Scene) -> None:
    """Nobody listens when the paid call is to be made, and for a while after it."""
    stored = scene.paid.arm(STORE, passed)

    async def shut() -> None:
        await stored.spent.wait()
        scene.paid.shut()
        await scene.world.until(refused)
        await scene.paid.open()

    async def refused() -> bool:
        return bool(scene.world.rows("SELECT 1 FROM attempts WHERE error LIKE 'NotSent%'"))

    scene.later(shut())


NO_ID = '{"code":200,"message":"success","data":{}}'
LOST = [
    Fault("the answer to the paid call is lost", calls(SUBMIT, cut()), DELIVERED),
    Fault("the answer to the paid call breaks off", calls(SUBMIT, cut(30)), DELIVERED, long=True),
    Fault("the answer to the paid call never comes", calls(SUBMIT, silence), DELIVERED),
    Fault("the answer to the paid call drips", calls(SUBMIT, drip), DELIVERED, long=True),
    Fault("the answer to the paid call has no end", calls(SUBMIT, flood), DELIVERED, long=True),
    Fault("the answer to the paid call unpacks to 512 MB", calls(SUBMIT, bomb()), DELIVERED),
    Fault(
        "the answer to the paid call is half of its JSON",
        calls(SUBMIT, changed(_broken)),
        DELIVERED,
        long=True,
    ),
    Fault(
        "the answer to the paid call names no prediction", calls(SUBMIT, said(NO_ID)), DELIVERED, long=True
    ),
    Fault("the paid call is done and answered 500", calls(SUBMIT, said("", 500)), DELIVERED),
    Fault(
        "the paid call is done and answered by a gateway",
        calls(SUBMIT, said(GATEWAY, 502)),
        DELIVERED,
        long=True,
    ),
    Fault("the answer to the paid call is a web page", calls(SUBMIT, said(GATEWAY)), DELIVERED, long=True),
]
BUSY = said('{"code":429,"message":"Too Many Requests"}', 429, effect=False)
BUSY_FOR_NOW = said('{"code":429,"message":"Too Many Requests"}', 429, "Retry-After: 1", effect=False)
NOT_TAKEN = [
    Fault("nobody listens where the paid call goes", _unreachable, DELIVERED),
    Fault(
        "the paid call is answered 429 four times, with a Retry-After",
        calls(SUBMIT, BUSY_FOR_NOW, 4),
        WAITS,
        long=True,
    ),
    Fault("the paid call is answered 429, without one", calls(SUBMIT, BUSY), DELIVERED),
    Fault("the paid call is answered 401", calls(SUBMIT, said("{}", 401, effect=False)), NO_KEY),
    Fault("the paid call is answered 400", calls(SUBMIT, said("{}", 400, effect=False)), INPUT, long=True),
]
FAILED = [
    Fault("the prediction fails with 1200", lambda _: None, MODERATED, "something [moderated]"),
    Fault("the prediction fails with 1402", lambda _: None, UNUSABLE, "something [fail 1402]", long=True),
    Fault("the prediction fails with 5000", lambda _: None, BROKE, "something [fail 5000]", long=True),
]
SAFE = [
    Fault("the upload is answered 503", calls(UPLOAD, said("", 503, effect=False)), DELIVERED),
    Fault("the upload's answer is lost", calls(UPLOAD, cut()), DELIVERED, long=True),
    Fault("the upload's answer is a web page", calls(UPLOAD, said(GATEWAY)), DELIVERED, long=True),
    Fault("the picture is reset while it goes up", calls(STORE, unsent(100)), DELIVERED, long=True),
    Fault("the file store is answered 503", calls(STORE, said("", 503, effect=False)), DELIVERED, long=True),
    Fault("the list is answered 500", calls(LIST, said("", 500), 2), DELIVERED),
    Fault("the list is answered 429", calls(LIST, BUSY_FOR_NOW), DELIVERED, long=True),
    Fault("the list is half of its JSON", calls(LIST, changed(_broken), 2), DELIVERED, long=True),
    Fault("the list has no end", calls(LIST, flood), DELIVERED, long=True),
    Fault("the list is reset", calls(LIST, cut(20)), DELIVERED, long=True),
    Fault("the result is answered 500", calls(RESULT, said("", 500), 2), DELIVERED),
    Fault(
        "the result is answered 404, though it is young", calls(RESULT, said("{}", 404)), DELIVERED, long=True
    ),
    Fault("the result is garbage", calls(RESULT, said("{}]")), DELIVERED, long=True),
    Fault("the result is never answered", calls(RESULT, silence), DELIVERED, long=True),
    Fault(
        "completed, and the outputs come later",
        calls(RESULT, changed(_told_nothing), 2),
        DELIVERED,
        long=True,
    ),
]
PICTURES = [
    Fault("the picture's download is answered 500", calls(OUTPUT, said("", 500)), DELIVERED, long=True),
    Fault("the picture's download is reset halfway", calls(OUTPUT, cut(5000)), DELIVERED),
    Fault("the picture drips", calls(OUTPUT, drip), DELIVERED, long=True),
    Fault("the picture has no bytes, once", calls(OUTPUT, said(b"")), DELIVERED, long=True),
    Fault("the picture is a web page, once", calls(OUTPUT, said(GATEWAY)), DELIVERED, long=True),
    Fault("the picture is cut off, once", calls(OUTPUT, changed(_broken)), DELIVERED, long=True),
    Fault("the picture unpacks to 512 MB, once", calls(OUTPUT, bomb()), DELIVERED, long=True),
    Fault("the picture is a web page, for hours", calls(OUTPUT, said(GATEWAY), 1000), GIVEN_UP, long=True),
    Fault("the picture is cut off, always", calls(OUTPUT, changed(_broken), 100), NO_PICTURE),
    Fault(
        "the picture has 169 megapixels",
        calls(OUTPUT, changed(_sized(13_000, 13_000)), 100),
        NO_PICTURE,
        long=True,
    ),
    Fault("the picture has no bytes, for hours", calls(OUTPUT, said(b""), 1000), GIVEN_UP, long=True),
    Fault("the picture is 21 times as wide as high", calls(OUTPUT, changed(_sized(*_NARROW))), AS_A_FILE),
    Fault(
        "the picture's sides sum to more than a photo's may",
        calls(OUTPUT, changed(_sized(9_800, 980))),
        DELIVERED,
        long=True,
    ),
    Fault("the picture has no end", calls(OUTPUT, flood, 100), NO_PICTURE),
]


@pytest.fixture(scope="module", params=DATABASES)
async def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """One bot for all rows."""
    async with scene(tmp_path_factory.mktemp("provider"), database_of(request)) as opened:
        yield opened


@pytest.mark.parametrize("fault", rows(*LOST, *NOT_TAKEN, *FAILED, *SAFE, *PICTURES))
async def test_one_call_goes_wrong(provider: Scene, fault: Fault, promise: Record) -> None:
    """Bought at most once, charged as it is billed, and the person has the picture or is told why not."""
    checked = await provider.meets(fault)
    promise(fault.name, fault.outcome.text, checked)


@pytest.mark.long  # tests/jobs shows it, too
async def test_outputs_that_never_come(provider: Scene, promise: Record) -> None:
    """What completed is billed: it ends like a picture that nobody can open."""
    await provider.calm()
    await provider.world.wavespeed_settings(hold=True)
    provider.paid.arm(RESULT, changed(_told_nothing), 1000)
    person = await provider.person()
    await provider.asks(person)
    await provider.becomes(person, "running")
    provider.world.jump(2 * HOUR)
    await provider.world.wavespeed_settings(hold=False)
    await NO_PICTURE.check(provider, person)
    outcome = f"waited for, for an hour; then {NO_PICTURE.text}"
    promise("completed, and the outputs never come", outcome, await provider.held())
