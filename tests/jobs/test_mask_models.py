"""Models that only edit what a mask marks: no mask, no money, and the question what a picture is for."""

from __future__ import annotations

import pytest

from bot.domain.catalogue_file import load
from bot.domain.edits import Place, Request, RequestState
from bot.domain.pictures import MaskForm, Recognised, Role
from bot.domain.roles import Decision, Use
from bot.domain.timing import Timing
from bot.errors import MaskMissing
from bot.jobs.deciding import Ask, Deciding, Wanted
from bot.jobs.quoting import Quotes
from tests.fakes import FakeBlobs, FakeImaging, FakeProvider
from tests.fakes_of_storage import FakeNotes, FakePeople, FakePictures
from tests.jobs.bench import REFERENCE, SOURCE
from tests.virtual_time import START, SetClock, in_virtual_time

MODEL = "flux-fill-dev"


class Sees(FakeImaging):
    """Takes every second picture for a mask."""

    async def recognise(self, source: bytes, candidate: bytes, *, forced: bool = False) -> Recognised | None:
        return Recognised(MaskForm.BLACK_AND_WHITE, b"plane", 0.2)


async def decided(
    pictures: int, imaging: FakeImaging | None = None, use: Use | None = None
) -> list[Wanted] | Ask:
    """What comes of a request for the model."""
    decision = Decision(model=MODEL, use=use)
    quotes = Quotes(lambda model: FakeProvider(), FakeNotes(), Timing(), SetClock())
    decide = Deciding(FakePeople(), imaging or FakeImaging(), FakePictures(), FakeBlobs(), load, quotes)
    sent = (SOURCE, REFERENCE)[:pictures]
    place = Place(1001, 5)
    return await decide(
        Request("r1", 1001, place, RequestState.PREPARING, sent, START, prompt="a hat", decision=decision)
    )


@in_virtual_time
async def test_without_a_mask_it_is_refused() -> None:
    """The sentence says how to mark a part; nothing is quoted or held."""
    with pytest.raises(MaskMissing) as refusal:
        await decided(1)
    assert refusal.value.params == {"model": "FLUX Fill"}


@in_virtual_time
async def test_with_a_mask_it_is_planned() -> None:
    """For one picture and its mask."""
    outcome = await decided(2, Sees())
    assert isinstance(outcome, list)
    [wanted] = outcome
    assert (wanted.plan.model.name, wanted.plan.quote) == (MODEL, 35_000)
    assert [picture.role for picture in wanted.pictures] == [Role.SOURCE, Role.MASK]
    assert wanted.mask_key is not None


@in_virtual_time
async def test_a_picture_of_unclear_use_can_only_be_its_mask() -> None:
    """What the model can't do is not offered."""
    outcome = await decided(2)
    assert isinstance(outcome, Ask)
    assert [option.value for option in outcome.question.options] == ["use:mask", "cancel"]


@pytest.mark.parametrize("use", [Use.PICTURE, Use.EACH, Use.FIRST])
@in_virtual_time
async def test_a_second_picture_that_is_no_mask_leaves_it_without_one(use: Use) -> None:
    """Whatever the person says it is."""
    with pytest.raises(MaskMissing):
        await decided(2, Sees(), use)
