"""The result: read once, fetched until it is whole, kept before it is sent, and charged if it was made."""

from __future__ import annotations

import pytest

from bot.domain.edits import AttemptState, EditState
from bot.domain.ports import Prediction, PredictionStatus
from bot.errors import (
    EditUnknown,
    ImagingFailed,
    InputUnusable,
    KeyRejected,
    MessengerBusy,
    Moderated,
    NoSuchPrediction,
    NotAPicture,
    OutputUnusable,
    PictureBroken,
    PictureGone,
    PredictionFailed,
    ProviderBroke,
    ProviderDown,
    StorageBusy,
    WavebrushError,
)
from bot.jobs.ending import ENDED, ON
from tests.fakes import PNG, FakeEdits, FakeImaging, FakeProvider, Turns, completed, running
from tests.fakes_of_storage import FakePictures
from tests.jobs.bench import FIT, MASK, SOURCE, TIMING, Bench
from tests.virtual_time import LoopClock, in_virtual_time

DONE = completed("p1")
NO_OUTPUTS = Prediction("p1", PredictionStatus.COMPLETED)


def that_reads(*turns: Prediction | Exception, ago: float = 0.0) -> Bench:
    bench = Bench(provider=FakeProvider(results=Turns(*turns)))
    bench.running(ago)
    return bench


def that_downloads(*turns: bytes | Exception) -> Bench:
    bench = Bench(provider=FakeProvider(downloads=Turns(*turns)))
    bench.running()
    return bench


def that_verifies(*turns: Exception | None) -> Bench:
    bench = Bench(imaging=FakeImaging(verified=Turns(*turns)))
    bench.running()
    return bench


def failed(error: PredictionFailed | None) -> Prediction:
    return Prediction("p1", PredictionStatus.FAILED, failure=error)


@in_virtual_time
async def test_a_result_is_kept_before_it_is_sent() -> None:
    """Its bytes, its row, and the attempt's end."""
    bench = that_reads(DONE)
    assert await bench.steps.collect("e1") == ON
    assert bench.blobs.kept == {"e1.png": PNG.data}
    kept = bench.edits.results["e1"]
    assert (kept.key, kept.width, kept.height, kept.drift) == ("e1.png", 1536, 1024, None)
    assert bench.attempt.state is AttemptState.COMPLETED
    assert bench.edit.state is EditState.FINISHING
    assert bench.messenger.delivered == []


@in_virtual_time
async def test_one_that_is_kept_already_is_not_read_again() -> None:
    """As after a crash just behind it."""
    bench = Bench()
    bench.keep_result()
    assert await bench.steps.collect("e1") == ON
    assert bench.provider.read == []


@pytest.mark.parametrize("error", [Moderated("1200"), InputUnusable("1402"), ProviderBroke("5000")])
@in_virtual_time
async def test_a_prediction_that_failed_costs_nothing(error: PredictionFailed) -> None:
    """The person is told why, and it is not bought again without them."""
    bench = that_reads(failed(error))
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.edit.reason == error.key
    assert bench.attempt.state is AttemptState.FAILED
    assert bench.told == [type(error)]
    assert bench.provider.submitted == []


@in_virtual_time
async def test_a_failure_without_a_reason_is_the_providers() -> None:
    """Nobody is blamed for what was not said."""
    bench = that_reads(failed(None))
    assert await bench.steps.collect("e1") == ENDED
    assert bench.told == [ProviderBroke]


@in_virtual_time
async def test_a_prediction_that_the_provider_has_forgotten_fails_the_edit() -> None:
    """It keeps them for a week; no picture will come after that."""
    bench = that_reads(NoSuchPrediction("404"), ago=8 * 86_400)
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.told == [NoSuchPrediction]


@pytest.mark.parametrize("error", [NoSuchPrediction("404"), KeyRejected("401")])
@in_virtual_time
async def test_a_prediction_that_it_cannot_have_forgotten_is_asked_for_again(error: Exception) -> None:
    """The work is paid for, and this a fault of the moment."""
    bench = that_reads(error, error, DONE)
    assert await bench.steps.collect("e1") == ON


@pytest.mark.parametrize("early", [NO_OUTPUTS, running("p1"), ProviderDown("502")])
@in_virtual_time
async def test_a_result_that_is_not_there_yet_is_read_again(early: Prediction | Exception) -> None:
    """The list may know of an end before the result does."""
    bench = that_reads(early, early, DONE)
    assert await bench.steps.collect("e1") == ON
    assert len(bench.provider.read) == 3


@pytest.mark.parametrize("never", [running("p1"), ProviderDown("502"), NoSuchPrediction("404")])
@in_virtual_time
async def test_a_result_that_never_comes_leaves_the_edit_unknown(never: Prediction | Exception) -> None:
    """It may be billed, so its money stays held."""
    bench = that_reads(never)
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)
    assert bench.told == [EditUnknown]
    assert LoopClock().monotonic() <= TIMING.prediction_deadline


@in_virtual_time
async def test_one_that_completed_without_an_output_is_charged_after_its_deadline() -> None:
    """Until then the output may come; the provider bills what completed."""
    bench = that_reads(NO_OUTPUTS)
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 63_000)
    assert bench.attempt.state is AttemptState.COMPLETED
    assert bench.told == [OutputUnusable]
    assert TIMING.prediction_deadline / 2 < LoopClock().monotonic() <= TIMING.prediction_deadline


