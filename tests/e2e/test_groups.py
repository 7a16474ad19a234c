"""Three people and the bot in a group: who is heard, what is said, and groups that change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.world import Message, Person, World

ME = "wavebrush_bot"


async def three(world: World, **options: object) -> tuple[int, list[Person]]:
    """A group of Ada, Ben and Chloe, looked at by each; the bot has said hello."""
    people = [await world.person(name) for name in ("Ada", "Ben", "Chloe")]
    group = await world.group(*people, **options)
    here = [person.within(group) for person in people]
    await here[0].sees_text("Hello! I edit pictures")
    return group, here


def own(person: Person) -> list[Message]:
    """What the bot wrote that is still there."""
    return [message for message in person.messages.values() if message["from"].get("username") == ME]


async def paid(world: World, group: int, edits: int) -> dict[int, int]:
    """Who paid for how many edits of a group, once there are so many."""

    async def booked() -> dict[int, int] | None:
        rows = world.rows(
            "SELECT user_id, count(*) AS edits FROM ledger WHERE chat_id = ? AND kind = 'charge' GROUP BY 1",
            group,
        )
        found = {row["user_id"]: row["edits"] for row in rows}
        return found if sum(found.values()) >= edits else None

    answer: dict[int, int] = await world.until(booked)
    return answer


async def test_with_privacy_mode_on(shared: World) -> None:
    """What is sure: the command with the name, with a photo or as a reply to one, and replies to the bot."""
    group, (ada, ben, chloe) = await three(shared)
    hello = await ada.sees_text("Hello!")
    assert hello["text"].count("\n") == 2
    assert f"/edit@{ME}" in hello["text"]
    assert "That is all I get to see here" in hello["text"]

    [photo] = await ada.sends("cat.jpg", caption=f"/edit@{ME} privacy on by ada")
    result = await ada.sees_picture()
    assert result["reply_to_message"]["message_id"] == photo["message_id"]

    await ben.says(f"/edit@{ME} privacy on by ben", reply_to=str(photo["message_id"]))
    await ben.sees(lambda message: "photo" in message and message["message_id"] > result["message_id"])

    await ada.sends("rocket.jpg", caption=f"@{ME} unheard")
    await ben.says("/edit unheard", reply_to=str(photo["message_id"]))
    await chloe.says("privacy on by chloe", reply_to=str(result["message_id"]))
    assert await paid(shared, group, 3) == {ada.id: 1, ben.id: 1, chloe.id: 1}
    rows = shared.rows("SELECT prompt FROM requests WHERE chat_id = ?", group)
    assert not [row for row in rows if "unheard" in row["prompt"]]


async def test_with_privacy_mode_off(shared: World) -> None:
    """A mention in a caption or a reply and the bare command are heard, too; nothing else is touched."""
    group, (ada, ben, chloe) = await three(shared, privacy_mode=False)
    hello = await ada.sees_text("Hello!")
    assert hello["text"].count("\n") == 2
    assert "I get to see everything here" in hello["text"]

    [photo] = await ada.sends("cat.jpg", caption="my cat, unheard")
    await ben.says(f"@{ME} privacy off by ben", reply_to=str(photo["message_id"]))
    await chloe.says("/edit privacy off by chloe", reply_to=str(photo["message_id"]))
    await ada.says("we talk about it, unheard", reply_to=str(photo["message_id"]))
    await ada.sends("coffee.jpg", caption=f"privacy off by ada, @{ME}")
    assert await paid(shared, group, 3) == {ada.id: 1, ben.id: 1, chloe.id: 1}
    edited = shared.rows("SELECT prompt FROM requests WHERE chat_id = ?", group)
    assert not [row for row in edited if "unheard" in row["prompt"]]


async def test_an_admin_hears_everything(shared: World) -> None:
    """Privacy mode does not hold for admins: the bot says so when it becomes one, and when that ends."""
    group, (ada, _, _) = await three(shared)
    await shared.bot_in(group, "administrator")
    await ada.sees_text("I get to see everything here now")
    await ada.sends("cat.jpg", caption=f"@{ME} heard by an admin")
    await ada.sees_picture()
    await shared.bot_in(group, "member")
    await ada.sees_text("From now on I only get to see")


async def test_a_forwarded_caption_is_no_prompt(shared: World) -> None:
    """Somebody else wrote it: neither in private nor in a group is money spent for it."""
    group, (ada, ben, _) = await three(shared)
    await ada.sends("cat.jpg", caption=f"/edit@{ME} forwarded words", forward_from=str(ben.id))
    alone = await shared.person("Zoe")
    await alone.starts()
    await alone.sends("cat.jpg", caption="forwarded words", forward_from=str(ben.id))
    await alone.sees_text("What should I change?")
    assert not shared.rows("SELECT 1 FROM requests WHERE prompt LIKE '%forwarded words%'")
    assert not shared.rows("SELECT 1 FROM requests WHERE chat_id = ?", group)


@pytest.mark.parametrize("mask", ["anonymous", "channel"])
async def test_nobody_can_not_be_charged(shared: World, mask: str) -> None:
    """An anonymous admin and a channel are told so, and only when they turn to the bot."""
    _, (ada, _, _) = await three(shared)
    masked: dict[str, Any] = {"as": mask}
    await ada.sends("cat.jpg", caption="/edit@other_bot x", **masked)
    [photo] = await ada.sends("cat.jpg", caption=f"/edit@{ME} as nobody", **masked)
    answer = await ada.sees_text("can't be charged")
    assert answer["reply_to_message"]["message_id"] == photo["message_id"]
    assert len(own(ada)) == 2


async def test_topics_are_kept(shared: World) -> None:
    """Status and result go to the topic; what only stands in it is not taken for a reply to its opening."""
    _, (ada, _, _) = await three(shared, forum=True)
    topic = str(await shared.topic(ada.chat, "Cats"))
    [photo] = await ada.sends("cat.jpg", caption=f"/edit@{ME} within a topic", thread=topic)
    assert "forum_topic_created" in photo["reply_to_message"]
    result = await ada.sees_picture()
    assert result["message_thread_id"] == int(topic)
    assert result["reply_to_message"]["message_id"] == photo["message_id"]
    await ada.says(f"/edit@{ME} without a picture", thread=topic)
    answer = await ada.sees_text("Send me the picture first")
    assert answer["message_thread_id"] == int(topic)
