"""Moving pictures: only to where it is safe, however the way there is disguised."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from bot.errors import OutputUnusable, ProviderDown, ProviderError, ProviderRefused
from bot.providers.transfer import CheckedTransport, Transfers, is_public, resolve

from .conftest import hurried
from .raw_server import http, raw_server

PNG = b"\x89PNG\r\n\x1a\n-picture-"
MOST = 1_000_000
Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


class Names:
    """A resolver whose answers a test writes: one list of addresses after the other, the last for ever."""

    def __init__(self, *answers: Sequence[str] | OSError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer


def transfers(transport: CheckedTransport | None = None) -> Transfers:
    return Transfers(hurried(http_connect=2.0, transfer=5.0), transport or CheckedTransport([]))


# --- addresses ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",  # the metadata of cloud machines
        "100.64.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:a9fe:a9fe",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "100::1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "4000::1",
        "100.100.100.200",  # the metadata of Alibaba's machines
        "168.63.129.16",
        "192.0.0.9",
        "192.88.99.1",
        "3fff::1",
        "2001:10::1",
        "2001:20::1",
        "2001:0:7f00:1::",
        "2002:a9fe:a9fe::1",
        "::ffff:0:127.0.0.1",
        "::ffff:100.64.0.1",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",  # the metadata of Amazon's machines
        "0177.0.0.1",
        "2130706433",
        "1.1.1.1 ",
        "localhost",
        "",
    ],
)
def test_not_public(address: str) -> None:
    """Loopback, private, link-local, shared, reserved, multicast and tunnelled addresses are no places."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "172.15.0.1",
        "172.32.0.1",
        "8.8.8.8",
        "2606:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::1.1.1.1",
    ],
)
def test_public(address: str) -> None:
    """Addresses of the internet are, also IPv4 ones inside of IPv6."""
    assert is_public(address)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "localhost"])
async def test_disguised_loopback(host: str) -> None:
    """Whatever the system makes of a spelling is what gets checked."""
    addresses = await resolve(host, 443)
    assert addresses
    assert not any(is_public(address) for address in addresses)


# --- where nothing is fetched -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/a.png",
        "https://[::1]:{port}/a.png",
        "https://[::ffff:127.0.0.1]:{port}/a.png",
        "https://2130706433:{port}/a.png",
        "https://localhost:{port}/a.png",
        "https://10.0.0.1/a.png",
        "https://1.1.1.1@127.0.0.1:{port}/a.png",
        "https://api.wavespeed.ai:443@127.0.0.1:{port}/a.png",
        "https://127.0.0.1:{port}#@1.1.1.1/a.png",
        "https://0177.0.0.1:{port}/a.png",
        "https://0x7f000001:{port}/a.png",
        "https://127.1:{port}/a.png",
        "https://127。0。0。1:{port}/a.png",
        "https://[::ffff:7f00:1]:{port}/a.png",
        "https://[64:ff9b::7f00:1]:{port}/a.png",
        "https://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:{port}/a.png",
        "http://cdn.example/a.png",
        "https:///a.png",
        "https://cdn.example:port/a.png",
    ],
)
async def test_forbidden_url(url: str) -> None:
    """No request reaches a private address or leaves without TLS, and repeating would not help."""
    async with raw_server(http(PNG)) as server, aclosing(transfers()) as ours:
        with pytest.raises(OutputUnusable):
            await ours.get(url.format(port=server.port), MOST)
        assert server.heads == []


@pytest.mark.parametrize(
    "url",
    [
        "{trusted}@127.0.0.1:{port}/a.png",
        "http://127.0.0.1:{port}/a.png?{trusted}",
        "http://localhost:{port}/a.png",
        "https://127.0.0.1:{port}/a.png",
        "http://127.0.0.1.:{port}/a.png",
    ],
)
async def test_what_only_looks_trusted(url: str) -> None:
    """One trusted server opens no other: scheme, host and port must be its own, and in their place."""
    async with raw_server(http(PNG)) as trusted, raw_server(http(PNG)) as other:
        async with aclosing(transfers(CheckedTransport([trusted.url]))) as ours:
            with pytest.raises((OutputUnusable, ProviderDown)):
                await ours.get(url.format(trusted=trusted.url, port=other.port), MOST)
        assert other.heads == []


