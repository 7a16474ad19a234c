"""Notes that hold values. What another version wrote in a way of its own counts as not there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import structlog

from bot.domain.stores import Notes

log = structlog.get_logger(__name__)

T = TypeVar("T")


async def read(notes: Notes, name: str, parse: Callable[[str], T], than: datetime | None = None) -> T | None:
    """What a note says; None if there is none newer ``than`` that, or ``parse`` can't read it.

    Raises:
        StorageBusy.
    """
    text = await notes.newer(name, than)
    if text is None:
        return None
    try:
        return parse(text)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        log.warning("note_unreadable", note=name, error=type(error).__name__)
        return None
