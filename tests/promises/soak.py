"""A soak: a stream of edits through one process, looked at from outside while it lasts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from prometheus_client.parser import text_string_to_metric_families as families

from tests.e2e.process import Bot
from tests.e2e.world import METRICS, World
from tests.promises.soak_figures import of_children, stored, taken
from tests.promises.soak_traffic import MOST_AT_ONCE, Crowd, Trouble, heard, room, under_way, updates

LOOK = 5  # edits between two looks
CALM = 180.0  # seconds until all is let go; a lost submit is looked for through a quarter of it
# What may be open beyond what was after the first edits: connections that are kept alive, and threads that
# pools had no reason to start yet.
SLACK = {"tasks": 4, "files": 10, "sockets": 8, "threads": 8}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the process: bytes, counts, seconds of processor time."""

    edits: int
    memory: int  # of the bot's own process
    workers: int  # of its picture workers together
    files: int
    sockets: int
    threads: int
    tasks: int
    seconds: float
    of_workers: float  # seconds
    stored: int  # database files, journals included


@dataclass
class Soak:
    """One run: who asks, what goes wrong, where the looks are written."""

    world: World
    bot: Bot
    crowd: Crowd
    trouble: Trouble
    figures: Path  # a line of JSON for each look
    asked: int = 0

    async def stream(self, edits: int, share_of_faults: float = 0.0) -> list[Look]:
        """Have so many edits asked for, never more than a few at once; the looks taken meanwhile."""
        looks = []
        for _ in range(edits):
            await room(self.world, MOST_AT_ONCE)
            if self.trouble.random.random() < share_of_faults:
                await self.trouble.strike()
            self.asked += 1
            before = updates(self.world)
            await self.crowd.ask(self.asked)
            await heard(self.world, before)
            if self.asked % LOOK == 0:
                looks.append(await self.look())
        return looks

    async def calm(self, fine: Callable[[Look], Any] = lambda _: True) -> Look:
        """Stop all faults; wait until nothing is under way and all is fine; what is then, or at last."""
        await self.world.reset()
        look = await self.look()
        try:
            async with asyncio.timeout(CALM):
                while under_way(self.world) or not fine(look):
                    await asyncio.sleep(0.25)
                    look = await self.look()
        except TimeoutError:  # who asked sees what is left
            pass
        return look

    async def look(self) -> Look:
        """Look at the process now."""
        pid = self.bot.process.pid
        own = taken(pid)
        workers = of_children(pid)
        look = Look(
            edits=self.asked,
            memory=own.memory,
            workers=sum(worker.memory for worker in workers),
            files=own.files,
            sockets=own.sockets,
            threads=own.threads,
            tasks=await self._tasks(),
            seconds=own.seconds,
            of_workers=own.of_ended + sum(worker.seconds + worker.of_ended for worker in workers),
            stored=stored(self.world.data),
        )
        self.write(asdict(look))
        return look

    def write(self, figures: Mapping[str, Any]) -> None:
        """Keep some figures for those who look closer."""
        with self.figures.open("a") as file:
            file.write(json.dumps(figures) + "\n")

    async def _tasks(self) -> int:
        port = (await self.bot.says("listening"))["port"]
        shown = {"authorization": f"Bearer {METRICS}"}
        answer = await self.world.http.get(f"http://127.0.0.1:{port}/metrics", headers=shown)
        answer.raise_for_status()
        [tasks] = [
            sample.value
            for family in families(answer.text)
            for sample in family.samples
            if sample.name == "wavebrush_tasks"
        ]
        return int(tasks)


def given_back(before: Look, after: Look) -> bool:
    """Whether all that was taken up has been given back, but for `SLACK`."""
    return all(getattr(after, name) <= getattr(before, name) + slack for name, slack in SLACK.items())


def spent(before: Look, after: Look, took: float) -> dict[str, float]:
    """What an edit cost between two looks, by the clock and in all."""
    edits = after.edits - before.edits
    return {
        "edits": edits,
        "edits a second": edits / took,
        "processor seconds of an edit": (after.seconds - before.seconds) / edits,
        "picture workers' seconds of an edit": (after.of_workers - before.of_workers) / edits,
        "bytes stored of an edit": (after.stored - before.stored) / edits,
    }


def memory(looks: list[Look]) -> tuple[float, float]:
    """The mean memory of the bot's own process, and with its picture workers."""
    return mean(look.memory for look in looks), mean(look.memory + look.workers for look in looks)
