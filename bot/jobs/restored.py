"""After a backup was put back: those hear of it whose edits and requests it left open."""

from __future__ import annotations

import structlog

from bot.clock import Clock
from bot.domain.edits import EditState
from bot.domain.ports import Messenger
from bot.domain.restored import NOTE, Restored
from bot.domain.stores import Edits, Notes, Requests
from bot.domain.timing import Timing
from bot.errors import EditUnknown, RequestForgotten, StorageBusy
from bot.jobs import notes
from bot.jobs.patience import Patience

log = structlog.get_logger(__name__)


class AfterRestore:
    """Tells everybody once; after a crash in the middle, some twice."""

    def __init__(
        self,
        kept: Notes,
        edits: Edits,
        requests: Requests,
        messenger: Messenger,
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._notes = kept
        self._edits = edits
        self._requests = requests
        self._messenger = messenger
        self._timing = timing
        self._patiently = Patience(timing, clock)

    async def run(self) -> None:
        """Tell, if there is something to tell. What can't be read now is told at the next start."""
        try:
            await self._patiently(self._timing.edit_deadline, self._tell)
        except StorageBusy as error:
            log.warning("restore_not_told", detail=str(error))

    async def _tell(self) -> None:
        restored = await notes.read(self._notes, NOTE, Restored.of_json)
        if restored is None:
            return
        log.warning("restored", made_at=restored.made_at.isoformat(), edits=restored.edits)
        for edit_id in restored.edits:
            edit = await self._edits.get(edit_id)
            if edit.state is EditState.UNKNOWN:  # else it was found or settled meanwhile
                await self._messenger.end(edit, EditUnknown("restored from a backup"))
        for request_id in restored.requests:
            request = await self._requests.get(request_id)
            if request is not None:
                await self._messenger.refuse(request, RequestForgotten())
        await self._messenger.tell_admins(
            "notice-restored", at=f"{restored.made_at:%Y-%m-%d %H:%M}", edits=len(restored.edits)
        )
        await self._notes.drop(NOTE)
