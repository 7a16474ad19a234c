"""Telegram's flood limits, kept: results go first, progress gives way, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

import pytest
from telegram.error import BadRequest, ChatMigrated, NetworkError, RetryAfter

from bot.chat.flood import OwnCalls, Window
from bot.chat.limiter import GROUP, OVERALL, PRIVATE_BURST, Limiter, Priority
from bot.domain.shared import Span
from bot.domain.timing import Timing
from tests.chat.memory_telegram import WITH_RETRY_AFTER
from tests.virtual_time import LoopClock, SetClock, cancelled, in_virtual_time, settle

pytestmark = WITH_RETRY_AFTER
TIMING = Timing()
ADA, CLUB = 1001, -2001


class Calls:
    """What got through, in order, and when."""

    def __init__(self, *errors: Exception) -> None:
        self.limiter = Limiter(TIMING, LoopClock())
        self.errors = list(errors)
        self.tries = 0
        self.made: list[tuple[str, float]] = []

    async def __call__(
        self, word: str, priority: Priority | None = Priority.ANSWER, chat: object = CLUB
    ) -> None:
        """Make a call under the limiter."""

        async def call() -> bool:
            self.tries += 1
            if self.errors:
                raise self.errors.pop(0)
            self.made.append((word, asyncio.get_running_loop().time()))
            return True

        data = {} if chat is None else {"chat_id": chat}
        assert await self.limiter.process_request(call, (), {}, "sendMessage", data, priority)

    async def many(self, number: int, priority: Priority = Priority.ANSWER, chat: int = CLUB) -> None:
        await asyncio.gather(*(self(f"{priority.name} {at}", priority, chat) for at in range(number)))

    @property
    def words(self) -> list[str]:
        return [word for word, _ in self.made]


def test_a_window_lets_so_many_through_and_then_waits_for_the_oldest() -> None:
    """At most so many in any span of that length."""
    clock = SetClock()
    window = Window(3, 60.0, clock)
    for _ in range(3):
        assert window.wait() == 0.0
        window.take()
        clock.pass_(10.0)
    assert window.wait() == 30.0
    clock.pass_(29.5)
    assert window.wait() == 0.5
    clock.pass_(0.5)
    assert window.wait() == 0.0


def test_a_reserve_is_left_to_others() -> None:
    """Who leaves some room waits until there is that much."""
    clock = SetClock()
    window = Window(3, 60.0, clock)
    window.take()
    clock.pass_(10.0)
    window.take()
    assert window.wait() == 0.0
    assert window.wait(reserve=1) == 50.0
    assert window.wait(reserve=2) == 60.0


def test_a_closed_window_stays_closed_as_long_as_it_was_told() -> None:
    """The longest that was said counts, and a free place changes nothing."""
    clock = SetClock()
    window = Window(3, 60.0, clock)
    window.close(30.0)
    window.close(5.0)
    assert window.wait() == 30.0
    clock.pass_(30.0)
    assert window.wait() == 0.0


@in_virtual_time
async def test_quiet_chats_take_up_no_memory() -> None:
    """Of ten thousand only those are remembered that still count for something, above all what is closed."""
    clock = SetClock()
    calls, one, all_ = OwnCalls(clock), Span(1, 1.0), Span(10**6, 1.0)
    assert await calls.take(1, 0, one, all_, waits=True) == 0.0
    await calls.close(1, 3600.0)
    for chat in range(2, 10_000):
        assert await calls.take(chat, 0, one, all_, waits=True) == 0.0
        clock.pass_(0.01)
    assert calls.chats <= 1000
    assert await calls.take(1, 0, one, all_, waits=True) > 3000


@in_virtual_time
async def test_a_group_gets_no_more_than_its_calls_a_minute() -> None:
    """In any minute, whatever was asked for."""
    calls = Calls()
    await calls.many(60)
    times = [at for _, at in calls.made]
    assert len(times) == 60
    for start in times:
        assert sum(start <= at < start + 60.0 for at in times) <= GROUP
    assert times[-1] == 180.0


@in_virtual_time
async def test_a_private_chat_bears_a_burst_and_then_about_one_a_second() -> None:
    """An answer in a quiet chat never waits."""
    calls = Calls()
    await calls.many(2 * PRIVATE_BURST, chat=ADA)
    assert [at for _, at in calls.made] == [0.0] * PRIVATE_BURST + [float(PRIVATE_BURST)] * PRIVATE_BURST


@in_virtual_time
async def test_all_chats_together_get_no_more_than_the_bot_may_send() -> None:
    """The limit of the whole bot holds over a hundred chats."""
    calls = Calls()
    await asyncio.gather(*(calls("hello", chat=chat) for chat in range(1, 101)))
    a_second = Counter(int(at) for _, at in calls.made)
    assert sum(a_second.values()) == 100
    assert max(a_second.values()) <= OVERALL
    assert calls.made[-1][1] == 3.0


@in_virtual_time
async def test_results_overtake_answers() -> None:
    """Also those that have waited longer; among equals the first comes first."""
    calls = Calls()
    await calls.many(GROUP)
    calls.made.clear()
    answers = [asyncio.create_task(calls(f"answer {at}")) for at in range(3)]
    await settle()
    results = [asyncio.create_task(calls(f"result {at}", Priority.RESULT)) for at in range(2)]
    await asyncio.gather(*answers, *results)
    assert calls.words == ["result 0", "result 1", "answer 0", "answer 1", "answer 2"]


@in_virtual_time
async def test_progress_is_refused_where_it_would_take_the_last_places() -> None:
    """It leaves room for results, does not wait, and says when it may come again."""
    calls = Calls()
    got_through = 0
    for _ in range(GROUP):
        try:
            await calls("progress", Priority.PROGRESS)
        except RetryAfter:
            break
        got_through += 1
    assert 0 < got_through < GROUP
    with pytest.raises(RetryAfter):
        await calls("progress", Priority.PROGRESS)
    await calls("result", Priority.RESULT)
    assert asyncio.get_running_loop().time() == 0.0


@in_virtual_time
async def test_progress_is_refused_while_anything_waits() -> None:
    """It may not slip in before an answer."""
    calls = Calls()
    await calls.many(GROUP)
    waiting = asyncio.create_task(calls("answer"))
    await settle()
    with pytest.raises(RetryAfter):
        await calls("progress", Priority.PROGRESS)
    await waiting
    assert calls.words[-1] == "answer"


@in_virtual_time
async def test_a_full_group_holds_up_no_other_chat() -> None:
    """Each has a queue of its own."""
    calls = Calls()
    await calls.many(GROUP)
    waiting = asyncio.create_task(calls("in the group"))
    await settle()
    await calls("in private", chat=ADA)
    assert asyncio.get_running_loop().time() == 0.0
    await cancelled(waiting)


@pytest.mark.parametrize("priority", [Priority.RESULT, Priority.ANSWER, None])
@in_virtual_time
async def test_a_429_is_waited_out_and_the_call_made_again(priority: Priority | None) -> None:
    """As long as Telegram says, for the whole chat."""
    calls = Calls(RetryAfter(30))
    first = asyncio.create_task(calls("first", priority))
    await settle()
    await asyncio.gather(first, calls("second"))
    assert calls.words in (["first", "second"], ["second", "first"])
    assert {at for _, at in calls.made} == {30.0}


@in_virtual_time
async def test_progress_does_not_wait_a_429_out() -> None:
    """But the chat is left alone as long as was said."""
    calls = Calls(RetryAfter(30))
    with pytest.raises(RetryAfter):
        await calls("progress", Priority.PROGRESS)
    await calls("answer")
    assert calls.made == [("answer", 30.0)]


@in_virtual_time
async def test_a_telegram_that_refuses_for_ever_is_told_to_the_caller() -> None:
    """Who then knows that it was not sent."""
    calls = Calls(*[RetryAfter(30) for _ in range(100)])
    with pytest.raises(RetryAfter):
        await calls("result", Priority.RESULT)
    assert calls.tries == 21


@in_virtual_time
async def test_a_text_that_telegram_did_not_take_is_sent_again() -> None:
    """After 1, 2, 4 and 8 seconds; a person is told only once why an edit failed."""
    calls = Calls(*[NetworkError("Internal Server Error")] * 4)
    await calls("why it failed", Priority.RESULT, chat=ADA)
    assert calls.made == [("why it failed", 15.0)]


@in_virtual_time
async def test_a_telegram_that_is_down_is_told_to_the_caller() -> None:
    """It does not hold a chat up for ever."""
    calls = Calls(*[NetworkError("Bad Gateway")] * 9)
    with pytest.raises(NetworkError):
        await calls("hello", chat=ADA)
    assert calls.tries == 5


@in_virtual_time
@pytest.mark.parametrize("priority", [Priority.PROGRESS, Priority.SIGN])
async def test_what_is_nice_to_have_is_not_sent_again(priority: Priority) -> None:
    """The next one will do."""
    calls = Calls(NetworkError("Internal Server Error"))
    with pytest.raises(NetworkError):
        await calls("status", priority, chat=ADA)
    assert calls.tries == 1


@in_virtual_time
async def test_other_errors_are_not_repeated() -> None:
    """A time-out may come after the message was delivered."""
    calls = Calls(BadRequest("no"))
    with pytest.raises(BadRequest):
        await calls("result", Priority.RESULT)
    assert calls.tries == 1


@in_virtual_time
async def test_a_caller_that_gave_up_takes_nobodys_place() -> None:
    """Its turn goes to the next."""
    calls = Calls()
    await calls.many(GROUP)
    gone = [asyncio.create_task(calls("gone", Priority.RESULT)) for _ in range(GROUP)]
    await settle()
    await cancelled(*gone)
    await calls("answer")
    assert calls.made[-1] == ("answer", 60.0)


@in_virtual_time
async def test_calls_without_a_chat_are_not_held_up() -> None:
    """Such as getFile and answerCallbackQuery."""
    calls = Calls()
    await asyncio.gather(*(calls("getFile", chat=None) for _ in range(100)))
    assert asyncio.get_running_loop().time() == 0.0


@in_virtual_time
async def test_a_shutdown_stops_the_queues() -> None:
    """What still waits is cut off with its caller."""
    calls = Calls()
    await calls.many(GROUP)
    waiting = asyncio.create_task(calls("answer"))
    await settle()
    await calls.limiter.shutdown()
    await asyncio.sleep(600)
    assert not waiting.done()
    await cancelled(waiting)


@in_virtual_time
async def test_progress_leaves_most_of_a_group_to_results() -> None:
    """A result would have to wait a minute for a place that progress took; reactions take even fewer."""
    for priority, most in ((Priority.PROGRESS, 8), (Priority.SIGN, 6)):
        calls = Calls()
        for _ in range(GROUP):
            with contextlib.suppress(RetryAfter):
                await calls(priority.name, priority)
        assert len(calls.made) == most
        await calls.many(GROUP - most, Priority.RESULT)
        assert asyncio.get_running_loop().time() == 0.0


@in_virtual_time
async def test_results_come_as_fast_with_progress_as_without() -> None:
    """Thirty results, while progress and reactions try again and again: the last comes no later."""

    async def last_result(disturbed: bool) -> float:
        calls = Calls()

        async def disturb() -> None:
            while True:
                for priority in (Priority.PROGRESS, Priority.SIGN):
                    with contextlib.suppress(RetryAfter):
                        await calls(priority.name, priority)
                await asyncio.sleep(1)

        other = asyncio.create_task(disturb()) if disturbed else None
        began = asyncio.get_running_loop().time()
        results = asyncio.create_task(calls.many(30, Priority.RESULT))
        await results
        if other:
            await cancelled(other)
        return calls.made[-1][1] - began

    assert await last_result(disturbed=True) == await last_result(disturbed=False) == 60.0


class Moving(Calls):
    """A group that became a supergroup."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__(*errors)
        self.told: list[tuple[int, int]] = []
        self.limiter = Limiter(TIMING, LoopClock(), self._moved)

    async def _moved(self, old: int, new: int) -> None:
        self.told.append((old, new))


