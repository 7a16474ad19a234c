"""From a prediction's output to the picture that is kept. What was paid for is never thrown away."""

from __future__ import annotations

import asyncio

import structlog

from bot.domain.edits import Edit
from bot.domain.pictures import Encoded, Finished
from bot.domain.ports import Imaging, PictureSource, Provider
from bot.domain.stores import Blobs
from bot.domain.timing import Timing
from bot.errors import (
    ImagingFailed,
    MessengerError,
    OutputUnusable,
    PictureRefused,
    ProviderDown,
    WavebrushError,
)
from bot.jobs.patience import Patience

log = structlog.get_logger(__name__)
_DOWNLOADS = 3
_MEDIA = {"PNG": ("image/png", "png"), "JPEG": ("image/jpeg", "jpg"), "WEBP": ("image/webp", "webp")}


class Finishing:
    """Downloads, verifies and finishes. Where our own work fails, the provider's picture is kept as it is."""

    def __init__(
        self,
        imaging: Imaging,
        pictures: PictureSource,
        blobs: Blobs,
        patiently: Patience,
        timing: Timing,
    ) -> None:
        self._imaging = imaging
        self._pictures = pictures
        self._blobs = blobs
        self._patiently = patiently
        self._timing = timing

    async def __call__(self, edit: Edit, provider: Provider, output: str) -> Finished:
        """The picture to keep.

        Raises:
            OutputUnusable: what the provider made is no picture. ProviderDown: it can't be fetched now.
        """
        data = await self._download(edit, provider, output)
        try:
            return await self._finish(edit, data)
        except (ImagingFailed, PictureRefused, MessengerError) as error:
            log.error("not_finished", edit=edit.id, error=type(error).__name__, detail=str(error))
        try:
            return await self._imaging.keep(data, edit.fit)
        except WavebrushError as error:
            log.error("kept_as_it_came", edit=edit.id, error=type(error).__name__, detail=str(error))
            return await self._as_it_came(data)

    async def _download(self, edit: Edit, provider: Provider, output: str) -> bytes:
        """A whole picture; a damaged one is fetched again, since its URL still holds the true one."""
        for left in range(_DOWNLOADS - 1, -1, -1):
            data = await self._patiently(self._timing.transfer, provider.download, output)
            try:
                await self._imaging.verify(data)
            except ImagingFailed as error:  # ours, not the provider's: let it be tried as it is
                log.warning("output_not_verified", edit=edit.id, detail=str(error))
            except PictureRefused as error:
                log.warning("output_damaged", edit=edit.id, detail=str(error))
                if not left:
                    raise OutputUnusable(str(error)) from error
                await asyncio.sleep(self._timing.retry_first)
                continue
            return data
        raise AssertionError("unreachable")

    async def _finish(self, edit: Edit, data: bytes) -> Finished:
        plane = await self._blobs.get(edit.mask_key) if edit.mask_key and edit.finishing else None
        if plane is None:
            return await self._imaging.keep(data, edit.fit)
        original = await self._patiently(self._timing.transfer, self._pictures.fetch, edit.source)
        return await self._imaging.finish(original, plane, data, edit.fit)

    async def _as_it_came(self, data: bytes) -> Finished:
        try:
            seen = await self._imaging.inspect(data)
        except PictureRefused as error:
            raise OutputUnusable(str(error)) from error
        except ImagingFailed as error:
            raise ProviderDown(f"not even its header can be read now: {error}") from error
        media_type, extension = _MEDIA.get(seen.format, ("application/octet-stream", "img"))
        return Finished(Encoded(data, media_type, extension, seen.size), None)
