"""Chats and updates: closed, moved, twice, late or broken, and the bot's standing with Telegram."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.test_albums import Album
from tests.e2e.world import TOKEN, Person
from tests.promises.conftest import Record
from tests.promises.faults import (
    DATABASES,
    PHOTO,
    PRICE_OF_ONE,
    SUBMIT,
    UPDATES,
    Scene,
    database_of,
    delivered,
    scene,
)
from tests.promises.proxy import changed, once, said

ME = "wavebrush_bot"
ALWAYS = 100_000
SENDS = r"(?i:/send(?!ChatAction$))"  # all that a person would see
CHARGED = [("hold", PRICE_OF_ONE), ("charge", PRICE_OF_ONE)]


@pytest.fixture(scope="module", params=DATABASES)
async def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """One bot for all rows."""
    async with scene(tmp_path_factory.mktemp("chats"), database_of(request)) as opened:
        yield opened


@pytest.fixture
async def chats(opened: Scene) -> Scene:
    """No prediction ends by itself for now."""
    await opened.calm()
    await opened.world.wavespeed_settings(hold=True)
    return opened


async def _goes_on(scene: Scene) -> None:
    await scene.world.wavespeed_settings(hold=False)


def _error(code: int, description: str) -> str:
    return json.dumps({"ok": False, "error_code": code, "description": description})


# --- people and chats that are gone ---------------------------------------------------------------------


async def _kept_waiting(chats: Scene, person: Person, words: str = "unpaid") -> None:
    """Ask for an edit that the provider is too busy for, and see it wait: nothing of it can be bought now."""
    chats.paid.arm(SUBMIT, said("{}", 429, "Retry-After: 2", effect=False), ALWAYS)
    await chats.asks(person, words)

    async def refused() -> bool:
        last = "SELECT a.state FROM attempts a JOIN edits e ON e.id = a.edit_id WHERE e.user_id = ?"
        return "refused" in [row["state"] for row in chats.world.rows(last, person.id)]

    await chats.world.until(refused)


async def test_a_person_who_blocked_the_bot(chats: Scene, promise: Record) -> None:
    """What is paid for is kept, and /history brings it when they come back; what is not is free."""
    person = await chats.person()
    await chats.asks(person)
    await chats.becomes(person, "running")
    await _kept_waiting(chats, person)
    chats.unreachable.add(person.chat)
    await chats.world.post(chats.world.telegram, f"people/{person.id}/block", blocked=True)
    await chats.becomes(person, "running", "cancelled")
    chats.paid.disarm()
    await _goes_on(chats)
    await chats.becomes(person, "undeliverable", "cancelled")
    held, released = ("hold", PRICE_OF_ONE), ("release", PRICE_OF_ONE)
    assert sorted(chats.money(person)) == sorted([*CHARGED, held, released])
    checked = await chats.held()
    await chats.world.post(chats.world.telegram, f"people/{person.id}/block", blocked=False)
    await person.says("/history")
    await person.sees_picture()
    outcome = "what was bought is charged and kept: /history brings it later; the rest is cancelled and free"
    promise("the person blocks the bot while it works", outcome, checked)


@pytest.mark.long
async def test_a_person_who_is_deactivated(chats: Scene, promise: Record) -> None:
    """Nobody is written to any more; the edit ends."""
    person = await chats.person()
    await chats.asks(person)
    await chats.becomes(person, "running")
    await person.sees_text("Editing…")  # nothing is on its way
    gone = said(_error(403, "Forbidden: user is deactivated"), 403, effect=False)
    picture = chats.chats.arm(PHOTO, gone, ALWAYS)
    others = chats.chats.arm(SENDS, gone, ALWAYS)
    await _goes_on(chats)
    await chats.becomes(person, "undeliverable")
    assert chats.money(person) == CHARGED
    chats.unreachable.add(person.chat)
    checked = await chats.held()
    assert ALWAYS - picture.count == 1, "only what was paid for is tried, once"
    assert others.count == ALWAYS
    promise("the person's account is deactivated", "charged and kept, nothing more is sent", checked)


async def test_thrown_out_of_a_group(chats: Scene, promise: Record) -> None:
    """What is paid for is kept; what is not is cancelled and free; nothing more is sent there."""
    world = chats.world
    paid, unpaid, wordless = [await chats.person() for _ in range(3)]
    group = await world.group(paid, unpaid, wordless)
    await chats.asks(paid.within(group), f"/edit@{ME} paid")
    await chats.becomes(paid, "running")
    await _kept_waiting(chats, unpaid.within(group), f"/edit@{ME} unpaid")
    here = wordless.within(group)
    await here.sends(chats.photo, caption=f"/edit@{ME}")
    await here.sees_text("What should I change?")
    chats.unreachable.add(group)
    await world.bot_in(group, "kicked")
    await chats.becomes(unpaid, "cancelled")
    before = len(await world.calls(world.telegram))
    chats.paid.disarm()
    await _goes_on(chats)
    await chats.becomes(paid, "undeliverable")
    calls = (await world.calls(world.telegram))[before:]
    tried = [call["method"] for call in calls if call["params"].get("chat_id") == str(group)]
    sent = [method for method in tried if method.startswith("send")]
    assert sent == ["sendPhoto"], "only what was paid for is tried"
    assert chats.money(paid) == CHARGED
    assert chats.money(unpaid) == [("hold", PRICE_OF_ONE), ("release", PRICE_OF_ONE)]
    outcome = "what was bought is charged and kept, the rest cancelled and free"
    promise("the bot is thrown out of the group", outcome, await chats.held())
    await world.bot_in(group, "member")
    await chats.asks(paid.within(group), f"/edit@{ME} after the return")
    await paid.within(group).sees_picture()


@pytest.mark.long
async def test_a_request_that_was_deleted(chats: Scene, promise: Record) -> None:
    """There is nothing to reply to any more; the picture comes all the same."""
    person = await chats.person()
    sent = await chats.asks(person)
    await chats.becomes(person, "running")
    path = f"chats/{person.chat}/messages/{sent['message_id']}/delete"
    await chats.world.post(chats.world.telegram, path, **{"from": person.id})
    await _goes_on(chats)
    await delivered(chats, person)
    chats.unreachable.add(person.chat)  # nothing is there that an answer could be known by
    promise("the request is deleted meanwhile", "delivered without a reply, charged once", await chats.held())


@pytest.mark.long
async def test_a_caption_that_is_edited(chats: Scene, promise: Record) -> None:
    """The edit goes on with the words as they were, and its person is told so."""
    person = await chats.person()
    sent = await chats.asks(person)
    await chats.becomes(person, "running")
    path = f"chats/{person.chat}/messages/{sent['message_id']}/edit"
    await chats.world.post(chats.world.telegram, path, **{"from": person.id, "text": "something else"})
    await person.sees_text("I had begun already, with the words as they were.")
    await _goes_on(chats)
    await delivered(chats, person)
    outcome = "bought once, with the words as they were, and said so"
    promise("the caption is edited meanwhile", outcome, await chats.held())


@pytest.mark.long
async def test_a_caption_that_is_added(opened: Scene, promise: Record) -> None:
    """Who was asked what to change may answer by adding the caption."""
    await opened.calm()
    person = await opened.person()
    [sent] = await person.sends(opened.photo)
    await person.sees_text("What should I change?")
    path, words = f"chats/{person.chat}/messages/{sent['message_id']}/edit", f"comic for {person.tag}"
    await opened.world.post(opened.world.telegram, path, **{"from": person.id, "text": words})
    await delivered(opened, person)
    promise("the caption is added afterwards", "taken for what to change", await opened.held())


@pytest.mark.long
async def test_a_group_that_moves(chats: Scene, promise: Record) -> None:
    """Telegram gives it another id: the result, all rows and the next step follow."""
    person = await chats.person()
    group = await chats.world.group(person)
    await chats.asks(person.within(group), f"/edit@{ME} before the move")
    await chats.becomes(person, "running")
    new = await chats.world.migrate(group)
    await _goes_on(chats)
    there = person.within(new)
    result = await there.sees_picture()
    await chats.becomes(person, "done")
    for table in ("requests", "edits", "ledger"):
        assert not chats.world.rows(f"SELECT 1 FROM {table} WHERE chat_id = ?", group)  # our own names
    await there.says("after the move", reply_to=str(result["message_id"]))
    await chats.becomes(person, "done", "done")
    outcome = "delivered there; settings, budgets and edits follow"
    promise("the group becomes a supergroup meanwhile", outcome, await chats.held())


# --- updates --------------------------------------------------------------------------------------------


async def test_updates_that_come_twice(opened: Scene, promise: Record) -> None:
    """The same batch again, after it was confirmed, is nothing new."""
    await opened.calm()
    person = await opened.person()
    kept: list[bytes] = []

    def keeps(body: bytes) -> bytes:
        kept.append(body)
        return body

    await opened.chats.arm(UPDATES, changed(keeps)).came.wait()
    await opened.asks(person)
    await delivered(opened, person)
    [batch] = [body for body in kept if person.tag.encode() in body]
    await opened.chats.arm(UPDATES, said(batch), 2).spent.wait()
    await opened.asks(person, "and another one")
    await opened.becomes(person, "done", "done")
    assert len(await opened.bought(person)) == 2
    promise("updates come again", "nothing happens twice", await opened.held())


def _message(wrong: dict[str, Any]) -> dict[str, Any]:
    """A text of nobody's, but for what is wrong with it."""
    right = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": "x"}
    return {"message": right | wrong}


