"""Admins settle what only a person can know: edits of unknown fate, and charges that were wrong."""

from __future__ import annotations

import structlog

from bot.clock import Clock
from bot.domain.budgets import Accounts
from bot.domain.edits import EditState
from bot.domain.ports import Messenger
from bot.domain.stores import Edits
from bot.errors import EditFoundBilled, EditFoundFree

log = structlog.get_logger(__name__)


class Settling:
    """Each settles once, whoever presses first; the person is told."""

    def __init__(self, edits: Edits, accounts: Accounts, messenger: Messenger, clock: Clock) -> None:
        self._edits = edits
        self._accounts = accounts
        self._messenger = messenger
        self._clock = clock

    async def unknown(self, edit_id: str, *, charged: bool, by: int) -> bool:
        """Settle an edit whose fate nobody knew: its whole hold charged, or all of it released.

        False, with nothing changed, if it is not unknown (any more). Raises KeyError, StorageBusy.
        """
        edit = await self._edits.get(edit_id)
        if edit.state is not EditState.UNKNOWN:
            return False
        error = EditFoundBilled() if charged else EditFoundFree()
        charge = edit.quote if charged else 0
        now = self._clock.now()
        settled = await self._edits.settle(
            edit_id, EditState.FAILED, charge=charge, reason=error.key, now=now, only=EditState.UNKNOWN
        )
        if not settled:  # it was found, or settled, a moment ago
            return False
        log.info("unknown_settled", edit=edit_id, charge=charge, by=by)
        await self._messenger.end(await self._edits.get(edit_id), error)
        return True

    async def refund(self, edit_id: str, by: int) -> bool:
        """Give back what a settled edit was charged; False if it was nothing, or given back before.

        Raises StorageBusy.
        """
        found = await self._accounts.refundable(edit_id)
        if found is None or not found.charged:
            return False
        if not await self._accounts.adjust(edit_id, -found.charged, self._clock.now()):
            return False  # somebody else did a moment ago
        log.info("refunded", edit=edit_id, micros=found.charged, by=by)
        return True
