"""The upload step: clean copies of what was sent, and the mask in the form its model wants."""

from __future__ import annotations

import json

from bot.domain.edits import EditState
from bot.domain.ports import Stage
from bot.errors import MessengerBusy, PictureGone, ProviderDown, ProviderRefused
from bot.jobs.ending import ENDED
from tests.fakes import FakeProvider, Turns
from tests.fakes_of_storage import FakePictures
from tests.jobs.bench import FIT, MASK, REFERENCE, SOURCE, TIMING, Bench
from tests.virtual_time import LoopClock, in_virtual_time


@in_virtual_time
async def test_a_clean_copy_goes_to_the_provider() -> None:
    """Never the bytes as they were sent: they may hold a place and a name."""
    bench = Bench()
    urls = json.loads(await bench.steps.upload("e1"))
    assert urls == {"pictures": ["https://up/1"], "mask": None}
    assert [picture.data for picture in bench.provider.uploaded] == [b"clean original"]
    assert bench.imaging.cleaned == [(b"original", FIT)]
    assert bench.edit.state is EditState.SUBMITTING
    assert bench.messenger.stages == [Stage.UPLOADING]


@in_virtual_time
async def test_only_the_source_is_laid_out() -> None:
    """References go as they are, and a mask is no picture."""
    bench = Bench({"pictures": (SOURCE, REFERENCE, MASK), "model": "gpt-image-2", "choices": {}})
    urls = json.loads(await bench.steps.upload("e1"))
    assert len(urls["pictures"]) == 2
    assert [fit for _, fit in bench.imaging.cleaned] == [FIT, None]


@in_virtual_time
async def test_a_mask_goes_into_the_field_of_its_model() -> None:
    """In that model's form."""
    bench = Bench({"pictures": (SOURCE, MASK), "mask_key": "masks/r1.png"})
    bench.blobs.kept["masks/r1.png"] = b"plane"
    urls = json.loads(await bench.steps.upload("e1"))
    assert urls == {"pictures": ["https://up/1"], "mask": "https://up/2"}
    assert bench.provider.uploaded[1].data == b"white-and-alpha plane"


@in_virtual_time
async def test_a_model_without_a_mask_field_gets_the_region_as_its_last_picture() -> None:
    """If it takes several."""
    bench = Bench({"pictures": (SOURCE, MASK), "mask_key": "masks/r1.png", "model": "gpt-image-2"})
    bench.blobs.kept["masks/r1.png"] = b"plane"
    urls = json.loads(await bench.steps.upload("e1"))
    assert urls == {"pictures": ["https://up/1", "https://up/2"], "mask": None}
    assert bench.provider.uploaded[1].data == b"white plane"


@in_virtual_time
async def test_what_may_work_later_is_repeated() -> None:
    """A provider or a Telegram in trouble fails no edit."""
    bench = Bench(
        pictures=FakePictures(Turns(MessengerBusy("502"), b"original")),
        provider=FakeProvider(uploads=Turns(ProviderDown("502"), None)),
    )
    assert json.loads(await bench.steps.upload("e1"))["pictures"] == ["https://up/1"]
    assert not bench.edit.state.final


@in_virtual_time
async def test_a_picture_that_is_gone_fails_the_edit_for_free() -> None:
    """Nothing was bought, and the person is told."""
    bench = Bench(pictures=FakePictures(Turns(PictureGone("404"))))
    assert await bench.steps.upload("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.edit.reason == "error-picture-gone"
    assert bench.told == [PictureGone]


@in_virtual_time
async def test_a_mask_that_is_gone_fails_the_edit_for_free() -> None:
    """It is not edited as a whole instead."""
    bench = Bench({"mask_key": "masks/r1.png"})
    assert await bench.steps.upload("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.told == [PictureGone]


@in_virtual_time
async def test_an_upload_that_is_refused_fails_the_edit_for_free() -> None:
    """As with a key that is no longer accepted."""
    bench = Bench(provider=FakeProvider(uploads=Turns(ProviderRefused("401"))))
    assert await bench.steps.upload("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)


@in_virtual_time
async def test_an_upload_is_not_tried_for_ever() -> None:
    """After the deadline the edit fails, and its money is free again."""
    bench = Bench(provider=FakeProvider(uploads=Turns(ProviderDown("502"))))
    assert await bench.steps.upload("e1") == ENDED
    assert bench.outcome == (EditState.FAILED, 0)
    assert bench.told == [ProviderDown]
    assert TIMING.edit_deadline / 2 < LoopClock().monotonic() <= TIMING.edit_deadline


@in_virtual_time
async def test_an_edit_that_has_ended_is_left_alone() -> None:
    """Also when its workflow is started once more."""
    bench = Bench({"state": EditState.DONE})
    assert await bench.steps.upload("e1") == ENDED
    assert bench.provider.uploaded == []
    assert bench.told == []
