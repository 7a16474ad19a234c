"""What the admin panel shows, as it was read; and what the values of its buttons mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.access import Group, Member
from bot.domain.billing import Report
from bot.domain.budgets import GROUP_DAY, KINDS, USER_DAY, USER_MONTH, Account, Kind, Overview, Total
from bot.domain.edits import Edit, Spending
from bot.domain.money import micros

NONE, DEFAULT = "none", "default"  # instead of an amount: no limit at all; the settings' limit
# Micro-dollars, as buttons.
PRESETS = {
    USER_DAY: (250_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000),
    USER_MONTH: (1_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000, 100_000_000),
    GROUP_DAY: (1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000),
}
_AMOUNT = re.compile(r"\$?(\d{1,6}(?:[.,]\d{1,6})?)")


@dataclass(frozen=True, slots=True)
class Home:
    """The panel's first page."""

    overview: Overview
    waiting_people: int
    waiting_groups: int
    unknown: int
    paused: bool
    empty: bool  # the provider's account


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person, their money and their limits."""

    member: Member
    admin: bool
    spending: Spending
    unknown: int  # micro-dollars, of what is held
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group, its money and its limit."""

    group: Group
    today: int
    month: int
    ever: int
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class EditView:
    """An edit and whose it is. ``charged`` has what was given back taken off."""

    edit: Edit
    owner: Member
    title: str  # of its model
    charged: int
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class TodayView:
    """Figures of the day, and how the books agree with the provider's. ``balance`` None: can't be asked."""

    overview: Overview
    top: Sequence[Total]
    balance: int | None
    report: Report | None


@dataclass(frozen=True, slots=True)
class Done:
    """What a press did: what is said of it, and the view to show next."""

    said: str
    show: str


def kind_of(scope: str, period: str) -> Kind:
    """The kind of limit that an admin can set for a person or a group.

    Raises:
        ValueError: there is none such.
    """
    found = next((kind for kind in KINDS if (kind.scope, kind.period) == (scope, period)), None)
    if found not in PRESETS:
        raise ValueError(f"no limit of a {scope} for a {period}")
    return found


def amount(text: str) -> int | None:
    """A typed limit in micro-dollars; None: no limit.

    Raises:
        ValueError: it is neither.
    """
    if text.lower() == NONE:
        return None
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(f"no amount: {text!r}")
    return micros(found.group(1).replace(",", "."))
