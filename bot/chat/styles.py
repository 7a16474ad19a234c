"""The styles that a photo without words is offered: data that an operator can replace."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from bot.errors import StartRefused

_MOST = 12
_LONGEST_LABEL, _LONGEST_PROMPT = 40, 4000


@dataclass(frozen=True, slots=True)
class Style:
    """One button: its label and the prompt that it stands for."""

    label: str
    prompt: str


def load(path: Path) -> tuple[Style, ...]:
    """The styles in an operator's file, or those that ship with the program if there is no such file.

    Raises:
        StartRefused: the file can't be read; the text is one line that names it and says what is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return parse(resources.files("bot.chat").joinpath("styles.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StartRefused(f"{path} can't be read ({type(error).__name__}): {_HELP}") from None
    try:
        return parse(text)
    except ValueError as error:
        raise StartRefused(f"{path}: {error}; {_HELP}") from None


_HELP = "write [[style]] tables with a label and a prompt, or delete the file for the six usual ones"


def parse(text: str) -> tuple[Style, ...]:
    """Read styles from TOML; none at all is fine.

    Raises:
        ValueError: it is no TOML, or a table is not as it should be.
    """
    document = tomllib.loads(text)
    if unknown := set(document) - {"style"}:
        raise ValueError(f"unknown entry {min(unknown)!r}")
    tables = document.get("style", [])
    if not isinstance(tables, list) or len(tables) > _MOST:
        raise ValueError(f"there may be up to {_MOST} [[style]] tables")
    return tuple(_style(number, table) for number, table in enumerate(tables, 1))


def _style(number: int, table: Any) -> Style:
    if not isinstance(table, dict) or set(table) != {"label", "prompt"}:
        raise ValueError(f"style {number} has not exactly a label and a prompt")
    for name, longest in (("label", _LONGEST_LABEL), ("prompt", _LONGEST_PROMPT)):
        value = table[name]
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            raise ValueError(f"the {name} of style {number} is no text of 1 to {longest} characters")
    return Style(table["label"].strip(), table["prompt"].strip())
