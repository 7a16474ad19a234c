"""Limits on spending and what is left of them. Money is micro-US-dollars; None is "no limit"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from datetime import time as time_of_day
from enum import StrEnum
from typing import Protocol


class Scope(StrEnum):
    """Whose money."""

    BOT = "bot"
    GROUP = "group"
    USER = "user"


class Period(StrEnum):
    """How long a limit lasts."""

    DAY = "day"
    MONTH = "month"

    def start(self, day: date) -> date:
        """The first day of the period that ``day`` is in."""
        return day if self is Period.DAY else day.replace(day=1)

    def turns(self, day: date, zone: tzinfo) -> datetime:
        """When the next period begins."""
        if self is Period.DAY:
            following = day + timedelta(days=1)
        else:
            following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        return datetime.combine(following, time_of_day(), zone)


def today(now: datetime, zone: tzinfo) -> date:
    """The day that it is where days turn."""
    return now.astimezone(zone).date()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of limit."""

    scope: Scope
    period: Period


BOT_DAY = Kind(Scope.BOT, Period.DAY)
GROUP_DAY = Kind(Scope.GROUP, Period.DAY)
USER_DAY = Kind(Scope.USER, Period.DAY)
USER_MONTH = Kind(Scope.USER, Period.MONTH)
KINDS = (BOT_DAY, GROUP_DAY, USER_DAY, USER_MONTH)
"""In the order in which they are held: everybody locks in the same one, so nobody waits in a circle."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """The settings: what holds where no admin said otherwise."""

    bot_day: int | None = None
    group_day: int | None = None
    user_day: int | None = None
    user_month: int | None = None

    def of(self, kind: Kind) -> int | None:
        """The limit of a kind."""
        limit: int | None = getattr(self, f"{kind.scope}_{kind.period}")
        return limit


@dataclass(frozen=True, slots=True)
class Account:
    """What of one limit is used in its current period. ``scope_id`` is 0 for the bot."""

    kind: Kind
    scope_id: int
    limit: int | None
    held: int
    spent: int
    turns: datetime  # when the next period begins
    own: bool = False  # an admin set this limit; else it is the settings'

    @property
    def left(self) -> int | None:
        """What can still be held; never negative."""
        return None if self.limit is None else max(0, self.limit - self.held - self.spent)


@dataclass(frozen=True, slots=True)
class Refund:
    """What can be corrected of a settled edit: what it was charged, adjustments included."""

    edit_id: str
    user_id: int
    charged: int


@dataclass(frozen=True, slots=True)
class Total:
    """What one person, group or model spent in a stretch of days."""

    id: int
    name: str
    micros: int
    edits: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One row of the ledger."""

    at: datetime
    day: date
    edit_id: str
    user_id: int
    chat_id: int
    model: str
    kind: str  # hold, charge, release, adjust
    micros: int
    held: int  # what it adds to what is held
    spent: int  # what it adds to what was spent


@dataclass(frozen=True, slots=True)
class Difference:
    """Where a counter and the rows that it sums disagree: there is none, or something is broken."""

    kind: Kind
    scope_id: int
    start: date
    counted: tuple[int, int]  # held, spent
    summed: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Day:
    """What was charged on one day."""

    day: date
    micros: int
    edits: int = 0


@dataclass(frozen=True, slots=True)
class Overview:
    """Figures of one day for admins."""

    spent: int = 0  # charged to the day, corrections included
    held: int = 0  # now, of whatever day
    edits: int = 0  # accepted
    failed: int = 0  # of those accepted
    people: int = 0  # whose edits they are
    top: tuple[Total, ...] = field(default_factory=tuple)


class Accounts(Protocol):
    """Limits and reports over the ledger. Every method raises StorageBusy."""

    async def limit(self, kind: Kind, scope_id: int) -> tuple[int | None, bool]:
        """The limit that holds for a person or a group, and whether an admin set it."""
        ...

    async def set_limit(self, kind: Kind, scope_id: int, micros: int | None) -> None:
        """Set a person's or group's own limit; None: no limit at all."""
        ...

    async def clear_limit(self, kind: Kind, scope_id: int) -> None:
        """Back to the settings' limit."""
        ...

    async def accounts(self, user_id: int, chat_id: int, now: datetime) -> tuple[Account, ...]:
        """All limits that an edit of this person in this chat touches, in the order of `KINDS`.

        In a private chat (``chat_id`` > 0) there is none of a group.
        """
        ...

    async def days(self, kind: Scope, scope_id: int, since: date) -> list[Day]:
        """What was charged day by day; days without a charge are left out."""
        ...

    async def top(self, scope: Scope, since: date, limit: int = 10) -> list[Total]:
        """Who (USER), or which group (GROUP), spent the most since a day."""
        ...

    async def top_models(self, since: date, limit: int = 10) -> list[Total]:
        """Which models cost the most since a day; a model's total has no id (0)."""
        ...

    async def overview(self, now: datetime) -> Overview:
        """Today's figures of the whole bot; `Overview` says what each is."""
        ...

    async def count(self, since: date) -> int:
        """How many rows the ledger has since a day."""
        ...

    async def movements(self, since: date, user_id: int | None = None) -> list[Movement]:
        """The rows of the ledger since a day, oldest first."""
        ...

    async def refundable(self, edit_id: str) -> Refund | None:
        """What an edit was charged, corrections included; None if it has no charge."""
        ...

    async def adjust(self, edit_id: str, micros: int, now: datetime) -> bool:
        """Correct what a settled edit was charged by ``micros`` (negative gives back), booked to its day.

        False if it has no charge, or the sum would become negative.
        """
        ...

    async def differences(self) -> Sequence[Difference]:
        """Where counters and rows disagree."""
        ...