POISON: dict[str, dict[str, Any]] = {
    "a date that is a word": _message({"date": "yesterday"}),
    "a photo that is a number": _message({"photo": [1]}),
    "a chat without an id": _message({"chat": {"type": "private"}}),
    "a person without an id": _message({"from": {"is_bot": False}}),
    "a message that is a word": {"message": "a word"},
    "a press that is a list": {"callback_query": []},
}
ODD: dict[str, dict[str, Any]] = {  # these can be read, and ask for nothing
    "an unknown kind of chat": _message({"chat": {"id": 1, "type": "hologram"}}),
    "nothing but its number": {},
}


async def test_updates_that_nobody_can_read(opened: Scene, promise: Record) -> None:
    """Each is recorded, reported and skipped alone; the others of its batch are done."""
    await opened.calm()
    person, seen = await opened.person(), len(opened.bot.lines)
    [newest] = opened.world.rows("SELECT max(position) AS position FROM inbox")
    for update in [*POISON.values(), *ODD.values()]:
        answer = await opened.world.http.post(f"{opened.world.telegram}/sandbox/updates", json=update)
        answer.raise_for_status()
    await opened.asks(person)
    await delivered(opened, person)
    checked = await opened.held()
    query = "SELECT update_id, state FROM inbox WHERE position > ? ORDER BY position"
    kept = opened.world.rows(query, newest["position"] or 0)
    assert [row["state"] for row in kept] == ["unreadable"] * len(POISON) + ["done"] * (len(ODD) + 1)
    logged = [json.loads(line) for line in opened.bot.lines[seen:] if '"update_broke"' in line]
    broke = sorted(record["update"] for record in logged)
    assert broke == [row["update_id"] for row in kept if row["state"] == "unreadable"]
    outcome = "recorded, logged and skipped alone; what came with it is done"
    promise("an update can't be read", outcome, checked)


