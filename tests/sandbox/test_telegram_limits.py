"""Flood control of the Telegram stand-in."""

from __future__ import annotations

import pytest

from bot.sandbox.telegram.limits import FloodControl
from bot.sandbox.telegram.wire import ApiError
from tests.sandbox.telegram_bench import ADA, GROUP, picture, standin


class Meter:
    """Flood control with a clock the test sets; ``calls`` counts what is taken until the first refusal."""

    def __init__(self, speed: float = 1.0) -> None:
        self.at = 0.0
        self.control = FloodControl(speed, lambda: self.at)

    def calls(self, method: str, chat: int, step: float = 0.1, most: int = 100) -> int:
        for count in range(most):
            try:
                self.control.check(method, chat)
            except ApiError:
                return count
            self.at += step
        return most


@pytest.mark.parametrize("method", ["sendMessage", "editMessageText", "sendChatAction", "setMessageReaction"])
def test_a_group_takes_20_calls_a_minute(method: str) -> None:
    """Edits, actions and reactions count like messages; after a minute there is room again."""
    meter = Meter()
    assert meter.calls(method, GROUP) == 20
    meter.at = 60.05
    assert meter.calls(method, GROUP, step=0) == 1


def test_a_private_chat_takes_a_burst_and_then_one_a_second() -> None:
    """20 at once are tolerated, the 21st is not; each second gives room for one."""
    meter = Meter()
    assert meter.calls("sendMessage", ADA, step=0) == 20
    meter.at += 2.0
    assert meter.calls("sendMessage", ADA, step=0) == 2
    assert meter.calls("sendMessage", ADA + 1, step=0) == 20


def test_all_chats_together_take_30_calls_a_second() -> None:
    """Spread over many chats it is the overall limit that refuses."""
    meter = Meter()
    taken = sum(meter.calls("sendMessage", chat, step=0, most=2) for chat in range(1, 40))
    assert taken == 30


@pytest.mark.parametrize("method", ["getChat", "getChatMember", "deleteMyCommands"])
def test_reading_is_not_counted(method: str) -> None:
    """Only what is written to a chat counts."""
    assert Meter().calls(method, GROUP, step=0) == 100


def test_speed_shortens_the_windows() -> None:
    """At 20 times the speed a group's minute is three seconds."""
    meter = Meter(speed=20)
    assert meter.calls("sendMessage", GROUP) == 20
    meter.at = 3.05
    assert meter.calls("sendMessage", GROUP, step=0) == 1


async def test_a_refused_call_says_when_to_come_back_and_has_no_effect() -> None:
    """429 with retry_after in whole seconds, in the words of the real server; nothing was sent."""
    async with standin(speed=2) as bench:
        for number in range(20):
            await bench.ok("sendMessage", chat_id=GROUP, text=str(number))
        answer = await bench.call("sendPhoto", {"photo": ("a.png", picture())}, chat_id=GROUP)
        seconds = answer.json()["parameters"]["retry_after"]
        assert answer.status_code == 429
        assert 25 <= seconds <= 30
        assert answer.json()["description"] == f"Too Many Requests: retry after {seconds}"
        sent = [m for m in (await bench.sandbox(f"chats/{GROUP}/messages"))["messages"] if "text" in m]
        assert len(sent) == 20
