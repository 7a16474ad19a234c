"""The port `bot.domain.ports.Imaging`, over the pool of worker processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.domain.budgets import Day
from bot.domain.pictures import Encoded, Finished, Fit, Inspection, Limits, Recognised, WireMask
from bot.imaging import worker
from bot.imaging.pool import DEADLINE, MEMORY, ImagePool

if TYPE_CHECKING:
    from bot.imaging import chart, decode, deliver, finish, masks, wire
    from bot.imaging import fit as fitting
else:  # the bot's own process loads neither numpy nor Pillow: it only names what the workers do
    chart, decode, deliver, finish, fitting, masks, wire = map(
        worker.Module, ("chart", "decode", "deliver", "finish", "fit", "masks", "wire")
    )


class Imaging:
    """Picture work, done in worker processes. Every method raises ImagingFailed beside what it names."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int = 2,
        memory: int = MEMORY,
        deadline: float = DEADLINE,
    ) -> None:
        self._limits = limits or Limits()
        self._pool = ImagePool(workers, memory=memory, deadline=deadline)

    async def start(self) -> None:
        """Start the workers. Without it the first task does."""
        await self._pool.start()

    async def stop(self) -> None:
        """End the workers within seconds, whatever they are doing."""
        await self._pool.stop()

    async def inspect(self, data: bytes) -> Inspection:
        """What the header says. Raises PictureRefused."""
        return await self._pool.run(decode.inspect, data, self._limits)

    async def verify(self, data: bytes) -> Inspection:
        """A provider's output, fully decoded to be sure of it. Raises PictureRefused."""
        return await self._pool.run(finish.verify, data, self._limits)

    async def clean(
        self, data: bytes, fit: Fit | None, *, lossless: bool = False, max_bytes: int | None = None
    ) -> Encoded:
        """A clean re-encode without metadata, laid out by ``fit``. Raises PictureRefused."""
        return await self._pool.run(
            fitting.clean, data, fit, self._limits, lossless=lossless, max_bytes=max_bytes
        )

    async def keep(self, result: bytes, fit: Fit | None) -> Finished:
        """A provider's result verified, its padding removed, losslessly encoded. Raises PictureRefused."""
        return await self._pool.run(finish.keep, result, fit, self._limits)

    async def finish(
        self, source: bytes, plane: bytes, result: bytes, fit: Fit | None, *, feather: int | None = None
    ) -> Finished:
        """A result composited over the source through its mask. Raises PictureRefused.

        Its drift is None where the result's shape is so different that it can't be put in place: then it
        is the result as the provider made it.
        """
        return await self._pool.run(finish.finish, source, plane, result, fit, self._limits, feather=feather)

    async def recognise(self, source: bytes, candidate: bytes, *, forced: bool = False) -> Recognised | None:
        """Whether ``candidate`` is a mask of ``source``. Raises MaskRefused, PictureRefused."""
        return await self._pool.run(masks.recognise, source, candidate, self._limits, forced=forced)

    async def check(self, recognised: Recognised) -> None:
        """Refuse a mask of nothing or of everything. Raises MaskEmpty, MaskEverything."""
        await self._pool.run(masks.check, recognised)

    async def invert(self, plane: bytes) -> bytes:
        """The other region."""
        return await self._pool.run(wire.invert, plane)

    async def overlay(self, source: bytes, plane: bytes) -> Encoded:
        """The region shown over the dimmed picture."""
        return await self._pool.run(wire.overlay, source, plane, self._limits)

    async def for_wire(self, plane: bytes, fit: Fit | None, form: WireMask) -> Encoded:
        """A mask as a provider wants it, the size of the picture sent."""
        return await self._pool.run(wire.for_wire, plane, fit, form)

    async def as_photo(self, data: bytes) -> Encoded | None:
        """What Telegram's sendPhoto takes; None where the shape is too long for it."""
        return await self._pool.run(deliver.as_photo, data)

    async def as_file(self, data: bytes) -> Encoded:
        """What Telegram's sendDocument takes, lossless where 50 MB allow it."""
        return await self._pool.run(deliver.as_file, data)

    async def before_after(self, source: bytes, result: bytes) -> Encoded:
        """The source and the result beside each other, as a JPEG. Raises PictureRefused."""
        return await self._pool.run(deliver.before_after, source, result, self._limits)

    async def chart(self, days: Sequence[Day], title: str) -> Encoded:
        """A bar for each day, under a short title."""
        return await self._pool.run(chart.chart, days, title)
