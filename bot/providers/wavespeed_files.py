"""The pure half of moving pictures: what upload tickets, file stores and outputs say.

Like `wavespeed_wire`, it interprets and does not send.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import InputRejected, OutputUnusable, ProviderDown, Throttled
from bot.providers.wavespeed_wire import retry_after

LARGEST_PICTURE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ticket:
    """Leave to PUT a file at ``url`` with exactly these headers; it is then found at ``download_url``."""

    url: str
    headers: Mapping[str, str]
    download_url: str


def ticket(data: Any) -> Ticket:
    """The answer to an upload's first step. Raises ProviderDown where it is none."""
    upload = data.get("upload") if isinstance(data, dict) else None
    url = upload.get("url") if isinstance(upload, dict) else None
    headers = (upload.get("headers") or {}) if isinstance(upload, dict) else {}
    if not isinstance(url, str) or not isinstance(headers, dict):
        raise ProviderDown("the upload ticket can't be read")
    return Ticket(url, {str(name): str(value) for name, value in headers.items()}, stored_at(data))


def stored_at(data: Any) -> str:
    """Where an uploaded file is found. Raises ProviderDown where it does not say."""
    url = data.get("download_url") if isinstance(data, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise ProviderDown("the upload's answer has no download_url")
    return url


def stored(status: int, headers: Mapping[str, str]) -> None:
    """Check the answer to an upload's PUT.

    Raises:
        Throttled, ProviderDown: worth repeating, with a new ticket. InputRejected: too large.
    """
    if 200 <= status < 300:
        return
    if status == 429:
        raise Throttled("the file store answered HTTP 429", retry_after(headers))
    if status == 413:
        raise InputRejected("the file store answered HTTP 413")
    raise ProviderDown(f"the file store answered HTTP {status}")


def fetched(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """The picture that an output's URL answered with; whether it is one is for who decodes it.

    Raises:
        ProviderDown: another status, nothing, or a page where a picture should be.
    """
    if status != 200:
        raise ProviderDown(f"the output answered HTTP {status}")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise ProviderDown("the output is compressed, which nobody asked for")
    if not body:
        raise ProviderDown("the output is empty")
    start = body[:64].lstrip().lower()
    if headers.get("content-type", "").lower().startswith("text/html") or start.startswith(
        (b"<!doctype html", b"<html")
    ):
        raise ProviderDown("the output is an HTML page")
    return body


def is_url(output: str) -> bool:
    """Whether an output is a URL to fetch, as opposed to the picture itself."""
    return output[:8].lower().startswith(("http://", "https://"))


def decoded(output: str) -> bytes:
    """The picture in an output that is naked base64 or a data URI of it. Source: docs, "Base64 output".

    Raises:
        OutputUnusable: it is neither, or holds nothing or more than `LARGEST_PICTURE`.
    """
    text = output.partition(",")[2] if output[:5].lower() == "data:" else output
    if len(text) > LARGEST_PICTURE // 3 * 4 + 4:
        raise OutputUnusable("the output in base64 is too large")
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise OutputUnusable("the output is neither a URL nor base64") from error
    if not data:
        raise OutputUnusable("the output in base64 is empty")
    return data
