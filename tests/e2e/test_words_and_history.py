"""A photo without words is offered some; what was made is shown again; nothing is silence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.world import Message, Person, World

STYLES = [["Comic", "Watercolour"], ["1950s photograph", "Anime"], ["Cyberpunk", "Pencil sketch"]]


def _labels(message: Message) -> list[list[str]]:
    return [[button["text"] for button in row] for row in message["reply_markup"]["inline_keyboard"]]


async def _edited(person: Person, caption: str) -> Message:
    """Send a photo and wait for its result."""
    [sent] = await person.sends("cat.jpg", caption=caption)
    return await person.sees(
        lambda m: "photo" in m and m.get("reply_to_message", {}).get("message_id") == sent["message_id"]
    )


async def test_a_photo_without_words_is_offered_styles(shared: World) -> None:
    """A style is a prompt: pressed it is used, once, and the buttons go."""
    ada = await shared.person("Ada")
    await ada.starts()
    await ada.sends("cat.jpg")
    asked = await ada.sees_text("What should I change?")
    assert _labels(asked) == STYLES
    assert await ada.hears(asked, "Pencil sketch") == "Thanks!"
    await ada.sees_picture()
    [edit] = shared.rows("SELECT prompt FROM edits WHERE user_id = ?", ada.id)
    assert "pencil sketch on white paper" in edit["prompt"]
    await ada.sees(lambda m: m["message_id"] == asked["message_id"] and "reply_markup" not in m)


@pytest.mark.long
async def test_the_own_last_words_are_offered_too(shared: World) -> None:
    """The last three different ones, the newest first; in a group only what was said there."""
    ben = await shared.person("Ben")
    await ben.starts()
    long = "comic one for Ben that goes on and on until no button has room for it"
    for caption in (
        long,
        "sepia two for Ben",
        "neon three for Ben",
        "sepia two for Ben",
        "anime four for Ben",
    ):
        await _edited(ben, caption)
    await ben.sends("coffee.jpg")
    asked = await ben.sees_text("What should I change?")
    own = [["↺ anime four for Ben"], ["↺ sepia two for Ben"], ["↺ neon three for Ben"]]
    assert _labels(asked) == [*STYLES, *own]
    await ben.presses(asked, "↺ neon")
    await ben.sees(lambda m: "photo" in m and m["message_id"] > asked["message_id"])
    prompts = [row["prompt"] for row in shared.rows("SELECT prompt FROM edits WHERE user_id = ?", ben.id)]
    assert prompts.count("neon three for Ben") == 2
    here = ben.within(await shared.group(ben))
    await here.sends("cat.jpg", caption="/edit@wavebrush_bot")
    assert _labels(await here.sees_text("What should I change?")) == STYLES


async def test_words_that_were_typed_win(shared: World) -> None:
    """A style pressed after that is too late and buys nothing."""
    chloe = await shared.person("Chloe")
    await chloe.starts()
    await chloe.sends("cat.jpg")
    asked = await chloe.sees_text("What should I change?")
    await chloe.says("vintage typed by Chloe")
    await chloe.sees_picture()
    assert await chloe.hears(asked, "Comic") == "That was answered already."
    assert len(shared.rows("SELECT 1 FROM edits WHERE user_id = ?", chloe.id)) == 1


async def test_the_history_is_an_album_with_again_below(shared: World) -> None:
    """The newest first, each with its words, its model and its price; a press makes it again."""
    dora = await shared.person("Dora")
    await dora.starts()
    await dora.says("/history")
    await dora.sees_text("You have no edits yet.")
    await _edited(dora, "comic old for Dora")
    await dora.says("/history")
    below = await dora.sees_text("Your last edit.")
    assert _labels(below) == [["1 · Again"]]
    await _edited(dora, "watercolour new for Dora")
    await dora.says("/history")
    below = await dora.sees_text("Your last 2 edits")
    assert _labels(below) == [["1 · Again", "2 · Again"]]
    assert below["text"].splitlines()[1:] == [
        "1. watercolour new for Dora · $0.06",
        "2. comic old for Dora · $0.06",
    ]
    album = [m for m in dora.messages.values() if "media_group_id" in m and m["from"]["is_bot"]]
    assert [m["caption"] for m in album] == [
        "1. watercolour new for Dora\nGPT Image 2 · $0.06",
        "2. comic old for Dora\nGPT Image 2 · $0.06",
    ]
    await dora.presses(below, "2 · Again")
    await dora.sees(
        lambda m: "photo" in m and m.get("reply_to_message", {}).get("message_id") == below["message_id"]
    )
    prompts = shared.rows("SELECT prompt FROM edits WHERE user_id = ? ORDER BY created_at", dora.id)
    assert prompts[-1]["prompt"] == "comic old for Dora"


@pytest.mark.long  # in short in tests/chat
async def test_the_history_in_a_supergroup_links_to_the_results(shared: World) -> None:
    """Only what was made there is shown there, and a result's message is one tap away."""
    eve = await shared.person("Eve")
    await eve.starts()
    await _edited(eve, "anime private for Eve")
    group = await shared.group(eve)
    migrated = await shared.http.post(f"{shared.telegram}/sandbox/groups/{group}/migrate")
    here = eve.within(int(migrated.json()["id"]))
    result = await _edited(here, "/edit@wavebrush_bot neon linked for Eve")
    await here.says("/history@wavebrush_bot")
    shown = await here.sees(lambda m: "1. neon linked" in m.get("caption", ""))
    number = -1_000_000_000_000 - here.chat
    link = f"https://t.me/c/{number}/{result['message_id']}"
    assert shown["caption"].endswith(f"\n{link}")
    below = await here.sees_text("Your last edit.")
    assert below["text"].endswith(f"\n{link}")
    assert _labels(below) == [["1 · Again"]]