async def test_other_schemes() -> None:
    """Nothing but the web is fetched."""
    async with aclosing(transfers()) as ours:
        for url in ("file:///etc/passwd", "ftp://1.1.1.1/a.png", "gopher://1.1.1.1/", "/etc/passwd"):
            with pytest.raises((OutputUnusable, ProviderDown)):
                await ours.get(url, MOST)


async def test_upload_to_a_private_address() -> None:
    """A ticket can't make us send a picture into the private network."""
    async with raw_server(http(b"")) as server, aclosing(transfers()) as ours:
        with pytest.raises(ProviderRefused):
            await ours.put(f"{server.url}/a.png?signature=canary", {}, PNG)
        with pytest.raises(ProviderRefused) as caught:
            await ours.put(f"https://127.0.0.1:{server.port}/a.png?signature=canary", {}, PNG)
        assert server.heads == []
    assert "canary" not in str(caught.value)


async def test_host_with_one_private_address() -> None:
    """A name that has a private address among public ones is not used at all."""
    names = Names(["1.1.1.1", "10.0.0.1"])
    async with aclosing(transfers(CheckedTransport([], resolve=names))) as ours:
        with pytest.raises(OutputUnusable):
            await ours.get("https://cdn.example/a.png", MOST)
    assert names.asked == ["cdn.example"]


@pytest.mark.parametrize("answer", [OSError("no such host"), []], ids=["error", "nothing"])
async def test_host_without_address(answer: OSError | list[str]) -> None:
    """A name that does not resolve may do so later."""
    async with aclosing(transfers(CheckedTransport([], resolve=Names(answer)))) as ours:
        with pytest.raises(ProviderDown):
            await ours.get("https://cdn.example/a.png", MOST)


# --- redirects ------------------------------------------------------------------------------------------


def moved(to: str) -> bytes:
    return http(b"x" * 100, f"Location: {to}", status="302 Found")


@pytest.mark.parametrize(
    "location",
    ["https://127.0.0.1:{port}/", "http://127.0.0.1:{port}/", "https://169.254.169.254/", "//[::1]:{port}/"],
)
async def test_redirect_to_a_private_address(location: str) -> None:
    """A trusted server can't lead us where an untrusted URL could not."""
    async with raw_server(http(b"inside")) as inside:
        async with (
            raw_server(moved(location.format(port=inside.port))) as server,
            aclosing(transfers(CheckedTransport([server.url]))) as ours,
        ):
            with pytest.raises(OutputUnusable):
                await ours.get(f"{server.url}/a.png", MOST)
            assert len(server.heads) == 1
        assert inside.heads == []


async def test_redirects_between_trusted_servers() -> None:
    """A redirect to where a plain URL may lead is followed."""
    async with (
        raw_server(http(PNG)) as last,
        raw_server(moved(f"{last.url}/b.png")) as first,
        aclosing(transfers(CheckedTransport([first.url, last.url]))) as ours,
    ):
        assert (await ours.get(f"{first.url}/a.png", MOST)).body == PNG


async def test_redirects_without_end() -> None:
    """After three redirects it is enough."""
    async with raw_server(moved("/again")) as server:
        async with aclosing(transfers(CheckedTransport([server.url]))) as ours:
            with pytest.raises(OutputUnusable, match="redirects"):
                await ours.get(f"{server.url}/a.png", MOST)
        assert len(server.heads) == 4


@pytest.mark.parametrize("location", ["http://[", "ftp://1.1.1.1/a.png", "file:///etc/passwd"])
async def test_redirect_to_nowhere(location: str) -> None:
    """A Location that is no web URL is not followed."""
    async with raw_server(moved(location)) as server:
        async with aclosing(transfers(CheckedTransport([server.url]))) as ours:
            with pytest.raises(ProviderError):
                await ours.get(f"{server.url}/a.png", MOST)
        assert len(server.heads) == 1


