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
    """All of it: what was spent, what is held, what is left; in private by model as well."""
    parts = [*_group(figures, language), *sums(figures.spending, figures.unknown, language)]
    limits = left(figures.accounts, now, language)
    if limits:
        parts += ["", *limits, say("spend-zone", language, zone=zone)]
    models = figures.spending.by_model
    if models and figures.group_month is None:
        parts += ["", *(_model(row, catalogue, language) for row in models)]
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


def _group(figures: Figures, language: str | None) -> list[str]:
    if figures.group_month is None:
        return []
    today = next((one for one in figures.accounts if one.kind.scope is Scope.GROUP), None)
    spent = dollars(today.spent if today else 0)
    return [say("spend-group", language, today=spent, month=dollars(figures.group_month)), ""]


def _model(row: ModelSpend, catalogue: Catalogue, language: str | None) -> str:
    known = catalogue.models.get(row.model)
    title = known.title if known else row.model
    return say("spend-model", language, title=title, spent=dollars(row.micros), edits=row.edits)
