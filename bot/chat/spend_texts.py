"""What `/spend` says of somebody's money. Pure: values in, words out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat.texts import say
from bot.domain.budgets import Account, Scope
from bot.domain.catalogue import Catalogue
from bot.domain.edits import ModelSpend, Spending
from bot.domain.money import dollars

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of a person's money, and of their group's if they ask in one.

    ``unknown`` is the part of what is held whose edits nobody knows the fate of; ``group_month`` is what
    the group spent this month. Money is micro-US-dollars.
    """

    spending: Spending
    unknown: int
    accounts: tuple[Account, ...]
    group_month: int | None = None


def text(figures: Figures, catalogue: Catalogue, now: datetime, zone: str, language: str | None) -> str:
    """In private all of it; in a group the group's, and of the person's own, which all there read, a line."""
    if figures.group_month is not None:
        return _in_group(figures, figures.group_month, now, zone, language)
    parts = [
        *sums(figures.spending, figures.unknown, language),
        *_limits(figures.accounts, now, zone, language),
    ]
    if figures.spending.by_model:
        parts += ["", *(_model(row, catalogue, language) for row in figures.spending.by_model)]
    return "\n".join(parts)


def sums(spending: Spending, unknown: int, language: str | None) -> list[str]:
    """What a person spent, and what of their money is held."""
    lines = [
        say(
            "spend",
            language,
            today=dollars(spending.today),
            month=dollars(spending.month),
            ever=dollars(spending.ever),
        )
    ]
    if spending.held:
        lines.append(say("spend-held", language, held=dollars(spending.held)))
    if unknown:
        lines.append(say("spend-unknown", language, held=dollars(unknown)))
    return lines


def left(accounts: Sequence[Account], now: datetime, language: str | None) -> list[str]:
    """A line for each limit there is: what is left of it, and when it turns."""
    return [_left(account, account.limit, now, language) for account in accounts if account.limit is not None]


def _left(account: Account, limit: int, now: datetime, language: str | None) -> str:
    wait = max(timedelta(0), account.turns - now)
    return say(
        "spend-limit",
        language,
        which=f"{account.kind.scope}-{account.kind.period}",
        left=dollars(account.left or 0),
        limit=dollars(limit),
        days=wait // _DAY if wait >= 2 * _DAY else 0,  # below two days, hours say more
        hours=wait // _HOUR,
    )


def _limits(accounts: Sequence[Account], now: datetime, zone: str, language: str | None) -> list[str]:
    limits = left(accounts, now, language)
    return ["", *limits, say("spend-zone", language, zone=zone)] if limits else []


def _in_group(figures: Figures, month: int, now: datetime, zone: str, language: str | None) -> str:
    today = next((one.spent for one in figures.accounts if one.kind.scope is Scope.GROUP), 0)
    own = figures.spending
    shared = [account for account in figures.accounts if account.kind.scope is not Scope.USER]
    lines = [
        say("spend-group", language, today=dollars(today), month=dollars(month)),
        say("spend-own", language, today=dollars(own.today), month=dollars(own.month)),
        *_limits(shared, now, zone, language),
    ]
    return "\n".join(lines)


def _model(row: ModelSpend, catalogue: Catalogue, language: str | None) -> str:
    title = catalogue.title_of(row.model)
    return say("spend-model", language, title=title, spent=dollars(row.micros), edits=row.edits)
