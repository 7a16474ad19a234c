"""The Bot API's HTML style (core.telegram.org/bots/api, "HTML style") → text and entities."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.sandbox.telegram.entities import utf16
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import bad_request

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "span": "spoiler",
    "tg-spoiler": "spoiler",
    "tg-emoji": "custom_emoji",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<tag>[a-zA-Z][\w-]*)(?P<attributes>(?:\"[^\"]*\"|'[^']*'|[^>\"'])*)>"
    r"|&(?:#(?P<decimal>\d{1,7})|#[xX](?P<hex>[0-9a-fA-F]{1,6})|(?P<name>lt|gt|amp|quot));"
    r"|(?P<stray><)"
)
_ATTRIBUTE = re.compile(r"([\w-]+)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?")


@dataclass(slots=True)
class _Open:
    """A tag that waits for its end; ``place`` is in UTF-16 units of the plain text."""

    tag: str
    attributes: dict[str, str]
    place: int


@dataclass(slots=True)
class _Reader:
    source: str
    plain: list[str] = field(default_factory=list)
    length: int = 0
    stack: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.plain.append(text)
        self.length += utf16(text)

    def offset(self, place: int) -> int:
        return len(self.source[:place].encode())

    def token(self, match: re.Match[str]) -> None:
        if match["stray"]:
            raise _error(f"Unclosed start tag at byte offset {self.offset(match.start())}")
        if not match["tag"]:
            self.add(_character(match))
        elif match["close"]:
            self.close(match["tag"].lower(), self.offset(match.start()))
        else:
            self.open(match["tag"].lower(), match["attributes"], self.offset(match.start()))

    def open(self, tag: str, attributes: str, at: int) -> None:
        found = {name.lower(): a or b or c for name, a, b, c in _ATTRIBUTE.findall(attributes)}
        if tag not in _TAGS:
            raise _error(f'Unsupported start tag "{tag}" at byte offset {at}')
        if tag == "span" and found.get("class") != "tg-spoiler":
            raise _error(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
        self.stack.append(_Open(tag, found, self.length))

    def close(self, tag: str, at: int) -> None:
        if not self.stack:
            raise _error(f"Unexpected end tag at byte offset {at}")
        opened = self.stack.pop()
        if opened.tag != tag:
            raise _error(
                f'Unmatched end tag at byte offset {at}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self.length > opened.place:
            self.entities.append(self.entity(opened))

    def entity(self, opened: _Open) -> Json:
        entity: Json = {
            "type": _TAGS[opened.tag],
            "offset": opened.place,
            "length": self.length - opened.place,
        }
        if opened.tag == "a":
            entity["url"] = opened.attributes.get("href", "")
        elif opened.tag == "tg-emoji":
            entity["custom_emoji_id"] = opened.attributes.get("emoji-id", "")
        elif opened.tag == "blockquote" and "expandable" in opened.attributes:
            entity["type"] = "expandable_blockquote"
        return entity


def parse_html(source: str) -> tuple[str, list[Json]]:
    """Parse a text with tags. Raises "can't parse entities: …" with the byte offset of the fault."""
    reader = _Reader(source)
    done = 0
    for match in _TOKEN.finditer(source):
        reader.add(source[done : match.start()])
        reader.token(match)
        done = match.end()
    reader.add(source[done:])
    if reader.stack:
        raise _error(f'Can\'t find end tag corresponding to start tag "{reader.stack[-1].tag}"')
    return "".join(reader.plain), reader.entities


def _error(what: str) -> Exception:
    return bad_request(f"can't parse entities: {what}")


def _character(match: re.Match[str]) -> str:
    if match["name"]:
        return _NAMED[match["name"]]
    code = int(match["decimal"]) if match["decimal"] else int(match["hex"], 16)
    return chr(code) if 0 < code < 0x110000 else match.group()
