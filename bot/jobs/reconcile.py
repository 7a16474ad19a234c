"""Our charges compared with the provider's own account, and lost submits looked for again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.domain.billing import Purchases, Report, compare
from bot.domain.catalogue import Catalogue
from bot.domain.edits import Attempt, Edit, EditState
from bot.domain.money import dollars
from bot.domain.plan import row_of
from bot.domain.ports import Messenger, PredictionStatus, Provider
from bot.domain.stores import EditLists, Edits, Notes
from bot.domain.timing import Timing, seconds_until
from bot.errors import NoSuchPrediction, ProviderError, StorageBusy
from bot.jobs.finding import Lost
from bot.jobs.notes import read

log = structlog.get_logger(__name__)

REPORT, TOLD = "reconciliation", "drift-told"
# Refunds take up to three hours (WaveSpeed's "Troubleshooting guide"), so what is younger is left out.
_SETTLES = timedelta(hours=3)
_WINDOW = timedelta(days=1)
_SKEW = timedelta(minutes=15)  # the provider's clock may differ from ours
_FORGOTTEN = timedelta(days=7)  # so long the provider keeps predictions
_MOST_UNKNOWN = 100


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that reconciling needs of the world. ``name`` is the provider's, as models name it."""

    provider: Provider
    name: str
    purchases: Purchases
    edits: Edits
    lists: EditLists
    notes: Notes
    messenger: Messenger
    catalogue: Callable[[], Catalogue]
    timing: Timing
    clock: Clock


class Reconcile:
    """Compares every few hours, and when an admin asks."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports

    async def run(self) -> None:
        """Compare until cancelled: every few hours since the last time, also over restarts."""
        while True:
            try:
                await asyncio.sleep(await self._due())
                await self.once()
            except (ProviderError, StorageBusy) as error:
                log.warning("not_reconciled", error=type(error).__name__, detail=str(error))
                await asyncio.sleep(self._.timing.retry_most)

    async def last(self) -> Report | None:
        """The newest report. Raises StorageBusy."""
        return await read(self._.notes, REPORT, Report.of_json)

    async def once(self) -> Report:
        """Look for lost submits, then compare; keep, log and tell what was found.

        Raises:
            ProviderError: the provider can't be asked now. StorageBusy.
        """
        await self._find_lost()
        now = self._.clock.now()
        until = now - _SETTLES
        since = await self._since(until)
        # Wider at both ends: entries of the window may be dated beside it, and are refunded after it.
        billings = await self._.provider.billings(since - _SKEW, now)
        bought = await self._.purchases.between(since - 2 * _SKEW, until + 2 * _SKEW)
        purchases = [one for one in bought if self._of_this(one.model)]
        report = compare(purchases, billings, since, until, now)
        await self._.notes.put(REPORT, report.as_json(), now)
        log.info(
            "reconciled",
            since=since.isoformat(),
            ours=report.ours,
            billed=report.billed,
            drift=report.drift,
            unbilled=len(report.unbilled),
            uncharged=len(report.uncharged),
            differing=len(report.differing),
            strangers=len(report.strangers),
        )
        await self._tell(report)
        return report

    async def _since(self, until: datetime) -> datetime:
        """A day ago, or where the last comparison ended, if that is longer ago: so far as there are books."""
        last = await self.last()
        since = until - _WINDOW if last is None else min(last.until, until - _WINDOW)
        return max(since, until - _FORGOTTEN)

    def _of_this(self, model_name: str) -> bool:
        """Whether a model is this provider's, or a row of it that is gone."""
        model = self._.catalogue().models.get(model_name)
        return model is None or model.provider == self._.name

    async def _tell(self, report: Report) -> None:
        """Admins hear once of each edit that disagrees, and of strangers once until there are none."""
        wrong = _to_tell(report)
        told = await read(self._.notes, TOLD, _told) or frozenset()
        if wrong <= told or await self._tell_admins(report):
            await self._.notes.put(TOLD, json.dumps(sorted(wrong)), self._.clock.now())

    async def _tell_admins(self, report: Report) -> bool:
        log.warning(
            "billing_drift",
            drift=report.drift,
            edits=[one.edit_id for one in report.disagreements],
            strangers=report.strangers,
        )
        return await self._.messenger.tell_admins(
            "notice-drift",
            drift=dollars(report.drift),
            charged=dollars(report.ours),
            billed=dollars(report.billed + report.strange),
            edits=len(report.disagreements),
            strangers=len(report.strangers),
        )

    async def _due(self) -> float:
        report = await self.last()
        if report is None:
            return 0.0
        return seconds_until(report.at, self._.timing.books_beat, self._.clock.now())

    # --- lost submits -----------------------------------------------------------------------------------

    async def _find_lost(self) -> None:
        """Look for edits of unknown fate in the provider's list; what has ended there goes on here."""
        for edit in await self._.lists.listed((EditState.UNKNOWN,), limit=_MOST_UNKNOWN):
            if self._of_this(edit.model) and self._.clock.now() - edit.created_at < _FORGOTTEN:
                try:
                    await self._find(edit)
                except ProviderError as error:
                    log.warning(
                        "unknown_not_looked_for",
                        edit=edit.id,
                        error=type(error).__name__,
                        detail=str(error),
                    )

    async def _find(self, edit: Edit) -> None:
        attempt = await self._.edits.current_attempt(edit.id)
        if attempt is None:
            return
        name = await (self._listed(edit, attempt) if attempt.prediction_id is None else self._ended(attempt))
        # The sweeper sees that nothing works on it and hands it to the engine once more.
        if name is not None and await self._.edits.found(edit.id):
            log.info("unknown_found", edit=edit.id, prediction=name)

    async def _ended(self, attempt: Attempt) -> str | None:
        """The name of an attempt's prediction, if it has ended."""
        try:
            prediction = await self._.provider.result(attempt.prediction_id or "")
        except NoSuchPrediction:
            return None
        return None if prediction.status is PredictionStatus.RUNNING else prediction.id

    async def _listed(self, edit: Edit, attempt: Attempt) -> str | None:
        """The name of the prediction of an attempt without one, if it has ended; the attempt has it then."""
        window = (attempt.opened_at - _SKEW, attempt.opened_at + _SKEW)
        lost = Lost(edit, attempt, row_of(self._.catalogue(), edit), self._.timing)
        for prediction in await self._.provider.predictions(*window, inputs=True):
            ended = prediction.status is not PredictionStatus.RUNNING
            may_be = ended and lost.may_be(prediction, self._.clock.now())
            # What fits may be another attempt's already.
            if may_be and await self._.edits.named(attempt.id, prediction.id):
                return prediction.id
        return None


def _to_tell(report: Report) -> frozenset[str]:
    """What disagrees, each edit with how. Strangers come and go: that there are some counts."""
    edits = [f"{one.edit_id}:{one.charged}:{one.billed}" for one in report.disagreements]
    return frozenset([*edits, *(["strangers"] if report.strangers else [])])


def _told(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))
