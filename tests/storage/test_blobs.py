"""What is kept by key promises: as files and in an object store, then what only the files do."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.stores import Blobs
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.storage.blobs import FileBlobs
from bot.storage.objects import Bucket, ObjectBlobs
from tests.object_store import KEY_ID, SECRET, ObjectStore, object_store

from .makers import NOW


@dataclass(frozen=True)
class Kept:
    """Something that keeps bytes, and looks behind it."""

    open: Callable[[], Blobs]  # as another process has it open
    keys: Callable[[], list[str]]  # what is kept
    age: Callable[[str, int], None]  # make a key look as if put so many seconds after NOW


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as opened:
        yield opened


@pytest.fixture
def files(tmp_path: Path) -> Kept:
    root = tmp_path / "results"

    def keys() -> list[str]:
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())

    return Kept(lambda: FileBlobs(root), keys, lambda key, seconds: _age(root / key, seconds))


@pytest.fixture
def objects(store: ObjectStore) -> Kept:
    bucket, prefix = store.make_bucket(), "of/this-bot"
    place = Bucket(bucket, prefix, "us-east-1", store.url, KEY_ID, SECRET)

    def keys() -> list[str]:
        return [key.removeprefix(f"{prefix}/") for key in store.keys(bucket)]

    def age(key: str, seconds: int) -> None:
        store.age(bucket, f"{prefix}/{key}", NOW + timedelta(seconds=seconds))

    return Kept(lambda: ObjectBlobs.open(place, Timing()), keys, age)


@pytest.fixture(params=["files", "objects"])
def kept(request: pytest.FixtureRequest) -> Kept:
    """Each kind of them, empty."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Kept)
    return found


async def test_bytes_come_back(kept: Kept) -> None:
    """By their key, the last ones put, also to another process; a strange key is None."""
    blobs = kept.open()
    assert await blobs.get("e1.png") is None
    await blobs.put("e1.png", b"one")
    await blobs.put("e1.png", b"two")
    await blobs.put("masks/e1.png", b"mask")
    assert await blobs.get("e1.png") == b"two"
    assert await blobs.get("masks/e1.png") == b"mask"
    assert await kept.open().get("e1.png") == b"two"
    assert kept.keys() == ["e1.png", "masks/e1.png"]


async def test_nothing_and_much(kept: Kept) -> None:
    """No byte at all, and a picture of many megabytes, come back as they were."""
    blobs, picture = kept.open(), bytes(range(256)) * 50_000
    await blobs.put("empty", b"")
    await blobs.put("large", picture)
    assert await blobs.get("empty") == b""
    assert await blobs.get("large") == picture


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", ".hidden", "a\\b", "a\0", "a\n", "é"],
)
async def test_a_key_never_leaves_its_folder(kept: Kept, key: str) -> None:
    """Keys that are no plain relative path are refused, whatever is to be done with them."""
    blobs = kept.open()
    for call in (blobs.put(key, b"x"), blobs.get(key), blobs.drop(key), blobs.purge(NOW, key)):
        with pytest.raises(ValueError, match="not a key"):
            await call
    assert kept.keys() == []


async def test_a_dropped_key_is_gone(kept: Kept) -> None:
    """It alone; to drop it once more is fine."""
    blobs = kept.open()
    await blobs.put("openai/a.png", b"one")
    await blobs.put("openai/b.png", b"two")
    for _ in range(2):
        await blobs.drop("openai/a.png")
    assert await blobs.get("openai/a.png") is None
    assert await blobs.get("openai/b.png") == b"two"


async def test_what_is_old_is_purged(kept: Kept) -> None:
    """Only what is older goes; where nothing was ever put, nothing does."""
    blobs = kept.open()
    assert await blobs.purge(NOW) == 0
    for key in ("old", "masks/old", "young"):
        await blobs.put(key, b"x")
        kept.age(key, +1 if key == "young" else -1)
    assert await blobs.purge(NOW) == 2
    assert kept.keys() == ["young"]


async def test_of_one_folder_what_is_old_is_purged(kept: Kept) -> None:
    """The others stay, however old, those of a like name too; a folder that nobody wrote to is none."""
    blobs = kept.open()
    for key in ("a.png", "uploads/b.png", "uploads2/c.png"):
        await blobs.put(key, b"data")
    later = datetime.now(UTC) + timedelta(days=1)
    assert await blobs.purge(later, "elsewhere") == 0
    assert await blobs.purge(later, "uploads") == 1
    assert kept.keys() == ["a.png", "uploads2/c.png"]


async def test_two_purge_at_once(kept: Kept) -> None:
    """Every machine does it: none fails, and all of it goes."""
    for number in range(20):
        await kept.open().put(f"{number}.png", b"x")
    later = datetime.now(UTC) + timedelta(days=1)
    await asyncio.gather(*(kept.open().purge(later) for _ in range(3)))
    assert kept.keys() == []


async def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """It can't be dropped."""
    blobs = FileBlobs(tmp_path)
    await blobs.put("openai/a.png", b"one")
    with pytest.raises(StorageBusy):
        await blobs.drop("openai")


async def test_a_failed_put_keeps_the_old_bytes(tmp_path: Path) -> None:
    """What can't be stored is StorageBusy, and leaves neither half a file nor a temporary one."""
    blobs = FileBlobs(tmp_path)
    await blobs.put("a", b"old")
    with pytest.raises(StorageBusy):
        await blobs.put("a/b", b"new")  # its folder is a file
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(StorageBusy):
        await blobs.put("folder", b"new")  # its name is a folder's
    assert await blobs.get("a") == b"old"
    assert _below(tmp_path) == ["a", "folder", "folder/inside"]


async def test_what_an_interrupted_put_left_is_purged(tmp_path: Path) -> None:
    """It does not count."""
    blobs = FileBlobs(tmp_path)
    await blobs.put("old", b"x")
    (tmp_path / ".unfinished-1").write_bytes(b"x")
    for name in ("old", ".unfinished-1"):
        _age(tmp_path / name, -1)
    assert await blobs.purge(NOW) == 1
    assert _below(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file withstands its deletion by root")
async def test_a_file_that_cannot_be_deleted_is_busy() -> None:
    """It is tried again at the next purge, and ends nothing else."""
    with pytest.raises(StorageBusy):
        await FileBlobs(Path("/proc/self/fdinfo")).purge(datetime.now(UTC) + timedelta(days=1))


def _below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def _age(path: Path, seconds: int) -> None:
    stamp = (NOW + timedelta(seconds=seconds)).timestamp()
    os.utime(path, (stamp, stamp))
