"""The last step: the picture reaches its person, alone or with the others of its batch, and is charged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog

from bot import failpoints
from bot.domain.batches import led_by, to_be_told
from bot.domain.edits import Delivered, Edit, EditState, KeptResult, Ready
from bot.domain.pictures import Size
from bot.domain.ports import Stage
from bot.errors import ArrivalUnknown, MessengerBusy, OutputUnusable, WavebrushError
from bot.jobs.buying import Buying
from bot.jobs.charging import Charging
from bot.jobs.ending import ENDED, WAIT, Ports

log = structlog.get_logger(__name__)


class Delivering(Buying):
    """Delivers and charges in one step: a crash between delivers twice, not never, and charges once."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        self._price = Charging(ports.edits, ports.quotes, ports.catalogue)

    async def deliver(self, edit_id: str) -> str:
        """Reply with the kept picture and book its price: ENDED, or a wait.

        It waits while Telegram is down, and for the other results of its batch, which the first of them
        delivers and books for all.
        """
        edit = await self._.edits.get(edit_id)
        if edit.state.final:
            return await self._told(edit)
        result = await self._.edits.result(edit_id)
        if result is None:
            return await self._lost(edit)
        if edit.state is not EditState.DELIVERING:  # who waits for others looks every few seconds
            await self._.edits.advance(edit_id, EditState.DELIVERING)
        self._.messenger.progress(edit, Stage.SENDING)
        batch = await self._batch(edit)
        together = await self._together(edit, batch)
        if together is None:
            return f"{WAIT}{self._beat(result)}"
        own = await self._ready(edit, result)
        if own is None:
            return await self._lost(edit)
        if edit.result_message_id is not None:  # a crash came before it was booked
            await self._book([own], EditState.DONE)
            return ENDED
        others = [
            await self._ready(one, await self._.edits.result(one.id)) for one in together if one.id != edit_id
        ]
        return await self._deliver([own, *filter(None, others)], to_be_told(batch))

    async def _lost(self, edit: Edit) -> str:
        """What was made is gone, and billed all the same."""
        error = OutputUnusable("the kept result is gone")
        return await self._fail(edit, error, charge=await self._price(edit, None))

    async def _ready(self, edit: Edit, result: KeptResult | None) -> Ready | None:
        """An edit's kept result with its price; None if it is gone."""
        data = await self._.blobs.get(result.key) if result else None
        if result is None or data is None:
            return None
        price = await self._price(edit, Size(result.width, result.height))
        return Ready(edit, result, data, price)

    async def _batch(self, edit: Edit) -> list[Edit]:
        return [edit] if edit.batch is None else await self._.edits.of_batch(edit.batch)

    async def _together(self, edit: Edit, batch: list[Edit]) -> list[Edit] | None:
        """Whom this edit delivers now; None: it waits."""
        if edit.batch is None or edit.result_message_id is not None:
            return [edit]
        timing, kept = self._.timing, await self._.edits.kept_since([one.id for one in batch])
        patience, grace = timedelta(seconds=timing.batch_wait), timedelta(seconds=timing.batch_beat)
        return led_by(edit, batch, kept, self._.clock.now(), patience, grace)

    def _beat(self, own: KeptResult) -> float:
        """How soon to look again: seldom where only a delivery in trouble, perhaps of days, is waited for."""
        now, timing = self._.clock.now(), self._.timing
        in_time = timedelta(seconds=timing.batch_wait + 2 * timing.batch_beat)
        waited = now - own.kept_at if own.kept_at else timedelta()
        return timing.batch_beat if waited <= in_time else timing.retry_most

    async def _deliver(self, ready: Sequence[Ready], failed: Sequence[Edit]) -> str:
        """Send and book; the first of ``ready`` is whose step this is."""
        leader = ready[0].edit
        try:
            sent = await self._patiently(self._.timing.send_deadline, self._sent, ready, failed)
        except WavebrushError as error:
            log.warning("not_delivered", edit=leader.id, error=type(error).__name__, detail=str(error))
            if not error.permanent and not self._older(leader, self._.timing.deliver_for):
                return f"{WAIT}{self._.timing.retry_most}"
            await self._book(ready, EditState.UNDELIVERABLE, error)
            return ENDED
        failpoints.reached("picture_sent")
        if sent is not None:
            ready = [one for one in ready if one.edit.id in sent]
            # The leader last, here and in the books: until then no other takes the lead.
            for one in reversed(ready):
                message = sent[one.edit.id]
                await self._durably(self._.edits.delivered, one.edit.id, message.message_id, message.file_id)
        failpoints.reached("delivery_noted")
        await self._book(ready, EditState.DONE, ArrivalUnknown() if sent is None else None)
        # What did not fit in with the others is sent in a message of its own.
        return ENDED if leader.id in (one.edit.id for one in ready) else f"{WAIT}{self._.timing.batch_beat}"

    async def _sent(self, ready: Sequence[Ready], failed: Sequence[Edit]) -> Mapping[str, Delivered] | None:
        """Send; None where Telegram's answer is lost twice, and the pictures have most likely arrived."""
        leader = ready[0].edit
        seconds = (self._.clock.now() - leader.created_at).total_seconds()
        for last in (False, True):
            try:
                return await self._.messenger.deliver(ready, failed, seconds)
            except MessengerBusy as error:
                if not error.uncertain:
                    raise
                log.warning("delivery_uncertain", edit=leader.id, detail=str(error), again=not last)
        return None

    async def _book(
        self, ready: Sequence[Ready], state: EditState, error: WavebrushError | None = None
    ) -> None:
        """Charge what was made. Of several that may not have arrived, their person reads it once."""
        for one in reversed(ready):
            reason = error.key if error else None
            await self._settle(one.edit, state, charge=one.charged, reason=reason, tell=one is ready[0])
        failpoints.reached("charge_booked")
        said = error if state is EditState.DONE else None  # nobody reads what can't be delivered
        for one in ready:
            await self._.messenger.end(await self._.edits.get(one.edit.id), said)
            said = None
