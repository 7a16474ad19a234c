"""The thin half of WaveSpeed over HTTP, against the stand-in: what it sends, and what it tells."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.ports import PredictionStatus
from bot.errors import (
    CreditsExhausted,
    InputRejected,
    KeyRejected,
    ModelGone,
    Moderated,
    NoSuchPrediction,
    ProviderDown,
    StartRefused,
    Throttled,
)
from bot.providers.wavespeed import WaveSpeed

from .conftest import KEY, Sandbox, picture, submission

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def age(**ago: float) -> datetime:
    return datetime.now(UTC) - timedelta(**ago)


# --- the whole way --------------------------------------------------------------------------------------


@pytest.mark.parametrize("base64_output", [False, True], ids=["URL", "base64"])
async def test_from_picture_to_picture(sandbox: Sandbox, base64_output: bool) -> None:
    """Upload, submit, list, read and download: a PNG comes back, and one edit is billed."""
    async with aclosing(WaveSpeed(KEY, base_url=sandbox.url, base64_output=base64_output)) as wavespeed:
        url = await wavespeed.upload(picture())
        bought = await wavespeed.submit(submission(url))
        assert bought.status is PredictionStatus.RUNNING
        assert (await wavespeed.result(bought.id)).status is PredictionStatus.RUNNING
        await sandbox.finish(bought.id)
        listed = await wavespeed.predictions(age(minutes=5))
        assert [(item.id, item.status) for item in listed] == [(bought.id, PredictionStatus.COMPLETED)]
        result = await wavespeed.result(bought.id)
        assert (await wavespeed.download(result.outputs[0])).startswith(b"\x89PNG")
    assert [item["billed"] for item in await sandbox.see("predictions")] == [30_000]


async def test_what_is_submitted(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """The body has the inputs, and nothing else."""
    url = await wavespeed.upload(picture())
    await wavespeed.submit(submission(url, prompt="ein roter Hut 🎩"))
    [call] = await sandbox.submits()
    assert call["path"] == "/api/v3/openai/gpt-image-2/edit"
    assert call["json"] == {
        "prompt": "ein roter Hut 🎩",
        "images": [url],
        "quality": "low",
    }


async def test_prompt_with_half_a_character(wavespeed: WaveSpeed) -> None:
    """A lone surrogate, which UTF-8 can't hold, does not keep a prompt from being sent."""
    url = await wavespeed.upload(picture())
    assert (await wavespeed.submit(submission(url, prompt="a red hat \ud83c"))).id


async def test_sync_mode(sandbox: Sandbox) -> None:
    """The answer to the submit is the finished prediction, or says that it goes on; both are fine."""
    async with aclosing(WaveSpeed(KEY, base_url=sandbox.url, sync_mode=True)) as wavespeed:
        url = await wavespeed.upload(picture())
        await sandbox.change(sync_seconds=0.05)
        late = await wavespeed.submit(submission(url))
        assert late.status is PredictionStatus.RUNNING
        await sandbox.change(hold=False, seconds=[0.0, 0.0], sync_seconds=60)
        done = await wavespeed.submit(submission(url))
        assert done.status is PredictionStatus.COMPLETED
        assert await wavespeed.download(done.outputs[0])
    assert len(await sandbox.submits()) == 2


