"""WaveSpeed's account as entries: what is asked for, and what an answer means.

Source: ``POST /billings/search``, as the official CLI uses it. Its kinds of entries are not listed
anywhere, so what is not known is read as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.money import micros
from bot.domain.ports import Billing
from bot.errors import ProviderDown

_BACK = ("refund", "return", "revers", "revert")


def query(page: int, page_size: int, since: datetime, until: datetime) -> dict[str, Any]:
    """The JSON body of one page."""
    return {"page": page, "page_size": page_size, "start_time": _text(since), "end_time": _text(until)}


def page(data: Any) -> tuple[list[Billing], bool]:
    """The entries of one page, and whether more follow; those that can't be read are left out.

    Raises:
        ProviderDown: it is no page.
    """
    if not isinstance(data, dict) or not isinstance(data.get("items") or [], list):
        raise ProviderDown("the account's entries are no page")
    found = [_entry(item) for item in data.get("items") or [] if isinstance(item, dict)]
    return [entry for entry in found if entry is not None], bool(data.get("has_more"))


def _entry(item: Mapping[str, Any]) -> Billing | None:
    """An entry; what is given back is negative, whatever sign it was written with."""
    prediction = item.get("prediction")
    prediction_id = prediction.get("uuid") if isinstance(prediction, dict) else None
    price = item.get("price")
    if isinstance(price, bool) or not isinstance(price, int | float | str):
        return None
    try:
        amount = micros(price)
        at = datetime.fromisoformat(str(item.get("created_at")))
    except ValueError:
        return None
    kind = str(item.get("billing_type") or "").lower()
    if any(word in kind for word in _BACK):
        amount = -abs(amount)
    return Billing(
        id=str(item.get("uuid") or ""),
        micros=amount,
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        prediction_id=prediction_id if isinstance(prediction_id, str) and prediction_id else None,
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
