"""Groups: approved at once when an admin adds the bot, else asked about; nothing happens there until then."""

from __future__ import annotations

import pytest

from bot.chat.application import App
from bot.domain.access import Policy, Standing
from bot.storage.database import Database
from tests.chat.access_bench import House, Message, buttons
from tests.sandbox.telegram_bench import ADA, BEN, CHLOE, Bench

EDIT = "/edit@wavebrush_bot make it blue"


@pytest.fixture
async def house(telegram: Bench, app: App, database: Database) -> House:
    """Ada is the admin."""
    return await House.opened(telegram, app, database)


async def founded(house: House, *members: int, title: str = "Hikers") -> int:
    """A new group, whose first member adds the bot."""
    answer = await house.telegram.sandbox("groups", {"title": title, "members": list(members)})
    await house.comes()
    return int(answer["id"])


async def is_in(house: House, group: int) -> bool:
    world = await house.telegram.sandbox("world")
    [status] = [chat["bot"] for chat in world["chats"] if chat["id"] == group]
    return bool(status == "member")


async def request(house: House, group: int) -> Message:
    """The one message to the admin about a group."""
    [message] = [message for message in await house.messages(ADA) if str(group) in message["text"]]
    return message


async def test_an_admin_adds_the_bot(house: House) -> None:
    """The group is approved at once, which is said; all its members are served there, and only there."""
    group = await founded(house, ADA, BEN)
    [hello] = await house.said(group)
    assert hello.startswith("Hello! I edit pictures")
    assert hello.endswith("My admin added me, so everybody here can ask.")
    assert (await house.access.group(group)).standing is Standing.APPROVED
    assert await house.said(ADA) == []
    await house.writes(group, BEN, EDIT)
    await house.writes(BEN, BEN, "and here?")
    assert house.entered == [BEN]


async def test_a_stranger_adds_the_bot(house: House) -> None:
    """It waits and says so, to everything that is asked of it; the admin sees the title and who it was."""
    group = await founded(house, BEN, CHLOE, title="<i>Hikers</i>\n\u202e")
    for person in (BEN, CHLOE):
        await house.writes(group, person, EDIT)
    await house.writes(group, CHLOE, "not for the bot")
    first, *later = await house.said(group)
    assert "so I asked them" in first
    assert later == ["My admins have not approved this group yet, so I can't do anything here."] * 2
    asked = await request(house, group)
    assert f"<i>Hikers</i> · {group}" in asked["text"]
    assert f"Ben · @ben · {BEN}" in asked["text"]
    labels = [label for label, _ in buttons(asked)]
    assert labels == ["Approve for all members", "Approve, each member needs approval", "Deny"]
    assert house.entered == []


async def test_an_admin_among_strangers(house: House) -> None:
    """Is served in a group that is not approved: it is their own money."""
    group = await founded(house, BEN, ADA)
    await house.writes(group, ADA, EDIT)
    assert house.entered == [ADA]


async def test_approved_for_all_members(house: House) -> None:
    """It is said in the group, and everybody there is served."""
    group = await founded(house, BEN, CHLOE)
    await house.presses(ADA, await request(house, group), "Approve for all members")
    assert "everybody here can ask me now" in (await house.last(group))["text"]
    assert (await request(house, group))["text"].endswith("Approved for all members by Ada.")
    for person in (BEN, CHLOE):
        await house.writes(group, person, EDIT)
    assert house.entered == [BEN, CHLOE]


async def test_an_approved_group_is_told_how_to_use_the_bot(house: House) -> None:
    """As when an admin adds it: what to write, and what it gets to see; a refused one is not."""
    group = await founded(house, BEN, CHLOE)
    await house.presses(ADA, await request(house, group), "Approve for all members")
    text = (await house.last(group))["text"]
    assert text.startswith("Hello! I edit pictures")
    assert "Write “/edit@wavebrush_bot make the sky stormy”" in text
    other = await founded(house, BEN, title="Others")
    await house.presses(ADA, await request(house, other), "Deny")
    assert "/edit" not in (await house.last(other))["text"]


async def test_an_approved_group_where_the_bot_sees_all(house: House) -> None:
    """The bot is an admin there, so a bare command is enough, and it says so."""
    group = await founded(house, BEN, CHLOE)
    await house.telegram.sandbox(f"groups/{group}/bot", {"status": "administrator"})
    await house.comes()
    await house.presses(ADA, await request(house, group), "Approve, each member needs approval")
    assert "Write “/edit make the sky stormy”" in (await house.last(group))["text"]


async def test_who_was_denied_spends_nothing_in_a_group(house: House) -> None:
    """Also in one that is approved for all its members; they are told, and no admin is asked."""
    group = await founded(house, ADA, BEN, CHLOE)
    await house.access.decide(BEN, Standing.DENIED, ADA, house.now)
    for person in (BEN, CHLOE):
        await house.writes(group, person, EDIT)
    assert (await house.last(group))["text"] == "Sorry, my admins decided not to let you use this bot."
    assert house.entered == [CHLOE]
    assert await house.said(ADA) == []


async def test_approved_but_each_member_needs_approval(house: House) -> None:
    """Each is asked about when they ask for something, answered in the group, and told there."""
    group = await founded(house, BEN, CHLOE)
    await house.presses(ADA, await request(house, group), "Approve, each member needs approval")
    assert "Each of you needs their approval" in (await house.last(group))["text"]
    await house.writes(group, CHLOE, "not for the bot")
    await house.writes(group, CHLOE, EDIT)
    await house.writes(group, CHLOE, EDIT)
    asked, waiting = (await house.said(group))[-2:]
    assert "I asked them about you" in asked
    assert "have not decided yet" in waiting
    about_her = await house.last(ADA)
    assert f"Chloe · @chloe · {CHLOE}" in about_her["text"]
    await house.presses(ADA, about_her, "Approve")
    assert (await house.last(group))["text"].startswith("Welcome, Chloe!")
    await house.writes(group, CHLOE, EDIT)
    assert house.entered == [CHLOE]


