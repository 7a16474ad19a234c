"""Our own work on a result: where it fails, the provider's picture is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bot.domain.edits import AttemptState, EditState
from bot.domain.pictures import Finished, Fit, Inspection, Size
from bot.errors import (
    ImagingFailed,
    NotAPicture,
    OutputUnusable,
    PictureBroken,
    PictureRefused,
    ProviderDown,
    WavebrushError,
)
from bot.jobs.ending import ENDED, ON
from tests.fakes import PNG, FakeImaging, FakeProvider, Turns
from tests.jobs.bench import MASK, SOURCE, Bench
from tests.virtual_time import in_virtual_time

MASKED = {"pictures": (SOURCE, MASK), "mask_key": "masks/r1.png"}


@dataclass
class Failing(FakeImaging):
    """Its workers fail at what the test says."""

    finishes: Turns[None] = field(default_factory=lambda: Turns(None))
    headers: Turns[Inspection] = field(
        default_factory=lambda: Turns(Inspection("JPEG", Size(300, 200), transparent=False))
    )

    async def finish(self, source: bytes, plane: bytes, result: bytes, fit: Fit | None) -> Finished:
        self.finishes.take()
        return await super().finish(source, plane, result, fit)

    async def inspect(self, data: bytes) -> Inspection:
        return self.headers.take()

    async def verify(self, data: bytes) -> Inspection:
        self.verified.take()
        return Inspection("JPEG", Size(300, 200), transparent=False)


def masked(imaging: FakeImaging) -> Bench:
    bench = Bench(MASKED, imaging=imaging)
    bench.running()
    bench.blobs.kept["masks/r1.png"] = b"plane"
    return bench


def that_keeps_nothing(headers: Turns[Inspection]) -> Bench:
    """Neither finished nor cleaned can it be kept: only its header is left to look at."""
    bench = Bench(imaging=Failing(kept=Turns(ImagingFailed("out of memory")), headers=headers))
    bench.running()
    return bench


@pytest.mark.parametrize("error", [ImagingFailed("out of memory"), PictureBroken("odd")])
@in_virtual_time
async def test_a_finish_that_fails_leaves_the_picture_as_the_provider_made_it(error: WavebrushError) -> None:
    """The person gets what was paid for, at the price of what was made."""
    bench = masked(Failing(finishes=Turns(error)))
    assert await bench.steps.collect("e1") == ON
    assert bench.blobs.kept["e1.png"] == PNG.data
    assert bench.edits.results["e1"].drift is None
    assert bench.attempt.state is AttemptState.COMPLETED
    assert await bench.steps.deliver("e1") == ENDED
    assert bench.outcome == (EditState.DONE, 63_000)


@in_virtual_time
async def test_a_mistake_of_ours_is_not_taken_for_a_failed_finish() -> None:
    """It comes to light."""
    bench = masked(Failing(finishes=Turns(ZeroDivisionError())))
    with pytest.raises(ZeroDivisionError):
        await bench.steps.collect("e1")


@in_virtual_time
async def test_a_worker_that_dies_while_verifying_condemns_no_picture() -> None:
    """It is tried as it is, and not fetched again: nothing says that it is damaged."""
    bench = Bench(imaging=FakeImaging(verified=Turns(ImagingFailed("killed"))))
    bench.running()
    assert await bench.steps.collect("e1") == ON
    assert bench.provider.downloads.taken == 1
    assert bench.blobs.kept == {"e1.png": PNG.data}


@pytest.mark.parametrize(
    ("found", "key", "media_type"),
    [
        ("PNG", "e1.png", "image/png"),
        ("JPEG", "e1.jpg", "image/jpeg"),
        ("WEBP", "e1.webp", "image/webp"),
        ("TIFF", "e1.img", "application/octet-stream"),
    ],
)
@in_virtual_time
async def test_what_is_kept_as_it_came_is_named_by_what_it_is(found: str, key: str, media_type: str) -> None:
    """In its own size; nobody is sent a PNG that is a JPEG."""
    bench = that_keeps_nothing(Turns(Inspection(found, Size(512, 384), transparent=False)))
    assert await bench.steps.collect("e1") == ON
    assert bench.blobs.kept == {key: b"raw"}
    kept = bench.edits.results["e1"]
    assert (kept.media_type, kept.width, kept.height) == (media_type, 512, 384)


@pytest.mark.parametrize("error", [NotAPicture("html"), PictureBroken("truncated")])
@in_virtual_time
async def test_what_is_no_picture_at_all_is_unusable(error: PictureRefused) -> None:
    """Also where no worker could decode it: its header says so. It completed, so it is billed."""
    bench = that_keeps_nothing(Turns(error))
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 63_000)
    assert bench.told == [OutputUnusable]


@in_virtual_time
async def test_a_machine_that_cannot_even_read_a_header_tries_again() -> None:
    """The step is repeated: nothing is settled while the picture lies with the provider."""
    bench = that_keeps_nothing(Turns(ImagingFailed("no process")))
    with pytest.raises(ProviderDown) as raised:
        await bench.steps.collect("e1")
    assert not raised.value.permanent
    assert not bench.edit.state.final
    assert bench.attempt.state is AttemptState.RUNNING


@in_virtual_time
async def test_a_damaged_picture_is_fetched_three_times_and_no_more() -> None:
    """Each of them as a whole; the fourth would be no other."""
    provider = FakeProvider(downloads=Turns(b"one", b"two", b"three", b"four"))
    bench = Bench(provider=provider, imaging=FakeImaging(verified=Turns(PictureBroken("truncated"))))
    bench.running()
    assert await bench.steps.collect("e1") == ENDED
    assert provider.downloads.taken == 3
    assert bench.told == [OutputUnusable]