FILE = {"file_id": "x", "file_unique_id": "y", "duration": 1}
UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {
    "voice": ({"voice": FILE}, "I can't listen"),
    "audio": ({"audio": FILE}, "I can't listen"),
    "video": ({"video": {**FILE, "width": 1, "height": 1}}, "no videos"),
    "video note": ({"video_note": {**FILE, "length": 1}}, "no videos"),
    "contact": ({"contact": {"phone_number": "1", "first_name": "Jo"}}, "no use for contacts"),
    "location": ({"location": {"latitude": 1.0, "longitude": 1.0}}, "no use for contacts and places"),
    "dice": ({"dice": {"emoji": "🎲", "value": 3}}, "more fun"),
    "poll": (
        {
            "poll": {
                "id": "1",
                "question": "?",
                "options": [],
                "total_voter_count": 0,
                "is_closed": False,
                "is_anonymous": True,
                "type": "regular",
                "allows_multiple_answers": False,
                "allows_revoting": True,
                "members_only": False,
            }
        },
        "more fun",
    ),
    "game": ({"game": {"title": "t", "description": "d", "photo": []}}, "only work with pictures"),
    "animated sticker": (
        {
            "sticker": {
                **FILE,
                "width": 1,
                "height": 1,
                "is_animated": True,
                "is_video": False,
                "type": "regular",
            }
        },
        "That is an animation",
    ),
    "unknown command": (
        {"text": "/frobnicate", "entities": [{"type": "bot_command", "offset": 0, "length": 11}]},
        "I don't know that command",
    ),
    "text alone": ({"text": "hello?"}, "Send me the picture first"),
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_nothing_is_silence(shared: World, name: str) -> None:
    """Whatever somebody sends in private: a short answer that fits and says what to send."""
    content, answer = UNUSABLE[name]
    finn = await shared.person("Finn")
    await finn.starts()
    message = {
        "message_id": 10**6,
        "date": 1_700_000_000,
        "chat": {"id": finn.id, "type": "private", "first_name": "Finn"},
        "from": {"id": finn.id, "is_bot": False, "first_name": "Finn", "language_code": "en"},
        **content,
    }
    await shared.http.post(f"{shared.telegram}/sandbox/updates", json={"message": message})
    said = await finn.sees_text(answer)
    assert len(said["text"]) < 300
