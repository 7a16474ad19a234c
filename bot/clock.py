"""The one room that reads the clock; everything else is given a `Clock`."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Protocol


class Clock(Protocol):
    """Tells the time. Tests bring one whose time they set."""

    def now(self) -> datetime:
        """The time of day, with its zone (UTC)."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump, for time-outs and intervals."""
        ...


class SystemClock:
    """The machine's own clock. Tests that play another day set how far it is ``ahead``."""

    ahead: ClassVar[timedelta] = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def monotonic(self) -> float:
        return time.monotonic()
