"""A backup as one tar file, for its owner alone: whole or not at all, and unpacked with suspicion.

Its last member is the manifest, so that a file that was cut off has none.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from bot.errors import StartRefused
from bot.storage.whole import written

FORMAT = 1
_MANIFEST = "manifest.json"
_MOST_MANIFEST = 1_000_000
# Every part begins with a letter or a digit, so that none is `..`, hidden, or absolute.
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAME = re.compile(rf"{_PART}(/{_PART})*")
_GZIPPED = (".gz", ".tgz")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says about itself."""

    kind: str  # of the database: sqlite or postgresql
    revision: str  # of its tables
    made_at: datetime
    version: str  # of the program
    files: int  # without the manifest
    bytes: int
    format: int = FORMAT

    def as_json(self) -> str:
        """As text, for `of_json`."""
        return json.dumps(asdict(self), default=datetime.isoformat, indent=1)

    @staticmethod
    def of_json(text: str) -> Manifest:
        """What `as_json` wrote. Raises ValueError, KeyError, TypeError: it did not."""
        read = json.loads(text)
        return Manifest(**{**read, "made_at": datetime.fromisoformat(read["made_at"])})


class Writer:
    """Adds files to a backup that is being written."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files = 0
        self.bytes = 0

    def add(self, name: str, path: Path) -> None:
        """Add a file under a name. Raises OSError."""
        with path.open("rb") as file:
            # Of the open file: one of the same name may take its place meanwhile.
            member = self._tar.gettarinfo(arcname=name, fileobj=file)
            self._tar.addfile(_plain(member), file)
        self.files += 1
        self.bytes += member.size

    def add_folder(self, name: str, folder: Path) -> None:
        """Add what is in a folder; what goes away meanwhile is left out. Raises OSError."""
        for path in sorted(folder.rglob("*")):
            inside = f"{name}/{path.relative_to(folder).as_posix()}"
            if path.is_file() and _NAME.fullmatch(inside):
                with suppress(FileNotFoundError):
                    self.add(inside, path)

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest. Raises OSError."""
        data = manifest.as_json().encode()
        member = tarfile.TarInfo(_MANIFEST)
        member.size = len(data)
        member.mtime = int(manifest.made_at.timestamp())
        self._tar.addfile(_plain(member), io.BytesIO(data))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Write an archive that appears under its name when it is whole; gzipped if the name says so.

    Raises:
        OSError.
    """
    with written(path) as file, _opened(file, gzipped=path.name.endswith(_GZIPPED)) as tar:
        yield Writer(tar)


def _opened(file: IO[bytes], *, gzipped: bool) -> tarfile.TarFile:
    if gzipped:  # quickly: most of it are pictures, which don't become smaller
        return tarfile.open(fileobj=file, mode="w:gz", compresslevel=1)
    return tarfile.open(fileobj=file, mode="w")


def unpack(archive: Path, into: Path) -> Manifest:
    """Unpack a whole archive into an empty folder.

    Raises:
        StartRefused: it is none, damaged, cut off or of a newer program; the text is one line.
        OSError: it can't be read, or the files can't be written.
    """
    try:
        with tarfile.open(archive, "r:*") as tar:
            files, size, manifest = _extract(tar, into)
    except (tarfile.TarError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise StartRefused(f"{archive} is no backup of Wavebrush, or is damaged") from error
    if manifest is None or (files, size) != (manifest.files, manifest.bytes):
        raise StartRefused(f"{archive} is incomplete: use another backup")
    if manifest.format != FORMAT:
        raise StartRefused(f"{archive} was made by a newer Wavebrush ({manifest.version}): use that one")
    return manifest


def _extract(tar: tarfile.TarFile, into: Path) -> tuple[int, int, Manifest | None]:
    files, size, manifest = 0, 0, None
    for member in tar:
        file = tar.extractfile(member) if member.isreg() and _NAME.fullmatch(member.name) else None
        if file is None:
            raise ValueError(f"unexpected: {member.name!r}")
        if member.name == _MANIFEST:
            manifest = Manifest.of_json(file.read(_MOST_MANIFEST).decode())
            continue
        path = into / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as copy:
            shutil.copyfileobj(file, copy)
        os.utime(path, (member.mtime, member.mtime))  # results are forgotten by their age
        files, size = files + 1, size + member.size
    return files, size, manifest


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Without the names of this machine's accounts."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
