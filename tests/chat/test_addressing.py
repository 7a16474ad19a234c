"""Which messages turn to the bot, and what they say to it."""

from __future__ import annotations

from typing import Any

import pytest
from telegram import Message

from bot.chat.addressing import addressed, creates
from tests.sandbox.telegram_bench import ADA, BOT_ID, GROUP

NAME = "wavebrush_bot"
BOT = {"id": BOT_ID, "is_bot": True, "first_name": "Wavebrush", "username": NAME}
BEN = {"id": 1002, "is_bot": False, "first_name": "Ben"}
FORWARDED = {"type": "user", "date": 1, "sender_user": BEN}


def heard(text: str | None, chat: int = GROUP, *, caption: bool = False, **fields: Any) -> str | None:
    """What a message of that text says to the bot."""
    return addressed(message(text, chat, caption=caption, **fields), BOT_ID, NAME)


def message(text: str | None, chat: int = GROUP, *, caption: bool = False, **fields: Any) -> Message:
    """A message of that text."""
    kind = "private" if chat > 0 else "supergroup"
    raw = {"message_id": 5, "date": 1, "chat": {"id": chat, "type": kind}, **fields}
    if text is not None:
        raw["caption" if caption else "text"] = text
    return Message.de_json(raw, None)


def answer_to(sender: dict[str, Any]) -> dict[str, Any]:
    """The field of a reply to somebody's message."""
    chat = {"id": GROUP, "type": "supergroup"}
    return {"reply_to_message": {"message_id": 4, "date": 1, "chat": chat, "from": sender}}


@pytest.mark.parametrize("caption", [False, True])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("make it blue", "make it blue"),
        ("  blue ", "blue"),
        (None, ""),
        ("/edit make it blue", "make it blue"),
    ],
)
def test_in_private_everything_is_for_the_bot(text: str | None, words: str, caption: bool) -> None:
    """With or without words."""
    assert heard(text, ADA, caption=caption) == words


@pytest.mark.parametrize("caption", [False, True])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/edit make it blue", "make it blue"),
        ("/edit@wavebrush_bot make it blue", "make it blue"),
        ("/EDIT@Wavebrush_Bot blue", "blue"),
        ("/edit", ""),
        ("/edit\nmake it blue", "make it blue"),
        ("/create a fox", "a fox"),
        ("/create@wavebrush_bot a fox", "a fox"),
        ("/create", ""),
        ("/create@other_bot a fox", None),
        ("@wavebrush_bot make it blue", "make it blue"),
        ("make it blue @Wavebrush_bot", "make it blue"),
        ("make it blue", None),
        (None, None),
        ("/edit@other_bot make it blue", None),
        ("/editor make it blue", None),
        ("please /edit this", None),
        ("@wavebrush_bot2 make it blue", None),
    ],
)
def test_in_a_group_only_what_names_it_is(text: str | None, words: str | None, caption: bool) -> None:
    """Everybody else's pictures are never touched."""
    assert heard(text, caption=caption) == words


def test_a_reply_to_the_bot_is_for_it() -> None:
    """And one to a person is not."""
    assert heard("make it red", **answer_to(BOT)) == "make it red"
    assert heard(None, **answer_to(BOT)) == ""
    assert heard("make it red", **answer_to(BEN)) is None


@pytest.mark.parametrize("text", ["make it blue", "/edit make it blue", "@wavebrush_bot make it blue"])
def test_a_forwarded_caption_is_nobodys_words(text: str) -> None:
    """They were not written to spend this person's money."""
    assert heard(text, ADA, caption=True, forward_origin=FORWARDED) == ""
    assert heard(text, caption=True, forward_origin=FORWARDED) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("/create a fox", True),
        ("/CREATE@wavebrush_bot", True),
        ("/edit create a fox", False),
        ("/created a fox", False),
        ("create a fox", False),
        (None, False),
    ],
)
def test_what_asks_for_a_new_picture(text: str | None, wanted: bool) -> None:
    """As a text or a caption; but not somebody else's, forwarded."""
    assert creates(message(text)) is wanted
    assert creates(message(text, ADA, caption=True)) is wanted
    assert not creates(message(text, ADA, forward_origin=FORWARDED))
