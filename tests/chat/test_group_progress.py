"""A group has one status message for all that runs in it, and reactions where there is room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bot.chat.progress import Progress
from bot.domain.edits import Edit, EditState, Place
from bot.domain.ports import Stage
from bot.domain.timing import Timing
from tests.chat.memory_telegram import WITH_RETRY_AFTER, Call, MemoryTelegram, memory_bot, refused
from tests.fakes import FakeEdits
from tests.fakes_of_storage import FakeChats, FakePeople
from tests.jobs.bench import an_edit
from tests.virtual_time import LoopClock, cancelled, in_virtual_time

pytestmark = WITH_RETRY_AFTER
TIMING = Timing()
CLUB = -2001
ADA, BEN = 1001, 1002
SHOWN = ("sendMessage", "editMessageText", "deleteMessage")


@dataclass
class Club:
    """A group in which edits run, and what it got."""

    progress: Progress
    telegram: MemoryTelegram
    edits: FakeEdits

    def asks(self, number: int, user: int = ADA, prompt: str = "make it blue", **changes: Any) -> Edit:
        """An edit that somebody asked for with the message of that number."""
        place = changes.pop("place", Place(CLUB, number))
        edit = an_edit(id=f"e{number}", user_id=user, prompt=prompt, place=place, **changes)
        self.edits.edits[edit.id] = edit
        return edit

    async def ends(self, edit: Edit, state: EditState = EditState.DONE) -> None:
        self.edits.change(edit.id, state=state)
        await self.progress.end(await self.edits.get(edit.id))

    @property
    def calls(self) -> list[Call]:
        return self.telegram.named(*SHOWN)

    @property
    def text(self) -> str:
        """What the message says last."""
        return str(self.telegram.named("sendMessage", "editMessageText")[-1].params["text"])

    @property
    def signs(self) -> list[tuple[int, str]]:
        """The reactions, in order: on which message, and which."""
        return [
            (call.params["message_id"], "".join(sign["emoji"] for sign in call.params["reaction"]))
            for call in self.telegram.named("setMessageReaction")
        ]


@asynccontextmanager
async def club(*left: Edit) -> AsyncIterator[Club]:
    """A group; ``left`` are the edits of the last process."""
    telegram, edits = MemoryTelegram(), FakeEdits({edit.id: edit for edit in left})
    bot = await memory_bot(telegram, TIMING)
    people = FakePeople({ADA: "Ada", BEN: "Ben"})
    progress = Progress(bot, edits, FakeChats(edits), people, TIMING, LoopClock())
    task = asyncio.create_task(progress.run())
    try:
        yield Club(progress, telegram, edits)
    finally:
        await cancelled(task)
        await bot.shutdown()


@in_virtual_time
async def test_one_message_lists_who_what_and_how_long() -> None:
    """And it goes with the last of them."""
    async with club() as group:
        ada, ben = group.asks(1, ADA, "make it blue"), group.asks(2, BEN, "a\nvery " + "long " * 20)
        group.progress.show(ada, Stage.EDITING, 40.0)
        await asyncio.sleep(1)
        group.progress.show(ben, Stage.QUEUED)
        await asyncio.sleep(19.5)
        assert group.text.splitlines() == [
            "2 pictures in the works",
            "Ada, “make it blue”: 🎨 Editing… 20 s of about 40 s ▰▰▰▰▱▱▱▱",
            "Ben, “a very long long long long long long lo…”: 🕓 In the queue…",
        ]
        await group.ends(ada)
        await asyncio.sleep(10)
        assert "Ada" not in group.text
        await group.ends(ben)
        await asyncio.sleep(1)
        assert [call.method for call in group.calls].count("sendMessage") == 1
        assert group.calls[-1].method == "deleteMessage"
        assert {edit.status_message_id for edit in group.edits.edits.values()} <= {None, 100}


@in_virtual_time
async def test_it_changes_at_most_once_in_ten_seconds() -> None:
    """However many join, and however often something happens."""
    async with club() as group:
        for number in range(1, 60):
            group.progress.show(group.asks(number), Stage.EDITING, 30.0)
            await asyncio.sleep(1)
        times = [call.at for call in group.calls]
        assert len(times) > 3
        assert min(later - earlier for earlier, later in pairwise(times)) >= TIMING.progress_group


@in_virtual_time
async def test_those_that_wait_know_their_place() -> None:
    """For the provider behind everybody, in the queue behind one's own."""
    async with club() as group:
        first, second = group.asks(1, ADA), group.asks(2, BEN)
        later = an_edit(
            id="e3", place=Place(CLUB, 3), user_id=ADA, created_at=first.created_at.replace(year=2027)
        )
        group.edits.edits["e3"] = later
        for edit in (first, second, later):
            group.progress.show(edit, Stage.QUEUED)
        await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        assert [line.partition(": ")[2] for line in group.text.splitlines()[1:]] == [
            "🕓 In the queue…",
            "🕓 In the queue…",
            "🕓 In the queue: yours is number 2.",
        ]


