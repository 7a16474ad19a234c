"""One calm status message an edit, there as soon as it begins and gone when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

from bot.chat.progress import Progress
from bot.domain.edits import Edit
from bot.domain.ports import Stage
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from tests.chat.memory_telegram import WITH_RETRY_AFTER, Call, MemoryTelegram, memory_bot, refused
from tests.fakes import FakeEdits, Turns
from tests.fakes_of_storage import FakeChats, FakePeople
from tests.jobs.bench import an_edit
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

pytestmark = WITH_RETRY_AFTER
TIMING = Timing()
SHOWN = ("sendMessage", "editMessageText", "deleteMessage")


@dataclass
class Shown:
    """A progress that runs, and what its chat got."""

    progress: Progress
    telegram: MemoryTelegram
    edits: FakeEdits

    @property
    def calls(self) -> list[Call]:
        """What changed the chat, in order."""
        return self.telegram.named(*SHOWN)

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.calls]

    @property
    def texts(self) -> list[str]:
        return [call.params["text"] for call in self.telegram.named("sendMessage", "editMessageText")]


def pauses(calls: list[Call]) -> list[float]:
    """The seconds between calls."""
    return [round(later.at - earlier.at, 3) for earlier, later in pairwise(calls)]


@asynccontextmanager
async def showing(edit: Edit, seconds: float = 0.0) -> AsyncIterator[Shown]:
    """A progress over a Telegram that takes so long for each call."""
    telegram, edits = MemoryTelegram(seconds), FakeEdits({edit.id: edit})
    bot = await memory_bot(telegram, TIMING)
    progress = Progress(bot, edits, FakeChats(edits), FakePeople({7: "Ada"}), TIMING, LoopClock())
    task = asyncio.create_task(progress.run())
    try:
        yield Shown(progress, telegram, edits)
    finally:
        await cancelled(task)
        await bot.shutdown()


@in_virtual_time
async def test_a_new_edit_is_shown_at_once_and_in_one_message() -> None:
    """Every later stage changes that message, and the end takes it away."""
    edit = an_edit()
    async with showing(edit) as shown:
        shown.progress.show(edit, Stage.QUEUED)
        await asyncio.sleep(0.5)
        assert shown.texts == ["🕓 In the queue…"]
        for stage in (Stage.UPLOADING, Stage.EDITING, Stage.FINISHING, Stage.SENDING):
            shown.progress.show(edit, stage)
            await asyncio.sleep(TIMING.progress)
        await shown.progress.end(shown.edits.edits["e1"])
        assert shown.methods == ["sendMessage", *["editMessageText"] * 4, "deleteMessage"]
        assert {call.params["message_id"] for call in shown.calls[1:]} == {100}


@in_virtual_time
async def test_it_changes_calmly() -> None:
    """However often something happens, at most once in three seconds."""
    edit = an_edit()
    async with showing(edit) as shown:
        for second in range(200):
            shown.progress.show(edit, (Stage.UPLOADING, Stage.EDITING)[second % 2])
            await asyncio.sleep(0.1)
        assert len(shown.calls) > 3
        assert min(pauses(shown.calls)) >= TIMING.progress


@in_virtual_time
async def test_new_edits_make_the_others_no_busier() -> None:
    """Ten edits in a row change each other's messages no more often than one would."""
    first = an_edit()
    async with showing(first) as shown:
        shown.progress.show(first, Stage.EDITING)
        for number in range(2, 10):
            await asyncio.sleep(0.5)
            shown.edits.edits[f"e{number}"] = an_edit(id=f"e{number}")
            shown.progress.show(shown.edits.edits[f"e{number}"], Stage.EDITING)
        await asyncio.sleep(60)
        changes = [call for call in shown.calls if call.params.get("message_id") == 100]
        assert len(changes) > 1
        assert min(pauses(changes)) >= TIMING.progress


@in_virtual_time
async def test_what_did_not_change_is_not_sent() -> None:
    """Telegram refuses a change to the same text, and it would cost a call."""
    edit = an_edit()
    async with showing(edit) as shown:
        shown.progress.show(edit, Stage.QUEUED)
        await asyncio.sleep(60)
        assert shown.methods == ["sendMessage"]


@in_virtual_time
async def test_editing_counts_the_seconds_up_to_what_is_expected() -> None:
    """After that it only says how long it has been: no promise that was broken stays there."""
    edit = an_edit()
    async with showing(edit) as shown:
        shown.progress.show(edit, Stage.EDITING, 10.0)
        await asyncio.sleep(20)
        assert shown.texts[0] == "🎨 Editing… 0 s of about 10 s\n▱▱▱▱▱▱▱▱"
        assert shown.texts[1] == "🎨 Editing… 3 s of about 10 s\n▰▰▱▱▱▱▱▱"
        assert shown.texts[-1] == "🎨 Editing… 18 s"


@in_virtual_time
async def test_a_picture_from_words_is_painted() -> None:
    """There is none to edit."""
    edit = an_edit(pictures=(), fit=None)
    async with showing(edit) as shown:
        shown.progress.show(edit, Stage.EDITING, 3.0)
        await asyncio.sleep(10)
        assert shown.texts[0].startswith("🎨 Painting… 0 s of about 3 s")
        assert shown.texts[-1] == "🎨 Painting… 9 s"