async def test_upload_is_not_redirected() -> None:
    """A picture goes where the ticket says and nowhere else."""
    async with raw_server(http(b"")) as other, raw_server(moved(f"{other.url}/b.png")) as server:
        async with aclosing(transfers(CheckedTransport([server.url, other.url]))) as ours:
            assert (await ours.put(f"{server.url}/a.png", {}, PNG)).status == 302
        assert other.heads == []


# --- connecting to what was checked ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """A server's context with a certificate for cdn.example, and a client's that trusts it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=cdn.example", "-addext", "subjectAltName=DNS:cdn.example"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return _server_context(certificate, key), ssl.create_default_context(cafile=certificate)


def _server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def also_here(address: str) -> bool:
    """Lets the tests' own server pass for a public one."""
    return address == "127.0.0.1" or is_public(address)


async def test_the_checked_address_is_the_one_connected_to(tls: Contexts) -> None:
    """A name that changes its address after the check (rebinding) does not change where we connect."""
    names = Names(["127.0.0.1"], ["10.0.0.1"])
    async with raw_server(http(PNG), tls=tls[0]) as server:
        transport = CheckedTransport([], resolve=names, public=also_here, tls=tls[1])
        async with aclosing(transfers(transport)) as ours:
            url = f"https://cdn.example:{server.port}/a.png?signature=1"
            assert (await ours.get(url, MOST)).body == PNG
            assert names.asked == ["cdn.example"]
            with pytest.raises(OutputUnusable):
                await ours.get(url, MOST)
    [head] = server.heads
    assert head.startswith("GET /a.png?signature=1 HTTP/1.1")
    assert f"host: cdn.example:{server.port}" in head.lower()


async def test_relative_redirect_keeps_the_name(tls: Contexts) -> None:
    """A redirect within the same host asks for the host again, and not for its address."""
    names = Names(["127.0.0.1"])
    async with raw_server(moved("/b.png"), tls=tls[0]) as server:
        transport = CheckedTransport([], resolve=names, public=also_here, tls=tls[1])
        async with aclosing(transfers(transport)) as ours:
            with pytest.raises(OutputUnusable):
                await ours.get(f"https://cdn.example:{server.port}/a.png", MOST)
    assert names.asked == ["cdn.example"] * 4
    assert all("host: cdn.example" in head.lower() for head in server.heads)


async def test_certificate_of_another_host(tls: Contexts) -> None:
    """Connecting by address does not weaken the check of the name."""
    async with raw_server(http(PNG), tls=tls[0]) as server:
        transport = CheckedTransport([], resolve=Names(["127.0.0.1"]), public=also_here, tls=tls[1])
        async with aclosing(transfers(transport)) as ours:
            with pytest.raises(ProviderDown):
                await ours.get(f"https://other.example:{server.port}/a.png", MOST)
        assert server.heads == []


async def test_first_address_is_dead(tls: Contexts) -> None:
    """Where an address does not answer, the next is tried, and an upload arrives whole."""
    names = Names(["127.0.0.2", "127.0.0.1"])
    async with raw_server(http(b""), tls=tls[0]) as server:
        transport = CheckedTransport([], resolve=names, public=lambda _: True, tls=tls[1])
        async with aclosing(transfers(transport)) as ours:
            url = f"https://cdn.example:{server.port}/a.png"
            assert (await ours.put(url, {"If-None-Match": "*"}, PNG)).status == 200
    [head] = server.heads
    assert "if-none-match: *" in head.lower()
    assert f"content-length: {len(PNG)}" in head.lower()


# --- logging --------------------------------------------------------------------------------------------


async def test_unknown_hosts_are_logged_once() -> None:
    """A host that we have not heard of is named once, without its path; known ones are not."""
    transport = CheckedTransport([], resolve=Names(["10.0.0.1"]))
    urls = ["https://static.wavespeed.ai/o/1.png", "https://d2p7.cloudfront.net/output/1.png"]
    urls += ["https://evilwavespeed.ai/1.png?signature=canary"] * 2
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport) as client:
            for url in urls:
                with pytest.raises(Exception, match="not a public address"):
                    await client.get(url)
    assert [(entry["event"], entry["host"]) for entry in logs] == [("unknown_host", "evilwavespeed.ai")]
