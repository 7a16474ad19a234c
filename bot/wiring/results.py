"""Decides where results are kept, and tries it."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import SecretStr

from bot.domain.stores import UPLOADS, Blobs
from bot.errors import StorageBusy
from bot.settings import Settings
from bot.storage.blobs import FileBlobs
from bot.storage.objects import Bucket, ObjectBlobs


def blobs(settings: Settings) -> Blobs:
    """Files in DATA_DIR or in a folder that machines share, or objects in a bucket."""
    folder = settings.results_folder
    return _objects(settings) if folder is None else FileBlobs(folder)


async def attempt(kept: Blobs) -> None:
    """Write, read, list and delete, as the bot will; nothing stays behind.

    Raises:
        StorageBusy: one of them can't be done; the text begins with why, in a word.
    """
    key, data = f"check-{uuid4().hex}", b"check"
    await kept.put(key, data)
    if await kept.get(key) != data:
        raise StorageBusy("Mismatch: what was put is not what came back")
    await kept.purge(datetime.fromtimestamp(0, UTC), UPLOADS)  # which lists, and finds nothing so old
    await kept.drop(key)


def _objects(settings: Settings) -> ObjectBlobs:
    place = urlsplit(settings.results_url or "")
    bucket = Bucket(
        name=place.netloc,
        prefix=place.path.strip("/"),
        region=settings.aws_region,
        endpoint=settings.aws_endpoint_url,
        key_id=_value(settings.aws_access_key_id),
        secret=_value(settings.aws_secret_access_key),
    )
    return ObjectBlobs.open(bucket, settings.timing)


def _value(key: SecretStr | None) -> str | None:
    return None if key is None else key.get_secret_value()
