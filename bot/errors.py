"""Every error this program raises on purpose, as one tree.

::

    WavebrushError
    ├── StartRefused              the program can't start as it is set up; the text says what to do
    ├── Refused                   what a person asked for can't be done; it cost nothing
    │   ├── PictureRefused
    │   │   ├── NotAPicture       no format we know (or one we don't take)
    │   │   ├── PictureBroken     a picture that can't be decoded
    │   │   ├── PictureTooHeavy   too many bytes
    │   │   ├── PictureTooLarge   too many pixels
    │   │   ├── PictureTooLong    longer than 20:1
    │   │   ├── PictureAnimated   more than one frame
    │   │   └── PictureGone       Telegram no longer has it
    │   ├── MaskRefused
    │   │   ├── MaskEmpty         nothing is marked
    │   │   ├── MaskEverything    all of it is marked
    │   │   ├── MaskShape         another aspect ratio than the source
    │   │   └── MaskMissing       the model only edits what a mask marks
    │   ├── PromptMissing
    │   ├── PromptTooLong
    │   ├── ModelUnknown
    │   ├── ModelUnclear          several could be meant
    │   ├── ModelWithdrawn        in the catalogue, but no longer live
    │   ├── QualityUnknown
    │   ├── SizeUnknown
    │   ├── TooManyPictures
    │   ├── OnlyEdits             the model makes nothing from words alone
    │   ├── PriceUnknown          no quote, so no edit
    │   ├── OverBudget            a limit on spending leaves too little
    │   ├── TooManyWaiting        enough of this person's edits wait already
    │   ├── IntakePaused          an admin paused the bot
    │   ├── AccountEmpty          the provider's account has no credits, as far as is known
    │   ├── NotServed             not one of the people this bot works for
    │   └── RequestForgotten      a backup was put back, and this may have been done after it
    ├── ImagingFailed             a picture worker died, ran out of memory or out of time
    ├── ProviderError
    │   ├── NotSent               the connection provably never opened: nothing was asked for
    │   ├── Throttled             429: nothing was started; carries ``retry_after``
    │   ├── ProviderRefused       a clean 4xx: nothing was started
    │   │   ├── KeyRejected       401, 403
    │   │   ├── CreditsExhausted  400 with code 1407; 402; 429 with code insufficient_quota
    │   │   ├── ModelGone         404 on a submit
    │   │   ├── ContentRefused    by content moderation, before anything was started
    │   │   └── InputRejected     any other
    │   ├── AnswerLost            a submit that may or may not have been taken
    │   ├── ProviderDown          5xx, time-out or garbage on a call that is safe to repeat
    │   ├── NoSuchPrediction      404 on a result
    │   ├── PredictionFailed      the provider gave up on the work; it is not billed
    │   │   ├── Moderated         code 1200
    │   │   ├── InputUnusable     code 14xx
    │   │   └── ProviderBroke     code 5xxx and all others
    │   └── OutputUnusable        completed, but no picture that can be used came of it
    ├── EditUnknown               nobody can tell whether the provider took the work
    ├── EditFoundBilled           an admin found that it was billed, though no picture came
    ├── EditFoundFree             an admin found that it was not billed
    ├── ResultAway                a kept result can't be fetched from its store now
    ├── StorageBusy               locked, full or unreachable storage: nothing was written; try again
    └── MessengerError
        ├── ArrivalUnknown        a picture was sent, and nobody knows whether it arrived
        ├── PersonUnreachable     blocked, kicked or gone: nothing can be sent there
        └── MessengerBusy         Telegram did not take it now; safe to try again

An instance carries what recovery needs (``permanent``, ``retry_after``) and the values its sentence
needs (``params``). The technical detail (``str(error)``) is for the log only; ``bot.chat.texts`` has
the sentence for a person under the class's ``key``.
"""

from __future__ import annotations

import re
from typing import ClassVar


class WavebrushError(Exception):
    """Base of all. ``detail`` is for the log; ``params`` fill the person's sentence."""

    key: ClassVar[str] = "error-internal"
    permanent: bool = True
    retry_after: float | None = None

    def __init__(self, detail: str = "", **params: str | int) -> None:
        super().__init__(detail or type(self).__name__)
        self.params = params

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.key = "error-" + re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


class StartRefused(WavebrushError):
    """The program can't start as it is set up; ``str(error)`` is one line that says what to do."""


class Refused(WavebrushError):
    """What a person asked for can't be done; nothing was spent and no edit was recorded."""


class PictureRefused(Refused):
    """A picture can't be used."""


class NotAPicture(PictureRefused):
    """No image format that we take. ``found``: what it is, if that is known."""


class PictureBroken(PictureRefused):
    """The format is known, but decoding fails (truncated, damaged)."""


class PictureTooHeavy(PictureRefused):
    """More bytes than ``limit_mb``."""


class PictureTooLarge(PictureRefused):
    """More than ``limit`` megapixels; it has ``megapixels``. Known from the header."""


class PictureTooLong(PictureRefused):
    """The longer side is more than 20 times the shorter: ``width`` × ``height``."""


class PictureAnimated(PictureRefused):
    """It has ``frames`` frames."""


class PictureGone(PictureRefused):
    """Telegram no longer has the file."""


