"""The Bot API's MarkdownV2 style (core.telegram.org/bots/api, "MarkdownV2 style") → text and entities."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.sandbox.telegram.entities import utf16
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import bad_request

_RESERVED = frozenset("_*[]()~`>#+-=|{}.!")
_MARKERS = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler"}
_LINK_END = re.compile(r"\]\(((?:\\.|[^\\)])*)\)")
_CODE = re.compile(r"```(?:(\w+)\n)?(.*?)```|`([^`]+)`", re.DOTALL)


@dataclass(slots=True)
class _Reader:
    """Walks the source once; ``at`` is the place, ``stack`` the markers that wait for their end."""

    source: str
    at: int = 0
    plain: list[str] = field(default_factory=list)
    length: int = 0
    stack: list[tuple[str, int]] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.plain.append(text)
        self.length += utf16(text)

    def step(self) -> None:
        char = self.source[self.at]
        if char == "\\" and self.at + 1 < len(self.source):
            self.add(self.source[self.at + 1])
            self.at += 2
        elif char == "`":
            self.code()
        elif (marker := self.marker()) in _MARKERS:
            self.toggle(marker)
        elif char == "[":
            self.stack.append(("[", self.length))
            self.at += 1
        elif char == "]":
            self.link()
        elif char in _RESERVED:
            raise _error(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")
        else:
            self.add(char)
            self.at += 1

    def marker(self) -> str:
        pair = self.source[self.at : self.at + 2]
        return pair if pair in _MARKERS else pair[:1]

    def toggle(self, marker: str) -> None:
        self.at += len(marker)
        if self.stack and self.stack[-1][0] == marker:
            self.close(_MARKERS[marker])
        else:
            self.stack.append((marker, self.length))

    def code(self) -> None:
        match = _CODE.match(self.source, self.at)
        if match is None:
            raise self.unclosed("code")
        self.stack.append(("`", self.length))
        self.add(re.sub(r"\\(.)", r"\1", match[2] if match[2] is not None else match[3]))
        self.close("pre" if match[2] is not None else "code")
        if match[1]:
            self.entities[-1]["language"] = match[1]
        self.at = match.end()

    def link(self) -> None:
        match = _LINK_END.match(self.source, self.at)
        if match is None or not self.stack or self.stack[-1][0] != "[":
            raise _error("Character ']' is reserved and must be escaped with the preceding '\\'")
        self.close("text_link", url=re.sub(r"\\(.)", r"\1", match[1]))
        self.at = match.end()

    def close(self, kind: str, **extra: str) -> None:
        _, place = self.stack.pop()
        if self.length > place:
            self.entities.append({"type": kind, "offset": place, "length": self.length - place, **extra})

    def unclosed(self, kind: str) -> Exception:
        at = len(self.source[: self.at].encode())
        return _error(f"Can't find end of {kind.capitalize()} entity at byte offset {at}")


def parse_markdown_v2(source: str) -> tuple[str, list[Json]]:
    """Parse a text with MarkdownV2 marks (all but quotations and custom emoji).

    Raises "can't parse entities: …" for a reserved character that is not escaped.
    """
    reader = _Reader(source)
    while reader.at < len(source):
        reader.step()
    if reader.stack:
        raise reader.unclosed(_MARKERS.get(reader.stack[-1][0], "text_url"))
    return "".join(reader.plain), reader.entities


def _error(what: str) -> Exception:
    return bad_request(f"can't parse entities: {what}")
