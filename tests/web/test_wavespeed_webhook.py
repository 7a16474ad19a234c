"""WaveSpeed's webhook over real HTTP: forged, replayed, late and doubled posts beside the true ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from bot.clock import SystemClock
from bot.domain.edits import Attempt, AttemptState, EditState
from bot.domain.timing import Timing
from bot.jobs.keyring import Keyring
from bot.jobs.watch import Watch
from bot.jobs.webhooks import Webhooks
from bot.providers.wavespeed import WaveSpeed
from bot.providers.wavespeed_webhooks import WaveSpeedWebhooks, signature
from bot.web import server
from tests.fakes import FakeEdits
from tests.jobs.bench import an_edit
from tests.sandbox.wavespeed_bench import IMAGE_2, KEY, Bench, picture, standin
from tests.virtual_time import START, cancelled
from tests.web.raw import status_of

TIMING = Timing().faster(20)
PATIENCE = 10.0


class Edits(FakeEdits):
    """Lets a test wait for the naming of an edit's attempt."""

    def __init__(self) -> None:
        super().__init__()
        self.names = {"e1": asyncio.Event(), "e2": asyncio.Event()}

    async def named(self, attempt_id: int, prediction_id: str, cost: int | None = None) -> bool:
        done = await super().named(attempt_id, prediction_id, cost)
        self.names[self.attempts[attempt_id - 1].edit_id].set()
        return done


@dataclass
class Post:
    """One edit whose submit was not answered, and everything between WaveSpeed and us."""

    wavespeed: Bench
    provider: WaveSpeed
    http: httpx.AsyncClient
    hooks: Webhooks
    watch: Watch
    source: str
    edits: Edits

    @property
    def attempt(self) -> Attempt:
        """As it is now."""
        return self.edits.attempts[0]

    @property
    def path(self) -> str:
        """Where its end is told."""
        return httpx.URL(self.hooks.url(self.attempt)).path

    async def submitted(self, source: str | None = None) -> str:
        """A prediction of the source; its id."""
        return await self.wavespeed.submit(IMAGE_2, images=[source or self.source])

    async def told(self, prediction: str, path: str | None = None, **headers: str) -> int:
        """Post a prediction as WaveSpeed does, signed; the status."""
        inputs = next(p for p in await self.wavespeed.predictions() if p["id"] == prediction)["inputs"]
        body = json.dumps({"id": prediction, "status": "completed", "input": inputs}).encode()
        return await self.posted(body, path, **{**await self.signature(body), **headers})

    async def signature(self, body: bytes, ago: int = 0) -> dict[str, str]:
        """The headers of a true post."""
        timestamp = str(int(SystemClock().now().timestamp()) - ago)
        signed = signature(await self.provider.webhook_secret(), "evt_1", timestamp, body)
        return {"webhook-id": "evt_1", "webhook-timestamp": timestamp, "webhook-signature": signed}

    async def posted(self, body: bytes, path: str | None = None, **headers: str) -> int:
        """Post bytes; the status."""
        return (await self.http.post(path or self.path, content=body, headers=headers)).status_code

    async def reads(self) -> int:
        """How often a result was read by its id."""
        return len(await self.wavespeed.calls("/api/v3/predictions/"))

    async def lists(self) -> int:
        """How often predictions were listed."""
        return len(await self.wavespeed.calls("/api/v3/predictions")) - await self.reads()

    async def named(self, edit_id: str = "e1") -> None:
        """Wait until an edit's attempt has its prediction."""
        async with asyncio.timeout(PATIENCE):
            await self.edits.names[edit_id].wait()

    async def looked_at(self) -> None:
        """Wait until all posts so far were looked at: a true one that comes after them was."""
        source = await self.wavespeed.upload(picture())
        self.edits.edits["e2"] = an_edit(id="e2", state=EditState.SUBMITTING)
        self.edits.attempts.append(Attempt(2, "e2", 1, AttemptState.OPEN, source, START))
        path = httpx.URL(self.hooks.url(self.edits.attempts[-1])).path
        assert await self.told(await self.submitted(source), path) == 200
        await self.named("e2")


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with standin() as wavespeed, opened(wavespeed) as world:
        yield world


