"""Several results of one request are delivered together: who does it, and when. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.domain.edits import Edit, EditState

_WITHOUT_PICTURE = (EditState.FAILED, EditState.UNKNOWN)


def led_by(
    edit: Edit,
    batch: Sequence[Edit],
    kept: Mapping[str, datetime],
    now: datetime,
    patience: timedelta,
    grace: timedelta,
) -> list[Edit] | None:
    """The edits that this one delivers now, itself among them; None: it waits for others.

    All are delivered by the first of them. What is kept more than ``patience`` after the first is late
    and goes alone, so that it can't take the lead from one who is delivering already.

    Args:
        edit: whose result is kept and not delivered.
        batch: all edits of its batch, in their order.
        kept: since when their results are kept, by the edits' ids.
        now: the time.
        patience: how long the first result waits for the others.
        grace: how long after that a row may still be written that says it was in time.
    """
    closes = min(kept.values()) + patience
    if kept[edit.id] > closes:
        return [edit]
    missing = [one for one in batch if not one.state.final and one.id not in kept]
    if missing and now <= closes + grace:
        return None
    together = [
        one
        for one in batch
        if one.id in kept and kept[one.id] <= closes and not one.state.final and one.result_message_id is None
    ]
    return together if together[0].id == edit.id else None


def to_come(batch: Sequence[Edit], kept: Mapping[str, datetime], now: datetime, patience: timedelta) -> bool:
    """Whether a result of the batch will still be delivered together with others, or is being made."""
    delivered = any(one.result_message_id is not None or one.state is EditState.DONE for one in batch)
    in_time = not kept or now < min(kept.values()) + patience
    return in_time and not delivered and any(not one.state.final for one in batch)


def untold(batch: Sequence[Edit]) -> list[Edit]:
    """Those whose failure was to be told with a result when none comes any more, one for each reason."""
    if any(not one.state.final for one in batch):
        return []
    failed = [one for one in to_be_told(batch) if one.state is EditState.FAILED and not one.charged]
    return list({one.reason: one for one in failed}.values())


def to_be_told(batch: Sequence[Edit]) -> list[Edit]:
    """Those that ended without a picture, as long as nothing of the batch was delivered."""
    if any(one.result_message_id is not None or one.state is EditState.DONE for one in batch):
        return []
    return [one for one in batch if one.state in _WITHOUT_PICTURE]
