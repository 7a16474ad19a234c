"""One calm status message an edit: changed at most once in `Timing.progress`, taken away at the end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.chat.limiter import Priority
from bot.chat.replies import Bot, reply
from bot.chat.texts import say
from bot.clock import Clock
from bot.domain.edits import Edit
from bot.domain.ports import Stage
from bot.domain.stores import Edits
from bot.domain.timing import Timing
from bot.errors import WavebrushError

log = structlog.get_logger(__name__)
_EARLY = 0.001  # timers may fire a little early


@dataclass(slots=True)
class _Status:
    edit: Edit
    stage: Stage
    since: float  # monotonic, of the stage
    expected: float | None = None
    message_id: int | None = None
    shown: str = ""
    changed: float = float("-inf")  # monotonic, of the last call that showed it


class Progress:
    """Shows where edits are. Whatever Telegram says, an edit is never held up or failed by it."""

    def __init__(self, bot: Bot, edits: Edits, timing: Timing, clock: Clock) -> None:
        self._bot = bot
        self._edits = edits
        self._timing = timing
        self._clock = clock
        self._statuses: dict[str, _Status] = {}
        self._changed = asyncio.Event()
        self._showing = asyncio.Lock()

    def show(self, edit: Edit, stage: Stage, expected: float | None = None) -> None:
        """Remember where an edit is; the message follows."""
        status = self._statuses.get(edit.id)
        if status is None:
            status = _Status(edit, stage, self._clock.monotonic(), message_id=edit.status_message_id)
            self._statuses[edit.id] = status
            self._changed.set()
        if status.stage is not stage:
            status.since = self._clock.monotonic()
        status.stage, status.expected = stage, expected

    async def end(self, edit: Edit) -> None:
        """Take the message away."""
        async with self._showing:  # so that no message appears after this
            status = self._statuses.pop(edit.id, None)
        message_id = status.message_id if status and status.message_id else edit.status_message_id
        if message_id is None:
            return
        try:
            await self._bot.delete_message(edit.place.chat_id, message_id, rate_limit_args=Priority.ANSWER)
        except TelegramError as error:
            log.info("status_not_deleted", edit=edit.id, error=type(error).__name__)

    async def run(self) -> None:
        """Keep the messages true until cancelled: at once for a new edit, calmly after that."""
        while True:
            self._changed.clear()
            for edit_id in list(self._statuses):
                async with self._showing:
                    status = self._statuses.get(edit_id)
                    if status is not None:
                        await self._update(status)
            try:
                async with asyncio.timeout(self._timing.progress if self._statuses else None):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _update(self, status: _Status) -> None:
        text, now = self._text(status), self._clock.monotonic()
        if status.message_id is None:
            status.changed = now
            status.message_id = await reply(self._bot, status.edit.place, text)
            status.shown = text
            await self._remember(status)
        elif text != status.shown and now - status.changed > self._timing.progress - _EARLY:
            status.changed = now
            await self._edit(status, text)

    async def _edit(self, status: _Status, text: str) -> None:
        place = status.edit.place
        try:
            await self._bot.edit_message_text(
                text, place.chat_id, status.message_id, rate_limit_args=Priority.PROGRESS
            )
            status.shown = text
            await self._bot.send_chat_action(
                place.chat_id,
                ChatAction.UPLOAD_PHOTO,
                message_thread_id=place.thread_id,
                rate_limit_args=Priority.PROGRESS,
            )
        except TelegramError as error:
            log.debug("progress_skipped", edit=status.edit.id, error=type(error).__name__)

    async def _remember(self, status: _Status) -> None:
        """So that it is taken away even if this process ends first."""
        try:
            await self._edits.set_status_message(status.edit.id, status.message_id)
        except WavebrushError as error:
            log.warning("status_not_remembered", edit=status.edit.id, detail=str(error))

    def _text(self, status: _Status) -> str:
        language = status.edit.language
        seconds = round(self._clock.monotonic() - status.since)
        if status.stage is Stage.EDITING and status.expected and seconds <= status.expected:
            expected = max(1, round(status.expected))
            return say("stage-editing-expected", language, seconds=seconds, expected=expected)
        return say(f"stage-{status.stage}", language, seconds=seconds)
