"""Repeating what is safe to repeat."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from bot.clock import Clock
from bot.domain.edits import SentPicture
from bot.domain.ports import PictureSource
from bot.domain.timing import Timing
from bot.errors import WavebrushError

P = ParamSpec("P")
T = TypeVar("T")


class Patience:
    """Repeats a call while its errors say that repeating may help."""

    def __init__(self, timing: Timing, clock: Clock) -> None:
        self._timing = timing
        self._clock = clock

    async def __call__(
        self, seconds: float, call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call until it succeeds, fails for good, or ``seconds`` are over; the last error is raised.

        Waits what the error's ``retry_after`` says, else ever longer, with jitter so that many callers
        don't come back together.
        """
        until = self._clock.monotonic() + seconds
        wait = self._timing.retry_first
        while True:
            try:
                return await call(*args, **kwargs)
            except WavebrushError as error:
                pause = error.retry_after if error.retry_after is not None else wait
                pause *= random.uniform(1.0, 1.25)  # noqa: S311 - jitter, no secret
                if error.permanent or self._clock.monotonic() + pause > until:
                    raise
            await asyncio.sleep(pause)
            wait = min(wait * 2, self._timing.retry_most)


class PatientPictures:
    """Implements `bot.domain.ports.PictureSource` for who prepares: one failure costs a second, no lease."""

    def __init__(self, pictures: PictureSource, timing: Timing, clock: Clock) -> None:
        self._pictures = pictures
        self._timing = timing
        self._patiently = Patience(timing, clock)

    async def fetch(self, picture: SentPicture) -> bytes:
        """The bytes, if they come within a few tries. Raises as the pictures that it was given do."""
        return await self._patiently(self._timing.request_fetch, self._pictures.fetch, picture)
