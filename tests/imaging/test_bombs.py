"""Files that are made to hurt: refused in moments and little memory, and the next picture is worked on."""

from __future__ import annotations

import resource
import struct
import time
import zlib
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
from PIL import Image

from bot.errors import ImagingFailed, PictureRefused
from bot.imaging.service import Imaging
from tests.imaging.samples import encoded, photo

MEMORY = 256 * 1024**2  # of a worker; the bot gives eight times as much


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(size: int, depth: int, kind: int, rows: bytes, *before: bytes) -> bytes:
    """A PNG file of a square picture, with other chunks before its pixels."""
    header = struct.pack(">IIBBBBB", size, size, depth, kind, 0, 0, 0)
    ends = [chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join([chunk(b"IHDR", header), *before, *ends])


def one_bit() -> bytes:
    return png(13_000, 1, 0, bytes(13_000 * (1 + 1_625)))


def packed_zeros(length: int, times: int) -> bytes:
    """``length × times`` zeros, packed once and then repeated: no sum stands at the end, and none is read."""
    packer = zlib.compressobj(9)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    return start + (packer.compress(bytes(length)) + packer.flush(zlib.Z_FULL_FLUSH)) * times


def zeros(size: int) -> bytes:
    """A PNG of four channels of zeros."""
    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    rows = packed_zeros(500 * (1 + 4 * size), size // 500)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def words(name: bytes) -> bytes:
    """A tiny picture with more text or profile, packed into a chunk, than a worker has memory."""
    head = {b"zTXt": b"Comment\x00\x00", b"iTXt": b"Comment\x00\x01\x00\x00\x00", b"iCCP": b"profile\x00\x00"}
    return png(2, 8, 0, bytes(6), chunk(name, head[name] + packed_zeros(1 << 20, 400)))


def frames() -> bytes:
    shades = [Image.new("L", (300, 300), number % 256) for number in range(300)]
    return encoded(shades[0], "GIF", save_all=True, append_images=shades[1:])


def lying_heif() -> bytes:
    """A HEIF whose header says 65 000 × 65 000 pixels."""
    data = encoded(photo("cat", 64), "HEIF")
    where = data.index(b"ispe")
    return data[: where + 8] + struct.pack(">II", 65_000, 65_000) + data[where + 16 :]


BOMBS: dict[str, Callable[[], bytes]] = {
    "13 000 x 13 000 one-bit": one_bit,
    "13 000 x 13 000 RGBA": lambda: zeros(13_000),
    "300 frames": frames,
    "EPS": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n(x) run showpage\n",
    "binary EPS": lambda: b"\xc5\xd0\xd3\xc6" + struct.pack("<IIIIIIH", 32, 60, 0, 0, 0, 0, 0) + b"%!PS" * 20,
    "PDF": lambda: b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
    "nested ZIP": lambda: b"PK\x03\x04" + bytes(5_000),
}


@pytest.fixture(scope="module")
async def imaging() -> AsyncIterator[Imaging]:
    """One worker with an eighth of the usual memory."""
    imaging = Imaging(workers=1, memory=MEMORY, deadline=20.0)
    await imaging.start()
    yield imaging
    await imaging.stop()


async def goes_on(imaging: Imaging) -> bool:
    """Whether an ordinary picture is cleaned."""
    return (await imaging.clean(encoded(photo("cat", 300), "JPEG"), None)).size.width == 300


@pytest.mark.parametrize("bomb", BOMBS)
async def test_refused_from_its_first_bytes(imaging: Imaging, bomb: str) -> None:
    """With a reason, in seconds, and not by a worker that died of it; our own process does not grow."""
    data, begun = BOMBS[bomb](), time.monotonic()
    assert len(data) < 1_500_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for look in (imaging.inspect(data), imaging.clean(data, None)):
        with pytest.raises(PictureRefused):
            await look
    assert time.monotonic() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024  # KiB
    assert await goes_on(imaging)


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
async def test_packed_words_and_profiles(imaging: Imaging, name: bytes) -> None:
    """They are not unpacked: the picture is refused, or taken without them."""
    try:
        cleaned = await imaging.clean(words(name), None)
    except PictureRefused:
        pass
    else:
        assert len(cleaned.data) < 10_000
    assert await goes_on(imaging)


async def test_a_header_that_lies(imaging: Imaging) -> None:
    """What it promised is not made room for."""
    with pytest.raises(PictureRefused):
        await imaging.clean(lying_heif(), None)
    assert await goes_on(imaging)


async def test_one_that_passes_and_is_too_much(imaging: Imaging) -> None:
    """As many pixels as are taken: who runs out of memory fails that task in words, and another goes well."""
    with pytest.raises(ImagingFailed, match="out of memory"):
        await imaging.clean(zeros(7_000), None)
    assert await goes_on(imaging)


async def test_noise_of_every_kind(imaging: Imaging) -> None:
    """Random bytes behind each format's first ones are refused, all of them."""
    random = np.random.default_rng(11)
    starts = [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\x00", b"MM\x00*"]
    starts += [b"RIFF\xff\xff\xff\x00WEBPVP8 ", b"\x00\x00\x00\x18ftypheic", b"\x00\x00\x00\x18ftypavif"]
    for start in starts:
        for _ in range(4):
            with pytest.raises(PictureRefused):
                await imaging.clean(start + random.bytes(3_000), None)
    assert await goes_on(imaging)