@in_virtual_time
async def test_a_result_that_we_may_not_read_leaves_the_edit_unknown() -> None:
    """A key that was withdrawn after the submit says nothing about the work."""
    bench = that_reads(KeyRejected("401"))
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.UNKNOWN, None)


@pytest.mark.parametrize("error", [PictureBroken("truncated"), NotAPicture("html")])
@in_virtual_time
async def test_a_damaged_picture_is_fetched_again(error: Exception) -> None:
    """Its URL still holds the true one."""
    bench = that_verifies(error, error, None)
    assert await bench.steps.collect("e1") == ON
    assert bench.provider.downloads.taken == 3
    assert bench.blobs.kept == {"e1.png": PNG.data}


@in_virtual_time
async def test_a_download_that_breaks_off_is_repeated() -> None:
    """The provider keeps it for days."""
    bench = that_downloads(ProviderDown("reset"), b"raw")
    assert await bench.steps.collect("e1") == ON


@pytest.mark.parametrize("error", [PictureBroken("truncated"), NotAPicture("html")])
@in_virtual_time
async def test_what_stays_unusable_is_charged_as_the_provider_bills_it(error: Exception) -> None:
    """It completed. The person is told that, and the sum."""
    bench = that_verifies(error)
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 63_000)
    assert bench.attempt.state is AttemptState.COMPLETED
    assert bench.told == [OutputUnusable]
    assert bench.provider.downloads.taken == 3


@in_virtual_time
async def test_an_output_that_is_no_url_is_charged_and_not_fetched_again() -> None:
    """The provider layer says that it can't be used."""
    bench = that_downloads(OutputUnusable("ftp://"))
    assert await bench.steps.collect("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 63_000)
    assert bench.provider.downloads.taken == 1


@pytest.mark.parametrize("error", [ProviderDown("502"), StorageBusy("disk full")])
@in_virtual_time
async def test_what_may_work_later_is_left_to_the_engine(error: WavebrushError) -> None:
    """A paid picture that still lies with the provider is not given up for an outage: the step runs again."""
    bench = that_downloads(error)
    with pytest.raises(type(error)):
        await bench.steps.collect("e1")
    assert not bench.edit.state.final
    assert bench.attempt.state is AttemptState.RUNNING
    assert bench.told == []


@in_virtual_time
async def test_with_a_mask_the_result_is_finished_over_the_original() -> None:
    """Outside the mask the picture stays the person's own."""
    bench = Bench({"pictures": (SOURCE, MASK), "mask_key": "masks/r1.png"})
    bench.running()
    bench.blobs.kept["masks/r1.png"] = b"plane"
    assert await bench.steps.collect("e1") == ON
    assert bench.imaging.finished == [(b"original", b"plane", b"raw", FIT)]
    assert bench.edits.results["e1"].drift == 3.5


@in_virtual_time
async def test_telegram_in_trouble_costs_no_masked_result() -> None:
    """The original is needed once more for the finish, and is waited for."""
    bench = Bench(
        {"pictures": (SOURCE, MASK), "mask_key": "masks/r1.png"},
        pictures=FakePictures(Turns(*[MessengerBusy("502")] * 3, b"original")),
    )
    bench.running()
    bench.blobs.kept["masks/r1.png"] = b"plane"
    assert await bench.steps.collect("e1") == ON


@pytest.mark.parametrize("error", [MessengerBusy("502"), PictureGone("404")])
@in_virtual_time
async def test_a_masked_result_without_its_original_is_kept_as_the_provider_made_it(error: Exception) -> None:
    """It is paid for, so the person gets it; that it is not finished is noted."""
    bench = Bench(
        {"pictures": (SOURCE, MASK), "mask_key": "masks/r1.png"}, pictures=FakePictures(Turns(error))
    )
    bench.running()
    bench.blobs.kept["masks/r1.png"] = b"plane"
    assert await bench.steps.collect("e1") == ON
    assert bench.edits.results["e1"].drift is None
    assert not bench.edit.state.final


@pytest.mark.parametrize("error", [ImagingFailed("out of memory"), PictureBroken("odd")])
@in_virtual_time
async def test_a_result_that_our_own_work_fails_on_is_kept_as_it_came(error: WavebrushError) -> None:
    """Byte for byte: what was paid for is not thrown away for a worker that died."""
    bench = Bench(imaging=FakeImaging(kept=Turns(error)))
    bench.running()
    assert await bench.steps.collect("e1") == ON
    assert bench.blobs.kept == {"e1.jpg": b"raw"}


@in_virtual_time
async def test_a_busy_database_loses_no_result() -> None:
    """It is written down, however long that takes."""
    bench = Bench(edits=FakeEdits(busy=Turns(StorageBusy(), StorageBusy(), None)))
    bench.running()
    assert await bench.steps.collect("e1") == ON
    assert "e1" in bench.edits.results


@in_virtual_time
async def test_an_edit_that_was_settled_meanwhile_is_not_read() -> None:
    """An admin may have done it."""
    bench = Bench({"state": EditState.UNKNOWN})
    bench.running()
    assert await bench.steps.collect("e1") == ENDED
    assert bench.provider.read == []


@in_virtual_time
async def test_who_was_told_that_nobody_knows_is_not_told_again() -> None:
    """The edit was found in the provider's list, and its result still can't be read."""
    bench = that_reads(ProviderDown("502"), ago=TIMING.prediction_deadline)
    for _ in range(2):
        await bench.steps.collect("e1")
        assert bench.outcome == (EditState.UNKNOWN, None)
        await bench.edits.found("e1")
    assert bench.told == [EditUnknown, None]
