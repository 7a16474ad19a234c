"""Every invariant can fail: books in which one thing is wrong."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from bot.chat.statuses import Line, Running, group_text, private_text
from bot.chat.texts import explain
from bot.domain.ports import Stage
from bot.errors import (
    ArrivalUnknown,
    EditFoundFree,
    EditUnknown,
    Moderated,
    PersonUnreachable,
    ProviderBroke,
)
from tests.e2e.world import KEY, METRICS, TOKEN
from tests.jobs.bench import an_edit
from tests.promises import invariants
from tests.promises.books import Books
from tests.promises.invariants import INVARIANTS, WORKING, Invariant

ADA, GROUP, DAY = 11, -5, "2026-11-20"
LOST = explain(EditUnknown(), held="$0.00006", edit="unknown")
FAILED = explain(Moderated())
PERHAPS = explain(ArrivalUnknown())


def sound() -> Books:
    """A delivered edit in a group, a failed one and an unknown one in private; all is in order."""
    edits = [
        edit("done", GROUP, 1, state="done", result_message_id=2),
        edit("failed", ADA, 3, state="failed", reason=Moderated.key),
        edit("unknown", ADA, 5, state="unknown", reason=EditUnknown.key),
    ]
    return Books(
        edits=edits,
        requests=[{"id": one["id"], "state": "accepted", "question_message_id": None} for one in edits],
        attempts=[
            {"edit_id": one["id"], "source_url": f"https://up/{one['id']}", "prediction_id": f"p-{one['id']}"}
            for one in edits
        ],
        ledger=[
            movement("done", GROUP, "hold", 60),
            movement("done", GROUP, "charge", 50),
            movement("done", GROUP, "release", 10),
            movement("failed", ADA, "hold", 60),
            movement("failed", ADA, "release", 60),
            movement("unknown", ADA, "hold", 60),
        ],
        counters=[
            counter("bot", 0, "day", 60, 50),
            counter("user", ADA, "day", 60, 50),
            counter("user", ADA, "month", 60, 50),
            counter("group", GROUP, "day", 0, 50),
        ],
        limits=[{"scope": "user", "scope_id": ADA, "period": "day", "micros": 110}],
        inbox=[{"update_id": 1, "state": "done"}],
        turns=[{"edit_id": "done", "returned_at": "then"}],
        budgets={("user", "day"): 10, ("bot", "day"): 110},
        predictions=[bought("done", 50), bought("unknown", 60)],
        posts=[inputs("done"), inputs("failed"), inputs("unknown")],
        messages=[
            picture(GROUP, 1),
            reply(ADA, 3, text=FAILED),
            reply(ADA, 5, text=LOST),
        ],
        texts={"the log": "ready"},
    )


def edit(name: str, chat: int, message: int, **columns: Any) -> dict[str, Any]:
    place = {"chat_id": chat, "message_id": message, "result_message_id": None}
    told = {"reason": None, "language": None, "charged": None, "quote": 60}
    return {"id": name, "origin": f"request:{name}:0", "prompt": "anime", **place, **told, **columns}


def movement(edit_id: str, chat: int, kind: str, micros: int) -> dict[str, Any]:
    return {"edit_id": edit_id, "user_id": ADA, "chat_id": chat, "kind": kind, "micros": micros, "day": DAY}


def counter(scope: str, scope_id: int, period: str, held: int, spent: int) -> dict[str, Any]:
    start = DAY if period == "day" else "2026-11-01"
    names = {"scope": scope, "scope_id": scope_id, "period": period, "start": start}
    return {**names, "held": held, "spent": spent}


def inputs(edit_id: str | None) -> dict[str, Any]:
    return {"prompt": "anime", **({"images": [f"https://up/{edit_id}"]} if edit_id else {})}


def bought(edit_id: str | None, micros: int) -> dict[str, Any]:
    return {"id": f"p-{edit_id}", "inputs": inputs(edit_id), "billed": micros}


def reply(chat: int, message: int, **content: Any) -> dict[str, Any]:
    return {"message_id": 99, "chat": {"id": chat}, "reply_to_message": {"message_id": message}, **content}


def picture(chat: int, message: int, own: int = 2) -> dict[str, Any]:
    caption = "GPT Image 2 · Medium · 1024×1024 · 3 s · $0.06"
    return {**reply(chat, message, photo=[{}], caption=caption), "message_id": own}


def change(row: str, number: int, **columns: Any) -> Callable[[Books], None]:
    """Change some columns of one row."""

    def broken(books: Books) -> None:
        getattr(books, row)[number].update(columns)

    return broken


def more(row: str, *rows: Any) -> Callable[[Books], None]:
    """Add rows."""

    def broken(books: Books) -> None:
        getattr(books, row).extend(rows)

    return broken


def less(row: str, number: int) -> Callable[[Books], None]:
    """Take a row away."""

    def broken(books: Books) -> None:
        del getattr(books, row)[number]

    return broken


def breaches(books: Books) -> set[str]:
    """The names of the invariants that do not hold."""
    return {invariant.__name__ for invariant in INVARIANTS if list(invariant(books))}


def test_sound_books_hold() -> None:
    """A world in which all is well breaks none."""
    assert breaches(sound()) == set()


@pytest.mark.parametrize(
    ("invariant", "breaks"),
    [
        (invariants.nothing_left_open, change("requests", 0, state="preparing")),
        (invariants.nothing_left_open, change("requests", 0, state="asking")),
        (invariants.nothing_left_open, change("inbox", 0, state="waiting")),
        (invariants.nothing_left_open, change("turns", 0, returned_at=None)),
        (invariants.one_end_each, more("requests", {"id": "lost", "state": "accepted"})),
        (invariants.one_end_each, less("messages", 0)),
        (invariants.one_end_each, less("messages", 1)),
        (invariants.one_end_each, change("messages", 2, text="✨ Almost done…")),
        (invariants.one_end_each, change("edits", 1, result_message_id=7)),
        (invariants.one_end_each, change("edits", 0, result_message_id=7)),
        (invariants.one_end_each, change("edits", 0, result_message_id=None)),
        (invariants.one_end_each, change("messages", 0, caption="I think this is the part to edit. Is it?")),
        (invariants.one_end_each, more("edits", edit("two", GROUP, 1, state="done", result_message_id=2))),
        (invariants.one_end_each, change("messages", 1, text=explain(ProviderBroke()))),
        (invariants.one_end_each, change("edits", 1, reason=ProviderBroke.key)),
        (invariants.one_end_each, change("messages", 2, text=LOST.replace("unknown", "another"))),
        (invariants.one_end_each, more("messages", reply(GROUP, 1, text=FAILED))),
        (invariants.one_end_each, more("messages", reply(GROUP, 1, text=LOST.replace("unknown", "done")))),
        (invariants.one_end_each, more("messages", reply(GROUP, 1, text=PERHAPS))),
        (invariants.one_end_each, change("edits", 0, reason=ArrivalUnknown.key)),
        (invariants.one_end_each, more("messages", reply(ADA, 3, text=LOST.replace("unknown", "failed")))),
        (invariants.one_end_each, more("messages", picture(ADA, 3))),
        (invariants.one_end_each, more("messages", picture(ADA, 5))),
        (invariants.one_end_each, change("edits", 0, state="cancelled", result_message_id=None)),
        (invariants.one_end_each, change("edits", 0, state="undeliverable", result_message_id=None)),
        (
            invariants.one_end_each,
            more("edits", edit("no", GROUP, 1, state="cancelled", result_message_id=3)),
        ),
        (invariants.bought_once, more("predictions", bought("nobody", 0))),
        (invariants.bought_once, more("predictions", bought("done", 0))),
        (invariants.bought_once, more("posts", inputs("failed"))),
        (invariants.bought_once, more("predictions", *[{**bought(None, 0), "id": "?"}] * 4)),
        (invariants.charged_as_billed, change("predictions", 0, billed=49)),
        (invariants.charged_as_billed, change("predictions", 1, billed=61)),
        (invariants.charged_as_billed, more("predictions", bought("failed", 5))),
        (invariants.counted_as_booked, change("counters", 1, spent=49)),
        (invariants.counted_as_booked, change("counters", 3, held=1)),
        (invariants.counted_as_booked, less("counters", 0)),
        (invariants.counted_as_booked, more("counters", counter("user", 12, "day", 1, 0))),
        (invariants.within_budgets, change("limits", 0, micros=109)),
        (invariants.within_budgets, lambda books: books.budgets.update({("bot", "day"): 109})),
        (invariants.no_status_left, more("messages", reply(ADA, 3, text="🎨 Editing… 3 s"))),
        (invariants.no_secret_out, lambda books: books.texts.update(log=f"x{KEY}x")),
        (invariants.no_secret_out, lambda books: books.texts.update(log=f"/bot{TOKEN}/")),
        (invariants.no_secret_out, lambda books: books.texts.update(log=METRICS)),
        (invariants.no_secret_out, lambda books: books.texts.update(log=TOKEN.partition(":")[2])),
        (invariants.no_secret_out, lambda books: books.texts.update(log=TOKEN.replace(":", "%3A"))),
        (invariants.no_secret_out, lambda books: books.texts.update(log=b64encode(KEY.encode()).decode())),
    ],
)
def test_what_is_wrong_is_noticed(invariant: Invariant, breaks: Callable[[Books], Any]) -> None:
    """One thing goes wrong, and the invariant about it says so."""
    books = sound()
    breaks(books)
    assert invariant.__name__ in breaches(books)


def test_an_edit_that_hangs_is_noticed() -> None:
    """Whatever its state."""
    books = sound()
    change("edits", 2, state="running")(books)
    assert [*invariants.nothing_left_open(books)] == ["edit unknown is running"]


def arrived_perhaps(books: Books) -> None:
    """Telegram's answer to a picture was lost twice; it did not arrive."""
    change("edits", 0, reason=ArrivalUnknown.key, result_message_id=None)(books)
    less("messages", 0)(books)
    more("messages", reply(GROUP, 1, text=PERHAPS))(books)


