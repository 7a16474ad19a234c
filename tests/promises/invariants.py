"""What must be true of every world at any time, whatever failed in it, looked at from outside.

Each invariant is a function of the `Books`: it yields a line for each breach. Its docstring is what
docs/promises.md says of it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from bot.domain.edits import UNFINISHED, EditState
from tests.e2e.world import KEY, METRICS, PATIENCE, TOKEN, World
from tests.promises.books import Books, Row, place_of, read, source_of

Invariant = Callable[[Books], Iterator[str]]

WORKING = re.compile(
    "In the queue|Preparing your picture|The provider is busy|Editing…|Painting…|Almost done…|Sending…"
)
"""What only a status says."""
SECRETS = {
    "the bot's token": TOKEN.partition(":")[2],
    "the provider's key": KEY,
    "the metrics' token": METRICS,
}
_TOLD = (EditState.FAILED, EditState.UNKNOWN)


def nothing_left_open(books: Books) -> Iterator[str]:
    """Nothing stays open: no update, request, edit or turn is left without an end or an open question."""
    for edit in books.edits:
        if edit["state"] in UNFINISHED:
            yield f"edit {edit['id']} is {edit['state']}"
    for request in books.requests:
        asking = request["state"] == "asking" and request["question_message_id"] is not None
        if request["state"] in ("collecting", "preparing", "asking") and not asking:
            yield f"request {request['id']} is {request['state']}"
    for update in books.inbox:
        if update["state"] == "waiting":
            yield f"update {update['update_id']} waits"
    final = {edit["id"] for edit in books.edits if edit["state"] not in UNFINISHED}
    for turn in books.turns:
        if turn["returned_at"] is None and turn["edit_id"] in final:
            yield f"the turn of edit {turn['edit_id']} was not given back"


def one_end_each(books: Books) -> Iterator[str]:
    """Every accepted request has an edit, and every edit one end: delivered, told, or recorded."""
    accepted = {edit["origin"].split(":")[1] for edit in books.edits if edit["origin"].startswith("request:")}
    for request in books.requests:
        if request["state"] == "accepted" and request["id"] not in accepted:
            yield f"request {request['id']} was accepted without an edit"
    replies = books.replies
    for edit in books.edits:
        chat, message = place = place_of(edit)
        if message <= 0 or chat in books.unreachable:  # nothing can answer it
            continue
        pictures, done = len(books.pictures(place)), len(books.edits_at(place))
        if edit["state"] == EditState.DONE and pictures < done:
            yield f"edit {edit['id']} is done, and its chat has {pictures} of {done} pictures"
        if edit["state"] in _TOLD and not any(_says(reply) for reply in replies[place]):
            yield f"edit {edit['id']} is {edit['state']}, and nobody was told"
        if edit["state"] in _TOLD and edit["result_message_id"] is not None:
            yield f"edit {edit['id']} is {edit['state']}, and was delivered"


def _says(message: Row) -> bool:
    """Whether a message is more than a status."""
    said = message.get("text") or message.get("caption") or ""
    return bool(said) and not WORKING.search(said)


def bought_once(books: Books) -> Iterator[str]:
    """An edit is bought at most once, no attempt is posted twice, nothing is bought without a record."""
    bought = books.bought
    for prediction in bought.pop("", []):
        # Words alone leave nothing that tells an unnamed attempt's prediction from another.
        if source_of(prediction["inputs"]) is not None:
            yield f"prediction {prediction['id']} belongs to no attempt"
    for edit, predictions in bought.items():
        if len(predictions) > 1:
            yield f"edit {edit} was bought {len(predictions)} times"
    for url, count in Counter(filter(None, map(source_of, books.posts))).items():
        if count > 1:
            yield f"the attempt with {url} was posted {count} times"
    words = Counter(one["inputs"]["prompt"] for one in books.predictions if source_of(one["inputs"]) is None)
    wanted = Counter(edit["prompt"] for edit in books.edits)
    for prompt, count in words.items():
        if count > wanted[prompt]:
            yield f"{prompt!r} was bought {count} times for {wanted[prompt]} edits"


def charged_as_billed(books: Books) -> Iterator[str]:
    """What an edit is charged is what the provider bills for it; of an unknown one the hold stays."""
    bought = books.bought
    for edit in books.edits:
        billed = sum(prediction["billed"] for prediction in bought.get(edit["id"], ()))
        charged = books.booked(edit, "charge", "adjust")
        held = books.booked(edit, "hold") - books.booked(edit, "charge", "release")
        unsettled = edit["state"] in (*UNFINISHED, EditState.UNKNOWN)
        if unsettled and (charged or held < billed):
            yield f"edit {edit['id']} ({edit['state']}) holds {held} and is charged {charged} of {billed}"
        if not unsettled and (charged != billed or held):
            yield f"edit {edit['id']} is charged {charged} where {billed} is billed, and holds {held}"


def counted_as_booked(books: Books) -> Iterator[str]:
    """The counters are the sums of the ledger, to the micro-dollar."""
    sums: dict[tuple[str, int, str, date], list[int]] = defaultdict(lambda: [0, 0])
    for row in books.ledger:
        day = date.fromisoformat(str(row["day"]))
        held = {"hold": 1, "charge": -1, "release": -1}.get(row["kind"], 0) * row["micros"]
        spent = row["micros"] if row["kind"] in ("charge", "adjust") else 0
        names = [("bot", 0, "day", day), ("user", row["user_id"], "day", day)]
        names.append(("user", row["user_id"], "month", day.replace(day=1)))
        if row["chat_id"] < 0:
            names.append(("group", row["chat_id"], "day", day))
        for name in names:
            sums[name][0] += held
            sums[name][1] += spent
    counted = {_counter(row): [row["held"], row["spent"]] for row in books.counters}
    for name in sums.keys() | counted.keys():
        if sums.get(name, [0, 0]) != counted.get(name, [0, 0]):
            yield f"counter {name} says {counted.get(name)}, and the ledger {sums.get(name)}"


def _counter(row: Row) -> tuple[str, int, str, date]:
    return row["scope"], row["scope_id"], row["period"], date.fromisoformat(str(row["start"]))


def within_budgets(books: Books) -> Iterator[str]:
    """No budget is exceeded, by what is spent and held together."""
    own = {(row["scope"], row["scope_id"], row["period"]): row["micros"] for row in books.limits}
    for row in books.counters:
        usual = books.budgets.get((row["scope"], row["period"]))
        limit = own.get((row["scope"], row["scope_id"], row["period"]), usual)
        if limit is not None and row["held"] + row["spent"] > limit:
            yield f"counter {_counter(row)}: {row['held']} + {row['spent']} > {limit}"


def no_status_left(books: Books) -> Iterator[str]:
    """No message goes on saying that the bot works on something."""
    for message in books.messages:
        said = message.get("text", "")
        if WORKING.search(said) and message["chat"]["id"] not in books.unreachable:
            yield f"message {message['message_id']} of chat {message['chat']['id']} still says {said!r}"


def no_secret_out(books: Books) -> Iterator[str]:
    """Neither the token nor a key is in a log, a file, the database, a chat, or what another server got."""
    for where, text in books.texts.items():
        for name, secret in SECRETS.items():
            if secret in text:
                yield f"{name} is in {where}"


INVARIANTS: tuple[Invariant, ...] = (
    nothing_left_open,
    one_end_each,
    bought_once,
    charged_as_billed,
    counted_as_booked,
    within_budgets,
    no_status_left,
    no_secret_out,
)

EVENTUAL = (nothing_left_open, one_end_each, no_status_left)
"""What comes to hold a moment after the last event."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: all of ``held`` did."""

    database: str
    held: tuple[str, ...]
    edits: int
    submits: int
    charges: int
    repeated: int  # pictures that were delivered once more than they should have been
    states: dict[str, int]