class MaskRefused(Refused):
    """A mask can't be used."""


class MaskEmpty(MaskRefused):
    """Nothing, or next to nothing, is marked."""


class MaskEverything(MaskRefused):
    """All of it is marked."""


class MaskShape(MaskRefused):
    """``mask`` and ``source`` are sizes (``W×H``) of different aspect ratios."""


class MaskMissing(MaskRefused):
    """``model`` only edits what a mask marks, and there is none."""


class PromptMissing(Refused):
    """There is a picture, but no word about what to change."""


class PromptTooLong(Refused):
    """``length`` characters where the model takes ``limit``."""


class ModelUnknown(Refused):
    """No such model: ``name``; ``offered`` lists the ones there are."""


class ModelUnclear(Refused):
    """Several models could be meant by ``name``: ``offered``."""


class ModelWithdrawn(Refused):
    """The provider no longer offers ``name``; ``offered`` lists the ones there are."""


class QualityUnknown(Refused):
    """``value`` is no quality of ``model``; ``offered`` lists them."""


class SizeUnknown(Refused):
    """``value`` is no size of ``model``; ``offered`` lists them."""


class TooManyPictures(Refused):
    """``count`` pictures where ``model`` takes ``limit``."""


class OnlyEdits(Refused):
    """``model`` makes nothing from words alone; ``offered`` lists the models that do, ``count`` of them."""


class PriceUnknown(Refused):
    """No price is known for ``model`` with these choices, so nothing is bought."""


class OverBudget(Refused):
    """A limit leaves too little. ``which`` (user-day, user-month, group-day, bot-day), ``limit``, ``left``
    and ``price`` in dollars, ``hours`` and ``days`` until the limit turns (0: within the hour, the day)."""


class TooManyWaiting(Refused):
    """``waiting`` edits of this person are not done; the ``wanted`` ones make them more than ``limit``."""


class IntakePaused(Refused):
    """An admin paused the bot: nothing new is taken up."""


class AccountEmpty(Refused):
    """The provider said that its account is exhausted, and no balance has come since."""


class NotServed(Refused):
    """The person is not one of those this bot works for."""


class RequestForgotten(Refused):
    """A backup was put back while this was open. What came of it afterwards, nobody knows here."""


class ImagingFailed(WavebrushError):
    """A picture worker died, ran out of memory or passed its deadline."""


class ProviderError(WavebrushError):
    """The provider did not do what it was asked."""


class NotSent(ProviderError):
    """The connection provably never opened."""

    permanent = False


class Throttled(ProviderError):
    """HTTP 429; ``retry_after`` in seconds where the provider names it."""

    permanent = False

    def __init__(self, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ProviderRefused(ProviderError):
    """A clean refusal before anything was started."""


class KeyRejected(ProviderRefused):
    """HTTP 401 or 403."""


class CreditsExhausted(ProviderRefused):
    """The provider's account is empty."""


class ModelGone(ProviderRefused):
    """The provider does not know the model."""


class ContentRefused(ProviderRefused):
    """Content moderation refused the words or the picture."""


class InputRejected(ProviderRefused):
    """The provider does not take these inputs."""


class AnswerLost(ProviderError):
    """A submit whose fate is not known: time-out, reset, 5xx, or an answer without an id."""


class ProviderDown(ProviderError):
    """A failure on a call that is safe to repeat."""

    permanent = False


class NoSuchPrediction(ProviderError):
    """The provider does not know the prediction (any more)."""


class PredictionFailed(ProviderError):
    """The prediction ended without a picture; it is not billed."""


class Moderated(PredictionFailed):
    """Refused by content moderation."""


class InputUnusable(PredictionFailed):
    """The provider could not use the inputs."""


class ProviderBroke(PredictionFailed):
    """The provider failed by its own fault."""


class OutputUnusable(ProviderError):
    """Completed, but what came is no usable picture."""


class EditUnknown(WavebrushError):
    """Nobody can tell whether the provider took the work; the money stays held."""


class EditFoundBilled(WavebrushError):
    """An admin settled an edit of unknown fate: the provider billed it, and its picture is lost."""


class EditFoundFree(WavebrushError):
    """An admin settled an edit of unknown fate: it cost nothing."""


class ResultAway(WavebrushError):
    """A kept result can't be fetched right now: who asked for it may ask again, and nothing waits for it."""


class StorageBusy(WavebrushError):
    """The database or the disk can't take or give anything now: locked, full or unreachable."""

    permanent = False


class MessengerError(WavebrushError):
    """Telegram did not take or give something; ``uncertain``: or it did, and its answer was lost."""

    uncertain: bool = False


class PersonUnreachable(MessengerError):
    """The person blocked the bot, left or is gone."""


class MessengerBusy(MessengerError):
    """Telegram did not take it now."""

    permanent = False


class ArrivalUnknown(MessengerError):
    """Telegram's answer to a picture was lost again and again: it may have arrived, or not."""


def named(key: str) -> WavebrushError:
    """An error by its ``key``, as it was recorded: without detail or values."""
    found = [WavebrushError]
    for kind in found:
        found += kind.__subclasses__()
        if kind.key == key:
            return kind()
    return WavebrushError(key)
