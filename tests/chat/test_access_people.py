"""Strangers ask, admins decide with buttons, and nobody else can."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs
from telegram import Update
from telegram.ext import ApplicationHandlerStop, CallbackContext

from bot.chat.access import plain
from bot.chat.application import App
from bot.clock import SystemClock
from bot.domain.access import Member, Policy, Rules, Standing
from bot.domain.budgets import USER_DAY
from bot.domain.stores import Button
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.storage.access import SqlAccess
from bot.storage.chats import SqlChats
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.notes import SqlNotes
from tests.chat.access_bench import House, buttons
from tests.sandbox.telegram_bench import ADA, BEN, CHLOE, Bench, picture

ASKED, WAITING = "I asked them about you", "have not decided yet"
HER_BUTTONS = ["Approve", "Deny", "Approve with $1 a day"]


@pytest.fixture
async def house(telegram: Bench, app: App, database: Database) -> House:
    """Ada and Chloe are admins, and have spoken with the bot. Ben is a stranger."""
    house = await House.opened(telegram, app, database, admins=(ADA, CHLOE))
    await house.writes(CHLOE, CHLOE, "/start")
    return house


async def test_a_stranger_asks_once(house: House) -> None:
    """Each admin gets one message with who it is; later messages only hear that it is not decided."""
    for text in ("/start", "hello?", "anybody?"):
        await house.writes(BEN, BEN, text)
    first, *later = await house.said(BEN)
    assert ASKED in first
    assert len(later) == 2
    assert all(WAITING in text for text in later)
    for admin in (ADA, CHLOE):
        [request] = await house.messages(admin)
        assert f"Ben · @ben · {BEN}" in request["text"]
        assert [label for label, _ in buttons(request)] == HER_BUTTONS
    assert house.entered == [CHLOE]


@pytest.mark.parametrize(
    ("label", "standing", "shown", "told", "limit"),
    [
        ("Approve", Standing.APPROVED, "Approved by Ada.", "let you use this bot.", None),
        ("Deny", Standing.DENIED, "Denied by Ada.", "decided not to let you", None),
        (
            "Approve with $1 a day",
            Standing.APPROVED,
            "Approved with $1 a day by Ada.",
            "for up to $1 a day",
            1_000_000,
        ),
    ],
)
async def test_an_admin_decides(
    house: House,
    label: str,
    standing: Standing,
    shown: str,
    told: str,
    limit: int | None,
) -> None:
    """The person is told, and every admin sees who decided what, without buttons."""
    await house.writes(BEN, BEN, "/start")
    assert await house.presses(ADA, await house.last(ADA), label) == "Done."
    assert (await house.access.member(BEN)).standing is standing
    assert await house.accounts.limit(USER_DAY, BEN) == (limit, limit is not None)
    assert told in (await house.last(BEN))["text"]
    for admin in (ADA, CHLOE):
        request = await house.last(admin)
        assert request["text"].endswith(shown)
        assert buttons(request) == []


async def test_who_was_approved_comes_in(house: House) -> None:
    """With the next message."""
    await house.writes(BEN, BEN, "/start")
    await house.presses(ADA, await house.last(ADA), "Approve")
    await house.writes(BEN, BEN, "hello again")
    assert house.entered == [CHLOE, BEN]


async def test_who_was_denied_is_told_each_time(house: House) -> None:
    """And no admin is asked again."""
    await house.writes(BEN, BEN, "/start")
    await house.presses(ADA, await house.last(ADA), "Deny")
    await house.writes(BEN, BEN, "please?")
    assert (await house.said(BEN))[-1].startswith("Sorry, my admins decided not to let you")
    assert len(await house.messages(ADA)) == 1


async def test_the_second_admin_is_late(house: House) -> None:
    """Their press, on the buttons as they still saw them, changes nothing."""
    await house.writes(BEN, BEN, "/start")
    request = await house.last(CHLOE)
    await house.presses(ADA, await house.last(ADA), "Approve")
    deny = dict(buttons(request))["Deny"]
    assert await house.forges(CHLOE, request, deny) == "That was decided already."
    assert (await house.access.member(BEN)).standing is Standing.APPROVED


async def test_an_admin_who_blocked_the_bot_does_not_matter(house: House) -> None:
    """The other one is asked, and decides."""
    await house.telegram.sandbox(f"people/{CHLOE}/block", {"blocked": True})
    await house.comes()
    await house.writes(BEN, BEN, "/start")
    assert ASKED in (await house.last(BEN))["text"]
    await house.presses(ADA, await house.last(ADA), "Approve")
    assert (await house.access.member(BEN)).standing is Standing.APPROVED


async def test_no_admin_can_be_reached(house: House) -> None:
    """The person is told so, and the admins are asked at their next message."""
    for admin in (ADA, CHLOE):
        await house.telegram.sandbox(f"people/{admin}/block", {"blocked": True})
    await house.writes(BEN, BEN, "/start")
    assert "could not reach any of them" in (await house.last(BEN))["text"]
    await house.telegram.sandbox(f"people/{ADA}/block", {"blocked": False})
    await house.writes(BEN, BEN, "and now?")
    assert ASKED in (await house.last(BEN))["text"]
    assert len(await house.messages(ADA)) == 1


async def test_a_blocked_person_gets_one_sentence_then_silence(house: House) -> None:
    """Also for presses."""
    await house.access.decide(BEN, Standing.BLOCKED, ADA, house.now)
    for text in ("/admin", "/start", "hello?", "/admin"):
        await house.writes(BEN, BEN, text)
    assert await house.said(BEN) == ["You are blocked here, so I don't answer you any more."]
    assert await house.forges(BEN, await house.last(BEN), "anything") == ""
    assert await house.said(ADA) == []


async def test_a_strangers_album_is_answered_once(house: House) -> None:
    """Nothing of it is fetched, and nothing is kept."""
    photos = [("photo", (f"{n}.png", picture(40 + n))) for n in range(3)]
    await house.telegram.write(BEN, BEN, files=photos, caption="make it blue")
    await house.comes()
    assert len(await house.said(BEN)) == 1
    assert (await house.telegram.sandbox("calls?method=getFile"))["calls"] == []
    assert house.entered == [CHLOE]


async def test_a_strangers_album_is_answered_once_by_all_processes(house: House, database: Database) -> None:
    """Its parts come one after the other, each to another process; the next album is another."""
    edits, chats = SqlEdits(database), SqlChats(database)
    gates = [
        (await house.door(Rules(admins=(ADA,)), edits, chats, Timing(), SystemClock())).gate for _ in range(2)
    ]
    for _ in range(2):
        photos = [("photo", (f"{n}.png", picture(40 + n))) for n in range(3)]
        await house.telegram.write(BEN, BEN, files=photos, caption="make it blue")
        for at, raw in enumerate(await house.telegram.updates()):
            with pytest.raises(ApplicationHandlerStop):
                await gates[at % 2].check(Update.de_json(raw, house.app.bot), CallbackContext(house.app))
    assert len(await house.said(BEN)) == 2


async def test_a_strangers_press_is_answered_in_words(house: House) -> None:
    """Somebody who was served once still has buttons."""
    message = {"message_id": 5, "date": 0, "chat": {"id": BEN, "type": "private"}, "text": "?"}
    assert "I don't work for you here" in await house.forges(BEN, message, "anything")


NASTY = "<b>Ben</b>\n\u202e[x](tg://user?id=1)\u2066 & { $who } *_`"


async def test_a_nasty_name_is_shown_as_it_is(house: House) -> None:
    """No markup, no second line, no text turned around; nor does it break the sentence."""
    await house.telegram.sandbox("people", {"id": 1234, "first_name": NASTY, "username": "ben_x"})
    await house.writes(1234, 1234, "/start")
    request = await house.last(ADA)
    wanted = "<b>Ben</b> [x](tg://user?id=1) & { $who } *_` · @ben_x · 1234"
    assert request["text"].splitlines()[-1] == wanted
    assert not {"text_link", "text_mention", "bold"} & {entity["type"] for entity in entities(request)}
    await house.presses(ADA, request, "Approve")
    assert (await house.last(ADA))["text"].splitlines() == [wanted, "Approved by Ada."]


def entities(message: dict[str, object]) -> list[dict[str, str]]:
    found = message.get("entities", [])
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ann", "Ann"),
        ("\u200b\u2066", "?"),
        ("", "?"),
        ("a" * 100, "a" * 63 + "…"),
        ("a\r\n\tb\u2028c", "a b c"),
    ],
)
def test_a_foreign_name_is_one_short_line(name: str, shown: str) -> None:
    """Whatever is in it."""
    assert plain(name) == shown


@pytest.mark.parametrize("text", ["/admin", "/admin limit 5 2.50 day", "/Admin@wavebrush_bot"])
@pytest.mark.parametrize("standing", [Standing.UNKNOWN, Standing.APPROVED])
async def test_an_admin_command_of_somebody_else(house: House, text: str, standing: Standing) -> None:
    """It is refused in words, logged, and reaches no room; whether they are served or not."""
    structlog.reset_defaults()
    await house.access.decide(BEN, standing, ADA, house.now)
    with capture_logs() as logs:
        await house.writes(BEN, BEN, text)
    assert await house.said(BEN) == ["That is for my admins only."]
    [refused] = [entry for entry in logs if entry["event"] == "admin_refused"]
    assert (refused["user"], refused["what"]) == (BEN, text.split()[0])
    assert house.entered == [CHLOE]


async def test_a_forged_press_on_an_admins_button(house: House) -> None:
    """A person who learned the button's id decides nothing about themselves, approved or not."""
    structlog.reset_defaults()
    await house.writes(BEN, BEN, "/start")
    request = await house.last(ADA)
    with capture_logs() as logs:
        told = await house.forges(BEN, request, dict(buttons(request))["Approve"])
    assert told == "That is for my admins only."
    assert (await house.access.member(BEN)).standing is Standing.WAITING
    [refused] = [entry for entry in logs if entry["event"] == "admin_refused"]
    assert refused["user"] == BEN
    assert str(BEN) in refused["what"]


