"""What a bot may write: formatted texts within their limits, and inline keyboards."""

from __future__ import annotations

from typing import Any

from bot.sandbox.telegram.entities import find_entities, trimmed, utf16
from bot.sandbox.telegram.html_style import parse_html
from bot.sandbox.telegram.markdown_style import parse_markdown_v2
from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import Params, bad_request

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
_BUTTON_KINDS = ("callback_data", "url", "web_app", "copy_text", "switch_inline_query", "login_url", "pay")
_MAX_BUTTONS = 100


def text_content(params: Params) -> Json:
    """Read ``text`` with its formatting: 1 to 4096 UTF-16 units after parsing."""
    text, entities = formatted(params.text("text"), params.text("parse_mode"), params.json("entities"))
    if not text:
        raise bad_request("message text is empty")
    if utf16(text) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return {"text": text, **({"entities": entities} if entities else {})}


def caption_content(raw: str, parse_mode: str, given: Any) -> Json:
    """Read a caption with its formatting: at most 1024 UTF-16 units after parsing; none is fine."""
    caption, entities = formatted(raw, parse_mode, given)
    if utf16(caption) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    if not caption:
        return {}
    return {"caption": caption, **({"caption_entities": entities} if entities else {})}


def formatted(raw: str, parse_mode: str, given: Any) -> tuple[str, list[Json]]:
    """Parse a text in its mode, add the entities Telegram finds by itself, trim it."""
    entities: list[Json] = []
    match parse_mode.lower():
        case "":
            text = raw
            entities = _given(given)
        case "html":
            text, entities = parse_html(raw)
        case "markdownv2":
            text, entities = parse_markdown_v2(raw)
        case _:
            raise bad_request("unsupported parse_mode")
    text, entities = trimmed(text, entities)
    return text, find_entities(text, entities)


def _given(entities: Any) -> list[Json]:
    if entities is None:
        return []
    if not isinstance(entities, list):
        raise bad_request("can't parse entities: expected an array")
    kept = ("type", "offset", "length", "url", "user", "language", "custom_emoji_id")
    return [{key: entity[key] for key in kept if key in entity} for entity in entities]


def inline_keyboard(params: Params) -> Json | None:
    """Read ``reply_markup``; give an inline keyboard as it is stored, None for any other or none."""
    markup = params.json("reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if not rows:
        return None
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    buttons = [[_button(button) for button in row] for row in rows if row]
    if sum(map(len, buttons)) > _MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": buttons} if buttons else None


def _button(button: Any) -> Json:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: expected an Object")
    if not button.get("text"):
        raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
    kinds = [kind for kind in _BUTTON_KINDS if kind in button]
    if not kinds:
        raise bad_request(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= 64:
        raise bad_request("BUTTON_DATA_INVALID")
    return button
