"""``python -m bot backup | restore``: everything that the bot keeps, in one file and back from it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bot import __version__, failpoints, own_models
from bot.clock import Clock
from bot.domain.restored import Restored
from bot.errors import StartRefused
from bot.process import locked
from bot.settings import Settings
from bot.storage import archive, backup
from bot.storage.database import Database
from bot.storage.whole import UNFINISHED

RESULTS = "results"
_OPERATORS = ("styles.toml", own_models.NAME)  # what whoever runs the bot may have put into DATA_DIR
_STAGED = ".restoring-"


def make(settings: Settings, path: Path, clock: Clock) -> archive.Manifest:
    """Write a backup, also while the bot runs. Databases come first: a result is kept before its row.

    Raises:
        StartRefused: the file is there already, there is nothing to back up, or the disk fails; the text
            is one line. StorageBusy.
    """
    if path.exists():
        raise StartRefused(f"{path} is there already: name another file")
    if not path.parent.is_dir():
        raise StartRefused(f"There is no folder {path.parent}: make it, or name another file")
    made_at, data = clock.now(), settings.data_dir
    url, engine_url = settings.app_database_url, settings.engine_database_url
    with _told(path), TemporaryDirectory(prefix=UNFINISHED, dir=path.parent) as folder:
        copies = Path(folder)
        revision = backup.copy(url, engine_url, copies)
        with archive.writing(path) as writer:
            for copy in sorted(copies.iterdir()):
                writer.add(copy.name, copy)
            writer.add_folder(RESULTS, data / RESULTS)
            failpoints.reached("backing_up")
            for name in _OPERATORS:
                if (data / name).exists():
                    writer.add(name, data / name)
            manifest = archive.Manifest(
                backup.kind(url), revision, made_at, __version__, writer.files, writer.bytes
            )
            writer.finish(manifest)
    return manifest


async def restore(settings: Settings, path: Path, clock: Clock, *, force: bool = False) -> Restored:
    """Put a backup back where nothing is yet; what is there is kept aside with ``force``.

    Until all of it is ready, nothing of what is there is touched.

    Raises:
        StartRefused: a bot runs, something is there, or the backup can't be used; the text is one line.
        StorageBusy.
    """
    with locked(settings.data_dir):
        database = Database.open(settings.app_database_url)
        try:
            async with database.held(alone=True):
                return await asyncio.to_thread(_restore, settings, path, clock, force=force)
        finally:
            await database.close()


def _restore(settings: Settings, path: Path, clock: Clock, *, force: bool) -> Restored:
    data, url = settings.data_dir, settings.app_database_url
    there = _there(settings)
    if there and not force:
        raise StartRefused(
            f"{there[0]} is there already: restore into another DATA_DIR, or keep it aside with --force"
        )
    backup.check_empty(url)
    with _told(path), TemporaryDirectory(prefix=_STAGED, dir=data) as folder:
        staged = Path(folder)
        manifest = archive.unpack(path, staged)
        if manifest.kind != backup.kind(url):
            raise StartRefused(
                f"{path} is of a {manifest.kind} database, and DATABASE_URL names another kind"
            )
        restored = backup.put_back(url, staged, manifest.revision, manifest.made_at, clock.now())
        _set_aside(there, data / f"before-restore-{clock.now():%Y%m%dT%H%M%SZ}")
        # The database comes last: results without rows do no harm.
        for name in (*_OPERATORS, RESULTS):
            if (staged / name).exists():
                (staged / name).rename(data / name)
        for file in backup.files(url)[:1]:
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(staged / backup.APP, file)
    return restored


def _there(settings: Settings) -> list[Path]:
    """What a restore would write over."""
    data = settings.data_dir
    databases = backup.files(settings.app_database_url, settings.engine_database_url)
    results = data / RESULTS
    found = [file for file in (*databases, *(data / name for name in _OPERATORS)) if file.exists()]
    return [*found, results] if results.is_dir() and any(results.iterdir()) else found


def _set_aside(paths: list[Path], folder: Path) -> None:
    if paths:
        folder.mkdir()
    for path in paths:
        shutil.move(path, folder / path.name)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in one line what the disk did not do."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise StartRefused(f"{where}: {error.strerror or 'it can not be read or written'}") from error
