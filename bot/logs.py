"""Logging for the whole program: one handler, text or JSON, with every secret blotted out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import Processor

_TOKEN = re.compile(r"(?<!\d)(\d{5,12}):[A-Za-z0-9_-]{30,}")
_NOISY = ("httpx", "httpcore", "telegram", "aiosqlite", "alembic", "uvicorn.error", "PIL")


class Redacting(logging.Formatter):
    """Formats with another formatter, then blots out secrets, tracebacks included."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = tuple(secret for secret in secrets if secret)

    def format(self, record: logging.LogRecord) -> str:
        """The record as one redacted text."""
        text = self._inner.format(record)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _TOKEN.sub(r"\1:***", text)


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
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    processors: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        processors.append(structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[*processors, renderer], foreign_pre_chain=shared
    )
    handler = logging.StreamHandler()
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
