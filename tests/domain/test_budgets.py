"""When days and months turn, and what a limit leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.domain.budgets import BOT_DAY, KINDS, USER_MONTH, Account, Budgets, Period

KYIV = ZoneInfo("Europe/Kyiv")


@pytest.mark.parametrize(
    ("period", "day", "start", "turns"),
    [
        (Period.DAY, date(2026, 3, 31), date(2026, 3, 31), datetime(2026, 3, 31, 21, tzinfo=UTC)),
        (Period.DAY, date(2026, 3, 28), date(2026, 3, 28), datetime(2026, 3, 28, 22, tzinfo=UTC)),
        (Period.DAY, date(2026, 3, 29), date(2026, 3, 29), datetime(2026, 3, 29, 21, tzinfo=UTC)),
        (Period.MONTH, date(2026, 1, 31), date(2026, 1, 1), datetime(2026, 1, 31, 22, tzinfo=UTC)),
        (Period.MONTH, date(2026, 12, 1), date(2026, 12, 1), datetime(2026, 12, 31, 22, tzinfo=UTC)),
        (Period.MONTH, date(2028, 2, 29), date(2028, 2, 1), datetime(2028, 2, 29, 22, tzinfo=UTC)),
    ],
)
def test_periods_turn_at_midnight(period: Period, day: date, start: date, turns: datetime) -> None:
    """Of the zone, also on the days when clocks change."""
    assert period.start(day) == start
    assert period.turns(day, KYIV).astimezone(UTC) == turns


def test_what_is_left_is_never_negative() -> None:
    """And of no limit there is no rest."""
    now = datetime(2026, 3, 31, tzinfo=UTC)
    assert Account(BOT_DAY, 0, 100, 30, 20, now).left == 50
    assert Account(BOT_DAY, 0, 100, 90, 20, now).left == 0
    assert Account(BOT_DAY, 0, None, 90, 20, now).left is None


def test_each_kind_has_its_setting() -> None:
    """In the order in which they are held."""
    assert [Budgets(1, 2, 3, 4).of(kind) for kind in KINDS] == [1, 2, 3, 4]
    assert Budgets(user_month=0).of(USER_MONTH) == 0
