"""What a picture worker does before and at its tasks. The bot's own process imports this, so it is light."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

LOADED = "bot.imaging.loaded"


class Function:
    """A function that is imported where it is called: in a worker."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.__name__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(importlib.import_module(self.module), self.__name__)(*args, **kwargs)


class Module:
    """Stands for a module of this package. Its functions can be handed to a worker."""

    def __init__(self, name: str) -> None:
        self._name = f"bot.imaging.{name}"

    def __getattr__(self, function: str) -> Function:
        return Function(self._name, function)


def prepare(memory: int) -> None:
    """Load the picture code, then let the process grow by ``memory`` bytes and no more.

    The limit counts from what is mapped after the imports, since that differs from machine to machine.
    """
    importlib.import_module(LOADED)
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
