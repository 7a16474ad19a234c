"""Bytes by key, as files: the results, and what else is too large for the database."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import StorageBusy
from bot.storage.whole import UNFINISHED, written

# Every part begins with a letter or a digit, so that none is `..`, hidden, or absolute.
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_KEY = re.compile(rf"{_PART}(/{_PART}){{0,3}}")


def check_key(key: str) -> None:
    """Take a plain relative path. Raises ValueError: it is none."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a key: {key!r}")


class FileBlobs:
    """Files below ``root``. A file is there whole or not at all, also after a power cut."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, data: bytes) -> None:
        """Keep durably; the same key again replaces.

        Raises:
            ValueError: the key is no plain relative path.
            StorageBusy: the disk is full, or fails.
        """
        path = self._path(key)
        try:
            await asyncio.to_thread(_write, path, data)
        except OSError as error:
            raise StorageBusy(str(error)) from error

    async def get(self, key: str) -> bytes | None:
        """The bytes, or None when they are gone.

        Raises:
            ValueError: the key is no plain relative path.
            StorageBusy: the disk fails.
        """
        path = self._path(key)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageBusy(str(error)) from error

    async def drop(self, key: str) -> None:
        """Forget one; if it is gone already, that is fine.

        Raises:
            ValueError: the key is no plain relative path.
            StorageBusy: the disk fails, or the file can't be deleted.
        """
        path = self._path(key)
        try:
            await asyncio.to_thread(path.unlink, missing_ok=True)
        except OSError as error:
            raise StorageBusy(str(error)) from error

    async def purge(self, before: datetime, folder: str | None = None) -> int:
        """Delete what was put before a time (below a folder), and what an interrupted put left; how many.

        Raises:
            ValueError: the folder is no plain relative path.
            StorageBusy: the disk fails, or a file can't be deleted.
        """
        root = self._root if folder is None else self._path(folder)
        try:
            return await asyncio.to_thread(_purge, root, before.astimezone(UTC).timestamp())
        except OSError as error:
            raise StorageBusy(str(error)) from error

    def _path(self, key: str) -> Path:
        check_key(key)
        return self._root / key


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as file:
        file.write(data)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # A rename is durable only once its folder is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _purge(root: Path, before: float) -> int:
    purged = 0
    for path in root.rglob("*"):
        with suppress(FileNotFoundError):  # a put that was just finished, or another process's purge
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
                purged += not path.name.startswith(UNFINISHED)
    return purged
