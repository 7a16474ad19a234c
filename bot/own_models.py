"""The catalogue of this installation: the rows that ship with the program, and the operator's own."""

from __future__ import annotations

from pathlib import Path

from bot.domain import catalogue_file
from bot.domain.catalogue import Catalogue
from bot.errors import StartRefused

NAME = "models.toml"
_HELP = "python -m bot models --add ID prints a table that works, or delete the file"


def rows(data_dir: Path) -> Catalogue:
    """All rows; those of ``models.toml`` in ``DATA_DIR``, if there is one, are added or replace others.

    Raises:
        StartRefused: the file can't be read; the text is one line that names it and says what is wrong.
    """
    path = data_dir / NAME
    try:
        return catalogue_file.load(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return catalogue_file.load()
    except (OSError, UnicodeDecodeError) as error:
        raise StartRefused(f"{path} can't be read ({type(error).__name__}): {_HELP}") from None
    except ValueError as error:
        raise StartRefused(f"{path}: {error}; {_HELP}") from None
