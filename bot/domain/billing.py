"""Our charges beside the provider's own account. Values and the comparison only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.ports import Billing


@dataclass(frozen=True, slots=True)
class Purchase:
    """A prediction of ours and what its edit was charged, adjustments included; 0 while it is open."""

    edit_id: str
    prediction_id: str
    model: str
    opened_at: datetime
    charged: int
    settled: bool = True
    adjusted: bool = False  # an admin corrected the charge, so it is not to be what was billed


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An edit that was charged something else than its predictions were billed."""

    edit_id: str
    charged: int
    billed: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a reconciliation of predictions made in a window found. Money is micro-US-dollars.

    ``strangers`` are billed predictions that are in no attempt of ours: bought by somebody else with
    this account, or by a submit of ours whose answer was lost.
    """

    since: datetime
    until: datetime
    at: datetime
    ours: int  # charged
    billed: int  # for our predictions
    unbilled: tuple[Disagreement, ...] = ()  # charged, but not billed
    uncharged: tuple[Disagreement, ...] = ()  # billed, but not charged
    differing: tuple[Disagreement, ...] = ()  # both, but not the same
    strangers: tuple[str, ...] = ()  # prediction ids
    strange: int = 0  # what they were billed

    @property
    def drift(self) -> int:
        """What was billed, strangers included, beyond what was charged."""
        return self.billed + self.strange - self.ours

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """All edits to look into."""
        return (*self.unbilled, *self.uncharged, *self.differing)

    @property
    def agrees(self) -> bool:
        """Whether there is nothing to look into."""
        return not (self.disagreements or self.strangers)

    def as_json(self) -> str:
        """The report as text, for `of_json`."""
        return json.dumps(asdict(self), default=datetime.isoformat)

    @staticmethod
    def of_json(text: str) -> Report:
        """The report of `as_json`."""
        read = json.loads(text)
        times = {name: datetime.fromisoformat(read[name]) for name in ("since", "until", "at")}
        lists = {
            name: tuple(Disagreement(**entry) for entry in read[name])
            for name in ("unbilled", "uncharged", "differing")
        }
        return Report(**{**read, **times, **lists, "strangers": tuple(read["strangers"])})


def compare(
    purchases: Iterable[Purchase],
    billings: Sequence[Billing],
    since: datetime,
    until: datetime,
    at: datetime,
) -> Report:
    """Compare what was bought in a window with what was billed for it.

    Args:
        purchases: ours, of the window and of some time around it: the provider's clock is another one.
        billings: the provider's entries from before the window until now, so that later refunds count.
        since: the window's begin.
        until: its end.
        at: now.
    """
    known = {purchase.prediction_id: purchase for purchase in purchases}
    sums: dict[str, int] = {}
    for billing in billings:
        if billing.prediction_id is not None:
            sums[billing.prediction_id] = sums.get(billing.prediction_id, 0) + billing.micros
    compared = [one for one in known.values() if one.settled and not one.adjusted]
    edits = _edits([one for one in compared if since <= one.opened_at < until], sums)
    bought = {billing.prediction_id: billing.at for billing in reversed(billings)}
    strange = {
        prediction_id: micros
        for prediction_id, micros in sums.items()
        if prediction_id not in known and micros and since <= bought[prediction_id] < until
    }
    wrong = [one for one in edits if one.charged != one.billed]
    return Report(
        since=since,
        until=until,
        at=at,
        ours=sum(one.charged for one in edits),
        billed=sum(one.billed for one in edits),
        unbilled=tuple(one for one in wrong if not one.billed),
        uncharged=tuple(one for one in wrong if not one.charged),
        differing=tuple(one for one in wrong if one.charged and one.billed),
        strangers=tuple(sorted(strange)),
        strange=sum(strange.values()),
    )


def _edits(purchases: Iterable[Purchase], billed: Mapping[str, int]) -> list[Disagreement]:
    """Per edit: what it was charged, and what all its predictions together were billed."""
    found: dict[str, Disagreement] = {}
    for purchase in purchases:
        before = found.get(purchase.edit_id)
        sum_ = billed.get(purchase.prediction_id, 0) + (before.billed if before else 0)
        found[purchase.edit_id] = Disagreement(purchase.edit_id, purchase.charged, sum_)
    return list(found.values())


class Purchases(Protocol):
    """What was bought. Raises StorageBusy."""

    async def between(self, since: datetime, until: datetime) -> list[Purchase]:
        """The attempts with a prediction that were opened in a window."""
        ...