def found_later(books: Books) -> None:
    """A done edit was unknown for a while, and its person told so."""
    more("messages", reply(GROUP, 1, text=LOST.replace("unknown", "done")))(books)
    books.found = frozenset({"done"})


def settled(books: Books) -> None:
    """An admin settled what was unknown."""
    change("edits", 2, state="failed", reason=EditFoundFree.key)(books)
    more("messages", reply(ADA, 5, text=explain(EditFoundFree())))(books)


def lost_and_blocked(books: Books) -> None:
    """The answer to a picture was lost, and the next time its person could not be reached."""
    change("edits", 0, state="undeliverable", reason=PersonUnreachable.key, result_message_id=None)(books)
    books.uncertain = frozenset({"done"})


@pytest.mark.parametrize(
    "happens",
    [arrived_perhaps, found_later, settled, lost_and_blocked, more("messages", picture(GROUP, 1, 3))],
)
def test_what_may_happen_is_no_breach(happens: Callable[[Books], None]) -> None:
    """An end that was not known at once, and a picture that came twice."""
    books = sound()
    happens(books)
    assert [*invariants.one_end_each(books)] == []


def test_an_end_in_a_chat_that_can_not_be_reached_is_one_end() -> None:
    """What is recorded as not delivered was not delivered there."""
    books = sound()
    change("edits", 0, state="undeliverable", result_message_id=None)(books)
    books.unreachable = frozenset({GROUP})
    assert breaches(books) == {"one_end_each"}


