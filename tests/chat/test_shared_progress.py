"""Several processes, one chat: each says where its edits are, and one of them shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot.chat.relay import SharedProgress
from bot.domain.edits import Edit, EditState, Place
from bot.domain.ports import Stage
from bot.domain.shared import Staged
from bot.domain.timing import Timing
from bot.errors import StorageBusy
from bot.storage.chats import SqlChats
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.people import SqlPeople
from bot.storage.stages import SqlStages
from tests.chat.memory_telegram import WITH_RETRY_AFTER, Call, MemoryTelegram, memory_bot
from tests.fakes import FakeEdits, Turns
from tests.fakes_of_storage import FakeChats, FakePeople
from tests.jobs.bench import an_edit
from tests.storage.makers import accepted
from tests.virtual_time import START, LoopClock, cancelled, in_virtual_time

pytestmark = WITH_RETRY_AFTER
TIMING = Timing()
BEAT = TIMING.progress_shared
ADA, BEN, CLUB = 1001, 1002, -2001
SHOWN = ("sendMessage", "editMessageText", "deleteMessage")


@dataclass
class FakeStages:
    """Implements `bot.domain.shared.Stages` in memory, over `FakeEdits`."""

    edits: FakeEdits
    rows: dict[str, Staged] = field(default_factory=dict)
    busy: Turns[None] = field(default_factory=lambda: Turns(None))

    async def put(self, staged: Sequence[Staged]) -> None:
        self.busy.take()
        for one in staged:
            before = self.rows.get(one.edit.id, one)
            if before.since <= one.since:
                same = before.stage is one.stage
                self.rows[one.edit.id] = replace(one, since=before.since) if same else one

    async def drop(self, edit_id: str) -> None:
        self.busy.take()
        self.rows.pop(edit_id, None)

    async def running(self) -> list[Staged]:
        self.busy.take()
        now = [replace(row, edit=self.edits.edits[key]) for key, row in self.rows.items()]
        return [row for row in now if not row.edit.state.final]

    async def forget(self) -> int:
        ended = [key for key in self.rows if self.edits.edits[key].state.final]
        for key in ended:
            del self.rows[key]
        return len(ended)


class Bot:
    """A bot of two processes, with one Telegram and one database."""

    def __init__(self, telegram: MemoryTelegram, edits: FakeEdits, stages: FakeStages) -> None:
        self.telegram, self.edits, self.stages = telegram, edits, stages
        self.processes: list[SharedProgress] = []
        self.keeping: asyncio.Task[None] | None = None

    def asks(self, number: int, chat: int, user: int = ADA, **changes: Any) -> Edit:
        """An edit that somebody asked for with the message of that number."""
        edit = an_edit(id=f"e{number}", user_id=user, place=Place(chat, number), **changes)
        self.edits.edits[edit.id] = edit
        return edit

    async def ends(self, edit: Edit, process: int, state: EditState = EditState.DONE) -> None:
        self.edits.change(edit.id, state=state)
        await self.processes[process].end(self.edits.edits[edit.id])

    async def keeps(self, process: int | None) -> None:
        """That process has the lease from now on."""
        if self.keeping is not None:
            await cancelled(self.keeping)
        self.keeping = None
        if process is not None:
            self.keeping = asyncio.create_task(self.processes[process].keep())

    @property
    def calls(self) -> list[Call]:
        return self.telegram.named(*SHOWN)

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.calls]

    @property
    def text(self) -> str:
        """What the message says last."""
        return str(self.telegram.named("sendMessage", "editMessageText")[-1].params["text"])


@asynccontextmanager
async def two(*left: Edit, seconds: float = 0.0) -> AsyncIterator[Bot]:
    """The second process keeps the messages; ``left`` are edits that were there before."""
    telegram, edits = MemoryTelegram(seconds), FakeEdits({edit.id: edit for edit in left})
    both = Bot(telegram, edits, FakeStages(edits))
    people = FakePeople({ADA: "Ada", BEN: "Ben"})
    async with AsyncExitStack() as stack:
        for _ in range(2):
            bot = await memory_bot(telegram, TIMING)
            stack.push_async_callback(bot.shutdown)
            progress = SharedProgress(bot, edits, FakeChats(edits), people, both.stages, TIMING, LoopClock())
            stack.push_async_callback(cancelled, asyncio.create_task(progress.run()))
            both.processes.append(progress)
        await both.keeps(1)
        yield both
        await both.keeps(None)


@in_virtual_time
async def test_an_edit_has_one_message_whoever_works_on_it() -> None:
    """Accepted in one process and run in another: sent once, changed, and gone when its end returns."""
    async with two() as bot:
        edit = bot.asks(1, ADA)
        bot.processes[0].show(edit, Stage.QUEUED)
        await asyncio.sleep(2 * BEAT)
        assert bot.text == "🕓 In the queue…"
        bot.processes[1].show(edit, Stage.EDITING, 40.0)
        await asyncio.sleep(10)
        assert bot.text.startswith("🎨 Editing… 8 s of about 40 s")
        await bot.ends(edit, process=0)
        assert bot.methods[-1] == "deleteMessage"
        assert bot.edits.edits["e1"].status_message_id is None
        await asyncio.sleep(10)
        assert (bot.methods.count("sendMessage"), bot.methods.count("deleteMessage")) == (1, 1)
        assert bot.stages.rows == {}


@in_virtual_time
async def test_a_group_has_one_message_for_the_edits_of_all_processes() -> None:
    """It lists them in the order of asking, and goes with the last."""
    async with two() as bot:
        ada, ben = bot.asks(1, CLUB, ADA), bot.asks(2, CLUB, BEN)
        bot.processes[0].show(ada, Stage.EDITING)
        bot.processes[1].show(ben, Stage.QUEUED)
        await asyncio.sleep(2 * BEAT)
        assert [line.partition(",")[0] for line in bot.text.splitlines()[1:]] == ["Ada", "Ben"]
        await bot.ends(ada, process=0)
        await asyncio.sleep(TIMING.progress_group + BEAT)
        assert "Ada" not in bot.text
        await bot.ends(ben, process=1)
        await asyncio.sleep(2 * BEAT)
        assert bot.methods.count("sendMessage") == 1
        assert bot.methods[-1] == "deleteMessage"
        assert {edit.status_message_id for edit in bot.edits.edits.values()} == {None}


@in_virtual_time
async def test_who_takes_over_goes_on_with_the_same_message() -> None:
    """The lease goes to another process: nothing is sent again, and no message stays behind."""
    async with two() as bot:
        edit, other = bot.asks(1, ADA), bot.asks(2, CLUB)
        bot.processes[0].show(edit, Stage.EDITING, 60.0)
        bot.processes[0].show(other, Stage.QUEUED)
        await asyncio.sleep(10)
        await bot.keeps(0)
        await asyncio.sleep(20)
        assert bot.text.startswith("🎨 Editing… 28 s of about 60 s")
        assert bot.methods.count("sendMessage") == 2
        changed = len(bot.telegram.named("editMessageText"))
        await bot.keeps(None)
        await asyncio.sleep(60)
        assert len(bot.telegram.named("editMessageText")) == changed
        assert "deleteMessage" not in bot.methods
        for one in (edit, other):
            await bot.ends(one, process=1)
        await bot.keeps(1)
        await asyncio.sleep(2 * BEAT)
        assert bot.methods.count("deleteMessage") == 2


@in_virtual_time
async def test_a_takeover_that_has_nothing_new_to_say_says_it_once() -> None:
    """Telegram refuses a change that changes nothing; it is not tried at every beat."""
    async with two() as bot:
        bot.processes[0].show(bot.asks(1, ADA), Stage.QUEUED)
        await asyncio.sleep(5)
        await bot.keeps(0)
        await asyncio.sleep(60)
        assert bot.methods == ["sendMessage", "editMessageText"]


@in_virtual_time
async def test_an_end_while_the_message_is_being_sent_leaves_none() -> None:
    """It is taken away as soon as it is known."""
    async with two(seconds=5.0) as bot:
        edit = bot.asks(1, ADA)
        bot.processes[0].show(edit, Stage.EDITING)
        await asyncio.sleep(2 * BEAT)
        assert bot.methods == ["sendMessage"]
        await bot.ends(edit, process=0)
        await asyncio.sleep(20)
        assert bot.methods == ["sendMessage", "deleteMessage"]
        assert bot.edits.edits["e1"].status_message_id is None


@in_virtual_time
async def test_a_process_that_dies_before_its_end_leaves_no_message() -> None:
    """Its edit was settled: who keeps the messages takes it away."""
    async with two() as bot:
        edit = bot.asks(1, ADA)
        bot.processes[0].show(edit, Stage.SENDING)
        await asyncio.sleep(2 * BEAT)
        bot.edits.change("e1", state=EditState.DONE)
        await asyncio.sleep(TIMING.progress + 2 * BEAT)
        assert bot.methods[-1] == "deleteMessage"
        assert bot.edits.edits["e1"].status_message_id is None


@in_virtual_time
async def test_a_lease_lost_while_the_message_is_being_sent_leaves_one_message() -> None:
    """The one that nobody could know of is taken away again."""
    async with two(seconds=5.0) as bot:
        bot.processes[0].show(bot.asks(1, ADA), Stage.EDITING)
        await asyncio.sleep(2 * BEAT)
        await bot.keeps(0)
        await asyncio.sleep(40)
        gone = [call.params["message_id"] for call in bot.telegram.named("deleteMessage")]
        assert len(bot.telegram.named("sendMessage")) - len(gone) == 1
        assert bot.edits.edits["e1"].status_message_id not in {None, *gone}


@in_virtual_time
async def test_what_was_asked_for_together_keeps_its_message_until_the_last_ends() -> None:
    """Two results of one request, which two processes finish."""
    async with two() as bot:
        first, second = (bot.asks(number, ADA, batch="b") for number in (1, 2))
        for process, edit in enumerate((first, second)):
            bot.processes[process].show(edit, Stage.EDITING)
        await asyncio.sleep(2 * BEAT)
        await bot.ends(first, process=0, state=EditState.FAILED)
        await asyncio.sleep(5)
        assert "deleteMessage" not in bot.methods
        await bot.ends(second, process=1)
        assert bot.methods.count("deleteMessage") == 1
        await asyncio.sleep(5)
        assert (bot.methods.count("sendMessage"), bot.methods.count("deleteMessage")) == (1, 1)


@in_virtual_time
async def test_a_stage_that_comes_late_overwrites_nothing() -> None:
    """Neither what another process wrote since, nor does it bring an ended edit back."""
    async with two() as bot:
        edit = bot.asks(1, ADA)
        bot.processes[1].show(edit, Stage.EDITING)
        await asyncio.sleep(2 * BEAT)
        await bot.stages.put([Staged(edit, Stage.QUEUED, START - timedelta(seconds=5))])
        await asyncio.sleep(10)
        assert bot.text.startswith("🎨 Editing…")
        await bot.ends(edit, process=1)
        await bot.stages.put([Staged(edit, Stage.QUEUED, LoopClock().now())])
        await asyncio.sleep(10)
        assert bot.methods[-1] == "deleteMessage"
        await asyncio.sleep(TIMING.forget)
        assert bot.stages.rows == {}


@in_virtual_time
async def test_a_busy_database_holds_up_nobody() -> None:
    """What could not be written is written later, and the message goes on meanwhile."""
    async with two() as bot:
        edit = bot.asks(1, ADA)
        bot.stages.busy = Turns(*[StorageBusy("locked")] * 6, None)
        bot.processes[0].show(edit, Stage.EDITING)
        await bot.ends(bot.asks(2, ADA), process=0)
        await asyncio.sleep(10)
        assert bot.text.startswith("🎨 Editing…")


@in_virtual_time
async def test_a_group_that_became_a_supergroup_gets_its_message_there() -> None:
    """Whichever process heard of it."""
    async with two() as bot:
        edit = bot.asks(1, CLUB)
        bot.processes[0].show(edit, Stage.EDITING)
        await asyncio.sleep(2 * BEAT)
        bot.edits.change("e1", place=Place(-1005, -1), status_message_id=None)
        bot.processes[0].move(CLUB, -1005)
        await asyncio.sleep(2 * BEAT)
        sent = bot.telegram.named("sendMessage")
        assert [call.params["chat_id"] for call in sent] == [CLUB, -1005]
        await bot.ends(edit, process=0)
        await asyncio.sleep(2 * BEAT)
        assert bot.calls[-1].method == "deleteMessage"
        assert bot.calls[-1].params["chat_id"] == -1005


@in_virtual_time
async def test_eyes_that_find_no_room_never_cover_a_thumb() -> None:
    """The process that puts 👀 up does not hear of the end, so it does not try later."""
    async with two() as bot:
        places = [Place(CLUB, number) for number in range(1, 31)]
        for place in places:
            bot.processes[0].signs.seen(place)
        await asyncio.sleep(1)
        for place in places:
            bot.processes[1].signs.done(place)
        await asyncio.sleep(600)
        put_up = [
            (call.at, call.params["reaction"][0]["emoji"])
            for call in bot.telegram.named("setMessageReaction")
        ]
        assert {at for at, emoji in put_up if emoji == "👀"} == {0.0}
        assert [emoji for _, emoji in put_up].count("👍") > 10


async def until_noted(edits: SqlEdits, edit: Edit) -> None:
    """Wait until the row of an edit names its message."""
    async with asyncio.timeout(10):
        while (await edits.get(edit.id)).status_message_id is None:  # noqa: ASYNC110 - it is in a database
            await asyncio.sleep(0.02)


async def test_over_a_real_database(database: Database) -> None:
    """Two processes with their own connections: one message, there and gone."""
    timing, clock, telegram = TIMING.faster(100), LoopClock(), MemoryTelegram()
    edits = SqlEdits(database)
    edit = await accepted(database, place=Place(ADA, 5))
    async with AsyncExitStack() as stack:
        processes = []
        for _ in range(2):
            bot = await memory_bot(telegram, timing)
            stack.push_async_callback(bot.shutdown)
            people, stages = SqlPeople(database, clock), SqlStages(database)
            one = SharedProgress(bot, edits, SqlChats(database), people, stages, timing, clock)
            stack.push_async_callback(cancelled, asyncio.create_task(one.run()))
            processes.append(one)
        stack.push_async_callback(cancelled, asyncio.create_task(processes[1].keep()))
        processes[0].show(edit, Stage.UPLOADING)
        await until_noted(edits, edit)
        await edits.cancel(edit.id, clock.now())
        await processes[0].end(await edits.get(edit.id))
        assert telegram.named(*SHOWN)[-1].method == "deleteMessage"
        assert await SqlStages(database).running() == []
