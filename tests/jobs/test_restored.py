"""After a backup was put back: who waits for an answer hears that none will come by itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bot.domain.edits import EditState, Request, RequestState
from bot.domain.restored import NOTE, Restored
from bot.errors import EditUnknown, RequestForgotten, StorageBusy, WavebrushError
from bot.jobs.restored import AfterRestore
from bot.storage.database import Database
from bot.storage.requests import SqlRequests
from tests.fakes import FakeEdits, FakeMessenger
from tests.fakes_of_storage import FakeNotes
from tests.jobs.bench import TIMING, an_edit
from tests.storage.conftest import migrated_sqlite, sqlite_url
from tests.storage.makers import NOW, a_request
from tests.virtual_time import START, LoopClock, in_virtual_time

__all__ = ["migrated_sqlite", "sqlite_url"]  # the fixtures


@dataclass
class Listening(FakeMessenger):
    """Remembers refusals, too."""

    refused: list[tuple[str, WavebrushError]] = field(default_factory=list)

    async def refuse(self, request: Request, error: WavebrushError) -> None:
        self.refused.append((request.id, error))


class BusyOnce(FakeNotes):
    """Does not answer the first time."""

    asked = 0

    async def get(self, name: str) -> str | None:
        self.asked += 1
        if self.asked == 1:
            raise StorageBusy("locked")
        return await super().get(name)


async def told(notes: FakeNotes, edits: FakeEdits, url: str) -> Listening:
    messenger, database = Listening(), Database.open(url)
    request = a_request(id="r1", state=RequestState.EXPIRED)
    await SqlRequests(database).open(request, NOW)
    after = AfterRestore(notes, edits, SqlRequests(database), messenger, TIMING, LoopClock())
    await after.run()
    await after.run()
    await database.close()
    return messenger


async def test_everybody_is_told_once(sqlite_url: str) -> None:
    """Of an edit that is still unknown, of a request, and the admins; not of what was found meanwhile."""
    unknown = an_edit(id="e1", state=EditState.UNKNOWN)
    edits = FakeEdits({"e1": unknown, "e2": replace(unknown, id="e2", state=EditState.RUNNING)})
    notes = FakeNotes({NOTE: Restored(START, ("e1", "e2"), ("r1", "gone")).as_json()})
    messenger = await told(notes, edits, sqlite_url)
    [(edit, error)] = messenger.ends
    assert edit == unknown
    assert isinstance(error, EditUnknown)
    [(request_id, refusal)] = messenger.refused
    assert request_id == "r1"
    assert isinstance(refusal, RequestForgotten)
    assert messenger.notices == [("notice-restored", {"at": "2026-11-20 12:00", "edits": 2})]
    assert notes.kept == {}


async def test_a_start_without_a_restore_tells_nobody(sqlite_url: str) -> None:
    """Nothing is said and nothing is written."""
    notes = FakeNotes({"keyring": "secret"})
    messenger = await told(notes, FakeEdits(), sqlite_url)
    assert (messenger.ends, messenger.refused, messenger.notices) == ([], [], [])
    assert notes.kept == {"keyring": "secret"}


@in_virtual_time
async def test_a_busy_database_is_asked_again() -> None:
    """Nobody is forgotten because of it."""
    notes, messenger = BusyOnce({NOTE: Restored(START).as_json()}), Listening()
    edits = FakeEdits()
    requests = SqlRequests(Database.open("sqlite:////nonexistent/unused.db"))
    await AfterRestore(notes, edits, requests, messenger, TIMING, LoopClock()).run()
    assert [key for key, _ in messenger.notices] == ["notice-restored"]
