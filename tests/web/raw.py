"""HTTP requests that no well-behaved client makes."""

from __future__ import annotations

import asyncio

PATIENCE = 10.0


async def status_of(port: int | None, head: str, body: bytes = b"") -> int:
    """Send a request's head and a part of its body, and wait for the answer's status and the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
        async with asyncio.timeout(PATIENCE):
            status = int((await reader.readline()).split()[1])
            await reader.read()  # the connection is closed behind it
        return status
    finally:
        writer.close()
