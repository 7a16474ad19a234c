"""Logging for the whole program: one handler, text or JSON, with every secret blotted out."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TextIO
from urllib.parse import quote, quote_plus

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

_TOKEN = re.compile(r"(?<!\d)(\d{5,12})(?::|%3[Aa])[A-Za-z0-9_-]{30,}")
_SHORTEST = 6  # of what is blotted out in part or in base64: less of it is in many other words
_NOISY = ("httpx", "httpcore", "telegram", "aiosqlite", "alembic", "uvicorn.error", "PIL")


class Redacting(logging.Formatter):
    """Formats with another formatter, then blots out secrets, tracebacks included."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        spelled = {text for secret in secrets if secret for text in spellings(secret)}
        self._secrets = sorted(spelled, key=lambda text: (-len(text), text))  # the longest first

    def format(self, record: logging.LogRecord) -> str:
        """The record as one redacted text."""
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _TOKEN.sub(r"\1:***", text)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes to stderr. A record that can't be formatted is not shown raw, as logging itself does."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name for it
        sys.stderr.write(f"a record of {record.name}, line {record.lineno}, can't be written\n")


def spellings(secret: str) -> Iterator[str]:
    """How a secret may be written: as it is, as in JSON, in a URL, in base64; and a token without its id."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield from {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    data = secret.encode("utf-8", "replace")
    # Its base64 depends on what stands before it; where the first and last signs mix with others they go.
    for before, first in ((0, 0), (1, 2), (2, 3)):
        packed = base64.b64encode(bytes(before) + data).decode()
        sure = packed[first : (before + len(data)) * 8 // 6]
        if len(sure) >= _SHORTEST:
            yield from {sure, sure.translate(str.maketrans("+/", "-_"))}
    bare = secret.partition(":")[2]
    if len(bare) >= _SHORTEST:
        yield from spellings(bare)


def set_up(level: str, style: str, secrets: Iterable[str]) -> None:
    """Send all logging, ours and the libraries', through one redacting handler on stderr.

    Args:
        level: the lowest level that is written.
        style: ``text`` or ``json``.
        secrets: strings that must never appear.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        # Not the pretty tracebacks: they show variables, and wrap lines in the middle of a secret.
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_traceback)
    )
    processors: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info if style == "json" else _on_one_line,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[*processors, renderer], foreign_pre_chain=shared
    )
    handler = _Handler()
    handler.setFormatter(Redacting(formatter, secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    # What Python itself would print raw.
    sys.excepthook = _crashed
    threading.excepthook = lambda said: _crashed(said.exc_type, said.exc_value, said.exc_traceback)
    sys.unraisablehook = lambda said: _crashed(said.exc_type, said.exc_value, said.exc_traceback)


def _crashed(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:
    if error is None or not issubclass(kind, Exception):  # Ctrl+C, say
        sys.__excepthook__(kind, error or kind(), where)
    else:
        logging.getLogger("bot").critical("crashed", exc_info=(kind, error, where))


def _on_one_line(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Let no message, of a library say, begin a line of its own; fields are quoted where they need it."""
    return {**event, "event": _shown(str(event["event"]))}


def _traceback(out: TextIO, exception: ExcInfo) -> None:
    whole = io.StringIO()
    structlog.dev.plain_traceback(whole, exception)
    out.write(_shown(whole.getvalue(), keep="\n"))


def _shown(text: str, keep: str = "") -> str:
    """A text whose control signs can be seen and do nothing."""
    return "".join(
        sign if sign.isprintable() or sign in keep else sign.encode("unicode_escape").decode()
        for sign in text
    )
