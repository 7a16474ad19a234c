"""The real bot as a process, both stand-ins over HTTP, and people who use it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from bot.domain.edits import UNFINISHED
from bot.sandbox.serve import serve
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.wavespeed import WaveSpeedStandIn
from tests.e2e.process import PATIENCE, ROOT, Bot

__all__ = ["PATIENCE", "ROOT", "Bot"]

TOKEN = "987654321:canary-token-that-must-never-be-logged-0"
KEY = "canary-key-that-must-never-be-logged"
METRICS = "canary-of-the-metrics"
SPEED = 20.0
PHOTOS = Path(__file__).parents[1] / "photos"
ADMIN = 5000  # nobody in person; those who come are served since ACCESS is open

Message = dict[str, Any]


@dataclass
class World:
    """Both stand-ins and the bot's data."""

    telegram: str
    wavespeed: str
    data: Path
    http: httpx.AsyncClient
    usual: dict[str, Any]  # the settings of the WaveSpeed stand-in at first
    database: str | None = None  # the URL of a Postgres; without one the bot keeps an SQLite file in `data`
    bots: list[Bot] = field(default_factory=list)
    people: int = 0
    killable: bool = False  # the bot dies at a failpoint that is armed, see tests/promises/killable.py
    ahead: float = 0.0  # seconds by which a killable bot's clock is ahead

    async def start(self, role: str = "run", **settings: str) -> Bot:
        """Start the bot and wait until it is ready."""
        bot = await self.launch(role, **settings)
        await bot.says("ready")
        return bot

    async def running(self) -> Bot:
        """The bot that runs, or a new one where none does."""
        if self.bots and self.bots[-1].alive:
            return self.bots[-1]
        return await self.start()

    async def quiet(self) -> None:
        """Wait until no edit is under way: the next fault meets nobody else's."""

        async def ended() -> bool:
            open_ = ",".join(f"'{state}'" for state in UNFINISHED)
            return not self.rows(f"SELECT 1 FROM edits WHERE state IN ({open_})")

        await self.until(ended)

    async def reset(self) -> None:
        """Put the stand-ins back to how they were at first: what a test left there is nobody else's."""
        for server in (self.telegram, self.wavespeed):
            (await self.http.delete(f"{server}/sandbox/faults")).raise_for_status()
        await self.wavespeed_settings(**self.usual)
        await self.post(self.telegram, "privacy", privacy_mode=True)

    async def launch(self, role: str = "run", **settings: str) -> Bot:
        """Start the bot, or a process of it in another role."""
        usual = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": self.telegram,
            "WAVESPEED_API_KEY": KEY,
            "WAVESPEED_API_URL": self.wavespeed,
            "DATA_DIR": str(self.data),
            "ADMINS": str(ADMIN),
            "ACCESS": "open",
            "PORT": "0",
            "METRICS_TOKEN": METRICS,
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "DEBUG",
            "MAX_EDITS_PER_USER": "10",
            "SPEED": str(SPEED),
            **({"DATABASE_URL": self.database} if self.database else {}),
        }
        if self.killable:
            self.jump(0)
        module = ("tests.promises.killable", str(self.failpoint), str(self.clock))
        command = ("-m", *(module if self.killable else ("bot",)), role)
        self.bots.append(await Bot.started(command, usual | settings))
        return self.bots[-1]

    @property
    def clock(self) -> Path:
        """The file that says by how many seconds a killable bot's clock is ahead."""
        return self.data.with_name(f"{self.data.name}.ahead")

    def jump(self, seconds: float) -> None:
        """Put the clock of a killable bot forward or back, also while it runs."""
        self.ahead += seconds
        self.clock.write_text(str(self.ahead))

    @property
    def failpoint(self) -> Path:
        """The file in which a killable bot finds the name of the point to die at."""
        return self.data.with_name(f"{self.data.name}.failpoint")

    def arm(self, name: str, hit: int = 1) -> None:
        """Let the bot be killed by SIGKILL when it reaches a failpoint for the ``hit``-th time from now."""
        self.failpoint.write_text(f"{name} {hit}")

    async def post(self, server: str, path: str, /, **body: Any) -> Any:
        """Tell a stand-in something; its answer."""
        answer = await self.http.post(f"{server}/sandbox/{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def person(self, name: str) -> Person:
        """Somebody new whom the bot serves."""
        self.people += 1
        number = ADMIN + self.people
        who = {"id": number, "first_name": name, "language_code": "en"}
        await self.post(self.telegram, "people", **who)
        return Person(self, number, name)

    async def group(self, *members: Person, **options: Any) -> int:
        """A new group of these people and the bot, privacy mode on unless said otherwise; its id."""
        members_ids = [member.id for member in members]
        body = {"title": "Friends", "members": members_ids, "privacy_mode": True, **options}
        return int((await self.post(self.telegram, "groups", **body))["id"])

    async def bot_in(self, group: int, status: str) -> None:
        """Make the bot a member, administrator, or kicked in a group."""
        await self.post(self.telegram, f"groups/{group}/bot", status=status)

    async def migrate(self, group: int) -> int:
        """Make a supergroup of a group; its id."""
        return int((await self.post(self.telegram, f"groups/{group}/migrate"))["id"])

    async def topic(self, forum: int, name: str) -> int:
        """Open a topic in a forum; its id."""
        topic = await self.post(self.telegram, f"groups/{forum}/topics", name=name)
        return int(topic["message_thread_id"])

    async def wavespeed_settings(self, **settings: Any) -> None:
        """Change how the WaveSpeed stand-in behaves."""
        await self.post(self.wavespeed, "settings", **settings)

    async def fault(self, server: str, **fault: Any) -> None:
        """Make the next calls to a stand-in fail."""
        await self.post(server, "faults", **fault)

    async def predictions(self) -> list[dict[str, Any]]:
        """All that the provider was asked to do."""
        answer = await self.http.get(f"{self.wavespeed}/sandbox/predictions")
        return list(answer.json()["predictions"])

    async def calls(self, server: str, **query: str) -> list[dict[str, Any]]:
        """All calls that a stand-in received."""
        answer = await self.http.get(f"{server}/sandbox/calls", params=query)
        return list(answer.json()["calls"])

    async def finish(self, prediction: str, **how: Any) -> None:
        """Let a held prediction end, well unless said otherwise."""
        await self.post(self.wavespeed, f"predictions/{prediction}/finish", **how)

    async def until(self, happens: Callable[[], Any]) -> Any:
        """Ask again and again until something is so; its value. Bounded by PATIENCE."""
        deadline = time.monotonic() + PATIENCE
        while not (value := await happens()):
            assert time.monotonic() < deadline, f"never happened: {happens}"
            await asyncio.sleep(0.02)
        return value

    def rows(self, query: str, *values: object) -> list[Any]:
        """Rows of the bot's own database, to be read by the names of their columns."""
        if self.database is not None:
            with psycopg.connect(self.database, row_factory=dict_row) as postgres:
                written = query.replace("%", "%%").replace("?", "%s").encode()
                return postgres.execute(written, values).fetchall()
        with sqlite3.connect(f"file:{self.data / 'wavebrush.sqlite'}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(query, values).fetchall()


@dataclass
class Person:
    """Somebody with a phone, in their private chat with the bot or in a group."""

    world: World
    id: int
    name: str
    group: int | None = None
    version: int = 0
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def chat(self) -> int:
        """The chat they look at."""
        return self.id if self.group is None else self.group

    @property
    def tag(self) -> str:
        """A word of their own, for prompts that are looked for later."""
        return f"{self.name.lower()}-{self.id}"

    def within(self, group: int) -> Person:
        """The same person, looking at a group."""
        return Person(self.world, self.id, self.name, group)

    async def presses(self, message: Message, label: str, presser: Person | None = None) -> str:
        """Press the button whose label begins with ``label``, as oneself or another; the press's id."""
        rows = message["reply_markup"]["inline_keyboard"]
        [data] = [
            button["callback_data"] for row in rows for button in row if button["text"].startswith(label)
        ]
        who = self.id if presser is None else presser.id
        path = f"chats/{self.chat}/messages/{message['message_id']}/press"
        return str((await self.world.post(self.world.telegram, path, **{"from": who, "data": data}))["query"])

    async def hears(self, message: Message, label: str, presser: Person | None = None) -> str:
        """Press a button; what the bot says to the press."""
        query = await self.presses(message, label, presser)
        url = f"{self.world.telegram}/sandbox/queries/{query}"
        answer = (await self.world.http.get(url, params={"wait": PATIENCE})).json()
        assert answer["answered"], f"nobody answered the press of {label}"
        return str(answer["text"])

    async def original(self, result: Message) -> bytes:
        """Ask for a result as a file; its bytes."""
        await self.presses(result, "Original file")
        file = await self.sees(
            lambda message: (
                "document" in message and message["reply_to_message"]["message_id"] == result["message_id"]
            )
        )
        return await self.picture(file)

    async def starts(self) -> None:
        """Press Start; a bot may not write first."""
        await self.says("/start")
        await self.sees(lambda message: "Hi " in message.get("text", ""))

    async def says(self, text: str, **fields: str) -> Message:
        """Send a text."""
        return (await self._send({"text": text, **fields}))[0]

    async def sends(
        self, *photos: str | bytes, caption: str | None = None, as_file: bool = False, **fields: str
    ) -> list[Message]:
        """Send photos (names in tests/photos, or bytes) as photos or as files."""
        kind = "document" if as_file else "photo"
        files = [
            (kind, (photo if isinstance(photo, str) else "picture.bin", _bytes(photo))) for photo in photos
        ]
        return await self._send({"caption": caption, **fields} if caption else fields, files)

    async def _send(self, data: dict[str, str], files: list[Any] | None = None) -> list[Message]:
        answer = await self.world.http.post(
            f"{self.world.telegram}/sandbox/chats/{self.chat}/messages",
            data={"from": str(self.id), **data},
            files=files or None,
        )
        assert answer.status_code == 200, answer.text
        sent: list[Message] = answer.json()["messages"]
        return sent

    async def look(self, wait: float = 0) -> None:
        """See what is new in the chat."""
        answer = await self.world.http.get(
            f"{self.world.telegram}/sandbox/chats/{self.chat}/messages",
            params={"after": self.version, "wait": wait},
        )
        news = answer.json()
        self.version = news["version"]
        for message in news["messages"]:
            self.messages[message["message_id"]] = message
        for message_id in news.get("deleted", ()):
            self.messages.pop(message_id, None)

    async def sees(self, expected: Callable[[Message], Any]) -> Message:
        """Wait for a message of the bot that is as expected; look only at the bot's."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for message in list(self.messages.values()):
                if message["from"]["is_bot"] and expected(message):
                    return message
            assert time.monotonic() < deadline, f"{self.name} sees only: {self.transcript}"
            await self.look(wait=1)

    async def sees_text(self, part: str) -> Message:
        """Wait for a text of the bot that contains ``part``."""
        return await self.sees(lambda message: part in message.get("text", ""))

    async def sees_picture(self) -> Message:
        """Wait for a photo of the bot."""
        return await self.sees(lambda message: "photo" in message)

    async def sees_nothing_of(self, part: str) -> None:
        """Wait until no message of the bot contains ``part``."""
        deadline = time.monotonic() + PATIENCE
        while any(part in message.get("text", "") for message in self.messages.values()):
            assert time.monotonic() < deadline, self.transcript
            await self.look(wait=1)

    async def picture(self, message: Message) -> bytes:
        """The bytes of a message's photo or file."""
        file_id = message["photo"][-1]["file_id"] if "photo" in message else message["document"]["file_id"]
        answer = await self.world.http.get(f"{self.world.telegram}/sandbox/files/{file_id}")
        answer.raise_for_status()
        return answer.content

    @property
    def transcript(self) -> str:
        """The chat as text."""
        return "\n".join(
            f"{message['from']['first_name']}: {message.get('text') or message.get('caption') or '(picture)'}"
            for message in self.messages.values()
        )


def _bytes(photo: str | bytes) -> bytes:
    return photo if isinstance(photo, bytes) else (PHOTOS / photo).read_bytes()


@asynccontextmanager
async def world(
    data: Path, *, database: str | None = None, killable: bool = False, **wavespeed: Any
) -> AsyncIterator[World]:
    """Open a world; at its end every bot is stopped and all it wrote searched for secrets."""
    telegram = TelegramStandIn(token=TOKEN, speed=SPEED)
    paid = WaveSpeedStandIn(
        api_key=KEY, speed=SPEED, seconds=wavespeed.pop("seconds", (4.0, 8.0)), **wavespeed
    )
    async with (
        serve(telegram.app) as chats,
        serve(paid.app) as provider,
        # The stand-ins close what is idle for 5 s: a connection that is used just then would break.
        httpx.AsyncClient(
            timeout=60, trust_env=False, limits=httpx.Limits(keepalive_expiry=2), verify=False
        ) as http,
    ):
        usual = (await http.get(f"{provider}/sandbox/settings")).json()
        opened = World(chats, provider, data, http, usual, database, killable=killable)
        try:
            yield opened
        finally:
            for bot in opened.bots:
                await bot.stop()
        for bot in opened.bots:
            written = bot.log + "".join(bot.printed)
            for secret in (TOKEN, TOKEN.partition(":")[2], KEY):
                assert secret not in written
