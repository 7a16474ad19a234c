"""Entities in texts: the ones Telegram finds by itself, and offsets in UTF-16 code units."""

from __future__ import annotations

import re

from bot.sandbox.telegram.state import Json

_PATTERNS = (
    ("url", re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]]", re.IGNORECASE)),
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("bot_command", re.compile(r"(?<![\w/@<>])/\w{1,64}(?:@[A-Za-z]\w{2,31})?(?![\w/@])", re.ASCII)),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z]\w{3,31}(?![\w@])", re.ASCII)),
    ("hashtag", re.compile(r"(?<![\w#])#(?=\w*[^\W\d])\w{1,255}")),
    (
        "url",
        re.compile(r"(?i)(?<![\w@./])(?:[a-z0-9-]+\.)+(?:com|org|net|io|ai|app|dev)\b(?:/\S*)?"),
    ),
)


def utf16(text: str) -> int:
    """Measure a text as Telegram does: in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def find_entities(text: str, given: list[Json] | None = None) -> list[Json]:
    """Add to ``given`` the commands, mentions, links and hashtags in the text; in order of place."""
    entities = list(given or [])
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            offset, length = utf16(text[: match.start()]), utf16(match.group())
            if not any(_overlap(entity, offset, length) for entity in entities):
                entities.append({"type": kind, "offset": offset, "length": length})
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _overlap(entity: Json, offset: int, length: int) -> bool:
    if entity["type"] in {"bold", "italic", "underline", "strikethrough", "spoiler", "blockquote"}:
        return False
    end: int = entity["offset"] + entity["length"]
    return bool(entity["offset"] < offset + length and offset < end)


def trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Cut white space off both ends, as Telegram does, and move or shorten the entities with it."""
    left = utf16(text) - utf16(text.lstrip())
    text = text.strip()
    size = utf16(text)
    kept = []
    for entity in entities:
        start = max(entity["offset"] - left, 0)
        end = min(entity["offset"] - left + entity["length"], size)
        if end > start:
            kept.append({**entity, "offset": start, "length": end - start})
    return text, kept
