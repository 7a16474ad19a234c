"""Webhook deliveries: in order for each chat, chats in parallel, repeated until the update expires."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.updates import Pending, UpdateQueue
from bot.sandbox.telegram.wire import Params, bad_request

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_FIRST_DELAY, _LONGEST_DELAY, _LONGEST_RETRY_AFTER = 1.0, 60.0, 3600.0
_ANSWER_SECONDS = 60.0

Perform = Callable[[Json], Awaitable[None]]


class Webhook:
    """Posts updates to the bot's URL. ``perform`` carries out a method returned in an answer's body."""

    def __init__(self, queue: UpdateQueue, speed: float, perform: Perform) -> None:
        self._queue = queue
        self._speed = speed
        self._perform = perform
        self.url = ""
        self._secret = ""  # nosec B105 # none is set
        self._max_connections = 40
        self._slots = asyncio.Semaphore(40)
        self._error: Json = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._client: httpx.AsyncClient | None = None
        queue.on_push = self._pushed

    async def set(self, params: Params) -> bool:
        """Answer ``setWebhook``; an empty ``url`` removes the webhook."""
        url = params.text("url")
        if not url:
            return await self.delete(params)
        _check_url(url)
        secret = params.text("secret_token")
        if secret and not _SECRET.fullmatch(secret):
            raise bad_request("secret token contains unallowed characters")
        await self.stop()
        if params.flag("drop_pending_updates"):
            self._queue.pending.clear()
        self._queue.allow(params.json("allowed_updates"))
        self._max_connections = min(max(params.number("max_connections", 40), 1), 100)
        self._slots = asyncio.Semaphore(self._max_connections)
        self.url, self._secret, self._error = url, secret, {}
        self._queue.webhook_active = True
        self._queue.end_poll("terminated by setWebhook request")
        self._client = httpx.AsyncClient(timeout=_ANSWER_SECONDS, trust_env=False)
        for entry in list(self._queue.pending):
            self._pushed(entry)
        return True

    async def delete(self, params: Params) -> bool:
        """Answer ``deleteWebhook``."""
        await self.stop()
        if params.flag("drop_pending_updates"):
            self._queue.pending.clear()
        self.url = self._secret = ""  # nosec B105 # none is set
        self._queue.webhook_active = False
        return True

    def info(self) -> Json:
        """Answer ``getWebhookInfo``."""
        self._queue.expire()
        about: Json = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._queue.pending),
        }
        if self.url:
            about |= {"max_connections": self._max_connections, "ip_address": "127.0.0.1", **self._error}
        if self._queue.allowed:
            about["allowed_updates"] = self._queue.allowed
        return about

    async def stop(self) -> None:
        """End all deliveries; what was not answered stays pending."""
        workers = list(self._workers.values())
        self._workers.clear()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _pushed(self, entry: Pending) -> None:
        if self._client is None:
            return
        worker = self._workers.get(entry.chat)
        if worker is None or worker.done():
            self._workers[entry.chat] = asyncio.create_task(self._deliver_all(entry.chat))

    async def _deliver_all(self, chat: int) -> None:
        while True:
            self._queue.expire()
            entry = next((entry for entry in self._queue.pending if entry.chat == chat), None)
            if entry is None:
                return
            await self._deliver(entry)

    async def _deliver(self, entry: Pending) -> None:
        delay = 0.0
        while entry in self._queue.pending:
            answer = await self._post(entry.update)
            if answer is not None and answer.is_success:
                self._queue.drop({entry.number})
                await self._perform(_method_in(answer))
                return
            self._note_error(answer)
            await asyncio.sleep(max(delay, _retry_after(answer)) / self._speed)
            delay = min(max(delay * 2, _FIRST_DELAY), _LONGEST_DELAY)
            self._queue.expire()

    async def _post(self, update: Json) -> httpx.Response | None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._secret} if self._secret else {}
        assert self._client is not None  # noqa: S101 (workers live only while there is a client)
        async with self._slots:
            try:
                return await self._client.post(self.url, json=update, headers=headers)
            except httpx.HTTPError:
                return None

    def _note_error(self, answer: httpx.Response | None) -> None:
        what = (
            f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"
            if answer is not None
            else "Connection refused"
        )
        self._error = {"last_error_date": int(time.time()), "last_error_message": what}


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.hostname not in _LOOPBACK:
        # The stand-in reaches no other machine; the real server would look the name up.
        raise bad_request("bad webhook: Failed to resolve host: Name or service not known")
    if parts.scheme not in {"http", "https"}:
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")


def _retry_after(answer: httpx.Response | None) -> float:
    raw = answer.headers.get("retry-after", "") if answer is not None else ""
    return min(float(raw), _LONGEST_RETRY_AFTER) if raw.isdigit() else 0.0


def _method_in(answer: httpx.Response) -> Json:
    try:
        body: Any = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) and "method" in body else {}