async def test_album_parts_in_any_order(opened: Scene, promise: Record) -> None:
    """The caption comes last, a part comes twice: one request, with all pictures in their order."""
    await opened.calm()
    person = await opened.person()
    await person.starts()
    album = Album(person, 901, ["cat.jpg", "coffee.jpg", "rocket.jpg"], f"combine them for {person.tag}")
    await album.upload()
    all_there = asyncio.Event()
    none_yet = once(all_there, said('{"ok":true,"result":[]}', effect=False))
    await opened.chats.arm(UPDATES, none_yet).came.wait()  # so that they come together
    for place in (2, 1, 1, 0):
        await album.deliver(place)
    all_there.set()
    await delivered(opened, person)
    [bought] = await opened.bought(person)
    assert len(bought["inputs"]["images"]) == 3
    opened.unreachable.add(person.chat)  # Telegram knows none of these messages, so nothing answers one
    promise("an album's parts come out of order, and twice", "one edit, bought once", await opened.held())


@pytest.mark.long
async def test_an_album_part_that_comes_late(opened: Scene, promise: Record) -> None:
    """It starts no second edit; its person is told."""
    await opened.calm()
    person = await opened.person()
    await person.starts()
    album = Album(person, 902, ["cat.jpg", "coffee.jpg"], f"combine them for {person.tag}")
    await album.upload()
    await album.deliver(0)
    await delivered(opened, person)
    await album.deliver(1)
    await person.sees_text("That picture came after I had begun")
    assert len(await opened.bought(person)) == 1
    opened.unreachable.add(person.chat)  # as above
    promise("an album's part comes late", "left out and said so, bought once", await opened.held())


