"""One fault, one edit that meets it, and what its person sees of it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.world import Bot, Message, Person, World, world
from tests.promises.invariants import Checked, check
from tests.promises.proxy import Armed, Proxy, proxied
from tests.promises.soak_figures import takes_little
from tests.storage.conftest import fresh_postgres

# What the proxies see of the calls.
SUBMIT = r"^POST /api/v3/openai/"
UPLOAD = r"^POST /api/v3/media/"
STORE = r"^PUT /uploads/"
LIST = r"^POST /api/v3/predictions$"
RESULT = r"^GET /api/v3/predictions/"
OUTPUT = r"^GET /outputs/"
PRICE = r"^POST /api/v3/model/pric"
UPDATES = r"(?i:/getUpdates)$"
GET_FILE = r"(?i:/getFile)$"
DOWNLOAD = r"^GET /file/bot"
PHOTO = r"(?i:/sendPhoto)$"
ANSWER = r"(?i:/sendMessage)$"

PRICE_OF_ONE = 60_000  # gpt-image-2 with the usual settings
MOST_MEMORY = 100 * 2**20  # bytes that one edit and its fault may take up beyond what the bot has anyway


DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.long))


def database_of(request: pytest.FixtureRequest) -> str | None:
    """The URL of a new Postgres where a test asks for one, else None."""
    if request.param == "sqlite":
        return None
    return fresh_postgres(request.getfixturevalue("postgres"), template="template0")


def small() -> bytes:
    """A little picture: what it shows is nothing to these tests."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((96, 64)).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


@dataclass
class Scene:
    """A world whose bot reaches both stand-ins through proxies."""

    world: World
    paid: Proxy
    chats: Proxy
    settings: dict[str, str]
    asked: int = 0
    photo: bytes = field(default_factory=small)
    unreachable: set[int] = field(default_factory=set)  # chats that the bot was thrown out of
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> Bot:
        """Start the bot. Its clock can jump."""
        return await self.world.start(**self.settings)

    @property
    def bot(self) -> Bot:
        """The bot that runs, or ran last."""
        return self.world.bots[-1]

    async def logs(self, event: str, seen: int) -> None:
        """Wait for a log event after the first ``seen`` lines."""

        async def so() -> bool:
            return any(f'"{event}"' in line for line in self.bot.lines[seen:])

        await self.world.until(so)

    async def health(self) -> tuple[int, dict[str, Any]]:
        """What the health page answers."""
        port = (await self.bot.says("listening"))["port"]
        answer = await self.world.http.get(f"http://127.0.0.1:{port}/healthz")
        return answer.status_code, answer.json()

    async def ill(self, check: str, *, until: bool = True) -> None:
        """Wait until the health page names a check, or no longer does."""

        async def so() -> bool:
            return (check in (await self.health())[1]) is until

        await self.world.until(so)

    async def calm(self) -> None:
        """No fault any more, no edit under way, and a bot that runs, at the right time."""
        await asyncio.gather(*self.tasks)
        self.tasks.clear()
        self.paid.disarm()
        self.chats.disarm()
        await self.world.reset()
        if not self.world.bots or not self.world.bots[-1].alive:
            await self.start()
        await self.world.quiet()
        self.world.jump(-self.world.ahead)

    async def meets(self, fault: Fault) -> Checked:
        """Have an edit meet a fault, and see that it ends as it should; which invariants held."""
        await self.calm()
        person = await self.person()
        with takes_little(self.bot.process.pid, MOST_MEMORY):
            armed = fault.arm(self)
            if armed is not None and fault.waits:
                await armed.came.wait()
            await self.asks(person, fault.words)
            await fault.outcome.check(self, person)
            if fault.leaves:
                self.unreachable.add(person.chat)
            return await self.held()

    async def held(self) -> Checked:
        """Wait until nothing is open; all invariants hold."""
        return await check(self.world, unreachable=frozenset(self.unreachable))

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something while the edit goes on."""
        self.tasks.append(asyncio.create_task(work))

    async def person(self) -> Person:
        """Somebody new."""
        self.asked += 1
        return await self.world.person(f"Ada{self.asked}")

    async def asks(self, person: Person, words: str = "make it pretty") -> Message:
        """A person posts a photo with its words."""
        [sent] = await person.sends(self.photo, caption=f"{words} for {person.tag}")
        return sent

    async def bought(self, person: Person) -> list[dict[str, Any]]:
        """What the provider was asked to do for a person."""
        return [one for one in await self.world.predictions() if person.tag in one["inputs"]["prompt"]]

    def states(self, person: Person) -> list[str]:
        """The states of a person's edits, the oldest first."""
        query = "SELECT state FROM edits WHERE user_id = ? ORDER BY created_at"
        return [row["state"] for row in self.world.rows(query, person.id)]

    def money(self, person: Person) -> list[tuple[str, int]]:
        """A person's movements of money, the oldest first."""
        query = "SELECT kind, micros FROM ledger WHERE user_id = ? ORDER BY id"
        return [(row["kind"], row["micros"]) for row in self.world.rows(query, person.id)]

    async def becomes(self, person: Person, *states: str) -> None:
        """Wait until a person's edits are in these states."""

        async def so() -> bool:
            return self.states(person) == list(states)

        await self.world.until(so)


