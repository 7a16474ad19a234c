"""Keeps the stand-in's world between its starts.

Not kept, because nothing of it outlasts a server: open polls, the webhook and its deliveries, flood
control, faults, the call log, chat actions.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bot.sandbox.shelf import Shelf
from bot.sandbox.telegram.files import Stored
from bot.sandbox.telegram.state import Chat, Json, Person, Query
from bot.sandbox.telegram.updates import Pending

if TYPE_CHECKING:
    from bot.sandbox.telegram.backend import Backend

FILE = "telegram.sqlite"
_FORM = 1
_BEGINNING = 1_735_689_600  # 2025 began
_FIRST_UPDATE = 100_000_000
_OF_CHATS = ("about", "members", "admins", "bot", "privacy_mode", "migrated_to", "version", "last_message_id")
_REST = ("privacy_mode", "last_group", "next_update", "allowed_updates")


class Kept:
    """The world of one stand-in in a directory."""

    def __init__(self, directory: Path, tg: Backend) -> None:
        self._tg = tg
        self._shelf = Shelf(directory / FILE, _FORM)
        self._versions: dict[int, int] = {}

    def load(self) -> bool:
        """Put back what was kept; say whether there was anything.

        Where there was not, ids of messages and updates begin with a number made of the time: a bot
        that remembers a world which is lost must not take new messages for old ones.
        """
        self._tg.world.before_first_message = int(time.time()) - _BEGINNING
        self._tg.updates.next_number = _FIRST_UPDATE + int(time.time()) - _BEGINNING
        saved = self._shelf.take(_Saved)
        if saved is None or not saved.frame:
            return False
        saved.to(self._tg)
        return True

    def save(self) -> None:
        """Write what changed. Raises ``sqlite3.Error`` where it can't be written now."""
        shelf, tg = self._shelf, self._tg
        # Pictures are taken in by threads, so these may grow meanwhile; who needs a file waits for it.
        files = {name: file for name, file in list(tg.files.all.items()) if file.content}
        shelf.mirror("bytes", dict.fromkeys(files), lambda name: files[name].data)
        shelf.mirror("file", dict.fromkeys(files), lambda name: _file_row(files[name]))
        shelf.mirror("link", dict(tg.files.links), tg.files.links.__getitem__)
        for chat in tg.world.chats.values():
            if self._versions.get(chat.id) != chat.version:
                self._save_messages(chat)
        frame = _frame(tg)
        shelf.mirror("frame", {"": sha256(json.dumps(frame).encode()).hexdigest()}, lambda _: frame)
        shelf.commit()

    def close(self) -> None:
        """Save and close the file."""
        self.save()
        self._shelf.close()

    def _save_messages(self, chat: Chat) -> None:
        def row(key: str) -> Json:
            number = int(key)
            return {
                "message": chat.messages[number],
                "reactions": chat.reactions.get(number),
                "changed": chat.changed[number],
            }

        states = {str(number): version for number, version in chat.changed.items()}
        self._shelf.mirror(f"messages of {chat.id}", states, row)
        self._versions[chat.id] = chat.version


def _file_row(file: Stored) -> Json:
    return {name: value for name, value in asdict(file).items() if name != "data"}


def _frame(tg: Backend) -> Json:
    """Everything but messages and files."""
    world, updates = tg.world, tg.updates
    return {
        "privacy_mode": world.privacy_mode,
        "last_group": world.last_group,
        "people": [asdict(person) for person in world.people.values()],
        "chats": [_chat_row(chat) for chat in world.chats.values()],
        "queries": {
            name: asdict(query) for name, query in world.queries.items() if query.expires > world.now()
        },
        "profile": [[list(key), value] for key, value in tg.profile.items()],
        "next_update": updates.next_number,
        "allowed_updates": updates.allowed,
        "pending": [asdict(entry) for entry in updates.pending],
    }


def _chat_row(chat: Chat) -> Json:
    return {name: getattr(chat, name) for name in (*_OF_CHATS, "topics", "deleted")}


class _Saved:
    """All that a shelf holds, read whole, so that a world is never half put back."""

    def __init__(self, shelf: Shelf) -> None:
        self.frame: Json = shelf.read("frame").get("", {})
        if not self.frame:
            return
        data = shelf.read("bytes")
        self._files = [Stored(**row, data=data[name]) for name, row in shelf.read("file").items()]
        self._links = {path: (str(name), float(ends)) for path, (name, ends) in shelf.read("link").items()}
        self._people = [Person(**row) for row in self.frame["people"]]
        self._chats = [_chat(row, shelf) for row in self.frame["chats"]]
        self._queries = {name: Query(**row) for name, row in self.frame["queries"].items()}
        self._profile = {tuple(map(str, key)): value for key, value in self.frame["profile"]}
        self._pending = [Pending(**row) for row in self.frame["pending"]]
        self._rest = [self.frame[name] for name in _REST]

    def to(self, tg: Backend) -> None:
        """Fill a new backend."""
        world, updates = tg.world, tg.updates
        world.privacy_mode, world.last_group, updates.next_number, updates.allowed = self._rest
        world.people = {person.user["id"]: person for person in self._people}
        world.chats = {chat.id: chat for chat in self._chats}
        world.queries = self._queries
        tg.profile = self._profile
        updates.pending = self._pending
        tg.files.all = {file.file_id: file for file in self._files}
        tg.files.links = self._links


def _chat(row: Json, shelf: Shelf) -> Chat:
    for name in ("topics", "deleted"):
        row[name] = {int(number): value for number, value in row[name].items()}  # JSON's keys are texts
    chat = Chat(**row)
    for key, kept in shelf.read(f"messages of {chat.id}").items():
        number = int(key)
        chat.messages[number], chat.changed[number] = kept["message"], kept["changed"]
        if kept["reactions"] is not None:
            chat.reactions[number] = kept["reactions"]
    return chat
