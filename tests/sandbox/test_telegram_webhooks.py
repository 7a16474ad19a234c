"""Webhook deliveries of the Telegram stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.serve import serve
from tests.sandbox.telegram_bench import ADA, BEN, Bench, standin


@dataclass
class Receiver:
    """A bot's webhook. ``answers`` are given in turn, then 200; ``got`` is (update, secret header)."""

    url: str = ""
    answers: list[Response] = field(default_factory=list)
    got: list[tuple[Any, str | None]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        secret = request.headers.get("x-telegram-bot-api-secret-token")
        self.got.append((await request.json(), secret))
        self.news.set()
        return self.answers.pop(0) if self.answers else Response()

    async def texts(self, count: int) -> list[str]:
        """Wait for ``count`` deliveries; give their texts."""
        async with asyncio.timeout(10):
            while len(self.got) < count:
                self.news.clear()
                await self.news.wait()
        return [update["message"]["text"] for update, _ in self.got]


@asynccontextmanager
async def receiving() -> AsyncIterator[tuple[Bench, Receiver]]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/hook", receiver.take, methods=["POST"])])
    async with serve(app) as url, standin() as bench:
        receiver.url = f"{url}/hook"
        yield bench, receiver


async def test_updates_are_posted_with_the_secret() -> None:
    """Waiting updates come first, each with the secret header."""
    async with receiving() as (bench, receiver):
        await bench.write(ADA, ADA, text="before")
        await bench.ok("setWebhook", url=receiver.url, secret_token="s3cret_-")
        await receiver.texts(1)
        await bench.write(ADA, ADA, text="after")
        assert await receiver.texts(2) == ["before", "after"]
        assert [secret for _, secret in receiver.got] == ["s3cret_-"] * 2


async def test_a_refused_delivery_is_repeated_in_order() -> None:
    """A 500 is tried again, and the chat's next update waits for it; other chats do not."""
    async with receiving() as (bench, receiver):
        receiver.answers = [Response(status_code=500), Response(status_code=503)]
        await bench.ok("setWebhook", url=receiver.url)
        await bench.write(ADA, ADA, text="one")
        await bench.write(ADA, ADA, text="two")
        await bench.write(BEN, BEN, text="other")
        texts = await receiver.texts(5)
        of_ada = [text for text in texts if text != "other"]
        assert texts.count("other") >= 1
        assert of_ada[-1] == "two"
        assert set(of_ada[:-1]) == {"one"}


async def test_webhook_info_tells_of_the_last_error() -> None:
    """What waits and what went wrong can be read."""
    async with receiving() as (bench, receiver):
        receiver.answers = [Response(status_code=500)]
        await bench.ok("setWebhook", url=receiver.url, allowed_updates=["message"], max_connections=5)
        await bench.write(ADA, ADA, text="one")
        await receiver.texts(2)
        info = await bench.ok("getWebhookInfo")
        assert (info["url"], info["max_connections"]) == (receiver.url, 5)
        assert info["last_error_message"].startswith("Wrong response from the webhook: 500")
        assert info["allowed_updates"] == ["message"]


async def test_a_method_in_the_answer_is_carried_out() -> None:
    """A bot may answer a delivery with a method and its parameters."""
    async with receiving() as (bench, receiver):
        receiver.answers = [JSONResponse({"method": "sendMessage", "chat_id": ADA, "text": "in the answer"})]
        await bench.ok("setWebhook", url=receiver.url)
        [asked] = await bench.write(ADA, ADA, text="hello")
        news = await bench.sandbox(f"chats/{ADA}/messages?after={asked['message_id']}&wait=10")
        assert [message["text"] for message in news["messages"]] == ["in the answer"]


async def test_after_delete_webhook_updates_wait_for_polling() -> None:
    """What was not delivered is there for getUpdates, unless it is dropped."""
    async with receiving() as (bench, receiver):
        await bench.ok("setWebhook", url=receiver.url)
        await bench.ok("deleteWebhook")
        await bench.write(ADA, ADA, text="later")
        assert receiver.got == []
        await bench.ok("deleteWebhook", drop_pending_updates=True)
        assert await bench.updates() == []


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"url": "https://example.com/x"}, "bad webhook: Failed to resolve host: Name or service not known"),
        ({"url": "ftp://127.0.0.1/x"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "http://127.0.0.1/x", "secret_token": "no spaces"},
            "secret token contains unallowed characters",
        ),
    ],
)
async def test_unusable_webhooks_are_refused(params: dict[str, str], refusal: str) -> None:
    """The stand-in posts to this machine only; a secret has Telegram's alphabet."""
    async with standin() as bench:
        assert await bench.refused("setWebhook", **params) == f"400 Bad Request: {refusal}"
