"""What Telegram shows of the bot by itself: set once, for each kind of chat, and only what differs."""

from __future__ import annotations

import structlog
from structlog.testing import capture_logs

from bot.chat.profile import ADMINS, GROUPS, PRIVATE, Profile
from bot.chat.replies import Bot
from tests.sandbox.telegram_bench import ADA, BEN, Bench
from tests.test_prose import handled

SETTERS = ("setMyCommands", "setMyDescription", "setMyShortDescription")


async def _set(telegram: Bench) -> int:
    calls = [(await telegram.sandbox(f"calls?method={method}"))["calls"] for method in SETTERS]
    return sum(len(found) for found in calls)


async def test_each_kind_of_chat_has_its_commands(telegram: Bench, bot: Bot) -> None:
    """Private chats, groups, and the admins' own chats; each with a description."""
    await Profile(bot, [ADA]).register()
    for scope, wanted in (
        ({"type": "all_private_chats"}, PRIVATE),
        ({"type": "all_group_chats"}, GROUPS),
        ({"type": "chat", "chat_id": ADA}, ADMINS),
    ):
        commands = await telegram.ok("getMyCommands", scope=scope)
        assert [command["command"] for command in commands] == list(wanted)
        assert all(command["description"] for command in commands)
    assert await telegram.ok("getMyCommands", scope={"type": "chat", "chat_id": BEN}) == []


async def test_every_command_is_in_the_menus() -> None:
    """None is forgotten, none is offered that is not answered; ``/edit`` is for groups only."""
    assert set(ADMINS) == handled()
    assert set(PRIVATE) == handled() - {"admin"}
    assert set(GROUPS) - {"edit"} == handled() - {"start", "admin"}


async def test_the_profile_says_what_the_bot_does(telegram: Bench, bot: Bot) -> None:
    """Before anybody pressed Start."""
    await Profile(bot, []).register()
    assert "what to change" in (await telegram.ok("getMyDescription"))["description"]
    assert "photos" in (await telegram.ok("getMyShortDescription"))["short_description"]


async def test_a_second_start_sets_nothing(telegram: Bench, bot: Bot) -> None:
    """Only what differs is set; what somebody else changed is set right."""
    await Profile(bot, [ADA]).register()
    first = await _set(telegram)
    assert first == 5
    await Profile(bot, [ADA]).register()
    assert await _set(telegram) == first
    await telegram.ok("setMyDescription", description="another bot")
    await Profile(bot, [ADA]).register()
    assert await _set(telegram) == first + 2  # the test's, and ours


async def test_telegram_in_trouble_stops_nothing(telegram: Bench, bot: Bot) -> None:
    """It is logged, and the next start tries again."""
    structlog.reset_defaults()
    await telegram.sandbox("faults", {"method": "setMyCommands", "kind": "status", "status": 500})
    with capture_logs() as logs:
        await Profile(bot, [ADA]).register()
    assert "profile_not_set" in [record["event"] for record in logs]


async def test_many_admins_are_few_calls(telegram: Bench, bot: Bot) -> None:
    """Beyond some they get the list of all private chats, which is the same."""
    await Profile(bot, range(10_000, 10_300)).register()
    assert await _set(telegram) < 30
