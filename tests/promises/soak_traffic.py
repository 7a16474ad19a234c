"""People who keep a bot busy, and what goes wrong around it meanwhile: all drawn from one seed."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.e2e.drawing import black_and_white, encoded
from tests.e2e.world import Message, Person, World

SIZE = (240, 180)
MOST_AT_ONCE = 10  # edits and requests under way
LOST_TEXT = "text lost"
_AGAIN = "Again"
_WORDS = ("vintage", "grey", "red sky", "blue", "sepia", "gold", "winter", "purple")

Fault = dict[str, Any]


def _flood() -> Fault:
    return {"status": 429, "description": "Too Many Requests: retry after 1", "retry_after": 1}


# What goes wrong, by a name for the report; each hits the next one or two calls of its kind.
PROVIDER: dict[str, Fault] = {
    "submit 429": {"path": "submit", "kind": "status", "status": 429, "retry_after": 1},
    "submit 503": {"path": "submit", "kind": "status", "status": 503},
    "submit cut off before": {"path": "submit", "kind": "refuse"},
    "submit lost": {"path": "submit", "kind": "drop"},
    "submit garbled": {"path": "submit", "kind": "garbage"},
    "submit cut in half": {"path": "submit", "kind": "truncate"},
    "upload 500": {"path": "upload", "kind": "status", "status": 500},
    "upload lost": {"path": "upload", "kind": "drop"},
    "upload cut off before": {"path": "upload", "kind": "refuse"},
    "upload slow": {"path": "upload", "kind": "slow", "seconds": 20},
    "list 502": {"path": "list", "kind": "html"},
    "list lost": {"path": "list", "kind": "drop"},
    "list garbled": {"path": "list", "kind": "garbage"},
    "result 500": {"path": "result", "kind": "status", "status": 500},
    "result empty": {"path": "result", "kind": "empty"},
    "result cut in half": {"path": "result", "kind": "truncate"},
    "output 500": {"path": "output", "kind": "status", "status": 500},
    "output cut in half": {"path": "output", "kind": "truncate"},
    "output lost": {"path": "output", "kind": "drop"},
    "price 500": {"path": "price", "kind": "status", "status": 500},
}
# No photo is cut off before it arrives: twice in a row, nobody could tell it from one that did arrive.
TELEGRAM: dict[str, Fault] = {
    "photo 429": {"method": "sendPhoto", "kind": "status", **_flood()},
    "photo 502": {"method": "sendPhoto", "kind": "status", "status": 502},
    "photo lost": {"method": "sendPhoto", "kind": "drop"},
    "photo garbled": {"method": "sendPhoto", "kind": "garbage"},
    "text 429": {"method": "sendMessage", "kind": "status", **_flood()},
    LOST_TEXT: {"method": "sendMessage", "kind": "drop"},
    "text 500": {"method": "sendMessage", "kind": "status", "status": 500},
    "status edit 500": {"method": "editMessageText", "kind": "status", "status": 500},
    "updates 502": {"method": "getUpdates", "kind": "status", "status": 502},
    "updates lost": {"method": "getUpdates", "kind": "drop"},
    "updates garbled": {"method": "getUpdates", "kind": "garbage"},
    "file 500": {"method": "getFile", "kind": "status", "status": 500},
    "download lost": {"method": "download", "kind": "drop"},
    "download 500": {"method": "download", "kind": "status", "status": 500},
    "any 429": {"method": "*", "kind": "status", **_flood()},
}


@dataclass
class Trouble:
    """Faults at random, counted by name."""

    world: World
    random: random.Random
    met: Counter[str] = field(default_factory=Counter)

    async def strike(self) -> None:
        """Let something go wrong."""
        name = self.random.choice([*PROVIDER, *TELEGRAM])
        server = self.world.wavespeed if name in PROVIDER else self.world.telegram
        fault = PROVIDER.get(name) or TELEGRAM[name]
        count = self.random.choice((1, 1, 2))
        await self.world.fault(server, count=count, **fault)
        self.met[name] += count


@dataclass
class Crowd:
    """People with their private chats and their groups, who ask for one thing after the other."""

    world: World
    random: random.Random
    alone: list[Person] = field(default_factory=list)
    together: list[Person] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    async def gather(self, people: int = 20, groups: int = 3) -> None:
        """Come together; everybody has pressed Start."""
        self.alone = [await self.world.person(f"Person{number}") for number in range(people)]
        for person in self.alone:
            await person.starts()
        for number in range(groups):
            members = self.alone[number::groups]
            group = await self.world.group(*members)
            self.together += [member.within(group) for member in members]

    async def ask(self, number: int) -> None:
        """Let somebody ask for an edit, the ``number``-th; and now and then for something else."""
        ways: dict[str, tuple[int, Callable[[str], Awaitable[object]]]] = {
            "photo": (50, self._photo),
            "group": (18, self._in_group),
            "file": (8, self._file),
            "mask": (8, self._masked),
            "create": (6, self._create),
            "again": (6, self._again),
            "cancelled": (4, self._cancelled),
        }
        [way] = self.random.choices(list(ways), [weight for weight, _ in ways.values()])
        self.asked[way] += 1
        await ways[way][1](self._prompt(number))
        if number % 20 == 0:
            await self._talk()

    def _prompt(self, number: int) -> str:
        endings = ("", " [moderated]", " [fail 5000]", " [slow 40]")
        [ending] = self.random.choices(endings, (88, 4, 4, 4))
        return f"{self.random.choice(_WORDS)} number {number}{ending}"

    def _picture(self) -> Image.Image:
        """A ramp of some colour: small at the provider and in every chat."""
        colours = [tuple(self.random.randrange(256) for _ in range(3)) for _ in range(2)]
        corners = Image.new("RGB", (2, 1))
        corners.putdata(colours)
        return corners.resize(SIZE, Image.Resampling.BILINEAR)

    async def _photo(self, prompt: str) -> None:
        await self.random.choice(self.alone).sends(encoded(self._picture(), "JPEG"), caption=prompt)

    async def _in_group(self, prompt: str) -> None:
        picture = encoded(self._picture(), "JPEG")
        await self.random.choice(self.together).sends(picture, caption=f"/edit@wavebrush_bot {prompt}")

    async def _file(self, prompt: str) -> None:
        await self.random.choice(self.alone).sends(encoded(self._picture()), caption=prompt, as_file=True)

    async def _masked(self, prompt: str) -> None:
        mask = black_and_white(SIZE, (60, 40, 180, 140))
        pictures = [encoded(self._picture()), encoded(mask)]
        await self.random.choice(self.alone).sends(*pictures, caption=prompt, as_file=True)

    async def _create(self, prompt: str) -> None:
        await self.random.choice(self.alone).says(f"/create {prompt}")

    async def _again(self, prompt: str) -> None:
        """Press the button of a newest result; who has none yet sends a photo."""
        person = self.random.choice(self.alone)
        await person.look()
        results = [message for message in person.messages.values() if _AGAIN in _labels(message)]
        if not results:
            await self._photo(prompt)
            return
        newest = max(results, key=lambda message: int(message["message_id"]))
        await person.presses(newest, _AGAIN)
        person.messages.clear()

    async def _cancelled(self, prompt: str) -> None:
        person = self.random.choice(self.alone)
        await person.sends(encoded(self._picture(), "JPEG"), caption=f"{prompt} [slow 60]")
        await person.says("/cancel")

    async def _talk(self) -> None:
        person = self.random.choice(self.alone)
        await person.says(self.random.choice(("/spend", "/settings", "/history", "/help", "/model", "/size")))


def _labels(message: Message) -> list[str]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button["text"] for row in rows for button in row]


async def room(world: World, most: int, seconds: float = 300.0) -> None:
    """Wait until less than ``most`` is under way. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            if under_way(world) < most:
                return
            await asyncio.sleep(0.05)


async def heard(world: World, before: int, seconds: float = 15.0) -> None:
    """Wait until another update has come in: what Telegram still holds is seen nowhere else.

    Some never do: a button's press is worth nothing after a while.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                if updates(world) > before:
                    return
                await asyncio.sleep(0.02)


def updates(world: World) -> int:
    """How many updates have come in."""
    [row] = world.rows("SELECT count(*) AS updates FROM inbox")
    return int(row["updates"])


def under_way(world: World) -> int:
    """How many updates wait, requests are prepared and edits worked on."""
    [row] = world.rows(
        "SELECT (SELECT count(*) FROM inbox WHERE state = 'waiting')"
        " + (SELECT count(*) FROM requests WHERE state IN ('collecting', 'preparing'))"
        " + (SELECT count(*) FROM edits"
        " WHERE state NOT IN ('done', 'failed', 'cancelled', 'unknown', 'undeliverable')) AS open"
    )
    return int(row["open"])
