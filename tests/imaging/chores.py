"""Tasks for the picture workers that behave badly; a worker imports them from here by name."""

from __future__ import annotations

import os
import signal

from bot.errors import PictureTooLong, Throttled


def pid() -> int:
    """Which worker this is."""
    return os.getpid()


def die() -> None:
    """End as the kernel's out-of-memory killer would have it."""
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    """Never return."""
    while True:
        pass


def eat(megabytes: int) -> int:
    """Ask for memory."""
    return len(bytearray(megabytes * 1024 * 1024))


def refuse() -> None:
    """Raise one of our errors with its values."""
    raise PictureTooLong("a detail", width=2100, height=100)


def throttle() -> None:
    """Raise the error that has an initialiser of its own."""
    raise Throttled("slow down", retry_after=2.5)


def blunder() -> None:
    """Make a programming mistake."""
    raise LookupError("a mistake of ours")