@asynccontextmanager
async def scene(data: Path, database: str | None, **settings: str) -> AsyncIterator[Scene]:
    """Open a world behind proxies, on a Postgres if its URL is given. The bot is not started yet."""
    async with (
        world(data / "data", database=database, killable=True, seconds=(1.0, 2.0)) as opened,
        proxied(opened.wavespeed) as paid,
        proxied(opened.telegram) as chats,
    ):
        given = {"WAVESPEED_API_URL": paid.url, "TELEGRAM_API_URL": chats.url, **settings}
        yield Scene(opened, paid, chats, given)


Arm = Callable[[Scene], Armed | None]
Check = Callable[[Scene, Person], Awaitable[None]]


@dataclass(frozen=True)
class Outcome:
    """What becomes of the edit: in words for the table, and what is seen of it."""

    text: str
    check: Check


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    Args:
        name: the fault, in words.
        arm: makes the next calls fail; it knows the scene.
        outcome: what becomes of an edit that meets it.
        words: of the edit; the stand-in fails those that ask for it.
        waits: whether one of the calls must have come before the edit is asked for, as a long poll must.
        leaves: whether a message may stay that the bot never learned the name of.
        long: whether it is played only in the long run, since another row is much like it.
    """

    name: str
    arm: Arm
    outcome: Outcome
    words: str = "make it pretty"
    waits: bool = False
    leaves: bool = False
    long: bool = False


def rows(*faults: Fault) -> list[Any]:
    """Faults as a test's parameters."""
    return [
        pytest.param(fault, id=fault.name, marks=pytest.mark.long if fault.long else ()) for fault in faults
    ]


async def delivered(scene: Scene, person: Person, *, copies: int = 1) -> None:
    """The picture came, it was bought once and charged once."""
    await person.sees_picture()
    await scene.becomes(person, "done")
    assert len(await scene.bought(person)) == 1
    assert scene.money(person) == [("hold", PRICE_OF_ONE), ("charge", PRICE_OF_ONE)]
    await person.look()
    pictures = [one for one in person.messages.values() if one["from"]["is_bot"] and "photo" in one]
    assert 1 <= len(pictures) <= copies


DELIVERED = Outcome("bought once, charged once, delivered", delivered)


def told(text: str, says: str, *, charged: bool = False) -> Outcome:
    """The person reads why no picture comes; and whether it cost anything."""

    async def check(scene: Scene, person: Person) -> None:
        answer = await person.sees_text(says)
        assert ("You were not charged" in answer["text"]) is not charged
        await scene.becomes(person, "failed")
        last = ("charge" if charged else "release", PRICE_OF_ONE)
        assert scene.money(person) == [("hold", PRICE_OF_ONE), last]
        assert len(await scene.bought(person)) <= 1

    return Outcome(text, check)


def refused(text: str, says: str) -> Outcome:
    """The person reads what can't be used; nothing was priced, held or bought."""

    async def check(scene: Scene, person: Person) -> None:
        answer = await person.sees_text(says)
        assert "Nothing was charged" in answer["text"]
        assert scene.states(person) == []
        assert scene.money(person) == []

    return Outcome(text, check)
