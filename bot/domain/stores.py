"""What the layers above need of storage, as Protocols. Every method raises StorageBusy."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.edits import (
    Attempt,
    AttemptState,
    Edit,
    EditState,
    Joined,
    KeptResult,
    Request,
    RequestState,
    Spending,
)
from bot.domain.preferences import Preferences
from bot.domain.roles import Decision

UPLOADS = "openai"
"""The folder of pictures that wait for a submit which carries them; nothing else is below it."""


class Blobs(Protocol):
    """Keeps bytes by key for `RESULT_DAYS`."""

    async def put(self, key: str, data: bytes) -> None:
        """Keep durably; the same key again replaces."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The bytes, or None when they are gone."""
        ...

    async def drop(self, key: str) -> None:
        """Forget one; if it is gone already, that is fine."""
        ...

    async def purge(self, before: datetime, folder: str | None = None) -> int:
        """Delete what was kept before, of all keys or of those below a folder; how many."""
        ...


class Requests(Protocol):
    """The requests, each a durable row."""

    async def open(self, request: Request, due_at: datetime, update_id: int | None = None) -> Request:
        """Insert; if the same message already opened one, that one. Its update is done with it."""
        ...

    async def join(
        self, part: Request, due_at: datetime, longest: timedelta, update_id: int | None = None
    ) -> Joined:
        """Open a request for an album, or add a part to it while it is still collecting.

        Each part puts it off until ``due_at``, but no longer than ``longest`` after the first.
        """
        ...

    async def get(self, request_id: str) -> Request | None: ...

    async def claim_due(self, now: datetime, lease_until: datetime, limit: int) -> list[Request]:
        """Collecting ones whose time has come and preparing ones whose lease ran out, now preparing."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next one is due, if any."""
        ...

    async def wanting_words(self, chat_id: int, user_id: int) -> Request | None:
        """The newest open, addressed request of this person here that has no prompt."""
        ...

    async def ask(self, request_id: str, *, for_words: bool) -> bool:
        """preparing → asking; False if it is elsewhere, or wants words that have come meanwhile."""
        ...

    async def asked(self, request_id: str, question_message_id: int) -> None:
        """Remember which message asks; a question that is never shown is asked again."""
        ...

    async def give_words(
        self, request_id: str, prompt: str, now: datetime, update_id: int | None = None
    ) -> bool:
        """Give an open request its prompt, once; one that asks for it is due now. False if it has one."""
        ...

    async def asked_for(
        self, chat_id: int, user_id: int, message_id: int, album_id: str | None
    ) -> Request | None:
        """The open request of this person that came with that message, or with that album."""
        ...

    async def change_words(self, request_id: str, prompt: str) -> bool:
        """Give a request that waits another prompt than it has; False if it is being prepared, or was."""
        ...

    async def decide(self, request_id: str, decision: Decision, now: datetime) -> bool:
        """asking → preparing, due now, with a person's decision; False if it no longer asks."""
        ...

    async def newest_open(self, chat_id: int, user_id: int) -> Request | None:
        """The newest request of this person here that is not closed."""
        ...

    async def close(self, request_id: str, state: RequestState) -> bool:
        """To refused or expired; False if it was closed already."""
        ...

    async def accept(self, request_id: str, edits: Sequence[Edit]) -> bool:
        """One transaction: hold the money, insert the edits, request accepted. False if done before.

        Raises:
            OverBudget, TooManyWaiting: nothing was held or written.
        """
        ...

    async def expire(self, before: datetime) -> int:
        """Expire open ones created before; how many."""
        ...

    async def blank(self, before: datetime) -> int:
        """Forget the words of closed ones created before; of how many."""
        ...


class EditEnded(ValueError):
    """The edit is final already, perhaps cancelled a moment ago: nothing more may be bought for it."""


class OpenedElsewhere(ValueError):
    """An attempt that somebody else opened may be bought, or has the same uploads: no other is opened."""


