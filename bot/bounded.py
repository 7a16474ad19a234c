"""HTTP answers within bounds: so many bytes, as they were sent, and so many seconds in all.

httpx's own time-outs are for each packet, so that an answer that drips never ends; and it unpacks whatever
comes compressed: 1 MB can become 1 GB.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx

from bot import certificates

_SLOWEST_UPLOAD = 32 * 1024  # bytes a second


class AnswerUnbounded(httpx.ReadError):
    """The answer is longer than what is taken, or compressed though nobody asked for it."""


class BoundedTransport(httpx.AsyncHTTPTransport):
    """Sends to any server and takes answers of at most ``most`` bytes.

    A call may take as long as its four time-outs together (connecting, waiting for a connection, sending,
    reading), besides the time of what it uploads. Later it is httpx.ReadTimeout.
    """

    def __init__(self, connections: int, most: int) -> None:
        limits = httpx.Limits(max_connections=connections)
        super().__init__(verify=certificates.trusted(), trust_env=False, limits=limits)
        self._most = most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        until = _end(request)
        request.headers["Accept-Encoding"] = "identity"
        with _in_time(request):
            async with asyncio.timeout_at(until):
                response = await super().handle_async_request(request)
        try:
            _judge(response, self._most)
        except AnswerUnbounded:
            await response.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - for the type checker
        response.stream = _Bounded(response.stream, request, self._most, until)
        return response


class _Bounded(httpx.AsyncByteStream):
    """Another stream, until it has gone on for too many bytes or too long."""

    def __init__(self, inner: httpx.AsyncByteStream, request: httpx.Request, most: int, until: float) -> None:
        self._inner = inner
        self._request = request
        self._left = most
        self._until = until

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._inner)
        while True:
            with _in_time(self._request):
                async with asyncio.timeout_at(self._until):
                    chunk = await anext(chunks, None)
            if chunk is None:
                return
            self._left -= len(chunk)
            if self._left < 0:
                raise AnswerUnbounded("the answer is too long", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def _end(request: httpx.Request) -> float:
    """When a call must have ended, by the event loop's clock."""
    waits = request.extensions.get("timeout", {}).values()
    upload = int(request.headers.get("content-length", 0)) / _SLOWEST_UPLOAD
    return asyncio.get_running_loop().time() + sum(wait or 0.0 for wait in waits) + upload


def _judge(response: httpx.Response, most: int) -> None:
    said = response.headers.get("content-length", "")
    if said.isdecimal() and int(said[:19]) > most:
        raise AnswerUnbounded("the answer says that it is too long")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerUnbounded("the answer is compressed")


@contextmanager
def _in_time(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpx.ReadTimeout("it took too long in all", request=request) from error
