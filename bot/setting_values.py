"""How the values of settings are written: each function takes the text, or says how to write it instead."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr

from bot.domain.money import micros

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_AMOUNT = re.compile(r"\$?\d{1,6}(\.\d{1,6})?")
# The parts of a prefix are as those of a key, so that it names one place whoever reads it.
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_FOLDER = re.compile(r"file:///[^\s%?#]+")


def _micros(value: object) -> object:
    """Dollars as text, as ``2.50`` or ``$2.50``, to micro-dollars."""
    if not isinstance(value, str):
        return value
    if not _AMOUNT.fullmatch(value.strip()):
        raise ValueError("write dollars as 2.50")
    return micros(value.strip().removeprefix("$"))


Dollars = Annotated[int | None, BeforeValidator(_micros)]


def origin(url: str) -> str:
    """An https URL that others are told; plain http only to this machine, for tests. Raises ValueError."""
    try:
        parts = urlsplit(url)
        local = parts.scheme == "http" and parts.hostname in LOOPBACK
        plain = not (parts.query or parts.fragment or parts.username) and not re.search(r"[^!-~]", url)
        right = (parts.scheme == "https" or local) and bool(parts.hostname) and plain and parts.port != 0
    except ValueError:  # brackets that don't match, or a port that is none
        right = False
    if not right:
        raise ValueError("write it as https://bot.example.com")
    return url


def key(value: SecretStr | None) -> SecretStr | None:
    """A key as APIs give them out. Raises ValueError."""
    if value is not None and not re.fullmatch(r"[!-~]{8,}", value.get_secret_value()):
        raise ValueError("it has no spaces, and at least 8 characters")
    return value


def results(url: str) -> str:
    """A place for results that all machines reach, without a slash at its end. Raises ValueError."""
    url = url.rstrip("/")
    if not (_BUCKET.fullmatch(url) or _FOLDER.fullmatch(url)):
        raise ValueError("write it as s3://bucket/prefix, or as file:///folder")
    return url
