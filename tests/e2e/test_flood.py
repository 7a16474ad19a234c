"""More requests at once in a group than it takes messages in a minute: each is answered, results first."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest

from tests.e2e.world import PATIENCE, SPEED, Message, World

PEOPLE, EACH = 3, 7
MINUTE = 60 / SPEED
PROGRESS = {"setmessagereaction", "sendchataction", "editmessagetext", "sendmessage"}


@pytest.mark.long
async def test_everybody_gets_one_result_and_none_waits_behind_progress(shared: World) -> None:
    """Each request is answered by exactly one picture; no 429 ends in giving up."""
    names = ["Ada", "Ben", "Chloe"]
    people = [await shared.person(name) for name in names]
    group = await shared.group(*people)
    await shared.quiet()
    here = [person.within(group) for person in people]
    flood = {"status": 429, "description": "Too Many Requests: retry after 1", "retry_after": 1}
    await shared.fault(shared.telegram, method="sendPhoto", kind="status", count=3, **flood)
    began = time.monotonic()
    sent = await asyncio.gather(
        *(
            person.sends("cat.jpg", caption=f"/edit@wavebrush_bot flood {number} of {person.name}")
            for person in here
            for number in range(EACH)
        )
    )
    assert time.monotonic() - began < 5
    requests = {message["message_id"] for [message] in sent}
    ada, results = here[0], list[Message]()
    deadline = time.monotonic() + 2 * PATIENCE
    while len(results) < PEOPLE * EACH or any("in the works" in text for text in texts(ada.messages)):
        assert time.monotonic() < deadline, f"{len(results)} results"
        await ada.look(wait=1)
        results = [m for m in ada.messages.values() if "photo" in m and m["from"]["is_bot"]]

    answered = Counter(result["reply_to_message"]["message_id"] for result in results)
    assert answered == Counter(requests)
    charges = shared.rows("SELECT 1 FROM ledger WHERE chat_id = ? AND kind = 'charge'", group)
    assert len(charges) == PEOPLE * EACH

    calls = [
        call for call in await shared.calls(shared.telegram) if call["params"].get("chat_id") == str(group)
    ]
    tried = Counter(call["status"] for call in calls if call["method"] == "sendPhoto")
    assert tried == {200: PEOPLE * EACH, 429: 3}
    assert not [call for call in calls if call["status"] not in {200, 429}]
    assert most_in_a_minute(calls, PROGRESS) <= 8, "progress took the place of results"
    log = shared.bots[-1].log
    assert not [line for line in log.splitlines() if "undeliverable" in line and str(group) in line]


def texts(messages: dict[int, Message]) -> list[str]:
    return [message.get("text", "") for message in messages.values()]


def most_in_a_minute(calls: list[dict[str, Any]], methods: set[str]) -> int:
    """How many calls of some methods Telegram took at most within one of its minutes."""
    times: list[float] = [c["at"] for c in calls if c["method"].lower() in methods and c["status"] == 200]
    return max(sum(start <= at < start + MINUTE for at in times) for start in times)
