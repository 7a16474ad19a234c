"""Foreign words: whatever people, groups and files are called, it is text, and nothing is lost by it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from telegram import Update

from bot.chat.application import App
from bot.chat.polling import wrap
from bot.chat.texts import FALLBACK, bundle, say, shortened
from bot.domain.access import Policy
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from tests.chat.access_bench import House
from tests.chat.admin_bench import Office, names
from tests.chat.test_texts import sentences
from tests.nasty import NAMES, NASTY
from tests.sandbox.telegram_bench import ADA, BEN, CHLOE, Bench

EVE, CLUB = 6600, -6700
TURNING = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\u2060\ufeff\x00-\x09\x0b-\x1f]")
NUMBERS = {"error-picture-too-long"}  # NUMBER() is called on what these are filled with


def test_every_sentence_takes_every_word() -> None:
    """It stands there as it is, where the sentence shows it at all, and nothing in it is filled in."""
    keys = sorted(set(sentences(FALLBACK)) - NUMBERS)
    assert len(keys) > 200
    for key in keys:
        others = dict.fromkeys(sentences(FALLBACK)[key], "other")
        for name in others:
            usual = say(key, FALLBACK, **{**others, name: "~~~"})
            for word in NASTY.values():
                text = say(key, FALLBACK, **{**others, name: word})
                assert text == usual.replace("~~~", word).strip(), key


def test_no_sentence_isolates_what_it_is_filled_with() -> None:
    """Fluent's isolating marks would be sent to Telegram with each word."""
    assert "\u2068" not in say("start", None, name="Eve", price="$1")
    assert bundle(FALLBACK).has_message("start")


@pytest.mark.parametrize("word", NASTY)
def test_a_word_beside_others(word: str) -> None:
    """On a line with other words it hides, breaks and turns around none of them."""
    line = shortened(NASTY[word], 64)
    assert not TURNING.search(line)
    assert len(line) <= 64
    assert line.splitlines() in ([line], [])
    assert line == line.strip("\u200c\u200d ")


def test_emoji_and_words_keep_their_joiners() -> None:
    """A family stays a family."""
    assert shortened("👩\u200d👧 می\u200cخواهم") == "👩\u200d👧 می\u200cخواهم"


def _never_parsed(calls: list[dict[str, Any]]) -> None:
    """Nothing that was sent asked Telegram to read it as markup, and Telegram took all of it."""
    sent = [call for call in calls if call["method"].lower().startswith(("send", "edit", "answer"))]
    assert sent
    for call in sent:
        assert "parse_mode" not in call["params"]
        assert "entities" not in call["params"]
        assert call["status"] == 200 or "not modified" in str(call), call


async def test_people_who_are_called_so(office: Office) -> None:
    """The requests for access, the panel, its search, the table of all money, `/spend`."""
    people = {EVE + number: name for number, name in enumerate(NAMES)}
    for person, name in people.items():
        await _lives_in(office.telegram, person, name)
        await office.writes(person, person, "/start")
        request = await office.last(ADA)
        assert not TURNING.search(request["text"])
        assert str(person) in request["text"]
        assert await office.presses(ADA, request, "Approve with $1 a day") == "Done."
        assert str(person) in (await office.again(ADA, request))["text"]
        await office.edit(person)
        await office.writes(ADA, ADA, f"/admin find {person}")
        found = await office.last(ADA)
        [label] = [label for label in names(found) if label != "‹ Back"]
        page = await office.goes(found, label)
        assert str(person) in page["text"].splitlines()[0]
        assert str(person) in (await office.goes(page, "Edits", "GPT"))["text"]
        await office.writes(ADA, ADA, f"/admin find {' '.join(name.split())}")
        await office.writes(person, person, "/spend")
        assert "$0.94 of $1.00" in (await office.last(person))["caption"]
    await office.goes(await office.panel(), "People")
    await office.goes(await office.panel(), "Today")
    await office.writes(ADA, ADA, "/admin csv")
    rows = await office.table(await office.last(ADA))
    assert {row["person"] for row in rows} == {str(person) for person in people}
    assert not any(row["name"].startswith(("=", "@", "+", "-")) for row in rows)
    _never_parsed((await office.telegram.sandbox("calls"))["calls"])


async def test_groups_that_are_called_so(telegram: Bench, app: App, database: Database) -> None:
    """Somebody called so adds the bot: the admins are asked with both names, and approve it."""
    house = await House.opened(telegram, app, database, policy=Policy.APPROVE)
    for number, name in enumerate(NAMES):
        person, club = EVE + number, CLUB - number
        await _lives_in(telegram, person, name)
        group = {"title": name, "members": [person, BEN], "id": club, "privacy_mode": True}
        await telegram.sandbox("groups", group)
        await house.writes(club, person, "/edit@wavebrush_bot hello")
        request = await house.last(ADA)
        assert not TURNING.search(request["text"])
        assert str(club) in request["text"]
        assert str(person) in request["text"]
        assert await house.presses(ADA, request, "Approve for all members") == "Done."
        assert "approved this group" in (await house.last(club))["text"]
    _never_parsed((await telegram.sandbox("calls"))["calls"])


async def _lives_in(telegram: Bench, person: int, name: str) -> None:
    await telegram.sandbox("people", {"id": person, "first_name": name, "language_code": "en"})


def from_somebody(name: str, text: str, number: int = 7) -> dict[str, Any]:
    """A raw message."""
    who = {"id": CHLOE, "is_bot": False, "first_name": name, "language_code": "en"}
    chat = {"id": CHLOE, "type": "private", "first_name": name}
    message = {"message_id": 1, "date": 1, "chat": chat, "from": who, "text": text}
    return {"update_id": number, "message": message}


async def test_what_no_database_keeps(office: Office, inbox: SqlInbox) -> None:
    """Half a surrogate pair, and NUL, which JSON can carry: they are replaced, and all goes on."""
    halves = "\ud83d a\ud800b \udfff\ud800 \x00 c\x00d"
    wrapped = wrap(from_somebody(f"Eve{halves}", f"/start{halves}"))
    assert wrapped is not None
    assert await inbox.commit([wrapped], office.now) == 1
    [kept] = await inbox.claim("me", office.now, office.now, 9)
    read = json.loads(kept.body)
    assert not set(halves) & set(read["message"]["text"]) & set("\x00\ud800\ud83d\udfff")
    await office.telegram.started(CHLOE)
    await office.app.process_update(Update.de_json(read, office.app.bot))
    assert (await office.access.member(CHLOE)).name.startswith("Eve")
    assert f"b ?? � c�d · {CHLOE}" in (await office.last(ADA))["text"]


def test_whole_pairs_stay_whole() -> None:
    """An emoji in JSON's escapes is the emoji."""
    raw = json.loads('{"update_id": 7, "message": {"text": "\\ud83d\\ude00 \\\\u0041"}}')
    wrapped = wrap(raw)
    assert wrapped is not None
    assert json.loads(wrapped.body) == raw


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**30, "7", None, 7.5, [7]])
def test_an_id_that_no_database_keeps(number: Any) -> None:
    """It is reported, and the others of its batch are taken."""
    assert wrap({"update_id": number, "message": {}}) is None


def test_a_chat_that_no_database_keeps() -> None:
    """Its update waits with those of nobody."""
    wrapped = wrap({"update_id": 7, "message": {"chat": {"id": 2**64}}})
    assert wrapped is not None
    assert wrapped.lane == 0