@in_virtual_time
async def test_its_message_is_remembered() -> None:
    """So that the next process takes it away if this one can't."""
    edit = an_edit()
    async with showing(edit) as shown:
        shown.progress.show(edit, Stage.QUEUED)
        await asyncio.sleep(0.5)
        assert shown.edits.edits["e1"].status_message_id == 100


@in_virtual_time
async def test_after_a_restart_the_same_message_is_used() -> None:
    """A second one would never be taken away."""
    edit = an_edit(status_message_id=55)
    async with showing(edit) as shown:
        shown.progress.show(edit, Stage.EDITING)
        await asyncio.sleep(1.0)
        await shown.progress.end(edit)
        assert shown.methods == ["editMessageText", "deleteMessage"]
        assert {call.params["message_id"] for call in shown.calls} == {55}


@in_virtual_time
async def test_an_end_without_a_status_calls_nothing() -> None:
    """Nothing was shown, so nothing is taken away."""
    async with showing(an_edit()) as shown:
        await shown.progress.end(an_edit())
        assert shown.calls == []


@in_virtual_time
async def test_an_end_while_the_message_is_being_sent_still_takes_it_away() -> None:
    """No message stays behind, and none comes after the end."""
    edit = an_edit()
    async with showing(edit, seconds=2.0) as shown:
        shown.progress.show(edit, Stage.QUEUED)
        await asyncio.sleep(1.0)
        assert shown.methods == ["sendMessage"]
        await shown.progress.end(edit)
        assert shown.methods == ["sendMessage", "deleteMessage"]
        assert shown.calls[1].params["message_id"] == 100
        await asyncio.sleep(60)
        assert shown.methods == ["sendMessage", "deleteMessage"]


@in_virtual_time
async def test_an_end_before_the_message_was_sent_sends_none() -> None:
    """An edit that was over at once never showed a status."""
    edit = an_edit()
    async with showing(edit) as shown:
        shown.progress.show(edit, Stage.QUEUED)
        await shown.progress.end(edit)
        await asyncio.sleep(60)
        assert shown.calls == []


@in_virtual_time
async def test_a_telegram_that_refuses_changes_fails_nothing() -> None:
    """The next change is tried in its own time."""
    edit = an_edit()
    async with showing(edit) as shown:
        shown.telegram.refusal = lambda call: (
            refused(400, "message to edit not found") if call.method.startswith("edit") else None
        )
        shown.progress.show(edit, Stage.QUEUED)
        await asyncio.sleep(1.0)
        shown.progress.show(edit, Stage.EDITING)
        await asyncio.sleep(10.0)
        shown.telegram.refusal = lambda call: None
        await asyncio.sleep(TIMING.progress)
        await shown.progress.end(edit)
        assert shown.texts[-1].startswith("🎨 Editing…")
        assert shown.methods[-1] == "deleteMessage"


@in_virtual_time
async def test_a_full_chat_is_left_alone() -> None:
    """After a 429 no change is tried before its time, and the end still takes the message away."""
    edit = an_edit()
    async with showing(edit) as shown:
        shown.telegram.refusal = lambda call: (
            refused(429, "Too Many Requests: retry after 30", retry_after=30)
            if call.method == "editMessageText" and call.at < 30
            else None
        )
        shown.progress.show(edit, Stage.EDITING)
        await asyncio.sleep(25.0)
        assert shown.methods.count("editMessageText") == 1
        await shown.progress.end(edit)
        assert shown.methods[-1] == "deleteMessage"


@in_virtual_time
async def test_a_message_that_is_gone_already_ends_well() -> None:
    """The person may have deleted it."""
    edit = an_edit(status_message_id=55)
    async with showing(edit) as shown:
        shown.telegram.refusal = lambda call: refused(400, "message to delete not found")
        await shown.progress.end(edit)
        assert shown.methods == ["deleteMessage"]


@in_virtual_time
async def test_a_busy_database_hides_no_progress() -> None:
    """The message is shown and taken away all the same."""
    edit = an_edit()
    async with showing(edit) as shown:
        shown.edits.busy = Turns(StorageBusy())
        shown.progress.show(edit, Stage.QUEUED)
        await asyncio.sleep(1.0)
        await shown.progress.end(edit)
        assert shown.methods == ["sendMessage", "deleteMessage"]


@in_virtual_time
async def test_what_was_asked_for_together_has_one_message() -> None:
    """It tells of the one that is furthest behind, and how many are done; it goes with the last."""
    edits = [an_edit(id=f"e{n}", origin=f"request:r1:{n}", batch="r1:0") for n in range(3)]
    async with showing(edits[0]) as shown:
        shown.edits.edits |= {edit.id: edit for edit in edits}
        for edit, stage in zip(edits, (Stage.SENDING, Stage.EDITING, Stage.SENDING), strict=True):
            shown.progress.show(edit, stage)
        await asyncio.sleep(1)
        assert shown.texts == ["🎨 Editing… 0 s\n2 of 3 done"]
        for edit in edits:
            assert shown.methods == ["sendMessage"]
            assert shown.edits.edits[edit.id].status_message_id == 100
            await shown.progress.end(edit)
        assert shown.methods == ["sendMessage", "deleteMessage"]
        assert [edit.status_message_id for edit in shown.edits.edits.values()] == [None] * 3
