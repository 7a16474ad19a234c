"""Formatted texts in the Telegram stand-in: HTML, MarkdownV2, and what Telegram finds by itself."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.telegram.entities import find_entities
from bot.sandbox.telegram.formatting import formatted
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import ApiError

ROCKET = "\N{ROCKET}"  # two UTF-16 units


def marked(text: str, entities: list[Json]) -> list[tuple[str, str]]:
    """Pair each entity's type with the text it covers, by UTF-16 offsets."""
    units = text.encode("utf-16-le")
    return [
        (e["type"], units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le"))
        for e in entities
    ]


@pytest.mark.parametrize(
    ("raw", "text", "entities"),
    [
        ("<b>bold</b> <i>it</i>", "bold it", [("bold", "bold"), ("italic", "it")]),
        (f"{ROCKET} <b>{ROCKET}x</b>", f"{ROCKET} {ROCKET}x", [("bold", f"{ROCKET}x")]),
        ("<b>a<i>b</i></b>", "ab", [("bold", "ab"), ("italic", "b")]),
        ("&lt;b&gt; &amp;amp; &#65;&#x42; &copy;", "<b> &amp; AB &copy;", []),
        ('<a href="https://x.org/?a=1">here</a>', "here", [("text_link", "here")]),
        ("<code>a < b</code>".replace(" < ", " &lt; "), "a < b", [("code", "a < b")]),
        ("  <b> x </b>  ", "x", [("bold", "x")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ('<span class="tg-spoiler">s</span>', "s", [("spoiler", "s")]),
        ("1 > 0", "1 > 0", []),
    ],
)
def test_html_becomes_entities(raw: str, text: str, entities: list[tuple[str, str]]) -> None:
    """Tags and character references as in the Bot API's "HTML style"."""
    got, found = formatted(raw, "HTML", None)
    assert (got, marked(got, found)) == (text, entities)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        ("a < b", "Unclosed start tag at byte offset 2"),
        ("é<p>x</p>", 'Unsupported start tag "p" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_broken_html_is_refused(raw: str, fault: str) -> None:
    """The place is a byte offset in UTF-8."""
    with pytest.raises(ApiError) as caught:
        formatted(raw, "HTML", None)
    assert caught.value.description == f"Bad Request: can't parse entities: {fault}"


@pytest.mark.parametrize(
    ("raw", "text", "entities"),
    [
        ("*b* _i_ __u__ ~s~ ||p||", "b i u s p", ["bold", "italic", "underline", "strikethrough", "spoiler"]),
        (r"1\.5 \*", "1.5 *", []),
        ("[here](https://x.org/a)", "here", ["text_link"]),
        ("`c` ```py\nx=1```", "c x=1", ["code", "pre"]),
    ],
)
def test_markdown_becomes_entities(raw: str, text: str, entities: list[str]) -> None:
    """Marks as in the Bot API's "MarkdownV2 style"."""
    got, found = formatted(raw, "MarkdownV2", None)
    assert (got, [entity["type"] for entity in found]) == (text, entities)


@pytest.mark.parametrize("raw", ["1.5", "a-b", "[x]", "*x", "`x", "done!"])
def test_unescaped_markdown_is_refused(raw: str) -> None:
    """A reserved character without its backslash is the classic error."""
    with pytest.raises(ApiError, match="can't parse entities"):
        formatted(raw, "MarkdownV2", None)


def test_an_unknown_parse_mode_is_refused() -> None:
    """Only the documented modes are known."""
    with pytest.raises(ApiError, match="unsupported parse_mode"):
        formatted("x", "BBCode", None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/edit@wavebrush_bot make it", [("bot_command", "/edit@wavebrush_bot")]),
        (f"{ROCKET} /start", [("bot_command", "/start")]),
        ("a/b and http://x.org/y.", [("url", "http://x.org/y")]),
        ("ask @wavebrush_bot, please", [("mention", "@wavebrush_bot")]),
        ("mail me@x.org", [("email", "me@x.org")]),
        ("#cat", [("hashtag", "#cat")]),
        ("24/7 is 1/2", []),
        ("/", []),
    ],
)
def test_telegram_finds_entities_by_itself(text: str, found: list[tuple[str, str]]) -> None:
    """Commands, mentions, links, e-mail addresses and hashtags."""
    assert marked(text, find_entities(text)) == found


def test_given_entities_are_kept_and_trimmed() -> None:
    """White space at the ends goes, and the entities move with it."""
    given: list[Any] = [{"type": "bold", "offset": 2, "length": 3}]
    assert formatted("  abc  ", "", given) == ("abc", [{"type": "bold", "offset": 0, "length": 3}])