@in_virtual_time
async def test_a_call_follows_its_group() -> None:
    """It is made again in the supergroup, which knows neither the message it answers nor the topic."""
    calls = Moving(ChatMigrated(-1005))
    data = {"chat_id": CLUB, "text": "hello", "reply_parameters": 5, "message_thread_id": 6}

    async def call() -> bool:
        if calls.errors:
            raise calls.errors.pop(0)
        return True

    assert await calls.limiter.process_request(call, (), {}, "sendMessage", data, Priority.RESULT)
    assert data == {"chat_id": -1005, "text": "hello"}
    assert calls.told == [(CLUB, -1005)]


@in_virtual_time
async def test_a_call_about_a_message_does_not_follow() -> None:
    """Its id is another message's there; but the move is told."""
    calls = Moving(ChatMigrated(-1005))

    async def call() -> bool:
        raise calls.errors[0]

    data = {"chat_id": CLUB, "message_id": 5}
    with pytest.raises(ChatMigrated):
        await calls.limiter.process_request(call, (), {}, "deleteMessage", data, Priority.ANSWER)
    assert calls.told == [(CLUB, -1005)]


@in_virtual_time
async def test_a_topic_that_is_gone_is_left_out() -> None:
    """What is paid for is shown in the forum all the same."""
    calls = Calls(BadRequest("Message thread not found"))

    async def call() -> bool:
        if calls.errors:
            raise calls.errors.pop(0)
        return True

    data = {"chat_id": CLUB, "message_thread_id": 6}
    assert await calls.limiter.process_request(call, (), {}, "sendPhoto", data, Priority.RESULT)
    assert data == {"chat_id": CLUB}
