"""Updates that Telegram posts: committed before they are answered, and nobody else's are taken."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs
from telegram import Update

from bot.chat.dispatch import Dispatch
from bot.chat.polling import ALLOWED, Polling
from bot.chat.replies import Bot
from bot.chat.webhook import Webhook
from bot.clock import SystemClock
from bot.domain.stores import Inbox, InboxUpdate
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.storage.database import Database
from bot.storage.inbox import SqlInbox
from bot.web import server
from tests.chat.conftest import TIMING
from tests.chat.memory_telegram import MemoryTelegram, memory_bot, refused
from tests.fakes import Turns
from tests.sandbox.telegram_bench import ADA, Bench
from tests.virtual_time import START, LoopClock, cancelled, in_virtual_time
from tests.web.raw import status_of

PATIENCE = 10.0
SECRET = {"X-Telegram-Bot-Api-Secret-Token": "shown"}


class UnwillingInbox(SqlInbox):
    """The real inbox, busy for some commits."""

    busy: Turns[None] = Turns(None)

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        self.busy.take()
        return await super().commit(updates, now)


@dataclass
class Hooked:
    """The bot's own server, and what it handled."""

    http: httpx.AsyncClient
    texts: list[str] = field(default_factory=list)
    more: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle(self, update: Update) -> None:
        """Handle an update."""
        async with self.more:
            self.texts.append(str(update.effective_message and update.effective_message.text))
            self.more.notify_all()

    async def posted(self, body: Any, path: str = "/telegram/hidden", **headers: str) -> int:
        """Post as Telegram does, or somebody else."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return (await self.http.post(path, content=content, headers=headers or SECRET)).status_code

    async def has(self, *texts: str) -> None:
        """Wait until exactly these were handled."""
        async with asyncio.timeout(PATIENCE), self.more:
            await self.more.wait_for(lambda: len(self.texts) >= len(texts))
        assert self.texts == list(texts)


@asynccontextmanager
async def hooked(bot: Bot, inbox: Inbox, *, watched: bool = True) -> AsyncIterator[Hooked]:
    """Webhook and dispatch as the bot runs them."""
    clock, site = SystemClock(), server.Site()
    async with (
        server.serving(server.build(site, ("telegram",)), 0, "127.0.0.1") as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False) as http,
    ):
        ours = Hooked(http)
        dispatch = Dispatch(bot, inbox, ours.handle, TIMING, clock)
        hook = Webhook(
            bot,
            inbox,
            TIMING,
            clock,
            dispatch.arrived,
            public_url=f"http://127.0.0.1:{port}",
            path="hidden",
            secret="shown",
        )
        site.open = {"telegram": hook}
        loops = (hook.run(), dispatch.run()) if watched else (dispatch.run(),)
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            yield ours
            assert not any(task.done() for task in tasks), "a loop has ended"
        finally:
            await cancelled(*tasks)


def text(update_id: int, words: str) -> dict[str, Any]:
    """A raw update."""
    chat = {"id": ADA, "type": "private", "first_name": "Ada"}
    return {"update_id": update_id, "message": {"message_id": 1, "date": 1, "chat": chat, "text": words}}


async def test_what_a_person_writes_comes_and_is_handled_in_order(
    telegram: Bench, bot: Bot, inbox: SqlInbox
) -> None:
    """Also what was written before the webhook was set; Telegram forgets it when we have it."""
    await telegram.write(ADA, ADA, text="one")
    async with hooked(bot, inbox) as ours:
        await ours.has("one")
        await telegram.write(ADA, ADA, text="two")
        await telegram.write(ADA, ADA, text="three")
        await ours.has("one", "two", "three")
        info = await telegram.ok("getWebhookInfo")
    assert info["pending_update_count"] == 0
    assert sorted(info["allowed_updates"]) == [
        "callback_query",
        "edited_message",
        "message",
        "my_chat_member",
    ]


async def test_an_update_is_ours_before_it_is_answered(telegram: Bench, bot: Bot, database: Database) -> None:
    """While the database is busy Telegram keeps it and brings it again; nothing is lost or doubled."""
    inbox = UnwillingInbox(database)
    inbox.busy = Turns(StorageBusy("locked"), StorageBusy("locked"), None)
    async with hooked(bot, inbox) as ours:
        await telegram.write(ADA, ADA, text="one")
        await ours.has("one")
        await telegram.write(ADA, ADA, text="two")
        await ours.has("one", "two")
        assert inbox.busy.taken == 4


async def test_one_that_is_busy_is_told_so(bot: Bot, database: Database) -> None:
    """503 means: bring it again."""
    inbox = UnwillingInbox(database)
    inbox.busy = Turns(StorageBusy("locked"))
    async with hooked(bot, inbox, watched=False) as ours:
        assert await ours.posted(text(1, "one")) == 503


async def test_who_does_not_know_the_secret_is_turned_away(bot: Bot, inbox: SqlInbox) -> None:
    """Without the header, with another one, on another path, or with another method; none of it is logged."""
    with capture_logs() as logs:
        await _turned_away(bot, inbox)
    assert {entry["event"] for entry in logs} == {"listening", "webhook_refused"}
    assert not any(word in str(logs) for word in ("shown", "SHOWN", "hidden", "guessed", "forged"))


async def _turned_away(bot: Bot, inbox: SqlInbox) -> None:
    async with hooked(bot, inbox, watched=False) as ours:
        header = "X-Telegram-Bot-Api-Secret-Token"
        for wrong in ("", "shown2", "show", "SHOWN"):
            assert await ours.posted(text(1, "forged"), **{header: wrong}) == 403
        odd = [(header.encode(), b"sh\xf6wn")]
        assert (await ours.http.post("/telegram/hidden", headers=odd)).status_code == 403
        assert await ours.posted(text(1, "forged"), **{"X-Other": "shown"}) == 403
        assert await ours.posted(text(1, "forged"), "/telegram/guessed") == 404
        assert await ours.posted(text(1, "forged"), "/telegram/") == 404
        assert (await ours.http.get("/telegram/hidden", headers=SECRET)).status_code == 405
        assert await ours.posted(text(2, "true")) == 200
        await ours.has("true")


async def test_one_that_comes_twice_is_handled_once(bot: Bot, inbox: SqlInbox) -> None:
    """Telegram brings it again when our answer was lost."""
    async with hooked(bot, inbox, watched=False) as ours:
        for _ in range(3):
            assert await ours.posted(text(7, "once")) == 200
        assert await ours.posted(text(8, "then")) == 200
        await ours.has("once", "then")


async def test_what_cannot_be_read_is_reported_and_does_not_come_again(bot: Bot, inbox: SqlInbox) -> None:
    """The next one of the same chat is handled."""
    broken = text(3, "x")
    broken["message"]["date"] = "yesterday"
    async with hooked(bot, inbox, watched=False) as ours:
        for body in (b"", b"[]", b"not json", b"[" * 50_000, {"update_id": "3"}, broken):
            assert await ours.posted(body) == 200
        assert await ours.posted(text(4, "after")) == 200
        await ours.has("after")


async def test_a_body_beyond_all_measure_is_refused(bot: Bot, inbox: SqlInbox) -> None:
    """Even from one who knows the secret."""
    async with hooked(bot, inbox, watched=False) as ours:
        head = f"POST /telegram/hidden HTTP/1.1\nHost: x\nContent-Length: {Webhook.largest + 1}\n"
        secret = "X-Telegram-Bot-Api-Secret-Token: shown"
        assert await status_of(ours.http.base_url.port, head + secret) == 413


async def test_polling_takes_over_from_a_webhook(telegram: Bench, bot: Bot, inbox: SqlInbox) -> None:
    """Telegram refuses polls while one is set; what waits is not thrown away."""
    await telegram.ok("setWebhook", url="http://127.0.0.1:9/gone", secret_token="x")
    await telegram.write(ADA, ADA, text="one")
    clock = SystemClock()
    arrived = asyncio.Event()
    task = asyncio.create_task(Polling(bot, inbox, TIMING, clock, arrived.set).run())
    async with asyncio.timeout(PATIENCE):
        await arrived.wait()
    await cancelled(task)
    assert (await telegram.ok("getWebhookInfo"))["url"] == ""
    claimed = await inbox.claim("me", clock.now(), clock.now(), 10)
    assert [json.loads(update.body)["message"]["text"] for update in claimed] == ["one"]


# --- in virtual time -------------------------------------------------------------------------------------


class Deaf(SqlInbox):
    """Never asked."""

    def __init__(self) -> None:
        pass


class Taking(Deaf):
    """Takes everything."""

    async def commit(self, updates: Sequence[InboxUpdate], now: datetime) -> int:
        return len(updates)


@asynccontextmanager
async def watching(telegram: MemoryTelegram, inbox: Inbox | None = None) -> AsyncIterator[Webhook]:
    """A webhook with Telegram's own times."""
    bot, timing = await memory_bot(telegram, Timing()), Timing()
    where = {"public_url": "https://bot.test", "path": "hidden", "secret": "shown"}
    hook = Webhook(bot, inbox or Deaf(), timing, LoopClock(), lambda: None, **where)
    task = asyncio.create_task(hook.run())
    try:
        yield hook
        assert not task.done()
    finally:
        await cancelled(task)
        await bot.shutdown()