async def test_one_admin_can_not_press_anothers_button(house: House) -> None:
    """It belongs to who it was shown to."""
    await house.writes(BEN, BEN, "/start")
    request = await house.last(ADA)
    told = await house.forges(CHLOE, request, dict(buttons(request))["Approve"])
    assert told == "That button belongs to somebody else."
    assert (await house.access.member(BEN)).standing is Standing.WAITING


async def test_a_former_admin_decides_nothing(telegram: Bench, app: App, database: Database) -> None:
    """The buttons that were shown to them are theirs, but they are no admin at the press."""
    house = await House.opened(telegram, app, database, admins=(CHLOE,))
    button = Button("an-old-button", ADA, f"admin-access:person:{BEN}", "approve")
    await house.buttons.keep([button], house.now)
    message = {"message_id": 5, "date": 0, "chat": {"id": ADA, "type": "private"}, "text": "?"}
    assert await house.forges(ADA, message, button.id) == "That is for my admins only."
    assert (await house.access.member(BEN)).standing is Standing.UNKNOWN


async def test_open_to_everybody(telegram: Bench, app: App, database: Database) -> None:
    """Nobody is asked about."""
    house = await House.opened(telegram, app, database, policy=Policy.OPEN)
    await house.writes(BEN, BEN, "hello")
    assert house.entered == [BEN]
    assert await house.said(ADA) == []


