"""Moves pictures to and from URLs that a provider's API named: without a key, to public addresses only.

The address is checked where the connection is made, so that a redirect, or a name that resolves to
another address the second time, gets no further than a plain URL would.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import httpx
import structlog

from bot import certificates
from bot.domain.timing import Timing
from bot.errors import OutputUnusable, ProviderDown, ProviderRefused

log = structlog.get_logger(__name__)
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

USER_AGENT = "wavebrush"
_CONNECTIONS = 8  # the memory in use is the bytes in flight, so transfers are bounded and not edits
_MOST_HOPS = 3
_MOST_ADDRESSES = 4
_KNOWN_HOSTS = ("wavespeed.ai", "cloudfront.net")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# What Python counts as global and yet is nobody's server on the internet.
_NOWHERE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # the platform of Azure's machines (Azure documentation, "What is IP address …")
        "192.0.0.0/24",  # protocols' own (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
        "3fff::/20",  # documentation (RFC 9637)
    )
)


class AddressRefused(Exception):
    """Nothing is sent there. It names the host and not the URL, which may hold a signature."""


class BodyTooLarge(Exception):
    """The answer has more bytes than the caller takes."""


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet.

    IPv4 addresses inside of IPv6 ones (mapped, NAT64) count as themselves; tunnels (6to4, Teredo) don't
    count at all.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped or (ipaddress.IPv4Address(ip.packed[-4:]) if ip in _NAT64 else None)
        if embedded is not None:
            return is_public(str(embedded))
        if ip not in _GLOBAL_UNICAST or ip.sixtofour or ip.teredo:
            return False
    nowhere = ip.is_multicast or ip.is_reserved or any(ip in network for network in _NOWHERE)
    return ip.is_global and not nowhere


async def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the system's order of preference. Raises OSError, UnicodeError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def origin(url: httpx.URL) -> str:
    """Scheme, host and port, as two URLs must share them to be of one server."""
    return f"{url.scheme}://{url.host}:{url.port or {'http': 80, 'https': 443}.get(url.scheme)}"


class CheckedTransport(httpx.AsyncHTTPTransport):
    """Connects to trusted origins as they are, and else by https to public addresses only.

    A host whose addresses are not all public is refused. The connection is made to an address that was
    checked, while the certificate is still checked against the host's name.

    Raises:
        AddressRefused: nothing was sent.
    """

    def __init__(
        self,
        trusted: Collection[str],
        *,
        resolve: Resolve = resolve,
        public: Callable[[str], bool] = is_public,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        # No connection is kept: the pool knows them by address, and hosts may share one.
        limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=0)
        super().__init__(verify=tls or certificates.trusted(), trust_env=False, limits=limits)
        self._trusted = frozenset(origin(httpx.URL(url)) for url in trusted)
        self._resolve = resolve
        self._public = public
        self._seen: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if origin(request.url) in self._trusted:
            return await super().handle_async_request(request)
        host = request.url.raw_host.decode("ascii")
        if request.url.scheme != "https" or not host:
            raise AddressRefused(f"not https: {host[:100]}")
        self._notice(host)
        failure: httpx.TransportError | None = None
        for address in await self._checked(host, request.url.port or 443):
            try:
                return await super().handle_async_request(_aimed(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError("the host has no address")

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError("the host can't be resolved") from error
        if not all(self._public(address) for address in addresses):
            raise AddressRefused(f"not a public address: {host[:100]}")
        return addresses[:_MOST_ADDRESSES]

    def _notice(self, host: str) -> None:
        known = any(host == name or host.endswith(f".{name}") for name in _KNOWN_HOSTS)
        if not known and host not in self._seen:
            self._seen.add(host)
            log.info("unknown_host", host=host[:100])


def _aimed(request: httpx.Request, host: str, address: str) -> httpx.Request:
    """The same request to a given address. Its Host header stays, and TLS still asks for ``host``."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


async def read(response: httpx.Response, most: int) -> bytes:
    """The body as it was sent, no more than ``most`` bytes of it. It is never decompressed.

    Raises:
        BodyTooLarge: it is longer, or says so.
    """
    said = response.headers.get("content-length", "")
    if said.isdecimal() and int(said[:19]) > most:
        raise BodyTooLarge(f"more than {most} bytes")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            raise BodyTooLarge(f"more than {most} bytes")
    return bytes(body)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, read."""

    status: int
    headers: httpx.Headers
    body: bytes


class Transfers:
    """Uploads to and downloads from URLs of a provider, each within a deadline in all."""

    def __init__(self, timing: Timing, transport: httpx.AsyncBaseTransport) -> None:
        self._seconds = timing.transfer
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": USER_AGENT},
            # A transfer that waits for a connection waits as a part of its deadline.
            timeout=httpx.Timeout(timing.transfer, connect=timing.http_connect),
        )

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def get(self, url: str, most: int) -> Answer:
        """Fetch a URL, over at most three redirects.

        Raises:
            ProviderDown: worth repeating.
            OutputUnusable: it can't be fetched, however often: where it is, or how large.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(self._client.build_request("GET", url), most)
        except (AddressRefused, BodyTooLarge, httpx.InvalidURL) as error:
            raise OutputUnusable(f"the output can't be fetched: {_said(error)}") from error
        except (httpx.RequestError, TimeoutError) as error:
            raise ProviderDown(f"the output could not be fetched: {_said(error)}") from error

    async def _follow(self, request: httpx.Request, most: int) -> Answer:
        for _ in range(1 + _MOST_HOPS):
            # httpx itself would read the body of a redirect, however large; so the hops are made here.
            response = await self._client.send(request, stream=True)
            try:
                if response.next_request is None:
                    return Answer(response.status_code, response.headers, await read(response, most))
                request = response.next_request
            finally:
                await response.aclose()
        raise OutputUnusable(f"the output is behind more than {_MOST_HOPS} redirects")

    async def put(self, url: str, headers: Mapping[str, str], data: bytes) -> Answer:
        """Store bytes at a URL; redirects are not followed and no body is read.

        Raises:
            ProviderDown: worth repeating. ProviderRefused: the URL is none that anything is sent to.
        """
        try:
            async with asyncio.timeout(self._seconds):
                request = self._client.build_request("PUT", url, headers=headers, content=data)
                response = await self._client.send(request, stream=True)
                await response.aclose()
                return Answer(response.status_code, response.headers, b"")
        except (AddressRefused, httpx.InvalidURL, ValueError) as error:
            raise ProviderRefused(f"the file store can't be used: {_said(error)}") from error
        except (httpx.RequestError, TimeoutError) as error:
            raise ProviderDown(f"the file store could not be reached: {_said(error)}") from error


def _said(error: Exception) -> str:
    # The texts of httpx's errors may hold the URL, which may be signed.
    ours = isinstance(error, AddressRefused | BodyTooLarge)
    return str(error) if ours else type(error).__name__