async def check(
    world: World, *, unreachable: frozenset[int] = frozenset(), without: tuple[Invariant, ...] = ()
) -> Checked:
    """Wait until nothing is open and everybody was told, and assert that every invariant holds.

    Args:
        world: on either database, with as many bots as there were.
        unreachable: chats in which the bot could tell nothing, as it was blocked or thrown out.
        without: what can't hold in this test. It must say why.
    """
    comes = [invariant for invariant in EVENTUAL if invariant not in without]
    deadline = time.monotonic() + PATIENCE
    books = await read(world, unreachable, whole=False)
    while time.monotonic() < deadline and any([*invariant(books)] for invariant in comes):
        await asyncio.sleep(0.1)
        books = await read(world, unreachable, whole=False)
    books = await read(world, unreachable)
    wanted = [invariant for invariant in INVARIANTS if invariant not in without]
    breaches = [f"{invariant.__name__}: {breach}" for invariant in wanted for breach in invariant(books)]
    assert not breaches, "\n".join(breaches)
    return _checked(world, books, wanted)


def _checked(world: World, books: Books, held: list[Invariant]) -> Checked:
    places = {place_of(edit) for edit in books.edits if edit["state"] == EditState.DONE}
    extra = [len(books.pictures(place)) - len(books.edits_at(place)) for place in places]
    return Checked(
        database="SQLite" if world.database is None else "Postgres",
        held=tuple(invariant.__name__ for invariant in held),
        edits=len(books.edits),
        submits=len(books.predictions),
        charges=sum(row["kind"] == "charge" for row in books.ledger),
        repeated=sum(max(0, count) for count in extra),
        states=dict(Counter(str(edit["state"]) for edit in books.edits)),
    )
