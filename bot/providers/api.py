"""The connection to a provider's API, and what a call that breaks means for the money."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from bot import certificates
from bot.domain.timing import Timing
from bot.errors import AnswerLost, NotSent, ProviderDown, StartRefused
from bot.providers.transfer import USER_AGENT, Answer, BodyTooLarge, read

_CONNECTIONS = 12  # httpx gets slower with every connection in its pool
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BROKEN = (httpx.RequestError, TimeoutError, BodyTooLarge)


class Api:
    """Sends requests to one origin with one key, and repeats none.

    Args:
        name: the provider's, for a person who set it up wrongly.
        api_key: sent to ``base_url`` in a header, and nowhere else.
        base_url: the API's origin.
        path: what all its paths begin with.
        timing: how long a connection may take.

    Raises:
        StartRefused: the key or the URL can't be one.
    """

    def __init__(self, name: str, api_key: str, base_url: str, path: str, timing: Timing) -> None:
        if not api_key or not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise StartRefused(f"the {name} API key is empty or holds characters that no key has")
        if not base_url.startswith(("https://", "http://")):
            raise StartRefused(f"the {name} URL must begin with https://")
        self._client = httpx.AsyncClient(
            base_url=f"{base_url}{path}",
            verify=certificates.trusted(),
            trust_env=False,
            headers={
                "Authorization": f"Bearer {api_key}",
                "Accept-Encoding": "identity",
                "User-Agent": USER_AGENT,
            },
            # Reads and writes are bound by each call's own deadline, in all and not for each packet.
            timeout=httpx.Timeout(None, connect=timing.http_connect, pool=timing.http_connect),
            # No connection is used twice: one that the server just closed would lose a paid call's answer.
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=0),
        )

    def request(self, method: str, path: str, **content: Any) -> httpx.Request:
        """A request to be sent once; ``content`` as `httpx.AsyncClient.build_request` takes it."""
        return self._client.build_request(method, path, **content)

    async def send(self, request: httpx.Request, seconds: float, most: int) -> Answer:
        """Send once and read the answer. Raises httpx.RequestError, TimeoutError, BodyTooLarge."""
        async with asyncio.timeout(seconds):
            response = await self._client.send(request, stream=True)
            try:
                return Answer(response.status_code, response.headers, await read(response, most))
            finally:
                await response.aclose()

    async def ask(self, request: httpx.Request, seconds: float, most: int) -> Answer:
        """Send a request that is safe to repeat. Raises ProviderDown."""
        try:
            return await self.send(request, seconds, most)
        except _BROKEN as error:
            raise ProviderDown(f"{request.method} {request.url.path}: {type(error).__name__}") from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()


@contextmanager
def buying() -> Iterator[None]:
    """Around the one paid POST and the reading of its answer: may it have been bought?

    Raises:
        NotSent: no connection was made, so nothing was bought.
        AnswerLost: whatever else broke; it may have been bought.
    """
    try:
        yield
    except _NEVER_SENT as error:
        raise NotSent(f"no connection: {type(error).__name__}") from error
    except _BROKEN as error:
        raise AnswerLost(f"no answer to the submit: {type(error).__name__}") from error
    except ProviderDown as error:
        raise AnswerLost(f"the submit's answer tells nothing: {error}") from error
