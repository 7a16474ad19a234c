"""The log: every secret is blotted out wherever it turns up, and JSON lines are JSON."""

from __future__ import annotations

import json
import logging
import sys
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import structlog

from bot import logs
from bot.settings import Settings, load

TOKEN = "123456789:the-token-of-these-tests-0123456789"
KEY = "the-key-of-these-tests"
PASSWORD = 'pass"wörd'
URL = f"https://api.telegram.org/a/rather/long/path/in/front/of/it/bot{TOKEN}/getMe"
STYLES = ("text", "json")
HIDDEN = (
    TOKEN,
    TOKEN.partition(":")[2],
    "token-of-these",  # also no half of it, when something wraps or clips the line
    KEY,
    PASSWORD,
    json.dumps(PASSWORD)[1:-1],
    "pass%22w%C3%B6rd",
)

Start = Callable[..., Any]


@pytest.fixture
def settings() -> Settings:
    return load(
        _env_file=None,
        telegram_bot_token=TOKEN,
        wavespeed_api_key=KEY,
        database_url="postgresql://ada:pass%22w%C3%B6rd@db/x",
    )


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Turns the program's logging on for one test; its logger."""
    root = logging.getLogger()
    names = ("httpx", "httpcore", "telegram", "aiosqlite", "alembic", "uvicorn.error", "PIL")
    levels = {name: logging.getLogger(name).level for name in names}
    handlers, level, root.handlers[:] = root.handlers[:], root.level, []

    def set_up(style: str, least: str = "DEBUG") -> Any:
        logs.set_up(least, style, settings.secrets)
        return structlog.get_logger("tests.logs")

    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    yield set_up
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def written(capsys: pytest.CaptureFixture[str], *, expect: str) -> str:
    """All that was written; it must contain ``expect`` and nothing that is secret."""
    text = capsys.readouterr().err
    assert expect in text
    for secret in HIDDEN:
        assert secret not in text
        assert secret not in text.replace("\n", "")
    return text


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("secret", [TOKEN, KEY, PASSWORD, URL, "postgresql://ada:pass%22w%C3%B6rd@db/x"])
def test_in_a_message(start: Start, capsys: pytest.CaptureFixture[str], style: str, secret: str) -> None:
    """The rest of the message stays."""
    start(style).warning(f"before {secret} after")
    text = written(capsys, expect="***")
    assert "before " in text
    assert " after" in text


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("secret", [TOKEN, KEY, PASSWORD])
def test_in_a_field(start: Start, capsys: pytest.CaptureFixture[str], style: str, secret: str) -> None:
    """Also inside of what a field holds: lists, tables, bytes, exceptions."""
    held = {"list": [secret], "table": {secret: 1}, "bytes": secret.encode("ascii", "replace")}
    start(style).warning("found", url=f"x/{secret}", error=ValueError(secret), **held)
    written(capsys, expect="***")