async def test_a_file_over_the_limit(opened: Scene, promise: Record) -> None:
    """It is refused by what Telegram says of it, before anything is fetched."""
    await opened.calm()
    person = await opened.person()
    await person.sends(b"\xff\xd8\xff" + bytes(20 * 2**20 + 1), caption="edit this", as_file=True)
    told = await person.sees_text("over 20 MB")
    assert "Nothing was charged." in told["text"]
    assert opened.states(person) == []
    promise("the file is over 20 MB", "told so; nothing fetched, held or bought", await opened.held())


# --- the bot's standing with Telegram -------------------------------------------------------------------


@pytest.mark.long
async def test_a_token_that_is_refused_for_a_while(opened: Scene, promise: Record) -> None:
    """Polling goes on, slower; the health page says that none succeeds; then all is as before."""
    await opened.calm()
    person = await opened.person()
    await opened.asks(person)
    await delivered(opened, person)
    refused = said(_error(401, "Unauthorized"), 401, effect=False)
    opened.chats.arm(UPDATES, refused, ALWAYS)
    await opened.asks(person, "once more")
    await opened.ill("telegram")
    assert "poll_failed" in opened.bot.log
    opened.chats.disarm()
    await opened.becomes(person, "done", "done")
    await opened.ill("telegram", until=False)
    outcome = "an error in the log, health says so, tried ever slower; then goes on by itself"
    promise("Telegram refuses the token for a while", outcome, await opened.held())


@pytest.mark.long
async def test_a_second_bot_with_the_same_token(opened: Scene, promise: Record) -> None:
    """It is said in plain words, and goes on when the other is gone; no update is lost or done twice."""
    await opened.calm()
    person = await opened.person()
    url = f"{opened.world.telegram}/bot{TOKEN}/getUpdates"
    for _ in range(3):
        await opened.world.http.post(url, json={"timeout": 1})
    await opened.asks(person)
    await delivered(opened, person)
    assert "make sure that only one bot instance is running" in opened.bot.log
    promise(
        "a second bot polls with the same token",
        "said in the log; nothing lost or done twice",
        await opened.held(),
    )


@pytest.mark.long
async def test_a_webhook_that_somebody_set(opened: Scene, promise: Record) -> None:
    """While one is set Telegram gives nothing to who polls: it is taken away, and polling goes on."""
    await opened.calm()
    person, seen = await opened.person(), len(opened.bot.lines)
    http, url = opened.world.http, f"{opened.world.telegram}/bot{TOKEN}"
    answer = await http.post(f"{url}/setWebhook", json={"url": "http://127.0.0.1:1/elsewhere"})
    assert answer.json()["ok"]
    await opened.asks(person)
    await delivered(opened, person)
    await opened.logs("poll_failed", seen)
    failed = [json.loads(line) for line in opened.bot.lines[seen:] if '"poll_failed"' in line]
    assert any("webhook" in record["detail"].lower() for record in failed), "the log says what is wrong"
    assert (await http.get(f"{url}/getWebhookInfo")).json()["result"]["url"] == ""
    outcome = "said in the log and taken away; nothing is lost"
    promise("somebody sets a webhook while the bot polls", outcome, await opened.held())
