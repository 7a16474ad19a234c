"""Bytes by key in an S3-compatible object store, for several machines. Only this module speaks to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.storage.blobs import check_key

if TYPE_CHECKING:
    from obstore.store import S3Config

_PAGE = 1000  # keys in one page of a list, and in one call that deletes: S3's own most
_RETRIES = 2  # of the calls that a busy store refuses; who calls us tries again later
_CODE = re.compile(r"<Code>(\w+)</Code>")  # source: Amazon S3 API reference, "Error responses"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where to keep, and what opens it."""

    name: str
    prefix: str  # without slashes around it; empty: all of the bucket is ours
    region: str
    endpoint: str | None = None  # None: Amazon's own for the region
    key_id: str | None = None  # None, as the next: what the machine itself may do (an instance's role)
    secret: str | None = field(default=None, repr=False)


class ObjectBlobs:
    """Objects below the prefix of a bucket. An object is there whole or not at all: it is put in one call."""

    def __init__(self, store: S3Store, deadline: float) -> None:
        """``deadline``: seconds for any one call, repeats included."""
        self._store = store
        self._deadline = deadline

    @classmethod
    def open(cls, bucket: Bucket, timing: Timing) -> Self:
        """Open a bucket; nothing is asked of it yet."""
        config: S3Config = {"region": bucket.region}
        if bucket.endpoint is not None:
            config["endpoint"] = bucket.endpoint
        if bucket.key_id is not None and bucket.secret is not None:
            config["access_key_id"], config["secret_access_key"] = bucket.key_id, bucket.secret
        store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            config=config,
            client_options={
                "allow_http": (bucket.endpoint or "").startswith("http://"),
                "connect_timeout": timedelta(seconds=timing.http_connect),
                # No read_timeout: it runs while a large picture goes out, too.
                "timeout": timedelta(seconds=timing.transfer),
            },
            retry_config={"max_retries": _RETRIES, "retry_timeout": timedelta(seconds=timing.transfer)},
        )
        return cls(store, timing.transfer)

    async def put(self, key: str, data: bytes) -> None:
        """Keep durably; the same key again replaces.

        Raises:
            ValueError: the key is no plain relative path.
            StorageBusy: the store refuses, fails or does not answer.
        """
        check_key(key)
        async with self._told():
            await obstore.put_async(self._store, key, data, use_multipart=False)

    async def get(self, key: str) -> bytes | None:
        """The bytes, or None when they are gone.

        Raises:
            ValueError: the key is no plain relative path.
            StorageBusy: the store refuses, fails or does not answer.
        """
        check_key(key)
        async with self._told():
            try:
                found = await obstore.get_async(self._store, key)
                return bytes(await found.bytes_async())
            except FileNotFoundError as error:
                if _code(error) == "NoSuchBucket":  # or every result would seem to be gone
                    raise
                return None

    async def drop(self, key: str) -> None:
        """Forget one; if it is gone already, that is fine.

        Raises:
            ValueError: the key is no plain relative path.
            StorageBusy: the store refuses, fails or does not answer.
        """
        check_key(key)
        async with self._told():
            await obstore.delete_async(self._store, key)

    async def purge(self, before: datetime, folder: str | None = None) -> int:
        """Delete what was put before a time, by the store's clock (below a folder); how many.

        A page of keys at a time: neither the list nor the deleting grows with what is kept.

        Raises:
            ValueError: the folder is no plain relative path.
            StorageBusy: the store refuses, fails or does not answer; what was deleted stays deleted.
        """
        if folder is not None:
            check_key(folder)
        pages = obstore.list(self._store, folder, chunk_size=_PAGE)
        purged = 0
        while True:
            async with self._told():
                page = await anext(pages, None)
            if page is None:
                return purged
            old = [one["path"] for one in page if one["last_modified"] < before]
            if old:
                async with self._told():
                    await obstore.delete_async(self._store, old)
            purged += len(old)

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        """Bound what is asked of the store, and make its errors ours."""
        try:
            async with asyncio.timeout(self._deadline):
                yield
        except (BaseError, OSError) as error:  # OSError: a TimeoutError, or what obstore says for a 404
            line = str(error).partition("\n")[0].partition("<")[0].strip(" :")  # without the answer's XML
            raise StorageBusy(f"{_code(error) or type(error).__name__}: {line}") from error


def _code(error: Exception) -> str | None:
    """S3's own word for what is wrong, if it gave one."""
    found = _CODE.search(str(error))
    return found.group(1) if found else None
