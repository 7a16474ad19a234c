"""The certificates that the program's connections are checked against, read once for all of them."""

from __future__ import annotations

import functools
import ssl

import httpx


@functools.cache
def trusted() -> ssl.SSLContext:
    """What httpx would make anew for every client, which takes 30 ms each."""
    return httpx.create_ssl_context(trust_env=False)
