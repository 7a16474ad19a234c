"""Groups in the Telegram stand-in: what the bot sees, who is in, and what groups become."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.telegram_bench import ADA, BEN, BOT_ID, GROUP, Bench, picture, standin

PHOTO = {"photo": ("a.png", picture())}


async def messages(bench: Bench) -> list[Any]:
    return [update["message"] for update in await bench.updates() if "message" in update]


async def test_privacy_mode_shows_only_what_is_addressed() -> None:
    """Named commands in texts and captions, and replies to the bot; nothing else."""
    async with standin() as bench:
        own = await bench.ok("sendMessage", chat_id=GROUP, text="I am here")
        await bench.write(GROUP, ADA, text="hello all")
        await bench.write(GROUP, ADA, text="/edit bare")
        await bench.write(GROUP, ADA, text="@wavebrush_bot mention")
        await bench.write(GROUP, ADA, text="/edit@other_bot not ours")
        await bench.write(GROUP, ADA, text="not at the start /edit@wavebrush_bot")
        await bench.write(GROUP, ADA, PHOTO, caption="just a photo")
        await bench.write(GROUP, ADA, PHOTO, caption="/edit@Wavebrush_Bot make it blue")
        await bench.write(GROUP, BEN, text="a reply", reply_to=own["message_id"])
        got = await messages(bench)
        assert [message.get("text") or message.get("caption") for message in got] == [
            "/edit@Wavebrush_Bot make it blue",
            "a reply",
        ]
        assert got[1]["reply_to_message"]["from"]["id"] == BOT_ID


async def test_of_an_album_privacy_mode_shows_the_part_with_the_caption() -> None:
    """The other parts carry no command, so the bot never sees them."""
    async with standin() as bench:
        two = [("photo", ("a.png", picture())), ("photo", ("b.png", picture()))]
        await bench.write(GROUP, ADA, two, caption="/edit@wavebrush_bot x")
        assert [message["caption"] for message in await messages(bench)] == ["/edit@wavebrush_bot x"]


@pytest.mark.parametrize("way", ["privacy off", "admin"])
async def test_without_privacy_mode_the_bot_sees_everything(way: str) -> None:
    """With privacy mode off when it was added, or as an admin."""
    async with standin() as bench:
        group = GROUP
        if way == "admin":
            await bench.sandbox(f"groups/{GROUP}/bot", {"status": "administrator"})
        else:
            body = {"title": "Open", "members": [ADA, BEN], "privacy_mode": False}
            group = (await bench.sandbox("groups", body))["id"]
        await bench.updates()
        await bench.write(group, BEN, text="hello all")
        assert [message["text"] for message in await messages(bench)] == ["hello all"]
        me = await bench.ok("getMe")
        assert me["can_read_all_group_messages"] is (way == "privacy off")


async def test_a_changed_privacy_setting_counts_when_the_bot_is_added_again() -> None:
    """BotFather's switch changes getMe at once, and a group only after the bot was taken out and put back."""
    async with standin() as bench:
        await bench.sandbox("privacy", {"privacy_mode": False})
        assert (await bench.ok("getMe"))["can_read_all_group_messages"] is True
        await bench.write(GROUP, ADA, text="unheard")
        await bench.sandbox(f"groups/{GROUP}/bot", {"status": "kicked"})
        await bench.sandbox(f"groups/{GROUP}/bot", {"status": "member"})
        await bench.write(GROUP, ADA, text="heard")
        assert [message.get("text") for message in await messages(bench)] == [None, "heard"]


