"""The state of the work at one moment, over all processes: numbers, and nothing about any person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Group:
    """Some edits of one state and model."""

    count: int
    oldest: datetime  # when the first of them was accepted


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database says. Money is micro-US-dollars."""

    # By state and model; those that are not final, and unknown ones.
    edits: Mapping[tuple[str, str], Group] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)  # by state; open ones
    turns: Mapping[tuple[str, str], int] = field(default_factory=dict)  # by provider, and waiting or granted
    updates: int = 0  # in the inbox, not handled yet
    update_since: datetime | None = None  # when the oldest of them came
    held: int = 0
    spent_today: int = 0
