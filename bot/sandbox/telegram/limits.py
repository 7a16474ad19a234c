"""Flood control: how many calls Telegram takes in a span of time.

The real limits are not published exactly. These follow the Bot API FAQ ("My bot is hitting limits"):
about one message a second in a private chat with bursts tolerated, 20 calls a minute in a group
(edits, deletions, actions and reactions count too), about 30 calls a second overall.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.telegram.wire import ApiError

PRIVATE_BURST = 20
PRIVATE_PER_SECOND = 1.0
GROUP_CALLS, GROUP_SECONDS = 20, 60.0
ALL_CALLS, ALL_SECONDS = 30, 1.0

_FREE_IN_PRIVATE = frozenset({"sendchataction", "setmessagereaction", "deletemessage", "deletemessages"})
_VERBS = ("send", "edit", "delete", "forward", "copy", "setmessagereaction")
_UNCOUNTED = frozenset({"deletewebhook", "deletemycommands"})


def counts(method: str) -> bool:
    """Whether flood control looks at a method (in lower case) at all."""
    return method.startswith(_VERBS) and method not in _UNCOUNTED


@dataclass(slots=True)
class _Window:
    """At most ``calls`` in any ``seconds``."""

    calls: int
    seconds: float
    taken: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        while self.taken and self.taken[0] <= now - self.seconds:
            self.taken.popleft()
        return 0.0 if len(self.taken) < self.calls else self.taken[0] + self.seconds - now

    def take(self, now: float) -> None:
        self.taken.append(now)


@dataclass(slots=True)
class _Bucket:
    """A burst of calls at once, then ``rate`` a second."""

    burst: int
    rate: float
    level: float = 0.0
    at: float = 0.0

    def wait(self, now: float) -> float:
        self.level = max(0.0, self.level - (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (self.level + 1 - self.burst) / self.rate)

    def take(self, _now: float) -> None:
        self.level += 1


class FloodControl:
    """Counts calls for each chat and overall. ``speed`` shortens every span."""

    def __init__(self, speed: float, now: Callable[[], float]) -> None:
        self._speed = speed
        self._now = now
        self._all = _Window(ALL_CALLS, ALL_SECONDS / speed)
        self._chats: dict[int, _Window | _Bucket] = {}

    def check(self, method: str, chat_id: int) -> None:
        """Count one call, or refuse it with 429 and ``retry_after`` (whole seconds, at least 1)."""
        method = method.lower()
        if not counts(method):
            return
        now = self._now()
        meters: list[_Window | _Bucket] = [self._all]
        if chat_id < 0 or method not in _FREE_IN_PRIVATE:
            meters.append(self._meter(chat_id))
        wait = max(meter.wait(now) for meter in meters)
        if wait > 0:
            seconds = max(1, math.ceil(wait))
            raise ApiError(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
        for meter in meters:
            meter.take(now)

    def _meter(self, chat_id: int) -> _Window | _Bucket:
        if chat_id not in self._chats:
            self._chats[chat_id] = (
                _Window(GROUP_CALLS, GROUP_SECONDS / self._speed)
                if chat_id < 0
                else _Bucket(PRIVATE_BURST, PRIVATE_PER_SECOND * self._speed, at=self._now())
            )
        return self._chats[chat_id]
