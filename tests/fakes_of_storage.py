"""Smaller stand-ins for Protocols, in memory: notes, turns, chats, people, pictures."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from bot.domain.edits import Edit, SentPicture
from bot.domain.preferences import Preferences
from bot.domain.turns import Capacity, Waiting, line
from tests.fakes import FakeEdits, Turns


@dataclass
class FakeNotes:
    """Implements `bot.domain.stores.Notes` in memory."""

    kept: dict[str, str] = field(default_factory=dict)
    at: dict[str, datetime] = field(default_factory=dict)
    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def get(self, name: str) -> str | None:
        return self.kept.get(name)

    async def newer(self, name: str, than: datetime | None) -> str | None:
        old = than is not None and name in self.at and self.at[name] <= than
        return None if old else self.kept.get(name)

    def alone(self, name: str) -> AbstractAsyncContextManager[None]:
        return self.turns[name]

    async def put(self, name: str, text: str, now: datetime) -> None:
        self.kept[name], self.at[name] = text, now

    async def put_new(self, name: str, text: str, now: datetime) -> bool:
        if name in self.kept:
            return False
        await self.put(name, text, now)
        return True

    async def drop(self, name: str) -> bool:
        return self.kept.pop(name, None) is not None


@dataclass
class FakeUntold:
    """Implements `bot.domain.untold.Untold` in memory."""

    edits: list[Edit] = field(default_factory=list)
    forgotten: datetime | None = None

    async def waiting(self, before: datetime) -> list[Edit]:
        return [edit for edit in self.edits if edit.ended_at is not None and edit.ended_at < before]

    async def claim(self, edit_id: str, before: datetime, now: datetime) -> Edit | None:
        found = next((edit for edit in await self.waiting(before) if edit.id == edit_id), None)
        if found is not None:
            self.edits[self.edits.index(found)] = replace(found, ended_at=now)
        return found

    async def told(self, edit_id: str) -> None:
        self.edits = [edit for edit in self.edits if edit.id != edit_id]

    async def forget(self, before: datetime) -> int:
        self.forgotten = before
        return 0


@dataclass
class FakeTurns:
    """Implements `bot.domain.turns.Turns` in memory, for one provider."""

    granted: dict[str, int] = field(default_factory=dict)  # edit → person
    waiting: dict[str, Waiting] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    last: dict[int, datetime] = field(default_factory=dict)
    begun: list[datetime] = field(default_factory=list)
    asked: Iterator[int] = field(default_factory=count)

    async def grant(
        self, provider: str, capacity: Capacity, waiting: Sequence[tuple[str, int]], now: datetime
    ) -> set[str]:
        for edit_id, user_id in waiting:
            if edit_id not in self.granted:
                self.waiting.setdefault(edit_id, Waiting(next(self.asked), edit_id, user_id))
        in_minute = sum(now - begun <= timedelta(minutes=1) for begun in self.begun)
        room = capacity.room(len(self.granted), in_minute)
        for one in line(list(self.waiting.values()), Counter(self.granted.values()), self.last)[:room]:
            del self.waiting[one.edit_id]
            self.granted[one.edit_id] = one.user_id
            self.order.append(one.edit_id)
            self.begun.append(now)
            self.last[one.user_id] = now
        return {edit_id for edit_id, _ in waiting if edit_id in self.granted}

    async def give_back(self, edit_id: str) -> None:
        self.granted.pop(edit_id, None)
        self.waiting.pop(edit_id, None)

    async def position(self, edit_id: str) -> int | None:
        order = line(list(self.waiting.values()), Counter(self.granted.values()), self.last)
        return next((place for place, one in enumerate(order) if one.edit_id == edit_id), None)

    async def forget(self, before: datetime) -> int:
        return 0


@dataclass
class FakeChats:
    """Implements `bot.domain.stores.Chats` over `FakeEdits`."""

    edits: FakeEdits = field(default_factory=FakeEdits)
    moves: list[tuple[int, int]] = field(default_factory=list)

    async def move(self, old: int, new: int) -> None:
        self.moves.append((old, new))

    async def left(self, chat_id: int) -> list[Edit]:
        found = self.edits.edits.values()
        return [edit for edit in found if edit.place.chat_id == chat_id and not edit.state.final]

    async def stale_statuses(self) -> list[Edit]:
        found = self.edits.edits.values()
        return [edit for edit in found if edit.state.final and edit.status_message_id is not None]


@dataclass
class FakePeople:
    """Implements `bot.domain.stores.People`: names, and what each chose; ``chosen`` holds for all others."""

    names: dict[int, str] = field(default_factory=dict)
    chosen: Preferences = field(default_factory=Preferences)
    saved: dict[int, Preferences] = field(default_factory=dict)

    async def seen(self, user_id: int, name: str, username: str | None, language: str | None) -> None:
        self.names[user_id] = name

    async def name(self, user_id: int) -> str | None:
        return self.names.get(user_id)

    async def preferences(self, user_id: int) -> Preferences:
        return self.saved.get(user_id, self.chosen)

    async def save_preferences(self, user_id: int, preferences: Preferences) -> None:
        self.saved[user_id] = preferences


@dataclass
class FakePictures:
    """Implements `bot.domain.ports.PictureSource`."""

    fetches: Turns[bytes] = field(default_factory=lambda: Turns(b"original"))

    async def fetch(self, picture: SentPicture) -> bytes:
        return self.fetches.take()