async def test_a_denied_group_is_left(house: House) -> None:
    """It is said before; and when a stranger adds the bot again, it leaves at once, asking nobody."""
    group = await founded(house, BEN, CHLOE)
    await house.presses(ADA, await request(house, group), "Deny")
    assert (await house.last(group))["text"].endswith("I don't work here. Goodbye!")
    assert not await is_in(house, group)
    await house.telegram.sandbox(f"groups/{group}/bot", {"status": "member"})
    await house.comes()
    assert not await is_in(house, group)
    await request(house, group)  # still the only one
    assert house.entered == []


async def test_a_denied_group_can_be_approved_by_an_admin(house: House) -> None:
    """Who adds the bot there themselves."""
    group = await founded(house, BEN, ADA)
    await house.presses(ADA, await request(house, group), "Deny")
    await house.telegram.sandbox(f"groups/{group}/bot", {"status": "member", "by": ADA})
    await house.comes()
    assert await is_in(house, group)
    await house.writes(group, BEN, EDIT)
    assert house.entered == [BEN]


async def test_a_group_from_before(house: House, telegram: Bench) -> None:
    """One that the bot is in, and knows nothing of, is asked about at the first request."""
    answer = await telegram.sandbox("groups", {"title": "Old", "members": [BEN]})
    group = int(answer["id"])
    await telegram.updates()  # what the bot heard when it was added, long ago
    await house.writes(group, BEN, "nothing for the bot")
    assert await house.said(group) == []
    await house.writes(group, BEN, EDIT)
    assert "so I asked them" in (await house.last(group))["text"]
    assert "Old" in (await request(house, group))["text"]


async def test_no_admin_can_be_reached_about_a_group(house: House) -> None:
    """It is said, and tried again at the next request."""
    await house.telegram.sandbox(f"people/{ADA}/block", {"blocked": True})
    group = await founded(house, BEN)
    assert "could not reach any of them" in (await house.last(group))["text"]
    await house.telegram.sandbox(f"people/{ADA}/block", {"blocked": False})
    await house.writes(group, BEN, EDIT)
    assert "so I asked them" in (await house.last(group))["text"]


async def test_a_waiting_group_becomes_a_supergroup(house: House) -> None:
    """The buttons under the old request decide about the new one."""
    group = await founded(house, BEN, CHLOE)
    asked = await request(house, group)
    answer = await house.telegram.sandbox(f"groups/{group}/migrate", {})
    new = int(answer["id"])
    await house.comes()
    await house.writes(new, BEN, EDIT)
    assert "not approved this group yet" in (await house.last(new))["text"]
    await house.presses(ADA, asked, "Approve for all members")
    assert "everybody here can ask" in (await house.last(new))["text"]
    await house.writes(new, BEN, EDIT)
    assert house.entered == [BEN]


async def test_an_approved_group_becomes_a_supergroup(house: House) -> None:
    """It stays approved."""
    group = await founded(house, ADA, BEN)
    answer = await house.telegram.sandbox(f"groups/{group}/migrate", {})
    await house.comes()
    await house.writes(int(answer["id"]), BEN, EDIT)
    assert house.entered == [BEN]


@pytest.mark.parametrize("standing", [Standing.DENIED, Standing.BLOCKED])
async def test_who_was_refused_can_not_add_the_bot(house: House, standing: Standing) -> None:
    """It leaves again, and no admin is asked."""
    await house.access.decide(BEN, standing, ADA, house.now)
    group = await founded(house, BEN, CHLOE)
    assert (await house.said(group))[0].endswith("Goodbye!")
    assert not await is_in(house, group)
    assert await house.said(ADA) == []


async def test_open_groups(telegram: Bench, app: App, database: Database) -> None:
    """With ACCESS=open anybody may add the bot, and all are served."""
    house = await House.opened(telegram, app, database, policy=Policy.OPEN)
    group = await founded(house, BEN, CHLOE)
    await house.writes(group, CHLOE, EDIT)
    assert house.entered == [CHLOE]
    assert (await house.last(group))["text"].startswith("Hello! I edit pictures")


async def test_closed_groups(telegram: Bench, app: App, database: Database) -> None:
    """With ACCESS=closed only an admin's groups are: the bot leaves the others."""
    house = await House.opened(telegram, app, database, policy=Policy.CLOSED)
    strangers, hers = await founded(house, BEN), await founded(house, ADA, BEN)
    assert (await is_in(house, strangers), await is_in(house, hers)) == (False, True)
    await house.writes(hers, BEN, EDIT)
    assert house.entered == [BEN]


async def test_an_admin_command_in_a_group(house: House) -> None:
    """Of somebody else it is refused in words if it names the bot; a bare one may be another bot's."""
    group = await founded(house, ADA, BEN)
    await house.writes(group, BEN, "/admin@wavebrush_bot")
    assert (await house.last(group))["text"] == "That is for my admins only."
    await house.telegram.sandbox(f"groups/{group}/bot", {"status": "administrator"})
    await house.comes()
    before = len(await house.said(group))
    await house.writes(group, BEN, "/admin")
    assert len(await house.said(group)) == before
    assert house.entered == []
