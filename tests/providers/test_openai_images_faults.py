"""What goes wrong on the wire: a paid call is never sent twice, and nothing waits or reads without end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from bot.errors import (
    AnswerLost,
    ContentRefused,
    CreditsExhausted,
    InputRejected,
    KeyRejected,
    ModelGone,
    NotSent,
    OutputUnusable,
    ProviderDown,
    ProviderError,
    Throttled,
)
from bot.providers.openai_images import OpenAIImages
from tests.fakes import FakeBlobs

from .conftest import hurried
from .openai_bench import KEY, Bench, bench, picture, submission
from .raw_server import RawServer, Talk, drip, http, raw_server, silent

PROMPT = "my secret birthday wish"


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Bench]:
    """One for all: making clients is what takes time."""
    async with bench() as running:
        yield running


@pytest.fixture
async def openai(shared: Bench) -> Bench:
    await shared.begin_anew()
    return shared


@asynccontextmanager
async def against(answer: bytes | Talk, **seconds: float) -> AsyncIterator[tuple[RawServer, OpenAIImages]]:
    """A client of a server that always gives this answer."""
    timing = hurried(**seconds)
    async with (
        raw_server(answer) as server,
        aclosing(OpenAIImages(KEY, FakeBlobs(), base_url=server.url, timing=timing)) as ours,
    ):
        yield server, ours


def error(code: str, **more: Any) -> dict[str, Any]:
    return {
        "error": {"message": PROMPT, "type": "invalid_request_error", "param": None, "code": code, **more}
    }


# --- lost: it may have been bought ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "bought"),
    [
        ("drop", 1),
        ("refuse", 0),
        ("garbage", 1),
        ("empty", 1),
        ("truncate", 1),
        ("huge", 1),
        ("html", 0),
        ("status", 0),
    ],
)
async def test_lost_answer(openai: Bench, kind: str, bought: int) -> None:
    """However the answer is spoilt, it is lost, there was exactly one POST, and nobody can find it again."""
    urls = await openai.uploaded()
    await openai.fault("submit", kind)
    with pytest.raises(AnswerLost) as caught:
        await openai.ours.submit(submission(*urls, prompt=PROMPT))
    assert await openai.posts() == ["/v1/images/edits"]
    assert len(await openai.see("edits")) == bought
    assert openai.blobs.kept == {}
    assert PROMPT not in str(caught.value)
    assert KEY not in repr(caught.value)


@pytest.mark.parametrize("talk", [silent, drip], ids=["silent", "dripping"])
async def test_deadline(talk: Talk) -> None:
    """A paid call ends at its own deadline, however busy the line looks, and is lost."""
    async with against(talk, submit_whole=0.3) as (server, ours):
        url = await ours.upload(picture())
        with pytest.raises(AnswerLost, match="TimeoutError"):
            await ours.submit(submission(url))
        assert len(server.heads) == 1


async def test_a_body_that_drips(openai: Bench) -> None:
    """Also when the work was done: that it was is not known here."""
    timing = hurried(submit_whole=0.3)
    async with aclosing(OpenAIImages(KEY, openai.blobs, base_url=openai.url, timing=timing)) as ours:
        await openai.fault("submit", "drip")
        with pytest.raises(AnswerLost, match="TimeoutError"):
            await ours.submit(submission(await ours.upload(picture())))
    done = (await openai.control.get("/sandbox/edits?count=1", timeout=30)).json()["edits"]
    assert len(done) == 1


async def test_a_slow_answer_is_waited_for(openai: Bench) -> None:
    """The deadline of other calls is none of a paid one."""
    async with aclosing(
        OpenAIImages(KEY, openai.blobs, base_url=openai.url, timing=hurried(submit=0.05, read=0.05))
    ) as ours:
        await openai.change(seconds=0.3)
        assert (await ours.submit(submission(await ours.upload(picture())))).outputs


async def test_cancelling_is_cancelling() -> None:
    """It passes through, and the connection is closed."""
    async with against(silent) as (server, ours):
        call = asyncio.ensure_future(ours.submit(submission(await ours.upload(picture()))))
        await server.asked(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


# --- not sent, or refused: nothing was bought ---------------------------------------------------------------


async def test_nobody_listens() -> None:
    """A connection that never opened bought nothing."""
    async with aclosing(OpenAIImages(KEY, FakeBlobs(), base_url="http://127.0.0.1:9")) as ours:
        with pytest.raises(NotSent):
            await ours.submit(submission(await ours.upload(picture())))


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (429, error("rate_limit_exceeded"), Throttled),
        (429, error("insufficient_quota"), CreditsExhausted),
        (400, error("billing_hard_limit_reached"), CreditsExhausted),
        (401, error("invalid_api_key"), KeyRejected),
        (403, error("unsupported_country_region_territory"), KeyRejected),
        (404, error("model_not_found"), ModelGone),
        (400, error("moderation_blocked"), ContentRefused),
        (400, error("content_policy_violation"), ContentRefused),
        (400, error("invalid_value", param="size"), InputRejected),
        (413, "<html>too large</html>", InputRejected),
    ],
)
async def test_refused(openai: Bench, status: int, body: object, raised: type[ProviderError]) -> None:
    """A clean refusal is its own class, was asked for once, bought nothing, and quotes nothing."""
    urls = await openai.uploaded()
    await openai.fault("submit", "status", status=status, body=body, retry_after=9)
    with pytest.raises(raised) as caught:
        await openai.ours.submit(submission(*urls, prompt=PROMPT))
    assert type(caught.value) is raised
    assert PROMPT not in str(caught.value)
    assert await openai.posts() == ["/v1/images/edits"]
    assert await openai.see("edits") == []
    assert caught.value.retry_after == (9 if raised is Throttled else None)


async def test_moderation_and_money_by_the_stand_in_itself(openai: Bench) -> None:
    """What it refuses by itself has the same classes."""
    with pytest.raises(ContentRefused):
        await openai.ours.submit(submission(*await openai.uploaded(), prompt="a [moderated] hat"))
    await openai.change(images_per_minute=0)
    with pytest.raises(Throttled):
        await openai.ours.submit(submission(*await openai.uploaded()))
    await openai.change(balance=0.0)
    with pytest.raises(CreditsExhausted):
        await openai.ours.submit(submission(*await openai.uploaded()))
    assert await openai.see("edits") == []


# --- outputs ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop", "empty", "truncate", "html", "status"])
async def test_spoilt_output(openai: Bench, kind: str) -> None:
    """An output behind a URL that was spoilt on its way is fetched again, and then it is whole."""
    await openai.change(answer="url")
    bought = await openai.ours.submit(submission(*await openai.uploaded()))
    await openai.fault("output", kind)
    with pytest.raises(ProviderDown):
        await openai.ours.download(bought.outputs[0])
    assert (await openai.ours.download(bought.outputs[0])).endswith(b"IEND\xaeB\x60\x82")


@pytest.mark.parametrize(
    "output", ["", "no base64!", "A" * (64 * 1024 * 1024 // 3 * 4 + 8)], ids=["empty", "text", "huge"]
)
async def test_bad_base64(output: str) -> None:
    """What is none, or too much, is no picture, however often it is read."""
    with pytest.raises(OutputUnusable):
        await OpenAIImages(KEY, FakeBlobs()).download(output)


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "https://127.0.0.1/a.png", "http://cdn.example/"]
)
async def test_an_output_that_must_not_be_fetched(url: str) -> None:
    """Only https and public addresses, but for the API's own origin."""
    async with aclosing(OpenAIImages(KEY, FakeBlobs())) as ours:
        with pytest.raises(OutputUnusable):
            await ours.download(url)


async def test_an_endless_list_of_models() -> None:
    """It is not read beyond its limit, and not longer than its deadline."""
    async with against(http(b"{}", length=9 * 1024 * 1024)) as (_, ours):
        with pytest.raises(ProviderDown, match="BodyTooLarge"):
            await ours.live_models()
    async with against(silent, read=0.2) as (_, ours):
        with pytest.raises(ProviderDown, match="TimeoutError"):
            await ours.live_models()