@in_virtual_time
async def test_each_topic_has_its_own() -> None:
    """What is asked in a topic is shown there."""
    async with club() as group:
        for topic in (7, 8):
            group.progress.show(group.asks(topic, place=Place(CLUB, topic, topic)), Stage.EDITING)
        await asyncio.sleep(1)
        assert [call.params["message_thread_id"] for call in group.telegram.named("sendMessage")] == [7, 8]


@in_virtual_time
async def test_after_a_restart_the_groups_message_goes_on() -> None:
    """It is changed, not sent again, and shows also what is new."""
    place = Place(CLUB, 1)
    async with club(an_edit(place=place, status_message_id=55)) as group:
        group.progress.show(group.edits.edits["e1"], Stage.EDITING)
        group.progress.show(group.asks(2, BEN), Stage.QUEUED)
        await asyncio.sleep(1)
        assert [(call.method, call.params["message_id"]) for call in group.calls] == [("editMessageText", 55)]
        assert group.edits.edits["e2"].status_message_id == 55


@in_virtual_time
async def test_what_the_last_process_left_is_taken_away() -> None:
    """An edit that ended just before it did leaves no message behind."""
    ended = an_edit(place=Place(CLUB, 1), status_message_id=55, state=EditState.DONE)
    async with club(ended) as group:
        await asyncio.sleep(1)
        assert [(call.method, call.params["message_id"]) for call in group.calls] == [("deleteMessage", 55)]


@in_virtual_time
async def test_a_group_that_was_left_gets_nothing_more() -> None:
    """Neither what runs there nor what begins there is shown, until the bot is back."""
    async with club() as group:
        group.progress.show(group.asks(1), Stage.EDITING)
        await asyncio.sleep(1)
        group.telegram.calls.clear()
        group.progress.leave(CLUB)
        group.progress.show(group.asks(2), Stage.EDITING)
        await group.ends(group.edits.edits["e1"], EditState.UNDELIVERABLE)
        await asyncio.sleep(60)
        assert group.calls == []
        group.progress.join(CLUB)
        group.progress.show(group.asks(3), Stage.EDITING)
        await asyncio.sleep(1)
        assert [call.method for call in group.calls] == ["sendMessage"]


@in_virtual_time
async def test_a_group_that_became_a_supergroup_gets_its_message_there() -> None:
    """The next change finds out; the old message can't be reached any more."""
    async with club() as group:
        edit = group.asks(1)
        group.progress.show(edit, Stage.EDITING, 100.0)
        await asyncio.sleep(1)
        group.telegram.refusal = lambda call: (
            refused(400, "group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1005)
            if call.params.get("chat_id") == CLUB
            else None
        )
        await asyncio.sleep(20)
        there = [call for call in group.calls if call.params["chat_id"] == -1005]
        assert there[0].method == "sendMessage"
        await group.ends(edit)
        await asyncio.sleep(1)
        assert group.calls[-1].method == "deleteMessage"
        assert group.calls[-1].params["chat_id"] == -1005


@in_virtual_time
async def test_a_request_carries_a_sign() -> None:
    """👀 at once, 👍 when the picture is there, nothing when it failed."""
    async with club() as group:
        good, bad = group.asks(1), group.asks(2)
        for edit in (good, bad):
            group.progress.signs.seen(edit.place)
            group.progress.show(edit, Stage.EDITING)
        await asyncio.sleep(1)
        assert group.signs == [(1, "👀"), (2, "👀")]
        await group.ends(good)
        await group.ends(bad, EditState.FAILED)
        await asyncio.sleep(70)
        assert group.signs[2:] == [(1, "👍"), (2, "")]


@in_virtual_time
async def test_signs_wait_for_room_and_tell_what_is_true_then() -> None:
    """Thirty requests in a full group: no call is spent on 👀 for what is done by then."""
    async with club() as group:
        places = [Place(CLUB, number) for number in range(1, 31)]
        for place in places:
            group.progress.signs.seen(place)
        await asyncio.sleep(1)
        put_up = len(group.signs)
        assert 0 < put_up < 10
        for place in places[:20]:
            group.progress.signs.done(place)
        for place in places[20:]:
            group.progress.signs.over(place)
        await asyncio.sleep(150)
        assert set(group.signs[put_up:]) <= {(place.message_id, "👍") for place in places[:20]}


@in_virtual_time
async def test_signs_that_wait_are_not_put_up_in_a_group_that_was_left() -> None:
    """There was no room for them before."""
    async with club() as group:
        for number in range(1, 31):
            group.progress.signs.seen(Place(CLUB, number))
        await asyncio.sleep(1)
        put_up = len(group.signs)
        group.progress.leave(CLUB)
        await asyncio.sleep(120)
        assert len(group.signs) == put_up < 30


@in_virtual_time
async def test_a_group_without_reactions_is_not_asked_again() -> None:
    """Its admins may have switched them off."""
    async with club() as group:
        group.telegram.refusal = lambda call: refused(400, "REACTION_INVALID")
        group.progress.signs.seen(Place(CLUB, 1))
        await asyncio.sleep(60)
        assert len(group.signs) == 1
