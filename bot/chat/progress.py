"""Where edits are, shown calmly: what jobs and other rooms see of status messages and reactions."""

from __future__ import annotations

from typing import Protocol

from bot.chat.boards import Boards
from bot.chat.replies import Bot
from bot.chat.signs import Signs
from bot.clock import Clock
from bot.domain.edits import Edit, EditState
from bot.domain.ports import Stage
from bot.domain.stores import Chats, Edits, People
from bot.domain.timing import Timing


class Shows(Protocol):
    """Shows where edits are, in one process or in several. None of it holds an edit up or fails it."""

    signs: Signs

    def show(self, edit: Edit, stage: Stage, expected: float | None = None, place: int | None = None) -> None:
        """Remember where an edit is; the message follows."""
        ...

    async def end(self, edit: Edit) -> None:
        """Take an edit off. In private its message is gone when this returns."""
        ...

    def leave(self, chat_id: int) -> None:
        """The bot is no longer in that group."""
        ...

    def join(self, chat_id: int) -> None:
        """The bot is in that group (again)."""
        ...

    def move(self, old: int, new: int) -> None:
        """A group became a supergroup, which knows none of its messages."""
        ...

    async def run(self) -> None:
        """Do what has to be done for it, until cancelled."""
        ...


class Progress:
    """Of a bot that is one process. See `bot.chat.relay` for several."""

    def __init__(
        self, bot: Bot, edits: Edits, chats: Chats, people: People, timing: Timing, clock: Clock
    ) -> None:
        self._boards = Boards(bot, edits, chats, people, timing, clock)
        self._left: set[int] = set()
        self.signs = Signs(bot, timing, clock)

    def show(self, edit: Edit, stage: Stage, expected: float | None = None, place: int | None = None) -> None:
        """Remember where an edit is; the message follows."""
        if edit.place.chat_id not in self._left:
            self._boards.show(edit, stage, expected, place)

    async def end(self, edit: Edit) -> None:
        """Take an edit off. In private its message is gone when this returns."""
        if edit.place.chat_id not in self._left:
            sign(self.signs, edit)
            await self._boards.end(edit)

    def leave(self, chat_id: int) -> None:
        """The bot is no longer in that group: nothing more is sent there."""
        self._left.add(chat_id)
        self._boards.leave(chat_id)
        self.signs.leave(chat_id)

    def join(self, chat_id: int) -> None:
        """The bot is in that group (again)."""
        self._left.discard(chat_id)

    def move(self, old: int, new: int) -> None:
        """A group became a supergroup, which knows none of its messages."""
        self._boards.move(old, new)

    async def run(self) -> None:
        """Put up the signs, and take away what the last process left, until cancelled."""
        self._boards.tidy()
        try:
            await self.signs.run()
        finally:
            self._boards.close()


def sign(signs: Signs, edit: Edit) -> None:
    """Have a request carry what became of it."""
    if edit.state is EditState.DONE:
        signs.done(edit.place)
    else:
        signs.over(edit.place)