async def test_failed_prediction(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """A failed prediction is data that carries its error; reading it raises nothing."""
    bought = await wavespeed.submit(submission(await wavespeed.upload(picture())))
    await sandbox.finish(bought.id, status="failed", code=1200, error="The content is sensitive.")
    result = await wavespeed.result(bought.id)
    assert result.status is PredictionStatus.FAILED
    assert isinstance(result.failure, Moderated)


# --- uploads --------------------------------------------------------------------------------------------


async def test_uploads_by_ticket_are_unique(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """The same picture twice is two files of two names, stored as they are, and no key reaches the store."""
    first, second = await wavespeed.upload(picture()), await wavespeed.upload(picture())
    assert first != second
    uploads = await sandbox.see("uploads")
    assert [item["url"] for item in uploads] == [first, second]
    assert {item["flow"] for item in uploads} == {"ticket"}
    assert {item["size"] for item in uploads} == {len(picture().data)}
    names = {item["name"] for item in uploads}
    assert len(names) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}\.png", name) for name in names)
    calls = await sandbox.see("calls")
    assert [call["authorized"] for call in calls if call["method"] == "PUT"] == [False, False]


async def test_uploads_without_tickets(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """A server without tickets is asked for one once; then the older way is used, with names as unique."""
    await sandbox.change(ticket_uploads=False)
    first, second = await wavespeed.upload(picture()), await wavespeed.upload(picture())
    assert first != second
    calls = [call["path"] for call in await sandbox.see("calls")]
    assert calls == ["/api/v3/media/uploads", *["/api/v3/media/upload/binary"] * 2]
    uploads = await sandbox.see("uploads")
    assert {(item["width"], item["height"]) for item in uploads} == {(64, 48)}
    assert len({item["name"] for item in uploads}) == 2


async def test_a_gateway_that_knows_no_way_to_upload(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """It is a fault of the moment: worth repeating, and tickets are asked for again."""
    await sandbox.fault("/api/v3/media/", "html", status=404, count=2)
    with pytest.raises(ProviderDown):
        await wavespeed.upload(picture())
    await wavespeed.upload(picture())
    assert [item["flow"] for item in await sandbox.see("uploads")] == ["ticket"]


async def test_upload_that_fails_gets_a_new_ticket(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """A store that refuses is worth repeating, and the repetition is another file."""
    await sandbox.fault("/uploads/", "status", status=403)
    with pytest.raises(ProviderDown):
        await wavespeed.upload(picture())
    url = await wavespeed.upload(picture())
    received = {item["url"]: item["received"] for item in await sandbox.see("uploads")}
    assert len(received) == 2
    assert received[url]


async def test_upload_quota(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """A 429 on a ticket says to wait."""
    await sandbox.fault("/api/v3/media/uploads", "status", status=429, retry_after=7)
    with pytest.raises(Throttled) as caught:
        await wavespeed.upload(picture())
    assert caught.value.retry_after == 7


# --- refusals -------------------------------------------------------------------------------------------


async def test_wrong_key(sandbox: Sandbox) -> None:
    """401 is the key's fault, and the error does not hold it."""
    async with aclosing(WaveSpeed("wsk-other", base_url=sandbox.url)) as wavespeed:
        with pytest.raises(KeyRejected) as caught:
            await wavespeed.balance()
    assert "wsk-other" not in repr(caught.value)


async def test_model_gone(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """A model that is not live is gone, for the submit and for the quote."""
    await sandbox.change(models=["openai/gpt-image-1"])
    with pytest.raises(ModelGone):
        await wavespeed.submit(submission("https://cdn.example/a.png"))
    with pytest.raises(ModelGone):
        await wavespeed.quote(submission())
    assert list(await wavespeed.live_models()) == ["openai/gpt-image-1"]


async def test_no_credits(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """An empty account refuses the submit."""
    url = await wavespeed.upload(picture())
    await sandbox.change(balance=0.01)
    with pytest.raises(CreditsExhausted):
        await wavespeed.submit(submission(url))


async def test_rejected_input(wavespeed: WaveSpeed) -> None:
    """A refused input is named by its field."""
    with pytest.raises(InputRejected, match="field"):
        await wavespeed.submit(submission(model="gpt-image-2"))


async def test_no_such_prediction(wavespeed: WaveSpeed) -> None:
    """An id that the server does not know, whatever is in it."""
    for prediction_id in ("0" * 32, "pred_1?a#b c"):
        with pytest.raises(NoSuchPrediction):
            await wavespeed.result(prediction_id)


# --- listing --------------------------------------------------------------------------------------------


async def test_list_over_pages(
    sandbox: Sandbox, wavespeed: WaveSpeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a page of predictions comes whole, each once, and no page is asked for twice."""
    monkeypatch.setattr("bot.providers.wavespeed._PAGE_SIZE", 2)
    url = await wavespeed.upload(picture())
    bought = [(await wavespeed.submit(submission(url))).id for _ in range(5)]
    assert [item.id for item in await wavespeed.predictions(LONG_AGO)] == bought[::-1]
    calls = await sandbox.see("calls")
    assert [call["json"]["page"] for call in calls if call["path"] == "/api/v3/predictions"] == [1, 2, 3]


async def test_list_window(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """Only what was created in the window is listed."""
    bought = await wavespeed.submit(submission(await wavespeed.upload(picture())))
    assert [item.id for item in await wavespeed.predictions(age(minutes=1))] == [bought.id]
    assert await wavespeed.predictions(age(minutes=2), age(minutes=1)) == []
    assert await wavespeed.predictions(age(minutes=-1)) == []
    calls = await sandbox.see("calls")
    assert {call["json"]["page_size"] for call in calls if call["path"] == "/api/v3/predictions"} == {100}


@pytest.mark.parametrize("name", ["inputs", "input", "request"])
async def test_lost_submit_is_found_by_its_source(sandbox: Sandbox, wavespeed: WaveSpeed, name: str) -> None:
    """Under whatever name the inputs come, the source's URL is in them, and in no other prediction's."""
    await sandbox.change(list_inputs_name=name)
    urls = [await wavespeed.upload(picture()) for _ in range(2)]
    bought = [await wavespeed.submit(submission(url)) for url in urls]
    listed = await wavespeed.predictions(LONG_AGO, inputs=True)
    for prediction, url in zip(bought, urls, strict=True):
        assert [item.id for item in listed if url in str(item.inputs)] == [prediction.id]


async def test_list_that_refuses_inputs(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """A server that does not take the question says so, and is not asked again by itself."""
    await sandbox.change(reject_list_inputs=True)
    with pytest.raises(InputRejected):
        await wavespeed.predictions(LONG_AGO, inputs=True)
    assert await wavespeed.predictions(LONG_AGO) == []


# --- account --------------------------------------------------------------------------------------------


async def test_balance_and_quote(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """Money is micro-dollars; a quote has the account's discount and buys nothing."""
    assert await wavespeed.balance() == 100_000_000
    assert await wavespeed.quote(submission()) == 30_000
    await sandbox.change(discount_rate=0.5)
    assert await wavespeed.quote(submission("https://cdn.example/a.png")) == 15_000
    assert await wavespeed.balance() == 100_000_000


# --- the key --------------------------------------------------------------------------------------------


async def test_the_key_is_nowhere_but_in_its_header(
    sandbox: Sandbox, wavespeed: WaveSpeed, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in a repr, not in what httpx logs at its most talkative, and not where files are."""
    caplog.set_level(logging.DEBUG)
    await sandbox.change(hold=False, seconds=[0.0, 0.0])
    bought = await wavespeed.submit(submission(await wavespeed.upload(picture())))
    await sandbox.finish(bought.id)
    await wavespeed.download((await wavespeed.result(bought.id)).outputs[0])
    assert KEY not in repr(wavespeed)
    assert KEY not in caplog.text
    api = {call["path"].startswith("/api/"): call["authorized"] for call in await sandbox.see("calls")}
    assert api == {True: True, False: False}


@pytest.mark.parametrize("key", ["", "wsk canary", "wsk-canary\n", "wsk-canäry"])
def test_a_key_that_can_not_be_one(key: str) -> None:
    """It is refused at the start, without being said."""
    with pytest.raises(StartRefused) as caught:
        WaveSpeed(key)
    assert not key or key not in str(caught.value)


def test_a_base_url_without_a_scheme() -> None:
    """It is refused at the start."""
    with pytest.raises(StartRefused):
        WaveSpeed(KEY, base_url="api.wavespeed.ai")


# --- many at once ---------------------------------------------------------------------------------------


async def test_more_calls_than_connections(sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """Calls that find no free connection wait for one."""
    calls: list[Callable[[], Awaitable[int]]] = [wavespeed.balance] * 40
    assert await asyncio.gather(*(call() for call in calls)) == [100_000_000] * 40