@asynccontextmanager
async def opened(wavespeed: Bench) -> AsyncIterator[Post]:
    provider = WaveSpeed(KEY, base_url=wavespeed.url, timing=TIMING)
    source, clock, edits = await wavespeed.upload(picture()), SystemClock(), Edits()
    edits.edits["e1"] = an_edit(state=EditState.SUBMITTING)
    edits.attempts.append(Attempt(1, "e1", 1, AttemptState.OPEN, source, START))
    watch = Watch(provider, TIMING, clock, hooked=True)
    reader = WaveSpeedWebhooks(provider.webhook_secret, TIMING, clock)
    hooks = Webhooks("https://bot.test/base", Keyring("secret"), reader, provider, edits, watch)
    site = server.Site(open={"wavespeed": hooks})
    tasks = [asyncio.create_task(loop) for loop in (hooks.run(), watch.run())]
    async with (
        server.serving(server.build(site, ("wavespeed",), "/base", 0.5), 0, "127.0.0.1") as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=False) as http,
    ):
        yield Post(wavespeed, provider, http, hooks, watch, source, edits)
        assert not any(task.done() for task in tasks)
    await cancelled(*tasks)
    await provider.aclose()


async def test_a_true_post_names_the_attempt_whose_answer_was_lost(post: Post) -> None:
    """Without any listing, whether the proxy leaves the path of the address on or not."""
    prediction = await post.submitted()
    assert await post.told(prediction, post.path.removeprefix("/base")) == 200
    await post.named()
    assert (post.attempt.state, post.attempt.prediction_id) == (AttemptState.RUNNING, prediction)
    assert post.edits.edits["e1"].state is EditState.RUNNING
    assert await post.told(prediction) == 200


async def test_words_alone_are_known_by_the_path_of_a_signed_post(post: Post) -> None:
    """They have no URL of ours in them; who can't sign says nothing of them."""
    post.edits.edits["e1"] = an_edit(state=EditState.SUBMITTING, pictures=(), fit=None)
    post.edits.attempts[0] = Attempt(1, "e1", 1, AttemptState.OPEN, "words:1", START)
    prediction = await post.wavespeed.submit("openai/gpt-image-2/text-to-image")
    body = json.dumps({"id": prediction, "status": "completed", "input": {"prompt": "words:1"}}).encode()
    assert await post.posted(body) == 200
    await post.looked_at()
    assert post.attempt.state is AttemptState.OPEN
    assert await post.told(prediction) == 200
    await post.named()
    assert post.attempt.prediction_id == prediction


async def test_whose_path_is_guessed_is_nobody(post: Post) -> None:
    """Neither a known edit nor another attempt's word opens it, and no body is read."""
    prediction, right = await post.submitted(), post.path
    second = httpx.URL(post.hooks.url(Attempt(2, "e1", 2, AttemptState.OPEN, "u", START))).path
    word = second.rpartition(".")[2]
    guesses = ["/base/wavespeed/e1.1.", f"/base/wavespeed/e1.1.{word}", right[:-1], f"{right}0"]
    guesses += [
        "/base/wavespeed/",
        "/base/wavespeed/x",
        "/base/wavespeed/%C3%A9",
        f"{right}/x",
        "/base/telegram/x",
    ]
    for guess in guesses:
        assert await post.told(prediction, guess) == 404
    assert (await post.http.get(right)).status_code == 405
    await post.looked_at()
    assert post.attempt.state is AttemptState.OPEN


@pytest.mark.parametrize("forged", ["unsigned", "signed wrongly", "old", "of another's pictures"])
async def test_a_forged_post_names_nothing(post: Post, forged: str) -> None:
    """Not even on the right path: the most it brings about is one result that is read by its id."""
    other = await post.wavespeed.upload(picture())
    prediction = await post.submitted(other if forged == "of another's pictures" else None)
    inputs = {"prompt": "a house", "images": [other if forged == "of another's pictures" else post.source]}
    body = json.dumps({"id": prediction, "status": "completed", "input": inputs}).encode()
    headers = await post.signature(body, ago=301 if forged == "old" else 0)
    if forged == "signed wrongly":
        headers["webhook-signature"] = "v3," + "0" * 64
    assert await post.posted(body, **({} if forged == "unsigned" else headers)) == 200
    await post.looked_at()
    assert (post.attempt.state, post.attempt.prediction_id) == (AttemptState.OPEN, None)
    assert await post.reads() <= 1


