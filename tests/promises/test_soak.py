"""A long stream of edits with faults in it: what the process takes up stays the same, and is given back.

``SOAK_EDITS`` makes it shorter, ``SOAK_SEED`` repeats a stream, ``SOAK_FIGURES`` names a file that keeps
what was seen: a line of JSON for each look at the process, and three about the whole.
"""

from __future__ import annotations

import os
import random
import secrets
import time
from pathlib import Path

import pytest

from tests.e2e.world import world
from tests.promises.books import read
from tests.promises.conftest import Record
from tests.promises.invariants import check, no_status_left
from tests.promises.soak import Look, Soak, given_back, memory, spent
from tests.promises.soak_figures import PROC, counts
from tests.promises.soak_traffic import LOST_TEXT, Crowd, Trouble

EDITS = int(os.environ.get("SOAK_EDITS", "2000"))
SEED = int(os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000))
FIRST = 50  # edits after which everything that is opened once is open
FAULTS = 0.3  # of the other edits begin with something that goes wrong
STORED = 20_000  # bytes that an edit may leave in the databases

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not (PROC / "self" / "fd").is_dir(), reason="reads Linux's /proc"),
]


async def test_a_soak_with_random_faults(tmp_path: Path, promise: Record) -> None:
    """Memory is flat; tasks, files, sockets and threads are given back; all invariants hold throughout."""
    figures = Path(os.environ.get("SOAK_FIGURES") or tmp_path / "soak.jsonl")
    drawn = random.Random(SEED)
    async with world(tmp_path / "data") as opened:
        opened.usual["balance"] = 100_000.0  # nobody runs out of money here
        await opened.reset()
        bot = await opened.start(LOG_LEVEL="INFO")
        soak = Soak(opened, bot, Crowd(opened, drawn), Trouble(opened, drawn), figures)
        await soak.crowd.gather()
        await soak.stream(FIRST)
        before, rows = await soak.calm(), counts(opened.data / "wavebrush.sqlite")
        quarters: list[list[Look]] = []
        took = 0.0
        for _ in range(4):
            began = time.monotonic()
            quarters.append(await soak.stream((EDITS - FIRST + 3) // 4, FAULTS))
            took += time.monotonic() - began
            after = await soak.calm(lambda look: given_back(before, look))
            # A stand-in remembers some thousand calls: what was paid is looked at before they are forgotten.
            checked = await check(opened, without=(no_status_left,))
            left = [*no_status_left(await read(opened, whole=False))]
            # A status whose answer was lost is nobody's: Telegram tells its id in the answer only.
            assert len(left) <= soak.trouble.met[LOST_TEXT], left
            assert given_back(before, after), f"seed {SEED}: {before} became {after}"
        cost = spent(before, after, took)
        own, whole = zip(*map(memory, quarters), strict=True)
        grown = counts(opened.data / "wavebrush.sqlite")
    soak.write({"seed": SEED, **cost, "own memory": own, "memory": whole})
    soak.write({name: (grown[name] - rows[name]) / cost["edits"] for name in grown})
    soak.write({"asked": soak.crowd.asked, "faults": soak.trouble.met, "ends": checked.states})
    growth = whole[3] / whole[1] - 1
    assert abs(growth) < 0.1, f"seed {SEED}: {whole}"
    assert cost["bytes stored of an edit"] < STORED, f"seed {SEED}: {grown}"
    promise(
        f"{EDITS:,} edits, and a fault of a random kind before three in ten",
        "memory grows by less than 10 % in the last half; files, sockets, threads, tasks are given back",
        checked,
    )
