"""The first admin of a bot without `ADMINS`: who sends the one-time code."""

from __future__ import annotations

import pytest
import structlog
from structlog.testing import capture_logs

from bot.chat.application import App
from bot.chat.profile import ADMINS
from bot.domain.access import Standing
from bot.storage.database import Database
from tests.chat.access_bench import House
from tests.sandbox.telegram_bench import ADA, BEN, CHLOE, GROUP, Bench


@pytest.fixture
async def house(telegram: Bench, app: App, database: Database) -> House:
    """A bot without any admin."""
    return await House.opened(telegram, app, database, admins=())


async def founded(house: House, *members: int) -> int:
    """A new group, whose first member adds the bot."""
    answer = await house.telegram.sandbox("groups", {"title": "Hikers", "members": list(members)})
    await house.comes()
    return int(answer["id"])


async def offered(house: House) -> str:
    code = await house.claims.offer()
    assert code is not None
    return code


async def test_who_sends_the_code_becomes_the_admin(house: House, telegram: Bench) -> None:
    """They are told so, see the admins' commands, are served, and asked about others."""
    await house.writes(ADA, ADA, f"/start {await offered(house)}")
    assert (await house.last(ADA))["text"].startswith("You are my admin now.")
    assert house.entered == []
    commands = await telegram.ok("getMyCommands", scope={"type": "chat", "chat_id": ADA})
    assert [command["command"] for command in commands] == list(ADMINS)
    await house.writes(ADA, ADA, "hello")
    assert house.entered == [ADA]
    await house.writes(BEN, BEN, "/start")
    assert "Somebody would like to use me" in (await house.last(ADA))["text"]


async def test_a_used_code_never_works_again(house: House) -> None:
    """Its second sender is told, and no other code is offered; who used it hears that they are admin."""
    code = await offered(house)
    await house.writes(ADA, ADA, f"/start {code}")
    await house.writes(BEN, BEN, f"/start {code}")
    assert await house.said(BEN) == ["That code was used already, by somebody else."]
    assert [member.id for member in await house.access.admins()] == [ADA]
    assert await house.claims.offer() is None
    await house.writes(ADA, ADA, f"/start {code}")
    assert (await house.last(ADA))["text"].startswith("You are my admin now.")


async def test_who_asked_before_there_was_an_admin_is_brought_to_the_first(house: House) -> None:
    """People and groups, each once; what the admin decides reaches them as ever."""
    await house.writes(BEN, BEN, "/start")
    group = await founded(house, BEN, CHLOE)
    code = await offered(house)
    for _ in range(2):
        await house.writes(ADA, ADA, f"/start {code}")
    done, about_ben, about_group, again = await house.messages(ADA)
    assert done["text"] == again["text"]
    assert f"Ben · @ben · {BEN}" in about_ben["text"]
    assert f"Hikers · {group}\nAsked for by Ben · @ben · {BEN}" in about_group["text"]
    assert (await house.access.member(BEN)).standing is Standing.WAITING
    await house.presses(ADA, about_ben, "Approve")
    assert "let you use this bot" in (await house.last(BEN))["text"]
    await house.presses(ADA, about_group, "Approve for all members")
    await house.writes(group, CHLOE, "/edit@wavebrush_bot make it blue")
    assert house.entered == [CHLOE]


async def test_the_group_that_the_first_admin_added_the_bot_to(house: House) -> None:
    """Before they were admin, whoever asked there since: it is approved at once, and says so."""
    group = await founded(house, ADA, BEN)
    await house.writes(group, BEN, "/edit@wavebrush_bot make it blue")
    await house.writes(ADA, ADA, f"/start {await offered(house)}")
    assert len(await house.messages(ADA)) == 1
    assert "everybody here can ask me now" in (await house.last(group))["text"]
    await house.writes(group, BEN, "/edit@wavebrush_bot make it blue")
    assert house.entered == [BEN]


async def test_many_who_asked_before_there_was_an_admin(house: House) -> None:
    """Eight come with a message each; all wait in the panel, which is said."""
    strangers = range(50_000, 50_011)
    for stranger in strangers:
        await house.telegram.sandbox("people", {"id": stranger, "first_name": "Stranger"})
        await house.writes(stranger, stranger, "/start")
    await house.writes(ADA, ADA, f"/start {await offered(house)}")
    _, *asked, rest = await house.said(ADA)
    assert len(asked) == 8
    assert rest == "3 more requests wait for you in /admin."
    standings = {(await house.access.member(stranger)).standing for stranger in strangers}
    assert standings == {Standing.WAITING}


async def test_who_waited_for_a_former_admin(house: House) -> None:
    """Is brought to the next."""
    await house.access.ask(BEN, house.now)
    await house.writes(ADA, ADA, f"/start {await offered(house)}")
    assert str(BEN) in (await house.last(ADA))["text"]


async def test_a_new_start_replaces_the_code(house: House) -> None:
    """The one before is a wrong one from then on."""
    old, new = await offered(house), await offered(house)
    assert old != new
    await house.writes(BEN, BEN, f"/start {old}")
    await house.writes(ADA, ADA, f"/start {new}")
    assert [member.id for member in await house.access.admins()] == [ADA]


async def test_a_wrong_code_is_an_ordinary_start(house: House) -> None:
    """However often; each is logged, without the code, and the right one still works afterwards."""
    structlog.reset_defaults()
    code = await offered(house)
    with capture_logs() as logs:
        for number in range(5):
            await house.writes(BEN, BEN, f"/start guess-{number}")
    assert ["could not reach any of them" in text for text in await house.said(BEN)] == [True] * 5
    refused = [entry for entry in logs if entry["event"] == "claim_refused"]
    assert [entry["user"] for entry in refused] == [BEN] * 5
    assert "guess" not in str(logs)
    await house.writes(BEN, BEN, f"/start {code}")
    assert [member.id for member in await house.access.admins()] == [BEN]


async def test_only_a_hash_of_the_code_is_kept(house: House, database: Database) -> None:
    """Whoever reads the database can't become the admin."""
    code = await offered(house)
    async with database.reading() as connection:
        notes = (await connection.exec_driver_sql("SELECT name, text FROM notes")).all()
    assert len(notes) == 1
    assert code not in str(notes)


async def test_the_code_is_not_taken_in_a_group(house: House) -> None:
    """Everybody there reads it; it stays good for who sends it in private."""
    code = await offered(house)
    await house.writes(GROUP, BEN, f"/start@wavebrush_bot {code}")
    assert await house.access.admins() == []
    await house.writes(ADA, ADA, f"/start {code}")
    assert [member.id for member in await house.access.admins()] == [ADA]


async def test_a_bot_with_admins_offers_and_takes_none(
    telegram: Bench, app: App, database: Database, house: House
) -> None:
    """Also none that an earlier start without ADMINS printed."""
    code = await offered(house)
    app.handlers.clear()
    settled = await House.opened(telegram, app, database, admins=(ADA,))
    assert await settled.claims.offer() is None
    await settled.writes(BEN, BEN, f"/start {code}")
    assert await settled.access.admins() == []