def info(**more: Any) -> tuple[int, dict[str, Any]]:
    """An answer of getWebhookInfo."""
    about = {
        "url": "https://bot.test/telegram/hidden",
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "allowed_updates": list(ALLOWED),
    }
    return 200, {"ok": True, "result": about | more}


@in_virtual_time
async def test_it_is_set_once_and_looked_at_now_and_then() -> None:
    """With our secret, without throwing anything away."""
    telegram = MemoryTelegram()
    unset = {"url": ""}
    telegram.refusal = lambda call: (
        info(**({} if telegram.named("setWebhook") else unset)) if call.method == "getWebhookInfo" else None
    )
    async with watching(telegram) as hook:
        await asyncio.sleep(3600)
        assert await hook.problem() is None
    [call] = telegram.named("setWebhook")
    assert call.params["url"] == "https://bot.test/telegram/hidden"
    assert call.params["secret_token"] == "shown"
    assert call.params.get("drop_pending_updates") in (None, False)
    assert len(telegram.named("getWebhookInfo")) <= 3600 / Timing().telegram_webhook + 3


@in_virtual_time
async def test_one_that_somebody_took_away_is_set_again() -> None:
    """Another program with our token, or a person by hand."""
    telegram = MemoryTelegram()
    telegram.refusal = lambda call: info(url="") if call.method == "getWebhookInfo" else None
    async with watching(telegram):
        await asyncio.sleep(Timing().telegram_webhook * 2.5)
    assert len(telegram.named("setWebhook")) == 3