async def test_closed_to_others(telegram: Bench, app: App, database: Database) -> None:
    """Nobody is asked either; the sentence has the id that the owner could add."""
    house = await House.opened(telegram, app, database, policy=Policy.CLOSED)
    await house.writes(BEN, BEN, "hello")
    assert str(BEN) in (await house.last(BEN))["text"]
    assert house.entered == []
    assert await house.said(ADA) == []


async def test_many_strangers_do_not_bury_the_admins(house: House) -> None:
    """From the twenty-first that waits on nobody is asked about with a message; the panel shows them."""
    for stranger in range(20):
        await house.access.ask(50_000 + stranger, house.now)
    await house.writes(BEN, BEN, "/start")
    assert ASKED in (await house.last(BEN))["text"]
    assert (await house.access.member(BEN)).standing is Standing.WAITING
    assert await house.messages(ADA) == []
    await house.access.decide(50_000, Standing.DENIED, ADA, house.now)
    await house.access.decide(BEN, Standing.UNKNOWN, ADA, house.now)
    await house.writes(BEN, BEN, "/start")
    assert len(await house.messages(ADA)) == 1


async def test_who_is_decided_about_hears_of_it_though_the_database_is_busy_then(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is needed to tell them is read before."""
    await house.writes(BEN, BEN, "/start")
    request, get, decide = await house.last(ADA), SqlNotes.get, SqlAccess.decide

    async def and_then_busy(self: SqlAccess, *args: Any) -> Member:
        async def busy(self: SqlNotes, name: str) -> str | None:
            raise StorageBusy("locked")

        member = await decide(self, *args)
        monkeypatch.setattr(SqlNotes, "get", busy)
        return member

    monkeypatch.setattr(SqlAccess, "decide", and_then_busy)
    with contextlib.suppress(StorageBusy):
        await house.presses(ADA, request, "Approve")
    monkeypatch.setattr(SqlNotes, "get", get)
    assert "let you use this bot." in (await house.last(BEN))["text"]
