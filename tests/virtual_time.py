"""An event loop whose clock jumps: tests wait for hours in no time, and nothing is ever a little late."""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ParamSpec

P = ParamSpec("P")

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
_THREADS = 5.0  # real seconds that a thread may take to come back


class _Leaping(selectors.DefaultSelector):
    """Where a real selector would sleep until the next timer, the loop's clock is put there."""

    elapsed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Only what is ready; without any timer, wait for a thread."""
        ready = super().select(_THREADS if timeout is None else 0)
        if not ready:
            if timeout is None:
                raise RuntimeError("nothing will ever happen: every task waits and no timer runs")
            self.elapsed += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.elapsed


class LoopClock:
    """Implements `bot.clock.Clock` with the running loop's time."""

    def now(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds since the loop began."""
        return asyncio.get_running_loop().time()


def in_virtual_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an async test in a loop of its own whose time jumps. It uses no network and no threads."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def main() -> None:
            await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=_Loop) as runner:
            runner.run(main())

    return run


class SetClock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """The time of day."""
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return self.seconds

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


async def settle(rounds: int = 20) -> None:
    """Let every task that can go on do so."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def cancelled(*tasks: asyncio.Task[Any]) -> None:
    """End tasks that would run forever."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