DISGUISES: dict[str, Callable[[str], str]] = {
    "in a URL": lambda secret: quote(secret, safe=""),
    "in a form": quote_plus,
    "without its id": lambda secret: secret.partition(":")[2] or secret,
    "in base64": lambda secret: b64encode(secret.encode()).decode(),
    "in base64 of more": lambda secret: b64encode(f"a:{secret}?".encode()).decode(),
    "in base64 of much more": lambda secret: urlsafe_b64encode(f"ab:{secret}ab".encode()).decode(),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("secret", [TOKEN, KEY, PASSWORD])
def test_in_disguise(
    start: Start, capsys: pytest.CaptureFixture[str], style: str, disguise: str, secret: str
) -> None:
    """Libraries write requests, headers and URLs in their own ways: nothing is left that leads back."""
    disguised = DISGUISES[disguise](secret)
    start(style).warning(f"before {disguised} after", header=f"Basic {disguised}")
    text = written(capsys, expect="***")
    assert disguised not in text
    for place in range(len(disguised) - 11):  # at most the ends stay, which mix with other signs
        assert disguised[place : place + 12] not in text


def _break_with(secret: str) -> None:
    local_variable = [secret] * 3
    raise ValueError(f"can't use {secret}, {local_variable}")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("secret", [TOKEN, KEY, URL])
def test_in_a_traceback(start: Start, capsys: pytest.CaptureFixture[str], style: str, secret: str) -> None:
    """Neither in the message of an exception nor in its cause, nor broken over two lines; no variables."""
    log = start(style)
    try:
        try:
            _break_with(secret)
        except ValueError as error:
            raise RuntimeError(secret) from error
    except RuntimeError:
        log.exception("broke")
    text = written(capsys, expect="can't use ")
    assert "_break_with" in text
    assert "***" in text
    assert "local_variable =" not in text.replace("local_variable = [secret] * 3", "")


@pytest.mark.parametrize("style", STYLES)
def test_in_a_foreign_traceback(start: Start, capsys: pytest.CaptureFixture[str], style: str) -> None:
    """A library that logs its exception does it through the same handler."""
    start(style)
    try:
        _break_with(URL)
    except ValueError:
        logging.getLogger("some.library").exception("failed with %s", KEY)
    assert "failed with ***" in written(capsys, expect="ValueError: can't use ")


@pytest.mark.parametrize("style", STYLES)
def test_a_token_of_somebody_else(start: Start, capsys: pytest.CaptureFixture[str], style: str) -> None:
    """Whatever looks like a bot's token is blotted out but for the bot's id, also if it isn't ours."""
    other = "987654321:another-bots-token-of-35-letters-xx"
    start(style).warning("met", url=f"https://api.telegram.org/file/bot{other}/photos/1.jpg")
    text = written(capsys, expect="987654321:***/photos/1.jpg")
    assert "another-bots-token" not in text


@pytest.mark.parametrize("style", STYLES)
def test_in_httpx_lines(start: Start, capsys: pytest.CaptureFixture[str], style: str) -> None:
    """httpx logs every URL: not at all below a warning, even when all is logged, and blotted out above."""
    start(style, "DEBUG")
    httpx = logging.getLogger("httpx")
    httpx.info('HTTP Request: %s %s "%s"', "POST", URL, "HTTP/1.1 200 OK")
    assert capsys.readouterr().err == ""
    httpx.warning('HTTP Request: %s %s "%s"', "POST", URL, "HTTP/1.1 502 Bad Gateway")
    written(capsys, expect="bot***/getMe")


FORGED = 'made up\n{"event": "ready", "level": "info"}\r\n2026-11-21 [info] ready\x1b[2K\x00\u2028'


def test_nobody_writes_a_line_of_their_own(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is in a message or a field, JSON lines are one for each record, and plain of control signs."""
    log = start("json")
    log.warning(FORGED, name=FORGED, path=[FORGED])
    logging.getLogger("some.library").warning("got %s", FORGED)
    text = written(capsys, expect="made up")
    lines = text.split("\n")
    assert [json.loads(line)["level"] for line in lines[:2]] == ["warning", "warning"]
    assert lines[2:] == [""]
    assert text.isascii()
    assert not set(text) & set("\r\x1b\x00")


def test_control_signs_do_nothing_in_text(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither in messages, fields nor tracebacks; messages stay on their line."""
    log = start("text")
    log.warning(FORGED, name=FORGED)
    logging.getLogger("some.library").warning("got %s", FORGED)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    try:
        _break_with(FORGED)
    except ValueError:
        log.exception("broke")
    assert not set("".join([*lines, capsys.readouterr().err])) & set("\r\x1b\x00\u2028")


def test_a_record_that_cannot_be_formatted(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said where it was, and what was in it is not shown."""
    start("json")
    logging.getLogger("some.library").warning("%d of %s", KEY, TOKEN)
    written(capsys, expect="a record of some.library, line ")


@pytest.mark.parametrize("style", STYLES)
def test_what_ends_the_program(start: Start, capsys: pytest.CaptureFixture[str], style: str) -> None:
    """An error that nobody caught, in any thread, goes the same way; Ctrl+C is none."""
    start(style)
    try:
        _break_with(URL)
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    written(capsys, expect="crashed")
    thread = threading.Thread(target=_break_with, args=[KEY])
    thread.start()
    thread.join()
    written(capsys, expect="crashed")
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == "KeyboardInterrupt\n"


def test_json_lines_are_json(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, whatever was logged by whom; level, time and fields are there."""
    log = start("json")
    log.info("ready", bot="wavebrush_bot", numbers=[1, 2], text='quotes " and\nlines')
    try:
        _break_with("nothing")
    except ValueError:
        log.exception("broke", edit="e1")
        logging.getLogger("some.library").exception("broke %s", "too")
    logging.getLogger("some.library").warning("plain %d", 7)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("info", "ready"),
        ("error", "broke"),
        ("error", "broke too"),
        ("warning", "plain 7"),
    ]
    assert lines[0]["numbers"] == [1, 2]
    assert lines[0]["text"] == 'quotes " and\nlines'
    assert lines[1]["edit"] == "e1"
    assert all("ValueError: can't use nothing" in line["exception"] for line in lines[1:3])
    assert all(line["timestamp"].endswith("Z") for line in lines)


@pytest.mark.parametrize("style", STYLES)
def test_the_level(start: Start, capsys: pytest.CaptureFixture[str], style: str) -> None:
    """What is below LOG_LEVEL is not written, ours and others'."""
    start(style, "WARNING").info("hidden")
    logging.getLogger("some.library").info("hidden")
    logging.getLogger("some.library").warning("shown")
    text = capsys.readouterr().err
    assert "shown" in text
    assert "hidden" not in text


def test_lines_about_an_edit_name_it(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """Also those of libraries, while it is worked on; a line that names another edit is about that one."""
    log = start("json")
    with structlog.contextvars.bound_contextvars(edit="e1"):
        log.info("ours")
        logging.getLogger("some.library").warning("theirs")
        log.info("another", edit="e2")
    log.info("nobody's")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line.get("edit") for line in lines] == ["e1", "e1", "e2", None]
