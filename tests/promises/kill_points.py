"""The failpoints on the way of an edit: what is seen at the death there, and what becomes of the edit.

Each is played with a restart at once, and 25 hours later. Two differ. At ``attempt_opened`` the earlier one
comes 900 s later: a submit that nobody finds is looked for as long, and only then is its end to be seen.
``migrating`` and ``backing_up`` (test_kill_upkeep.py) have no later one: they leave no lease, link or edit
that a day could end.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.edits import EditState
from tests.promises.books import Books, place_of


@dataclass(frozen=True, slots=True)
class Seen:
    """How far an edit is, looked at from outside."""

    update: str | None = "done"  # the state of the person's last update
    edit: str | None = None
    attempt: str | None = None
    named: bool = False  # the attempt has the prediction's name
    bought: int = 0
    kept: bool = False
    pictures: int = 0  # that arrived
    noted: bool = False  # the edit knows by which message its picture came
    charged: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """One failpoint."""

    name: str
    fault: str
    seen: Seen
    outcome: str = "delivered once"
    state: EditState = EditState.DONE
    pictures: tuple[int, ...] = (1,)
    later: float = 0.0  # seconds that pass before the restart
    said: str = "ready"  # an event in the log of the next process
    words: str = ""  # more of the prompt; the stand-in fails what asks for it


_SUBMITTING = EditState.SUBMITTING.value
POINTS = (
    Point(
        "updates_fetched",
        "killed when an update was read, before it was committed",
        Seen(update=None),
        outcome="Telegram gives it again; delivered once",
    ),
    Point(
        "updates_committed",
        "killed when an update was committed, before Telegram was told",
        Seen(update="waiting"),
        outcome="it comes twice and counts once; delivered once",
    ),
    Point("edit_accepted", "killed when the money was held, before anything was shown", Seen(edit="held")),
    Point("picture_fetched", "killed when the picture was fetched", Seen(edit=_SUBMITTING)),
    Point("picture_uploaded", "killed when the picture was uploaded", Seen(edit=_SUBMITTING)),
    Point(
        "attempt_opened",
        "killed when the attempt was written, before the paid POST",
        Seen(edit=_SUBMITTING, attempt="open"),
        outcome="looked for, not found, told as unknown; its hold stays; nothing is bought",
        state=EditState.UNKNOWN,
        pictures=(0,),
        later=900.0,
        said="edit_unknown",
    ),
    Point(
        "submit_sent",
        "killed when the paid POST was answered, before the prediction's id was stored",
        Seen(edit=_SUBMITTING, attempt="open", bought=1),
        outcome="found in the provider's list; not bought again; delivered once",
        said="submit_found",
    ),
    Point(
        "prediction_named",
        "killed when the prediction's id was stored",
        Seen(edit="running", attempt="running", named=True, bought=1),
        outcome="not bought again; delivered once",
    ),
    Point(
        "end_seen",
        "killed when the end of the prediction was seen, before its output was fetched",
        Seen(edit="running", attempt="running", named=True, bought=1),
    ),
    Point(
        "result_kept",
        "killed when the result was kept, before it was sent",
        Seen(edit="finishing", attempt="running", named=True, bought=1, kept=True),
    ),
    Point(
        "picture_sent",
        "killed when the picture was sent, before that was noted",
        Seen(edit="delivering", attempt="completed", named=True, bought=1, kept=True, pictures=1),
        outcome="delivered at least once, at most twice",
        pictures=(1, 2),
    ),
    Point(
        "delivery_noted",
        "killed when the delivery was noted, before the charge",
        Seen("done", "delivering", "completed", True, 1, True, 1, True),
        outcome="delivered once, charged once",
    ),
    Point(
        "charge_booked",
        "killed when the charge was booked, before the status was taken away",
        Seen("done", "done", "completed", True, 1, True, 1, True, True),
        outcome="delivered once, charged once; the status goes",
    ),
    Point(
        "end_booked",
        "killed when a failure was booked, before its person was told",
        Seen(edit="failed", attempt="failed", named=True, bought=1),
        outcome="told why no picture comes; nothing charged",
        state=EditState.FAILED,
        pictures=(0,),
        said="told_late",
        words=" [moderated]",
    ),
)


def seen(books: Books, prompt: str, since: int) -> Seen:
    """How far the edit with these words is; ``since`` is the last position in the inbox before them."""
    updates = [row["state"] for row in books.inbox if row["position"] > since]
    edit = next((row for row in books.edits if row["prompt"] == prompt), None)
    if edit is None:
        return Seen(update=updates[0] if updates else None)
    attempt = next((row for row in books.attempts if row["edit_id"] == edit["id"]), None)
    return Seen(
        update=updates[0],
        edit=edit["state"],
        attempt=attempt["state"] if attempt else None,
        named=attempt is not None and attempt["prediction_id"] is not None,
        bought=len(books.bought.get(edit["id"], ())),
        kept=any(row["edit_id"] == edit["id"] for row in books.results),
        pictures=len(books.pictures(place_of(edit))),
        noted=edit["result_message_id"] is not None,
        charged=books.booked(edit, "charge") > 0,
    )
