"""The step in which an edit waits for its turn at the provider."""

from __future__ import annotations

from bot.domain.catalogue import QUALITY
from bot.domain.edits import Edit
from bot.domain.ports import Stage
from bot.errors import Throttled
from bot.jobs.ending import NOT_BOUGHT, ON, Ends

# What was measured is believed up to this factor: an outage or a clock that jumped says nothing of the next
# edit, whose end would be looked for hours late.
_BELIEVABLE = 5.0


class Waiting(Ends):
    """The line before the provider, seen from one edit."""

    async def turn(self, edit_id: str) -> str:
        """Wait until the provider has room and it is this edit's turn: ON or ENDED.

        A turn is kept until the attempt has ended, or until the provider says that it had no room.
        """
        edit = await self._.edits.get(edit_id)
        provider, seconds = self._provider(edit), self._.timing.turn_beat
        attempt = await self._.edits.current_attempt(edit_id)
        bought = attempt is not None and attempt.state not in NOT_BOUGHT
        if bought or not self._.line.limited(provider):
            return ON
        while not edit.state.final and not await self._.line.turn(provider, edit, seconds):
            if self._older(edit, self._.timing.edit_deadline):
                return await self._fail(edit, Throttled("its turn did not come"))
            await self._show_place(edit, provider)
            seconds = self._.timing.turn_show
            edit = await self._.edits.get(edit_id)
        return await self._told(edit) if edit.state.final else ON

    async def _show_place(self, edit: Edit, provider: str) -> None:
        place = await self._.line.place(edit.id)
        expected = self._.line.estimate(provider, place, await self.expected_seconds(edit))
        self._.messenger.progress(edit, Stage.WAITING_TURN, expected, place)

    async def expected_seconds(self, edit: Edit) -> float:
        """How long this edit will run: the median of recent ones like it, else what its row says."""
        usual = self._.catalogue().models[edit.model].seconds * self._.timing.model_second
        typical = await self._.edits.typical_seconds(edit.model, {QUALITY: edit.choices.get(QUALITY, "")})
        if typical is None:
            return usual
        return min(max(typical, usual / _BELIEVABLE), usual * _BELIEVABLE)