@pytest.mark.parametrize(("period", "held"), [("day", True), ("week", False)])
def test_a_budget_that_nobody_set_is_not_kept(period: str, held: bool) -> None:
    """What could not fail is not counted among what held."""
    books = sound()
    books.limits = []
    books.budgets = {("bot", period): 110}
    checked = invariants.checked(None, books, [*INVARIANTS])
    assert ("within_budgets" in checked.held) is held
    assert len(checked.held) == len(INVARIANTS) - (not held)


def test_who_can_not_be_reached_is_told_nothing() -> None:
    """What can't be said is no breach, and neither is a status that can't be taken away."""
    books = sound()
    less("messages", 1)(books)
    more("messages", reply(ADA, 3, text="🎨 Editing… 3 s"))(books)
    assert breaches(books) == {"one_end_each", "no_status_left"}
    books.unreachable = frozenset({ADA})
    assert breaches(books) == set()


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize(("expected", "place"), [(None, 1), (9.0, 1), (None, 3), (9.0, 3)])
def test_every_status_is_known_as_one(stage: Stage, expected: float | None, place: int) -> None:
    """In private and in a group, also when its words change."""
    line = Line(Running(an_edit(), stage, 0.0, expected, place), 3, place, "Ada")
    assert WORKING.search(private_text(line))
    assert WORKING.search(group_text([line, line]))
