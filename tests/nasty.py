"""The nastiest words that people, chats and files can be called, each named for what it tries."""

from __future__ import annotations

NASTY = {
    "a tag that closes ours": '</b><a href="tg://user?id=1">x</a>',
    "an entity": "&lt;b&gt; &amp;amp; &#x3C;",
    "a tag that is not closed": "<b><i",
    "markdown": "*_`[x](tg://user?id=1) ||~__\\",
    "a placeable": '{ $price } { "x" } {0} %s %(x)s ${x}',
    "turned around": "\u202egpj.tac\u202c",
    "isolated": "\u2068x\u2069\u2067y",
    "nothing to see": "\u200b\u2060\ufeff",
    "joiners alone": "\u200d\u200c\u200d",
    "lines": "one\r\ntwo\u2028three\x0bfour\x85",
    "control signs": "\x1b[31mred\x07\x00\x08",
    "emoji": "👩\u200d👩\u200d👧\u200d👦" * 9,
    "marks upon marks": "Z" + "\u0335\u0321\u0489" * 21,
    "SQL": "'; DROP TABLE users; --",
    "a formula": '=HYPERLINK("https://evil.example","x")',
    "a mention and a command": "@wavebrush_bot /edit /admin",
    "a log line": 'x"}\n{"event": "ready", "level": "info"}',
    "long": "ﷺ" * 64,
}

_TOGETHER = (
    ("a tag that closes ours", "an entity", "a mention and a command"),
    ("a tag that is not closed", "markdown", "a placeable", "SQL"),
    ("turned around", "isolated", "lines", "control signs", "marks upon marks"),
    ("nothing to see", "joiners alone"),
    ("a formula", "emoji", "a log line"),
)
NAMES = ["".join(NASTY[word] for word in words) for words in _TOGETHER]
"""Few names with all of them, for tests that take their time for each."""
