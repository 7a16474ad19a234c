"""Status messages: in private one for each edit or batch, in a group one that lists all that run.

A message changes at most once in `Timing.progress` (`Timing.progress_group`) and is taken away at the
end, if need be by the next process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextvars import Context
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from telegram import InlineKeyboardMarkup
from telegram.constants import ChatAction
from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.chat.cancels import cancel_button
from bot.chat.limiter import Priority
from bot.chat.replies import Bot, answering
from bot.chat.statuses import Line, Running, group_text, merged, private_text
from bot.clock import Clock
from bot.domain.edits import Edit, Place
from bot.domain.ports import Stage
from bot.domain.stores import Chats, Edits, People
from bot.domain.timing import Timing
from bot.errors import WavebrushError

log = structlog.get_logger(__name__)
_WAITING = {Stage.QUEUED, Stage.WAITING_TURN}

_Key = tuple[int, int | str | None]  # a private chat and an edit's id or batch, or a group and its topic


@dataclass(slots=True)
class _Board:
    """One status message and what it is about."""

    key: _Key
    chat_id: int
    thread_id: int | None
    message_id: int | None
    running: dict[str, Running] = field(default_factory=dict)
    noted: set[str] = field(default_factory=set)  # the edits whose row names this message
    shown: str = ""
    alive: bool = True  # the chat takes messages
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    @property
    def private(self) -> bool:
        return self.chat_id > 0


class Boards:
    """The messages of one process. Whatever Telegram says, an edit is never held up or failed by it."""

    def __init__(
        self, bot: Bot, edits: Edits, chats: Chats, people: People, timing: Timing, clock: Clock
    ) -> None:
        self._bot = bot
        self._edits = edits
        self._chats = chats
        self._people = people
        self._timing = timing
        self._clock = clock
        self._boards: dict[_Key, _Board] = {}
        self._of_edit: dict[str, _Board] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def show(
        self,
        edit: Edit,
        stage: Stage,
        expected: float | None = None,
        place: int | None = None,
        *,
        age: float = 0.0,
    ) -> None:
        """Remember where an edit is; the message follows. ``age`` is how many seconds a new stage has run."""
        if self._closed:
            return
        board = self._of_edit.get(edit.id) or self._board(edit)
        self._of_edit[edit.id] = board
        known = board.running.get(edit.id)
        since = known.since if known and known.stage is stage else self._clock.monotonic() - age
        board.running[edit.id] = Running(edit, stage, since, expected, place)

    async def end(self, edit: Edit) -> None:
        """Take an edit off. In private its message is gone when this returns."""
        board = self._of_edit.get(edit.id)
        if board is None:
            await self._end_of_last_process(edit)
            return
        await self._take_off(board, edit.id)
        if board.private and not board.running and board.task is not None:
            await asyncio.wait([board.task])

    async def ended(self, edit: Edit) -> None:
        """Take an edit off that another process has ended, and that takes its private message away."""
        board = self._of_edit.get(edit.id)
        if board is None:
            return
        if board.private and edit.id in board.noted and len(board.running) == 1:
            board.message_id = None
            self._start(self._make_sure(edit.id), "make sure of a status")
        await self._take_off(board, edit.id)

    async def take_away(self, edit: Edit) -> None:
        """Take away a private message that another process shows, unless others of the batch still run."""
        message_id = edit.status_message_id
        if message_id is None:
            return
        try:
            batch = [edit] if edit.batch is None else await self._edits.of_batch(edit.batch)
        except WavebrushError as error:  # who tidies up finds it
            log.warning("status_not_taken_away", edit=edit.id, detail=str(error))
            return
        shown = [one for one in batch if one.status_message_id == message_id]
        if all(one.state.final for one in shown if one.id != edit.id):
            await self._take_away(edit.place.chat_id, message_id, {one.id for one in shown})

    def leave(self, chat_id: int) -> None:
        """Say nothing more there."""
        self._put_down([board for board in self._boards.values() if board.chat_id == chat_id])

    def put_down(self) -> None:
        """Leave all messages as they are, for another process to go on with."""
        self._put_down(list(self._boards.values()))

    def move(self, old: int, new: int) -> None:
        """A group became a supergroup, which knows none of its messages."""
        for board in [board for board in self._boards.values() if board.chat_id == old]:
            running = dict(board.running)
            self._put_down([board])
            for entry in running.values():
                place = Place(new, -abs(entry.edit.place.message_id))
                moved = replace(entry.edit, place=place, status_message_id=None)
                self.show(moved, entry.stage, entry.expected, entry.place)

    def tidy(self) -> None:
        """Take away what other processes left behind."""
        self._start(self._tidy(), "tidy statuses")

    def close(self) -> None:
        """Stop where they are."""
        self._closed = True
        for task in self._tasks:
            task.cancel()

    # --- the messages ---------------------------------------------------------------------------------

    def _board(self, edit: Edit) -> _Board:
        """The board that an edit belongs to; a new one begins at once."""
        key = _key(edit)
        board = self._boards.get(key)
        if board is None:
            board = _Board(key, edit.place.chat_id, edit.place.thread_id, edit.status_message_id)
            self._boards[key] = board
            board.task = self._start(self._keep(board), f"status {key}")
        elif board.message_id is None:
            board.message_id = edit.status_message_id
        if board.message_id is not None and board.message_id == edit.status_message_id:
            board.noted.add(edit.id)
        return board

    async def _keep(self, board: _Board) -> None:
        """Keep one message true as long as something runs; at once at first, calmly after that."""
        pause = self._timing.progress if board.private else self._timing.progress_group
        while board.running:
            board.ended.clear()
            await self._update(board)
            try:
                async with asyncio.timeout(pause):
                    await board.ended.wait()
            except TimeoutError:
                pass
        self._drop(board)  # before its message is: what begins meanwhile gets a message of its own
        # One that was put down goes on in another process, if that can know of it.
        if board.message_id is not None and (board.alive or not board.noted):
            await self._take_away(board.chat_id, board.message_id, board.noted)

    async def _update(self, board: _Board) -> None:
        lines = await self._lines(board)
        if not lines or not board.alive:
            return
        try:
            await self._put(board, lines)
            await self._act(board)
        except ChatMigrated as error:
            self.move(board.chat_id, error.new_chat_id)
        except Forbidden:
            board.alive = False
        except TelegramError as error:
            log.debug("progress_skipped", chat=board.chat_id, error=type(error).__name__)

    async def _put(self, board: _Board, lines: list[Line]) -> None:
        """Send the message or change it, if it is to say something else."""
        text = private_text(lines[0]) if board.private else group_text(lines)
        markup = _markup(lines[0].running.edit)
        if board.message_id is None:
            await self._send(board, text, markup, lines[0].running.edit)
        elif text != board.shown:
            await self._change(board, board.message_id, text, markup)
        for edit_id in board.running.keys() - board.noted:
            if await self._note(edit_id, board.message_id):
                board.noted.add(edit_id)

    async def _send(self, board: _Board, text: str, markup: InlineKeyboardMarkup | None, edit: Edit) -> None:
        sent = await self._bot.send_message(
            board.chat_id,
            text,
            message_thread_id=board.thread_id,
            disable_notification=True,
            reply_parameters=answering(edit.place.message_id) if board.private else None,
            reply_markup=markup,
            rate_limit_args=Priority.PROGRESS,
        )
        board.message_id, board.shown = sent.message_id, text
        if sent.chat_id != board.chat_id:  # its group became a supergroup a moment ago
            board.chat_id, board.thread_id = sent.chat_id, None
            self._boards.pop(board.key, None)
            board.key = (sent.chat_id, None)
            self._boards.setdefault(board.key, board)

    async def _change(
        self, board: _Board, message_id: int, text: str, markup: InlineKeyboardMarkup | None
    ) -> None:
        try:
            await self._bot.edit_message_text(
                text, board.chat_id, message_id, reply_markup=markup, rate_limit_args=Priority.PROGRESS
            )
        except BadRequest as error:
            if "not modified" not in error.message:  # else the last process said the same
                raise
        board.shown = text

    async def _act(self, board: _Board) -> None:
        """Say "sending a photo" under the chat's name, which lasts five seconds."""
        if any(entry.stage not in _WAITING for entry in board.running.values()):
            await self._bot.send_chat_action(
                board.chat_id,
                ChatAction.UPLOAD_PHOTO,
                message_thread_id=board.thread_id,
                rate_limit_args=Priority.SIGN,
            )

    async def _take_away(self, chat_id: int, message_id: int, edit_ids: set[str]) -> None:
        try:
            await self._bot.delete_message(chat_id, message_id, rate_limit_args=Priority.ANSWER)
        except TelegramError as error:
            log.info("status_not_deleted", chat=chat_id, error=type(error).__name__)
            if not isinstance(error, BadRequest | Forbidden | ChatMigrated):
                return  # the next process tries again
        for edit_id in edit_ids:
            await self._note(edit_id, None)

    async def _take_off(self, board: _Board, edit_id: str) -> None:
        del self._of_edit[edit_id]
        board.running.pop(edit_id, None)
        if board.running:
            board.noted.discard(edit_id)
            await self._note(edit_id, None)
        else:
            board.ended.set()

    def _put_down(self, boards: Iterable[_Board]) -> None:
        for board in boards:
            board.alive = False
            self._drop(board)

    def _drop(self, board: _Board) -> None:
        for edit_id in board.running:
            self._of_edit.pop(edit_id, None)
        board.running.clear()
        board.ended.set()
        if self._boards.get(board.key) is board:
            del self._boards[board.key]

    # --- what the last process left -------------------------------------------------------------------

    async def _end_of_last_process(self, edit: Edit) -> None:
        """End an edit that this process has shown nothing of."""
        if edit.place.chat_id > 0:
            await self.take_away(edit)
        elif edit.status_message_id is not None:  # the message may show others, too
            self.tidy()

    async def _make_sure(self, edit_id: str) -> None:
        """A moment later, as that process may have died."""
        await asyncio.sleep(self._timing.progress)
        try:
            edit = await self._edits.get(edit_id)
        except WavebrushError as error:
            log.warning("status_not_taken_away", edit=edit_id, detail=str(error))
            return
        await self.take_away(edit)

    async def _tidy(self) -> None:
        try:
            stale = await self._chats.stale_statuses()
        except WavebrushError as error:
            log.warning("statuses_not_tidied", detail=str(error))
            return
        for edit in stale:
            if edit.status_message_id is not None:
                await self._take_away(edit.place.chat_id, edit.status_message_id, {edit.id})

    # --- small things -----------------------------------------------------------------------------------

    async def _lines(self, board: _Board) -> list[Line]:
        lines = []
        for entry in list(board.running.values()):
            name = "" if board.private else await self._name(entry.edit.user_id)
            lines.append(Line(entry, self._seconds(entry), self._place(entry), name))
        return merged([line for line in lines if line.running.edit.id in board.running])

    def _seconds(self, entry: Running) -> int:
        """How long a stage has taken: editing counts from the paid call, also after a restart."""
        if entry.stage is Stage.EDITING and entry.edit.submitted_at is not None:
            return max(0, round((self._clock.now() - entry.edit.submitted_at).total_seconds()))
        return round(self._clock.monotonic() - entry.since)

    def _place(self, entry: Running) -> int:
        """Which of those that wait for the same it is: everybody's turn at the provider, else one's own."""
        if entry.place is not None:
            return entry.place
        others = (running for board in self._boards.values() for running in board.running.values())
        return 1 + sum(
            other.stage is entry.stage
            and other.edit.created_at < entry.edit.created_at
            and (entry.stage is Stage.WAITING_TURN or other.edit.user_id == entry.edit.user_id)
            for other in others
        )

    async def _name(self, user_id: int) -> str:
        try:
            return await self._people.name(user_id) or "?"
        except WavebrushError as error:
            log.debug("name_unknown", detail=str(error))
            return "?"

    async def _note(self, edit_id: str, message_id: int | None) -> bool:
        """So that the message is taken away even if this process ends first."""
        try:
            await self._edits.set_status_message(edit_id, message_id)
        except WavebrushError as error:
            log.warning("status_not_noted", edit=edit_id, detail=str(error))
            return False
        return True

    def _start(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        # In a context of its own: a status may outlive the edit that began it, and show others.
        task = asyncio.create_task(coroutine, name=name, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("status_broke", task=task.get_name(), exc_info=error)


def _key(edit: Edit) -> _Key:
    chat_id = edit.place.chat_id
    return (chat_id, (edit.batch or edit.id) if chat_id > 0 else edit.place.thread_id)


def _markup(edit: Edit) -> InlineKeyboardMarkup | None:
    """In private, a button to cancel it; a group's message is about several edits."""
    return cancel_button(edit) if edit.place.chat_id > 0 else None
