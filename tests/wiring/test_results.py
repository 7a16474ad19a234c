"""Where results are kept, as the settings say, and whether they can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import checkup
from bot.settings import Settings
from bot.storage.blobs import FileBlobs
from bot.storage.database import Database
from bot.storage.objects import ObjectBlobs
from bot.wiring import results
from bot.wiring.world import Storage
from tests.object_store import ObjectStore, object_store
from tests.virtual_time import SetClock
from tests.wiring.test_incoming import settings


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as opened:
        yield opened


def in_bucket(store: ObjectStore, bucket: str) -> Settings:
    return settings(**{name.lower(): value for name, value in store.settings(bucket).items()})


async def test_files_in_the_data_folder(tmp_path: Path) -> None:
    """Without a word about it."""
    kept = results.blobs(settings(data_dir=tmp_path))
    assert isinstance(kept, FileBlobs)
    await kept.put("e1.png", b"data")
    assert (tmp_path / "results" / "e1.png").read_bytes() == b"data"


async def test_files_in_a_folder_that_machines_share(tmp_path: Path) -> None:
    """Elsewhere than the data."""
    chosen = settings(data_dir=tmp_path / "data", results_url=f"file://{tmp_path}/shared/")
    await results.blobs(chosen).put("e1.png", b"data")
    assert (tmp_path / "shared" / "e1.png").read_bytes() == b"data"
    [finding] = await checkup._results(chosen)
    assert str(finding) == f"✓ Results: file://{tmp_path}/shared can be written and read"


async def test_objects_in_a_bucket(store: ObjectStore) -> None:
    """Below the prefix; a look at it leaves nothing behind."""
    bucket = store.make_bucket()
    chosen = in_bucket(store, bucket)
    [finding] = await checkup._results(chosen)
    assert str(finding) == f"✓ Results: s3://{bucket}/results can be written and read"
    assert store.keys(bucket) == []
    kept = results.blobs(chosen)
    assert isinstance(kept, ObjectBlobs)
    await kept.put("e1.png", b"data")
    assert store.keys(bucket) == ["results/e1.png"]


async def test_the_bot_keeps_them_there(store: ObjectStore, tmp_path: Path) -> None:
    """All of its rooms share what the settings choose."""
    database = Database.open(f"sqlite:///{tmp_path}/none.sqlite")
    storage = Storage.over(in_bucket(store, "any-bucket"), database, SetClock(), "this-process")
    await database.close()
    assert isinstance(storage.blobs, ObjectBlobs)


async def test_a_bucket_that_is_not_there(store: ObjectStore) -> None:
    """One line says so, and what to look at."""
    [finding] = await checkup._results(in_bucket(store, "no-such-bucket"))
    assert not finding.fine
    assert finding.text == (
        "Results: s3://no-such-bucket/results can't be used (NoSuchBucket): "
        "look at RESULTS_URL, the AWS_ settings, and the server they name"
    )


async def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """The same line, with the system's word for it."""
    (tmp_path / "file").write_text("")
    [finding] = await checkup._results(settings(results_url=f"file://{tmp_path}/file"))
    assert not finding.fine
    assert "RESULTS_URL" in finding.text
