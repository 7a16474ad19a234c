"""What must be true of every world at any time, whatever failed in it, looked at from outside.

Each invariant is a function of the `Books`: it yields a line for each breach. Its docstring is what
docs/promises.md says of it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from bot.chat.texts import explain
from bot.domain.edits import UNFINISHED, EditState
from bot.domain.money import dollars
from bot.errors import (
    ArrivalUnknown,
    EditFoundBilled,
    EditFoundFree,
    EditUnknown,
    ImagingFailed,
    PictureRefused,
    ProviderError,
    WavebrushError,
    named,
)
from bot.logs import spellings
from tests.e2e.world import KEY, METRICS, PATIENCE, TOKEN, World
from tests.promises.books import Books, Place, Row, is_result, place_of, read, source_of

Invariant = Callable[[Books], Iterator[str]]

WORKING = re.compile(
    "In the queue|Preparing your picture|The provider is busy|Editing…|Painting…|Almost done…|Sending…"
)
"""What only a status says."""


def _shortest(secret: str) -> frozenset[str]:
    """The spellings of a secret, but for those in which another one is found anyway."""
    every = frozenset(spellings(secret))
    return frozenset(one for one in every if not any(other in one for other in every - {one}))


SECRETS = {
    name: _shortest(secret)
    for name, secret in (
        ("the bot's token", TOKEN),
        ("the provider's key", KEY),
        ("the metrics' token", METRICS),
    )
}
"""The ways in which each may be written."""
_TOLD = (EditState.FAILED, EditState.UNKNOWN)
_NOT_DELIVERED = (*_TOLD, EditState.CANCELLED, EditState.UNDELIVERABLE)
_SETTLED = (EditFoundBilled.key, EditFoundFree.key)


def _beginnings() -> frozenset[str]:
    """How each sentence about the end of an edit begins, in which no value stands yet."""
    kinds = [WavebrushError(), ImagingFailed(), EditUnknown(), EditFoundBilled(), EditFoundFree()]
    roots = [ProviderError, PictureRefused]
    for root in roots:
        roots += root.__subclasses__()
    values = {"charged": "", "held": "", "edit": ""}
    said = (explain(kind, "en", **values) for kind in (*kinds, ArrivalUnknown(), *(root() for root in roots)))
    return frozenset(sentence[:20] for sentence in said)


_BEGINNINGS = _beginnings()


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
    """Every accepted request has an edit, and every edit just one end: delivered, told, or recorded."""
    accepted = {edit["origin"].split(":")[1] for edit in books.edits if edit["origin"].startswith("request:")}
    for request in books.requests:
        if request["state"] == "accepted" and request["id"] not in accepted:
            yield f"request {request['id']} was accepted without an edit"
    places: dict[Place, list[Row]] = defaultdict(list)
    for edit in books.edits:
        places[place_of(edit)].append(edit)
    replies = books.replies
    for place, edits in places.items():
        if place[1] > 0:  # else nothing can answer it
            yield from _delivered(books, place, edits, replies[place])
            yield from _told(books, place, edits, replies[place])


def _delivered(books: Books, place: Place, edits: list[Row], replies: list[Row]) -> Iterator[str]:
    """Each done edit has a picture of its own; where none is done, none came.

    One may have come twice, after a kill or a lost answer: `Checked` counts those.
    """
    pictures = {message["message_id"] for message in replies if is_result(message)}
    noted = Counter(edit["result_message_id"] for edit in edits)
    for edit in edits:
        result = edit["result_message_id"]
        sure = edit["state"] == EditState.DONE and edit["reason"] != ArrivalUnknown.key
        if sure and place[0] not in books.unreachable and (result not in pictures or noted[result] > 1):
            yield f"edit {edit['id']} is done, and its picture is not there"
        if edit["state"] in _NOT_DELIVERED and result is not None:
            yield f"edit {edit['id']} is {edit['state']}, and was delivered"
    may_be = any(edit["state"] not in _NOT_DELIVERED or edit["id"] in books.uncertain for edit in edits)
    if pictures and not may_be:
        yield f"{place} has {len(pictures)} pictures, and its edits are {_states(edits)}"


def _told(books: Books, place: Place, edits: list[Row], replies: list[Row]) -> Iterator[str]:
    """Who has no picture, or perhaps none, reads why; and nobody reads of an end that was none."""
    said = [message.get("text") or message.get("caption") or "" for message in replies]
    true = []
    for edit in edits:
        if edit["state"] in _TOLD or edit["reason"] == ArrivalUnknown.key:
            true.append(_sentence(edit, edit["reason"]))
            if place[0] not in books.unreachable and not any(true[-1] in words for words in said):
                yield f"edit {edit['id']} is {edit['state']}, and nobody was told ({edit['reason']})"
        if edit["id"] in books.found or edit["reason"] in _SETTLED:  # it was unknown before
            true.append(_sentence(edit, EditUnknown.key))
    for words in said:
        rest = words
        for sentence in true:
            rest = rest.replace(sentence, "")
        if any(beginning in rest for beginning in _BEGINNINGS):
            yield f"{place} reads {words!r}, and its edits are {_states(edits)}"


def _sentence(edit: Row, reason: str | None) -> str:
    """What the person of an edit is told of its end."""
    values = {"charged": dollars(edit["charged"] or 0), "held": dollars(edit["quote"])}
    return explain(named(reason or ""), edit["language"], **values, edit=edit["id"][:8])


def _states(edits: list[Row]) -> str:
    return ", ".join(edit["state"] for edit in edits)


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
    for row, limit in _limited(books):
        if row["held"] + row["spent"] > limit:
            yield f"counter {_counter(row)}: {row['held']} + {row['spent']} > {limit}"


def _limited(books: Books) -> Iterator[tuple[Row, int]]:
    """The counters that have a limit: their own, or the usual one."""
    own = {(row["scope"], row["scope_id"], row["period"]): row["micros"] for row in books.limits}
    for row in books.counters:
        usual = books.budgets.get((row["scope"], row["period"]))
        limit = own.get((row["scope"], row["scope_id"], row["period"]), usual)
        if limit is not None:
            yield row, limit


def no_status_left(books: Books) -> Iterator[str]:
    """No message goes on saying that the bot works on something."""
    for message in books.messages:
        said = message.get("text", "")
        if WORKING.search(said) and message["chat"]["id"] not in books.unreachable:
            yield f"message {message['message_id']} of chat {message['chat']['id']} still says {said!r}"


def no_secret_out(books: Books) -> Iterator[str]:
    """Neither the token nor a key is in a log, a file, the database, a chat, or what another server got."""
    for where, text in books.texts.items():
        for name, spelled in SECRETS.items():
            if any(secret in text for secret in spelled):
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
    """What a check found: all of ``held`` did, and could have failed."""

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
    while True:
        over = time.monotonic() >= deadline
        if over or not _open(comes, await read(world, unreachable, whole=False)):
            books = await read(world, unreachable)  # later: a status that was on its way has come, and goes
            if over or not _open(comes, books):
                break
        await asyncio.sleep(0.1)
    wanted = [invariant for invariant in INVARIANTS if invariant not in without]
    breaches = [f"{invariant.__name__}: {breach}" for invariant in wanted for breach in invariant(books)]
    assert not breaches, "\n".join(breaches)
    return checked(world.database, books, wanted)


def _open(comes: Sequence[Invariant], books: Books) -> bool:
    """Whether something that comes by itself has not come yet."""
    return any([*invariant(books)] for invariant in comes)


def checked(database: str | None, books: Books, held: list[Invariant]) -> Checked:
    """What a check has found in these books, in which these invariants hold."""
    places = {place_of(edit) for edit in books.edits if edit["state"] == EditState.DONE}
    looked_at = [one for one in held if one is not within_budgets or any(_limited(books))]
    extra = [len(books.pictures(place)) - len(books.edits_at(place)) for place in places]
    return Checked(
        database="SQLite" if database is None else "Postgres",
        held=tuple(invariant.__name__ for invariant in looked_at),
        edits=len(books.edits),
        submits=len(books.predictions),
        charges=sum(row["kind"] == "charge" for row in books.ledger),
        repeated=sum(max(0, count) for count in extra),
        states=dict(Counter(str(edit["state"]) for edit in books.edits)),
    )