async def test_a_post_for_an_edit_that_ended_changes_nothing(post: Post) -> None:
    """It comes late: what was decided stays decided."""
    post.edits.edits["e1"] = an_edit(state=EditState.FAILED)
    assert await post.told(await post.submitted()) == 200
    await post.looked_at()
    assert post.attempt.state is AttemptState.OPEN
    assert post.edits.edits["e1"].state is EditState.FAILED


@pytest.mark.parametrize("named", [False, True])
async def test_a_late_post_for_an_edit_that_was_given_up(post: Post, named: bool) -> None:
    """It goes on at once, whether its submit or its end was lost; another prediction's end is not its own."""
    prediction = await post.submitted()
    if named:
        await post.edits.named(1, prediction)
    post.edits.edits["e1"] = an_edit(state=EditState.UNKNOWN)
    stranger = await post.submitted(await post.wavespeed.upload(picture()))
    for one, state in ((stranger, EditState.UNKNOWN), (prediction, EditState.RUNNING)):
        assert await post.told(one) == 200
        await post.looked_at()
        assert post.edits.edits["e1"].state is state
    assert (post.attempt.state, post.attempt.prediction_id) == (AttemptState.RUNNING, prediction)


async def test_a_second_prediction_cannot_take_the_place_of_the_first(post: Post) -> None:
    """The first true post counts; doubled or replayed ones, and others of the same pictures, don't."""
    first, second = await post.submitted(), await post.submitted()
    assert await post.told(first) == 200
    await post.named()
    for prediction in (first, second, first):
        assert await post.told(prediction) == 200
    await post.looked_at()
    assert post.attempt.prediction_id == first


async def test_a_running_prediction_is_read_once_and_only_its_end_counts(post: Post) -> None:
    """A post that lies about the end is found out; the true one ends the wait at once, without a listing."""
    prediction = await post.submitted()
    waiting = asyncio.create_task(post.watch.ended(prediction, SystemClock().now(), expected=3600))
    await asyncio.sleep(0)
    assert await post.posted(json.dumps({"id": prediction, "status": "completed"}).encode()) == 200
    await post.wavespeed.http.get("/sandbox/calls?path=/api/v3/predictions/&count=1")  # waits for it
    assert not waiting.done()
    await post.wavespeed.finish(prediction)
    for _ in range(20):
        assert await post.told(prediction) == 200
    async with asyncio.timeout(PATIENCE):
        await waiting
    assert await post.reads() <= 3
    assert await post.lists() == 0


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b"[" * 50_000, b"\xff\xfe", b'{"id": ["p1"]}'])
async def test_what_cannot_be_read_is_taken_and_forgotten(post: Post, body: bytes) -> None:
    """Once more would not make it better."""
    assert await post.posted(body) == 200
    assert post.attempt.state is AttemptState.OPEN


async def test_a_body_that_is_too_long_is_cut_off(post: Post) -> None:
    """Whether it says so, and then none of it is waited for, or not."""
    head, most = f"POST {post.path} HTTP/1.1\nHost: x\n", Webhooks.largest
    port = post.http.base_url.port
    assert await status_of(port, f"{head}Content-Length: {most + 1}") == 413
    chunk = f"{most + 1:x}\r\n".encode() + b" " * (most + 1)
    assert await status_of(port, f"{head}Transfer-Encoding: chunked", chunk) == 413
    assert await post.posted(b" " * most) == 200


async def test_a_body_that_never_ends_is_given_up(post: Post) -> None:
    """Nobody can keep a connection open for ever."""

    head = f"POST {post.path} HTTP/1.1\nHost: x\nContent-Length: 99"
    assert await status_of(post.http.base_url.port, head, b"{") == 408


async def test_nothing_is_open_before_the_start_and_after_the_end(post: Post) -> None:
    """Who posts then is told to come again."""
    async with (
        server.serving(server.build(server.Site(), ("wavespeed",)), 0, "127.0.0.1") as port,
        httpx.AsyncClient(trust_env=False, verify=False) as http,
    ):
        answer = await http.post(f"http://127.0.0.1:{port}{post.path.removeprefix('/base')}", content=b"{}")
        assert answer.status_code == 503