async def test_being_added_and_removed_is_told() -> None:
    """my_chat_member says what changed and who did it; sends are refused after the removal."""
    async with standin() as bench:
        await bench.sandbox(f"groups/{GROUP}/bot", {"status": "kicked", "by": BEN})
        [told] = await bench.updates()
        change = told["my_chat_member"]
        statuses = (change["old_chat_member"]["status"], change["new_chat_member"]["status"])
        assert (statuses, change["from"]["id"]) == (("member", "kicked"), BEN)
        refusal = await bench.refused("sendMessage", chat_id=GROUP, text="x")
        assert refusal == "403 Forbidden: bot was kicked from the group chat"
        await bench.sandbox(f"groups/{GROUP}/bot", {"status": "member"})
        added, service = await bench.updates()
        assert added["my_chat_member"]["new_chat_member"]["status"] == "member"
        assert service["message"]["new_chat_members"][0]["id"] == BOT_ID


async def test_a_bot_that_left_can_not_write() -> None:
    """After leaveChat it is no member."""
    async with standin() as bench:
        await bench.ok("leaveChat", chat_id=GROUP)
        refusal = await bench.refused("sendMessage", chat_id=GROUP, text="x")
        assert refusal == "403 Forbidden: bot is not a member of the group chat"


async def test_a_group_becomes_a_supergroup() -> None:
    """Both chats say so, the old id refuses with the new one, the new one works."""
    async with standin() as bench:
        new = (await bench.sandbox(f"groups/{GROUP}/migrate", {}))["id"]
        old_says, new_says = await messages(bench)
        assert (old_says["chat"]["id"], old_says["migrate_to_chat_id"]) == (GROUP, new)
        assert (new_says["chat"]["id"], new_says["migrate_from_chat_id"]) == (new, GROUP)
        answer = await bench.call("sendMessage", chat_id=GROUP, text="x")
        assert (answer.status_code, answer.json()) == (
            400,
            {
                "ok": False,
                "error_code": 400,
                "description": "Bad Request: group chat was upgraded to a supergroup chat",
                "parameters": {"migrate_to_chat_id": new},
            },
        )
        sent = await bench.ok("sendMessage", chat_id=new, text="x")
        assert sent["chat"]["type"] == "supergroup"
        assert (await bench.phone(GROUP, ADA, text="x")).status_code == 400


async def test_forum_topics_are_kept() -> None:
    """Messages in a topic name it; an answer to one goes there; one that answers nothing has its opening."""
    async with standin() as bench:
        body = {"title": "Forum", "members": [ADA], "forum": True, "privacy_mode": False}
        forum = (await bench.sandbox("groups", body))["id"]
        topic = (await bench.sandbox(f"groups/{forum}/topics", {"name": "Cats"}))["message_thread_id"]
        await bench.updates()
        await bench.write(forum, ADA, text="in the topic", thread=topic)
        [got] = await messages(bench)
        assert (got["message_thread_id"], got["is_topic_message"]) == (topic, True)
        assert got["reply_to_message"]["forum_topic_created"]["name"] == "Cats"
        reply = {"message_id": got["message_id"]}
        answer = await bench.ok("sendMessage", chat_id=forum, text="here", reply_parameters=reply)
        assert (answer["message_thread_id"], answer["is_topic_message"]) == (topic, True)
        refusal = await bench.refused("sendMessage", chat_id=forum, text="x", message_thread_id=topic + 50)
        assert refusal == "400 Bad Request: message thread not found"


async def test_replies_in_a_supergroup_name_a_thread_that_is_no_topic() -> None:
    """message_thread_id alone does not mean a topic: sending to it fails, as on the real server."""
    async with standin() as bench:
        body = {"title": "Super", "members": [ADA], "id": -1001234567890, "privacy_mode": False}
        group = (await bench.sandbox("groups", body))["id"]
        await bench.updates()
        [first] = await bench.write(group, ADA, text="one")
        await bench.write(group, ADA, text="two", reply_to=first["message_id"])
        _, reply = await messages(bench)
        assert reply["message_thread_id"] == first["message_id"]
        assert "is_topic_message" not in reply
        thread = first["message_id"]
        refusal = await bench.refused("sendMessage", chat_id=group, text="x", message_thread_id=thread)
        assert refusal == "400 Bad Request: message thread not found"