class Edits(Protocol):
    """The edits and their attempts. Every change is a compare-and-set, so repeating one is harmless."""

    async def get(self, edit_id: str) -> Edit:
        """Raises KeyError."""
        ...

    async def of_result(self, chat_id: int, message_id: int) -> Edit | None:
        """The edit whose result is that message."""
        ...

    async def advance(self, edit_id: str, state: EditState) -> bool:
        """Move on; False if the edit is final already."""
        ...

    async def unfinished(self, created_before: datetime) -> list[Edit]:
        """All that are not final, oldest first."""
        ...

    async def open_attempt(self, edit_id: str, source_url: str, opener: str, now: datetime) -> Attempt:
        """Write an open attempt, one for each ``opener``. Raises EditEnded, OpenedElsewhere."""
        ...

    async def current_attempt(self, edit_id: str) -> Attempt | None:
        """The newest attempt."""
        ...

    async def found(self, edit_id: str) -> bool:
        """unknown → running: its prediction was found after all. False if it is not unknown (any more).

        Its reason stays: its person was told that nobody knows what became of it.
        """
        ...

    async def named(self, attempt_id: int, prediction_id: str, cost: int | None = None) -> bool:
        """The provider named the prediction: the attempt runs, and so does the edit.

        False, with nothing changed, if it has a name, or another attempt has this one.
        """
        ...

    async def close_attempt(self, attempt_id: int, state: AttemptState, error: str = "") -> None:
        """The attempt ended."""
        ...

    async def kept(self, result: KeptResult, now: datetime) -> None:
        """A result is in our keeping. The same edit again replaces."""
        ...

    async def result(self, edit_id: str) -> KeptResult | None: ...

    async def kept_since(self, edit_ids: Sequence[str]) -> dict[str, datetime]:
        """Since when the results of these edits are kept; those without one are left out."""
        ...

    async def set_status_message(self, edit_id: str, message_id: int | None) -> None: ...

    async def delivered(self, edit_id: str, message_id: int, file_id: str | None = None) -> None:
        """The person has the picture as this message, and as this photo."""
        ...

    async def settle(
        self,
        edit_id: str,
        state: EditState,
        *,
        charge: int,
        reason: str | None,
        now: datetime,
        only: EditState | None = None,
        unbought: bool = False,
        tell: bool = True,
    ) -> bool:
        """One transaction: the final state, the charge, and the rest of the hold released.

        ``unknown`` writes no ledger row: its hold stays. If ``tell``, a reason is noted as untold
        (`bot.domain.untold`). False if the edit was final already, or is not in the state ``only``, or is
        to be ``unbought`` and may be bought already.
        """
        ...

    async def accept(self, edit: Edit) -> bool:
        """One transaction: hold the money and insert an edit of no request. False if its origin exists.

        Raises:
            OverBudget, TooManyWaiting: nothing was held or written.
        """
        ...

    async def of_origin(self, origin: str) -> Edit | None:
        """The edit of that origin."""
        ...

    async def of_batch(self, batch: str) -> list[Edit]:
        """The edits that were asked for together, in their order."""
        ...

    async def cancel(self, edit_id: str, now: datetime) -> bool:
        """One transaction: cancelled and its hold released. False if it is final or may be bought already."""
        ...

    async def unfinished_of(self, user_id: int, chat_id: int | None = None) -> list[Edit]:
        """What of a person's edits (in one chat) is not final, newest first."""
        ...

    async def unfinished_at(self, chat_id: int, message_id: int) -> list[Edit]:
        """What is not final and was asked for by that message, or shows its progress in it."""
        ...

    async def done_of(self, user_id: int, limit: int, chat_id: int | None = None) -> list[Edit]:
        """A person's last edits with a picture (in one chat), the undeliverable too, newest first."""
        ...

    async def recent_prompts(self, user_id: int, limit: int, chat_id: int | None = None) -> list[str]:
        """What a person last wanted changed in pictures (in one chat), each once, newest first."""
        ...

    async def typical_seconds(self, model: str, choices: Mapping[str, str]) -> float | None:
        """The median time of the last 50 runs of a model and quality, if there are any."""
        ...


