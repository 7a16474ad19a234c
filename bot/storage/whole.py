"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

UNFINISHED = ".unfinished-"
"""What the name of a file begins with that is still being written, or whose writer died."""


@contextmanager
def written(path: Path) -> Iterator[IO[bytes]]:
    """Write a file (mode 0600) in the place of any that is there, once the block has ended well.

    Raises:
        OSError.
    """
    with NamedTemporaryFile(prefix=UNFINISHED, dir=path.parent, delete=False) as file:
        unfinished = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
