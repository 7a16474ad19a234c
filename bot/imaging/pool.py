"""The worker processes that decode people's pictures, so that a bad one harms nobody but itself."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from bot.errors import ImagingFailed
from bot.imaging import worker

P = ParamSpec("P")
T = TypeVar("T")

MEMORY = 2 * 1024**3  # bytes a worker may grow by: a 50 MP picture needs under 1 GB
DEADLINE = 120.0  # seconds for one task, from when a worker takes it up
TASKS_PER_WORKER = 200  # then a fresh process replaces it, so that nothing leaks for long
_STOP_SECONDS = 5.0


class ImagePool:
    """Runs picture functions in separate processes, with a memory limit and a deadline for each."""

    def __init__(
        self,
        workers: int = 2,
        *,
        memory: int = MEMORY,
        deadline: float = DEADLINE,
        tasks_per_worker: int = TASKS_PER_WORKER,
    ) -> None:
        self._deadline = deadline
        self._open: set[ProcessFuture[Any]] = set()
        # A server that has loaded everything forks the workers: they start at once and share its memory.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([worker.LOADED])
        self._pool = ProcessPool(
            max_workers=workers,
            max_tasks=tasks_per_worker,
            initializer=worker.prepare,
            initargs=(memory,),
            context=context,
        )

    async def start(self) -> None:
        """Start a worker and wait until it has loaded."""
        await self.run(worker.ready)

    async def stop(self) -> None:
        """End the workers, whatever they are doing. What waits for them gets ImagingFailed."""
        for future in list(self._open):
            # pebble ends the workers, but would leave what they were doing open for ever
            future.cancel()  # type: ignore[no-untyped-call]  # unannotated in pebble
        await asyncio.to_thread(self._stop)

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a module-level function in a worker; cancelling ends the worker too.

        Raises:
            ImagingFailed: the worker died, ran out of memory or passed its deadline, or the pool stopped.
            WavebrushError: what the function raised, as it was.
        """
        try:
            future = self._pool.schedule(function, args=args, kwargs=kwargs, timeout=self._deadline)
        except RuntimeError as error:
            raise ImagingFailed(f"{function.__name__}: the picture workers are stopped") from error
        self._open.add(future)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if future.cancelled() and not _being_cancelled():
                raise ImagingFailed(f"{function.__name__}: the picture workers are stopped") from None
            raise
        except TimeoutError as error:
            raise ImagingFailed(f"{function.__name__}: over {self._deadline:g} s") from error
        except MemoryError as error:
            raise ImagingFailed(f"{function.__name__}: out of memory") from error
        except ProcessExpired as error:
            raise ImagingFailed(f"{function.__name__}: the worker died: {error}") from error
        finally:
            self._open.discard(future)

    def _stop(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves this one unannotated
        try:
            self._pool.join(timeout=_STOP_SECONDS)
        except TimeoutError:
            return  # the workers are daemons of this process: they end with it


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
