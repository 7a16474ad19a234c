"""An object store that refuses, fails, is slow or away: it is told apart, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.storage.objects import Bucket, ObjectBlobs
from tests.object_store import KEY_ID, SECRET, object_store
from tests.providers.raw_server import Talk, drip, raw_server, silent

HASTY = Timing().faster(1000)  # a whole call may take 0.18 s
LATER = datetime.now(UTC) + timedelta(days=1)
CALLS: dict[str, Callable[[ObjectBlobs], Awaitable[object]]] = {
    "put": lambda blobs: blobs.put("e1.png", b"data"),
    "get": lambda blobs: blobs.get("e1.png"),
    "drop": lambda blobs: blobs.drop("e1.png"),
    "purge": lambda blobs: blobs.purge(LATER),
}


def opened(url: str, bucket: str = "bucket", timing: Timing = HASTY) -> ObjectBlobs:
    return ObjectBlobs.open(Bucket(bucket, "", "us-east-1", url, KEY_ID, SECRET), timing)


def answer(status: str, code: str) -> bytes:
    body = f"<Error><Code>{code}</Code><AWSAccessKeyId>{KEY_ID}</AWSAccessKeyId></Error>"
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("403 Forbidden", "InvalidAccessKeyId"),
        ("404 Not Found", "NoSuchBucket"),
        ("400 Bad Request", "InvalidBucketName"),
        ("507 Insufficient Storage", "XMinioStorageFull"),
    ],
)
async def test_a_store_that_refuses(call: str, status: str, code: str) -> None:
    """Its own word comes first, in one line, without all else it sent; a lost bucket is no lost result."""
    async with raw_server(answer(status, code)) as server:
        with pytest.raises(StorageBusy) as told:
            await CALLS[call](opened(server.url, timing=Timing()))
    assert str(told.value).startswith(f"{code}: ")
    assert "\n" not in str(told.value)
    for secret in (KEY_ID, SECRET):
        assert secret not in str(told.value)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("talk", [silent, drip])
async def test_a_store_that_hangs(call: str, talk: Talk) -> None:
    """It is given up within the deadline."""
    async with raw_server(talk) as server:
        with pytest.raises(StorageBusy):
            await CALLS[call](opened(server.url))


@pytest.mark.parametrize("call", CALLS)
async def test_a_store_that_is_away(call: str) -> None:
    """What can't be reached is busy, and not gone."""
    async with raw_server(b"") as server:
        url = server.url
    with pytest.raises(StorageBusy):
        await CALLS[call](opened(url, timing=Timing()))


async def test_a_store_that_is_busy_for_a_moment() -> None:
    """It is asked again at once, a few times."""
    async with raw_server(answer("503 Service Unavailable", "SlowDown")) as server:
        with pytest.raises(StorageBusy, match=r"^SlowDown: "):
            await opened(server.url, timing=Timing()).put("e1.png", b"data")
    assert len(server.heads) == 3


async def test_no_half_of_a_picture() -> None:
    """A body that is cut off is busy, and not a shorter picture."""
    head = "200 OK\r\nETag: 1\r\nLast-Modified: Sat, 21 Nov 2026 12:00:00 GMT\r\nContent-Length: 9"
    cut = f"HTTP/1.1 {head}\r\n\r\nhalf".encode()
    async with raw_server(cut) as server:
        with pytest.raises(StorageBusy):
            await opened(server.url, timing=Timing()).get("e1.png")


@pytest.mark.long  # two seconds of the store's
async def test_more_than_a_page_is_purged() -> None:
    """S3 lists and deletes a thousand keys at a time; all go, and what is not below the prefix stays."""
    with object_store() as store:
        bucket = store.make_bucket()
        store.fill(bucket, [f"mine/{number}.png" for number in range(1005)] + ["another.png"])
        place = Bucket(bucket, "mine", "us-east-1", store.url, KEY_ID, SECRET)
        assert await ObjectBlobs.open(place, Timing()).purge(LATER) == 1005
        assert store.keys(bucket) == ["another.png"]


async def test_the_secret_stays_here() -> None:
    """What goes over the wire is a signature: the key's id is named, its secret half is not."""
    async with raw_server(answer("403 Forbidden", "AccessDenied")) as server:
        with pytest.raises(StorageBusy):
            await opened(server.url, timing=Timing()).get("e1.png")
    [head] = server.heads
    assert f"Credential={KEY_ID}/" in head
    assert SECRET not in head
    assert SECRET not in repr(Bucket("bucket", "", "us-east-1", server.url, KEY_ID, SECRET))
