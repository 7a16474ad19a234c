"""What the kept files promise."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.errors import StorageBusy
from bot.storage.blobs import FileBlobs

from .makers import NOW


async def test_bytes_come_back(tmp_path: Path) -> None:
    """By their key, the last ones put; a strange key is None."""
    blobs = FileBlobs(tmp_path / "results")
    assert await blobs.get("e1.png") is None
    await blobs.put("e1.png", b"one")
    await blobs.put("e1.png", b"two")
    await blobs.put("masks/e1.png", b"mask")
    assert await blobs.get("e1.png") == b"two"
    assert await blobs.get("masks/e1.png") == b"mask"
    assert await FileBlobs(tmp_path / "results").get("e1.png") == b"two"


@pytest.mark.parametrize(
    "key",
    ["", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", ".hidden", "a\\b", "a\0", "a\n", "é"],
)
async def test_a_key_never_leaves_its_folder(tmp_path: Path, key: str) -> None:
    """Keys that are no plain relative path are refused, for writing and for reading."""
    blobs = FileBlobs(tmp_path)
    with pytest.raises(ValueError, match="not a key"):
        await blobs.put(key, b"x")
    with pytest.raises(ValueError, match="not a key"):
        await blobs.get(key)
    assert _below(tmp_path) == []


async def test_a_dropped_key_is_gone(tmp_path: Path) -> None:
    """It alone; to drop it once more is fine, and what is no key drops nothing."""
    blobs = FileBlobs(tmp_path)
    await blobs.put("openai/a.png", b"one")
    await blobs.put("openai/b.png", b"two")
    for _ in range(2):
        await blobs.drop("openai/a.png")
    assert await blobs.get("openai/a.png") is None
    assert await blobs.get("openai/b.png") == b"two"
    with pytest.raises(ValueError, match="not a key"):
        await blobs.drop("../b.png")
    with pytest.raises(StorageBusy):
        await blobs.drop("openai")  # a folder can't be dropped


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


async def test_old_files_are_purged(tmp_path: Path) -> None:
    """Only what is older goes, and what an interrupted put left does not count."""
    blobs = FileBlobs(tmp_path)
    assert await FileBlobs(tmp_path / "none").purge(NOW) == 0
    for key in ("old", "masks/old", "young"):
        await blobs.put(key, b"x")
    (tmp_path / ".unfinished-1").write_bytes(b"x")
    for name in ("old", "masks/old", ".unfinished-1"):
        _age(tmp_path / name, -1)
    _age(tmp_path / "young", +1)
    assert await blobs.purge(NOW) == 2
    assert _below(tmp_path) == ["masks", "young"]


async def test_of_one_folder_the_old_files_are_purged(tmp_path: Path) -> None:
    """The others stay, however old; a folder that nobody wrote to is none."""
    blobs = FileBlobs(tmp_path)
    for key in ("a.png", "uploads/b.png"):
        await blobs.put(key, b"data")
    later = datetime.now(UTC) + timedelta(days=1)
    assert await blobs.purge(later, "elsewhere") == 0
    assert await blobs.purge(later, "uploads") == 1
    assert [await blobs.get(key) for key in ("a.png", "uploads/b.png")] == [b"data", None]
    with pytest.raises(ValueError):
        await blobs.purge(later, "..")


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