@pytest.mark.parametrize(
    ("mask", "sender", "chat_type"), [("anonymous", 1087968824, "group"), ("channel", 136817688, "channel")]
)
async def test_masked_senders_hide_the_person(mask: str, sender: int, chat_type: str) -> None:
    """An anonymous admin is the group, a channel-signed message the channel; Ada's id is nowhere."""
    async with standin() as bench:
        await bench.write(GROUP, ADA, text="/edit@wavebrush_bot x", **{"as": mask})
        [got] = await messages(bench)
        assert (got["from"]["id"], got["sender_chat"]["type"]) == (sender, chat_type)


async def test_only_admins_are_anonymous_and_only_members_write() -> None:
    """The app does not offer it to others."""
    async with standin() as bench:
        assert (await bench.phone(GROUP, BEN, text="x", **{"as": "anonymous"})).status_code == 400
        stranger = await bench.sandbox("people", {"first_name": "Dora"})
        assert (await bench.phone(GROUP, stranger["id"], text="x")).status_code == 403
        assert (await bench.phone(ADA, BEN, text="x")).status_code == 403


async def test_people_come_and_go() -> None:
    """Members change by the people's side and the bot reads it; service messages pass privacy mode."""
    async with standin() as bench:
        dora = (await bench.sandbox("people", {"first_name": "Dora"}))["id"]
        await bench.sandbox(f"groups/{GROUP}/members", {"add": [dora], "admins": [dora], "remove": [BEN]})
        joined, left = await messages(bench)
        assert (joined["new_chat_members"][0]["id"], left["left_chat_member"]["id"]) == (dora, BEN)
        asked = [(ADA, "creator"), (dora, "administrator"), (BEN, "left"), (BOT_ID, "member")]
        for user, status in asked:
            member = await bench.ok("getChatMember", chat_id=GROUP, user_id=user)
            assert member["status"] == status
        assert await bench.ok("getChatMemberCount", chat_id=GROUP) == 4


async def test_edits_of_people_are_told_under_the_same_rule() -> None:
    """An edited message that is not addressed stays unseen, one that becomes so is shown."""
    async with standin() as bench:
        [one] = await bench.write(GROUP, ADA, text="nothing")
        path = f"chats/{GROUP}/messages/{one['message_id']}/edit"
        await bench.sandbox(path, {"from": ADA, "text": "still nothing"})
        await bench.sandbox(path, {"from": ADA, "text": "/edit@wavebrush_bot now"})
        [update] = await bench.updates()
        assert update["edited_message"]["text"] == "/edit@wavebrush_bot now"
        assert update["edited_message"]["edit_date"] >= one["date"]


async def test_the_bot_deletes_only_its_own_messages_unless_it_is_an_admin() -> None:
    """In a group it needs the right for those of others."""
    async with standin() as bench:
        [theirs] = await bench.write(GROUP, ADA, text="x")
        target = {"chat_id": GROUP, "message_id": theirs["message_id"]}
        assert await bench.refused("deleteMessage", **target) == "400 Bad Request: message can't be deleted"
        await bench.sandbox(f"groups/{GROUP}/bot", {"status": "administrator"})
        await bench.ok("deleteMessage", **target)


async def test_reactions_of_people_reach_an_admin_that_asked_for_them() -> None:
    """message_reaction has to be listed, and in a group the bot has to be an admin."""
    async with standin() as bench:
        [one] = await bench.write(GROUP, ADA, text="x")
        await bench.updates(allowed_updates=["message", "message_reaction"])
        path, body = f"chats/{GROUP}/messages/{one['message_id']}/react", {"from": BEN, "emoji": "🔥"}
        await bench.sandbox(path, body)
        assert await bench.updates() == []
        await bench.sandbox(f"groups/{GROUP}/bot", {"status": "administrator"})
        await bench.sandbox(path, body)
        [update] = await bench.updates()
        assert update["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "🔥"}]