class EditLists(Protocol):
    """Looks over the edits, for admins."""

    async def listed(
        self, states: Collection[EditState] = (), user_id: int | None = None, limit: int = 50
    ) -> list[Edit]:
        """Those of some states (of all) and of a person (of everybody), newest first."""
        ...

    async def named(self, beginning: str) -> Edit | None:
        """The one edit whose id begins so; None if there is none, or several."""
        ...

    async def unknown_held(self, user_id: int) -> int:
        """What of a person's held money is set aside for edits that nobody knows the fate of."""
        ...


class Chats(Protocol):
    """What is done to all rows of a chat at once."""

    async def move(self, old: int, new: int) -> None:
        """Make every row of a group one of the supergroup that it became; once more is harmless."""
        ...

    async def left(self, chat_id: int) -> list[Edit]:
        """Close the open requests of a chat that takes no more answers; its edits that are not final."""
        ...

    async def stale_statuses(self) -> list[Edit]:
        """Final edits whose status message was left behind, and shows no other edit."""
        ...


class Ledger(Protocol):
    """Reads of the money."""

    async def spending(self, user_id: int, now: datetime) -> Spending: ...


class Notes(Protocol):
    """A few facts about the whole bot, each a text under a name, for all processes."""

    async def get(self, name: str) -> str | None: ...

    async def newer(self, name: str, than: datetime | None) -> str | None:
        """The text, if it was kept after that time; None: whenever."""
        ...

    def alone(self, name: str) -> AbstractAsyncContextManager[None]:
        """Hold off all others that ask for the same, in every process, while the context lasts."""
        ...

    async def put(self, name: str, text: str, now: datetime) -> None: ...

    async def put_new(self, name: str, text: str, now: datetime) -> bool:
        """Put it if there is none; False if there is: so that one of many processes does a thing once."""
        ...

    async def drop(self, name: str) -> bool:
        """Forget it; False if there was none."""
        ...


class People(Protocol):
    """Who uses the bot, and what they chose."""

    async def seen(self, user_id: int, name: str, username: str | None, language: str | None) -> None: ...

    async def name(self, user_id: int) -> str | None:
        """How a person was called when last seen."""
        ...

    async def preferences(self, user_id: int) -> Preferences: ...

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None: ...


@dataclass(frozen=True, slots=True)
class InboxUpdate:
    """One raw update as Telegram sent it (JSON text)."""

    update_id: int
    lane: int  # updates of one lane are handled in order: the chat's id, or the person's, or 0
    body: str


@dataclass(frozen=True, slots=True)
class Button:
    """What a button stands for. Its id is random and travels; everything else stays here."""

    id: str
    user_id: int  # who may press it
    subject: str  # what it is about, as ``<kind>:<id>``
    value: str


class Buttons(Protocol):
    """The buttons that were shown. They outlive restarts."""

    async def keep(self, buttons: Sequence[Button], now: datetime) -> None: ...

    async def find(self, button_id: str) -> Button | None: ...

    async def purge(self, before: datetime) -> int:
        """Forget those shown before; how many."""
        ...

    async def of(self, subject: str) -> list[Button]:
        """Those of one subject."""
        ...


class Inbox(Protocol):
    """The updates, committed before Telegram is told that we have them."""

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        """Insert those not seen before; how many were new."""
        ...

    async def claim(self, owner: str, now: datetime, lease_until: datetime, limit: int) -> list[InboxUpdate]:
        """Undone ones that nobody holds, oldest first, now held by ``owner``."""
        ...

    async def done(self, update_id: int, *, readable: bool = True) -> None:
        """Handled (or unreadable): blanked."""
        ...

    async def release(self, owners: Collection[str]) -> int:
        """Those that these processes hold are free; how many."""
        ...

    async def forget(self, before: datetime) -> int:
        """Delete done ones received before."""
        ...