@in_virtual_time
async def test_a_telegram_that_is_down_at_the_start_is_waited_for() -> None:
    """The health page says it after a while; it is over when Telegram is back."""
    telegram = MemoryTelegram()
    telegram.refusal = lambda call: refused(502, "Bad Gateway")
    async with watching(telegram) as hook:
        await asyncio.sleep(80)
        assert await hook.problem() is None
        await asyncio.sleep(3520)
        assert "Bad Gateway" in str(await hook.problem())
        assert len(telegram.calls) < 3600 / 25
        telegram.refusal = lambda call: info()
        await asyncio.sleep(60)
        assert await hook.problem() is None


@pytest.mark.parametrize(("waiting", "problem"), [(3, True), (0, False)])
@in_virtual_time
async def test_what_telegram_cannot_deliver_is_a_problem_while_it_waits(waiting: int, problem: bool) -> None:
    """An old error after which everything came is none."""
    telegram = MemoryTelegram()
    telegram.refusal = lambda call: info(
        pending_update_count=waiting, last_error_date=1, last_error_message="Connection refused"
    )
    async with watching(telegram) as hook:
        await asyncio.sleep(3600)
        assert ("Connection refused" in str(await hook.problem())) is problem


@in_virtual_time
async def test_what_waited_while_we_were_away_is_no_problem() -> None:
    """Telegram failed until the start, and delivers it a moment later: no supervisor must restart us."""
    telegram = MemoryTelegram()
    failed = {"last_error_date": int(START.timestamp()) - 5, "last_error_message": "Connection refused"}
    telegram.refusal = lambda call: info(pending_update_count=3, **failed)
    async with watching(telegram) as hook:
        await asyncio.sleep(40)
        telegram.refusal = lambda call: info(**failed)
        await asyncio.sleep(Timing().poll_watchdog)
        assert await hook.problem() is None


@in_virtual_time
async def test_what_came_since_shows_that_telegram_delivers() -> None:
    """A busy bot always has updates on their way; an old error is none of them."""
    telegram = MemoryTelegram()
    failed = {"last_error_date": int(START.timestamp()) - 5, "last_error_message": "Connection refused"}
    telegram.refusal = lambda call: info(pending_update_count=3, **failed)
    async with watching(telegram, Taking()) as hook:
        assert await hook.take("hidden", SECRET, json.dumps(text(1, "one")).encode()) == 200
        await asyncio.sleep(3600)
        assert await hook.problem() is None
