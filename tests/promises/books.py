"""All that can be seen of a world from outside: the bot's database, both stand-ins' books, all logs."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bot.domain.edits import EditState
from bot.domain.money import micros
from tests.e2e.world import World

Row = Mapping[str, Any]
Place = tuple[int, int]
"""A chat and a message in it."""

_TABLES = ("edits", "requests", "attempts", "results", "ledger", "counters", "limits", "inbox", "turns")
_BUDGETS = {
    "TOTAL_DAILY_BUDGET": ("bot", "day"),
    "GROUP_DAILY_BUDGET": ("group", "day"),
    "USER_DAILY_BUDGET": ("user", "day"),
    "USER_MONTHLY_BUDGET": ("user", "month"),
}
_RESULT = re.compile(r" · \d+ s · ")
"""What the caption of a result has, and that of no question and no other picture."""


@dataclass
class Books:
    """One look at a world. Money is micro-US-dollars."""

    edits: Sequence[Row] = field(default_factory=list)
    requests: Sequence[Row] = field(default_factory=list)
    attempts: Sequence[Row] = field(default_factory=list)
    results: Sequence[Row] = field(default_factory=list)
    ledger: Sequence[Row] = field(default_factory=list)
    counters: Sequence[Row] = field(default_factory=list)
    limits: Sequence[Row] = field(default_factory=list)
    inbox: Sequence[Row] = field(default_factory=list)
    turns: Sequence[Row] = field(default_factory=list)
    budgets: dict[tuple[str, str], int] = field(default_factory=dict)  # of a scope and a period
    predictions: Sequence[Row] = field(default_factory=list)  # as the WaveSpeed stand-in remembers them
    posts: Sequence[Row] = field(default_factory=list)  # the bodies of all paid POSTs, also of those refused
    messages: Sequence[Row] = field(default_factory=list)  # what the bot's chats show of the bot now
    texts: dict[str, str] = field(default_factory=dict)  # where secrets are looked for, by where it is
    unreachable: frozenset[int] = frozenset()  # chats in which the bot can tell nothing
    found: frozenset[str] = frozenset()  # edits that were unknown, and found later
    uncertain: frozenset[str] = frozenset()  # edits whose picture was sent, and Telegram's answer lost

    @property
    def replies(self) -> dict[Place, list[Row]]:
        """The bot's messages, by the message that they answer."""
        found: dict[Place, list[Row]] = defaultdict(list)
        for message in self.messages:
            if "reply_to_message" in message:
                found[message["chat"]["id"], message["reply_to_message"]["message_id"]].append(message)
        return found

    def pictures(self, place: Place) -> list[Row]:
        """The results that answer a message."""
        return [message for message in self.replies[place] if is_result(message)]

    def edits_at(self, place: Place) -> list[Row]:
        """The edits that a message asked for and whose pictures were delivered."""
        return [edit for edit in self.edits if place_of(edit) == place and edit["state"] == EditState.DONE]

    @property
    def bought(self) -> dict[str, list[Row]]:
        """The predictions of each edit, by the edit's id; under "" those that no attempt knows."""
        by_url = {attempt["source_url"]: attempt["edit_id"] for attempt in self.attempts}
        by_name = {attempt["prediction_id"]: attempt["edit_id"] for attempt in self.attempts}
        found: dict[str, list[Row]] = defaultdict(list)
        for prediction in self.predictions:
            named = by_name.get(prediction["id"], "")
            found[by_url.get(source_of(prediction["inputs"]) or "", named)].append(prediction)
        return found

    def booked(self, edit: Row, *kinds: str) -> int:
        """The sum of an edit's movements of some kinds."""
        return sum(
            row["micros"] for row in self.ledger if row["edit_id"] == edit["id"] and row["kind"] in kinds
        )


def is_result(message: Row) -> bool:
    """Whether a message has a result. Of an album one picture has the caption for all."""
    if "photo" not in message and "document" not in message:
        return False
    return "media_group_id" in message or bool(_RESULT.search(message.get("caption", "")))


def place_of(edit: Row) -> Place:
    """The message that asked for an edit; the id is negative where its group became a supergroup since."""
    return edit["chat_id"], edit["message_id"]


def source_of(inputs: Row) -> str | None:
    """The URL of the first picture that was sent to be edited, which is one attempt's alone."""
    pictures = inputs.get("images") or [inputs.get("image")]
    return str(pictures[0]) if pictures[0] else None


async def read(world: World, unreachable: frozenset[int] = frozenset(), *, whole: bool = True) -> Books:
    """Look at everything; if not ``whole``, at all but the calls and texts, which grow long."""
    messages, predictions = await _messages(world), await world.predictions()
    calls = await world.calls(world.wavespeed) if whole else []
    asked = await world.calls(world.telegram) if whole else []
    return Books(
        **{name: world.rows(f"SELECT * FROM {name}") for name in _TABLES},
        budgets=_budgets(world.bots[-1].settings if world.bots else {}),
        predictions=predictions,
        posts=[call["json"] for call in calls if _is_submit(call)],
        messages=messages,
        texts=_texts(world, [predictions, calls], [asked, messages]) if whole else {},
        unreachable=unreachable,
        found=_logged(world, '"unknown_found"') | _logged(world, '"submit_told"', found=True),
        uncertain=_logged(world, '"delivery_uncertain"'),
    )


def _logged(world: World, event: str, **values: object) -> frozenset[str]:
    """The edits of which a process logged an event with these values."""
    records = [json.loads(line) for bot in world.bots for line in bot.lines if event in line]
    return frozenset(record["edit"] for record in records if values.items() <= record.items())


def _texts(world: World, provider: Sequence[object], telegram: Sequence[object]) -> dict[str, str]:
    return {
        "the log": "".join(bot.log for bot in world.bots),
        "the output": "".join("".join(bot.printed) for bot in world.bots),
        "the provider's books": repr(provider),
        "Telegram's books": repr(telegram),
        **dict(_kept(world)),
    }


def _is_submit(call: Row) -> bool:
    body = call["json"]
    return isinstance(body, dict) and "prompt" in body and call["method"] == "POST"


def _budgets(settings: Mapping[str, str]) -> dict[tuple[str, str], int]:
    return {scope: micros(settings[name]) for name, scope in _BUDGETS.items() if settings.get(name)}


async def _messages(world: World) -> list[Row]:
    url = f"{world.telegram}/sandbox"
    chats = (await world.http.get(f"{url}/world")).json()["chats"]
    found: list[Row] = []
    for chat in chats:
        answer = (await world.http.get(f"{url}/chats/{chat['id']}/messages")).json()
        found += [message for message in answer["messages"] if message["from"]["is_bot"]]
    return found


def _kept(world: World) -> Iterator[tuple[str, str]]:
    """All that the bot wrote down: its files, and every row of a Postgres."""
    for file in sorted(world.data.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(world.data)), _content(file)
    if world.database is not None:
        yield "the database", "\n".join(_dump(world.database))


def _content(file: Path) -> str:
    if file.suffix == ".sqlite":  # a database in use: its newest pages are in another file
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            return "\n".join(connection.iterdump())
    return file.read_bytes().decode("latin-1")


def _dump(url: str) -> Iterator[str]:
    tables = (
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'dbos') ORDER BY 1, 2"
    )
    with psycopg.connect(url) as connection:
        for schema, name in connection.execute(tables).fetchall():
            for (row,) in connection.execute(f'SELECT t::text FROM "{schema}"."{name}" t'.encode()):
                yield row
