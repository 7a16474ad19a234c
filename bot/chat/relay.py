"""Status messages of a bot that is several processes: all write where their edits are, one shows it."""

from __future__ import annotations

import asyncio

import structlog

from bot.chat.boards import Boards
from bot.chat.progress import sign
from bot.chat.replies import Bot
from bot.chat.signs import Signs
from bot.clock import Clock
from bot.domain.edits import Edit
from bot.domain.ports import Stage
from bot.domain.shared import Staged, Stages
from bot.domain.stores import Chats, Edits, People
from bot.domain.timing import Timing
from bot.errors import WavebrushError

log = structlog.get_logger(__name__)


class SharedProgress:
    """What one of the processes says, and in the one that keeps the messages, what it shows of all."""

    def __init__(
        self,
        bot: Bot,
        edits: Edits,
        chats: Chats,
        people: People,
        stages: Stages,
        timing: Timing,
        clock: Clock,
    ) -> None:
        self._boards = Boards(bot, edits, chats, people, timing, clock)
        self._edits = edits
        self._stages = stages
        self._timing = timing
        self._clock = clock
        self._newest: dict[str, Staged] = {}  # by the edit's id, and not yet written
        self._new = asyncio.Event()
        self._writing = asyncio.Lock()
        self._shown: dict[str, Edit] = {}  # on the boards, as last read
        self.signs = Signs(bot, timing, clock, alone=False)

    def show(self, edit: Edit, stage: Stage, expected: float | None = None, place: int | None = None) -> None:
        """Have it written where an edit is; the message follows."""
        self._newest[edit.id] = Staged(edit, stage, self._clock.now(), expected, place)
        self._new.set()

    async def end(self, edit: Edit) -> None:
        """Take an edit off. In private its message is gone when this returns.

        But if it is just being sent; then who keeps the messages takes it away a moment later.
        """
        sign(self.signs, edit)
        try:
            if edit.place.chat_id > 0:  # before its row: so nobody else takes it away as well
                await self._boards.take_away(await self._edits.get(edit.id))
            async with self._writing:
                self._newest.pop(edit.id, None)
                await self._stages.drop(edit.id)
        except WavebrushError as error:  # of an edit that is final the row is not shown
            log.warning("stage_not_dropped", edit=edit.id, detail=str(error))

    def leave(self, chat_id: int) -> None:
        """Put up no more signs there. Telegram refuses a message, which whoever keeps them sees by itself."""
        self.signs.leave(chat_id)

    def join(self, chat_id: int) -> None:
        """The next edit there is shown again."""

    def move(self, old: int, new: int) -> None:
        """The edits are in their new chat already, where whoever keeps the messages finds them."""

    async def run(self) -> None:
        """Write where this process's edits are, and put up its signs, until cancelled."""
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._write(), name="stages")
                loops.create_task(self.signs.run(), name="signs")
        finally:
            self._boards.close()

    async def keep(self) -> None:
        """Keep the messages true for all processes, until cancelled: in one process at a time."""
        self._boards.tidy()
        forget_at = self._clock.monotonic()
        try:
            while True:
                try:
                    await self._follow()
                    if self._clock.monotonic() >= forget_at:
                        await self._stages.forget()
                        forget_at = self._clock.monotonic() + self._timing.forget
                except WavebrushError as error:
                    log.warning("stages_not_read", detail=str(error))
                await asyncio.sleep(self._timing.progress_shared)
        finally:
            self._boards.put_down()
            self._shown.clear()

    async def _write(self) -> None:
        """Write the newest of each edit. What came meanwhile is written together."""
        while True:
            await self._new.wait()
            self._new.clear()
            async with self._writing:
                newest, self._newest = self._newest, {}
                try:
                    if newest:
                        await self._stages.put(list(newest.values()))
                    continue
                except WavebrushError as error:
                    log.warning("stages_not_written", edits=len(newest), detail=str(error))
                    self._newest = newest | self._newest
            await asyncio.sleep(self._timing.retry_first)
            self._new.set()

    async def _follow(self) -> None:
        """Bring the boards to what runs now."""
        running = {staged.edit.id: staged for staged in await self._stages.running()}
        for edit_id in self._shown.keys() - running.keys():
            await self._boards.ended(self._shown.pop(edit_id))
        for edit_id, staged in running.items():
            old, new = self._shown.get(edit_id, staged.edit), staged.edit
            if old.place.chat_id != new.place.chat_id:
                self._boards.move(old.place.chat_id, new.place.chat_id)
            age = (self._clock.now() - staged.since).total_seconds()
            self._boards.show(new, staged.stage, staged.expected, staged.place, age=max(0.0, age))
            self._shown[edit_id] = new
