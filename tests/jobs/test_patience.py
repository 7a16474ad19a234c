"""Repeating what may succeed, as long as is sensible and not a moment longer."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bot.domain.edits import SentPicture
from bot.domain.timing import Timing
from bot.errors import (
    MessengerBusy,
    PictureGone,
    ProviderDown,
    ProviderRefused,
    StorageBusy,
    Throttled,
    WavebrushError,
)
from bot.jobs.patience import Patience, PatientPictures
from tests.jobs.bench import SOURCE
from tests.virtual_time import LoopClock, in_virtual_time

TIMING = Timing()


class Call:
    """Fails with each error in turn, then succeeds; remembers when it was called."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.at: list[float] = []

    async def __call__(self, word: str, *, loud: bool = False) -> str:
        self.at.append(asyncio.get_running_loop().time())
        if self.errors:
            raise self.errors.pop(0)
        return word.upper() if loud else word

    @property
    def pauses(self) -> list[float]:
        """The seconds between the calls."""
        return [later - earlier for earlier, later in pairwise(self.at)]


def patience() -> Patience:
    return Patience(TIMING, LoopClock())


@in_virtual_time
async def test_what_succeeds_is_called_once() -> None:
    """With its arguments."""
    call = Call()
    assert await patience()(60, call, "done", loud=True) == "DONE"
    assert call.pauses == []


@in_virtual_time
async def test_the_waits_double_up_to_the_longest() -> None:
    """With up to a quarter more, so that many callers don't come back together."""
    call = Call(*[ProviderDown() for _ in range(9)])
    assert await patience()(3600, call, "done") == "done"
    expected = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(wait <= pause <= wait * 1.25 for wait, pause in zip(expected, call.pauses, strict=True))


@in_virtual_time
async def test_what_the_error_asks_to_wait_is_waited() -> None:
    """And not less, even where our own wait would be shorter."""
    call = Call(Throttled(retry_after=33.0), Throttled(retry_after=0.0))
    await patience()(3600, call, "done")
    assert 33.0 <= call.pauses[0] <= 33.0 * 1.25
    assert call.pauses[1] == 0.0


@in_virtual_time
async def test_what_fails_for_good_is_not_repeated() -> None:
    """The error comes through as it is."""
    refusal = ProviderRefused("no")
    call = Call(StorageBusy(), refusal)
    with pytest.raises(ProviderRefused) as raised:
        await patience()(3600, call, "done")
    assert raised.value is refusal
    assert len(call.at) == 2


@in_virtual_time
async def test_a_mistake_of_ours_is_not_repeated() -> None:
    """Only our own errors say that repeating may help."""
    call = Call(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await patience()(3600, call, "done")
    assert len(call.at) == 1


@in_virtual_time
async def test_it_ends_at_the_deadline_with_the_last_error() -> None:
    """A wait that would end after it is not begun."""
    call = Call(*[ProviderDown(str(number)) for number in range(100)])
    with pytest.raises(WavebrushError) as raised:
        await patience()(30, call, "done")
    assert str(raised.value) == str(len(call.at) - 1)
    assert call.at[-1] <= 30
    assert len(call.at) == 5


@in_virtual_time
async def test_a_wait_longer_than_the_deadline_is_not_begun() -> None:
    """Nobody sits out an hour for a call that may take a minute."""
    call = Call(Throttled(retry_after=3600.0))
    with pytest.raises(Throttled):
        await patience()(60, call, "done")
    assert call.pauses == []


class Fetching:
    """A picture source that is busy so many times; remembers when it was asked."""

    def __init__(self, error: WavebrushError, times: int) -> None:
        self._error, self._times = error, times
        self.at: list[float] = []

    async def fetch(self, picture: SentPicture) -> bytes:
        """Fails, or not."""
        self.at.append(asyncio.get_running_loop().time())
        if len(self.at) <= self._times:
            raise self._error
        return b"original"


@in_virtual_time
async def test_a_picture_is_tried_for_seconds() -> None:
    """Three failures pass within ten seconds; a source that stays busy is soon left to the lease."""
    once, always = Fetching(MessengerBusy("502"), 3), Fetching(MessengerBusy("502"), 99)
    assert await PatientPictures(once, TIMING, LoopClock()).fetch(SOURCE) == b"original"
    assert once.at[-1] <= TIMING.request_fetch
    with pytest.raises(MessengerBusy):
        await PatientPictures(always, TIMING, LoopClock()).fetch(SOURCE)
    assert always.at[-1] - always.at[0] <= TIMING.request_fetch
    assert len(always.at) == 4


@in_virtual_time
async def test_a_picture_that_is_gone_is_not_asked_for_again() -> None:
    """Its person should hear it at once."""
    gone = Fetching(PictureGone("400"), 99)
    with pytest.raises(PictureGone):
        await PatientPictures(gone, TIMING, LoopClock()).fetch(SOURCE)
    assert len(gone.at) == 1
