"""Counts the paid POSTs in flight, so that a shutdown lets them finish and starts no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Posting:
    """A door that paid POSTs go through."""

    def __init__(self) -> None:
        self._closed = False
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Stay inside while posting. Once closed nobody gets in: the step waits to be cut off."""
        if self._closed:
            await asyncio.Event().wait()
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

    async def close(self, seconds: float) -> bool:
        """Let nobody in any more and wait for those inside; False if they took longer."""
        self._closed = True
        try:
            async with asyncio.timeout(seconds):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True
