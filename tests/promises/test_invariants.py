"""Every invariant can fail: books in which one thing is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.chat.statuses import Line, Running, group_text, private_text
from bot.domain.ports import Stage
from tests.e2e.world import KEY, METRICS, TOKEN
from tests.jobs.bench import an_edit
from tests.promises import invariants
from tests.promises.books import Books
from tests.promises.invariants import INVARIANTS, WORKING, Invariant

ADA, GROUP, DAY = 11, -5, "2026-11-20"


def sound() -> Books:
    """A delivered edit in a group, a failed one and an unknown one in private; all is in order."""
    edits = [
        edit("done", GROUP, 1, state="done", result_message_id=2),
        edit("failed", ADA, 3, state="failed"),
        edit("unknown", ADA, 5, state="unknown"),
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
            reply(GROUP, 1, photo=[{}], caption="gpt-image-2"),
            reply(ADA, 3, text="It failed."),
            reply(ADA, 5, text="I can't find out."),
        ],
        texts={"the log": "ready"},
    )


def edit(name: str, chat: int, message: int, **columns: Any) -> dict[str, Any]:
    place = {"chat_id": chat, "message_id": message, "result_message_id": None}
    return {"id": name, "origin": f"request:{name}:0", "prompt": "anime", **place, **columns}


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
