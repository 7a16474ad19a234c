"""What a picture worker does before its first task. Imports nothing heavy until its limits are set."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

_MODULES = ("bot.imaging.deliver", "bot.imaging.finish", "bot.imaging.masks")
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def prepare(memory: int) -> None:
    """Load the picture code, then let the process grow by ``memory`` bytes and no more.

    The limit counts from what is mapped after the imports, since that differs from machine to machine.
    """
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")  # noqa: TID251 — numpy's libraries read it when they are loaded
    for name in _MODULES:
        importlib.import_module(name)
    _limit_memory(memory)


def ready() -> bool:
    """Do nothing: a worker that answers this has loaded."""
    return True


def _limit_memory(memory: int) -> None:
    if not sys.platform.startswith("linux"):
        return  # macOS accepts no limit on the address space
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + memory
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
