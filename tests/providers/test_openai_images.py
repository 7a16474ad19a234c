"""The thin half of OpenAI's Images API over HTTP, against the stand-in: what it sends, and what it tells."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from bot.domain.live import LiveModel
from bot.domain.ports import PredictionStatus, Provider
from bot.errors import (
    InputRejected,
    KeyRejected,
    ModelGone,
    NoSuchPrediction,
    NotSent,
    ProviderDown,
    StartRefused,
    StorageBusy,
    Throttled,
)
from bot.providers.openai_images import OpenAIImages
from tests.fakes import FakeBlobs

from .openai_bench import KEY, SIZE, Bench, bench, mask, picture, submission
from .raw_server import http, raw_server

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[Bench]:
    """One for all: making clients is what takes time."""
    async with bench() as running:
        yield running


@pytest.fixture
async def openai(shared: Bench) -> Bench:
    await shared.begin_anew()
    return shared


# --- the whole way --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["b64_json", "url"])
async def test_from_picture_to_picture(openai: Bench, answer: str) -> None:
    """Upload, submit and download: an edited PNG comes back, finished, with what it cost."""
    await openai.change(answer=answer)
    [url] = await openai.uploaded()
    wish = submission(url, quality="low", aspect="3:2", resolution="1k")
    quote = await openai.ours.quote(wish)
    bought = await openai.ours.submit(wish)
    assert bought.status is PredictionStatus.COMPLETED
    [output] = bought.outputs
    assert output.startswith("http") == (answer == "url")
    with Image.open(io.BytesIO(await openai.ours.download(output))) as edited:
        assert (edited.format, edited.size) == ("PNG", (1536, 1024))
    [done] = await openai.see("edits")
    assert bought.cost == done["billed"]
    assert quote is not None
    assert 0 < done["billed"] <= quote


async def test_every_prediction_has_an_id_of_its_own(openai: Bench) -> None:
    """The server gives none, so it is made up."""
    ids = {(await openai.ours.submit(submission(*await openai.uploaded()))).id for _ in range(2)}
    assert len(ids) == 2


async def test_words_alone(openai: Bench) -> None:
    """A row's sibling is asked by JSON, and billed without pictures."""
    sibling = submission().model.create
    assert sibling is not None
    wish = submission(quality="low", aspect="1:1", resolution="1k")
    bought = await openai.ours.submit(type(wish)(sibling, "a fox in the snow", (), wish.choices))
    [done] = await openai.see("edits")
    assert done["path"] == "/v1/images/generations"
    assert done["fields"] == {
        "model": "gpt-image-2",
        "prompt": "a fox in the snow",
        "n": 1,
        "size": "1024x1024",
        "quality": "low",
    }
    assert bought.cost == done["billed"]
    assert await openai.ours.download(bought.outputs[0])


# --- what is sent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pictures", "field"), [(1, "image"), (2, "image[]"), (4, "image[]")])
async def test_pictures_in_a_form(openai: Bench, pictures: int, field: str) -> None:
    """One is ``image``, several are ``image[]``; the mask is ``mask``, as large as the first."""
    urls = await openai.uploaded(pictures)
    hole = await openai.ours.upload(mask())
    await openai.ours.submit(submission(*urls, mask=hole))
    [done] = await openai.see("edits")
    sent = [(item["field"], item["content_type"], item["format"]) for item in done["pictures"]]
    assert sent == [(field, "image/jpeg", "JPEG")] * pictures
    assert (done["mask"]["format"], done["mask"]["width"], done["mask"]["height"]) == ("PNG", *SIZE)


@pytest.mark.parametrize("encoding", ["PNG", "JPEG", "WEBP"])
async def test_formats(openai: Bench, encoding: str) -> None:
    """Each format that the API takes is sent as what it is."""
    url = await openai.ours.upload(picture(encoding=encoding))
    await openai.ours.submit(submission(url))
    [done] = await openai.see("edits")
    assert [item["format"] for item in done["pictures"]] == [encoding]


# The page "Edit Image by gpt-image-1": what it has for quality and size.
PAGE = [
    *[({"quality": word}, {"quality": word}) for word in ("low", "medium", "high")],
    ({"aspect": "1:1"}, {"size": "1024x1024"}),
    ({"aspect": "3:2"}, {"size": "1536x1024"}),
    ({"aspect": "2:3"}, {"size": "1024x1536"}),
]


@pytest.mark.parametrize(("chosen", "sent"), PAGE)
async def test_the_form_of_the_page(openai: Bench, chosen: dict[str, str], sent: dict[str, str]) -> None:
    """Each documented value is sent as the page has it, and nothing beside it."""
    [url] = await openai.uploaded()
    await openai.ours.submit(submission(url, name="gpt-image-1-openai", **chosen))
    [done] = await openai.see("edits")
    assert done["fields"] == {"model": "gpt-image-1", "prompt": "a red hat", "n": "1"} | sent
    assert [item["field"] for item in done["pictures"]] == ["image"]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"quality": "ultra"}, id="a quality that it lacks"),
        pytest.param({"quality": "xhigh"}, id="a quality of another model"),
        pytest.param({"quality": "auto"}, id="a word of the API that is not the row's"),
        pytest.param({"aspect": "7:5", "resolution": "1k"}, id="a shape that it lacks"),
        pytest.param({"aspect": "1:1", "resolution": "8k"}, id="a resolution that it lacks"),
        pytest.param({"complexity": "low"}, id="a choice that it lacks"),
        pytest.param({"prompt": " "}, id="no words"),
        pytest.param({"prompt": "x" * 4001}, id="too many words"),
    ],
)
async def test_a_wrong_value_is_refused_before_any_http(openai: Bench, wrong: dict[str, str]) -> None:
    """Nothing is sent, and the picture is still there."""
    [url] = await openai.uploaded()
    with pytest.raises(InputRejected):
        await openai.ours.submit(submission(url, **wrong))
    assert await openai.see("calls") == []
    assert len(openai.blobs.kept) == 1


@pytest.mark.parametrize("count", [0, 5])
async def test_a_wrong_number_of_pictures_is_refused_before_any_http(openai: Bench, count: int) -> None:
    """The row takes one to four."""
    with pytest.raises(InputRejected):
        await openai.ours.submit(submission(*await openai.uploaded(count)))
    assert await openai.see("calls") == []


@pytest.mark.parametrize("data", [b"GIF89a", b"\x89PNG" + bytes(4 * 1024 * 1024)], ids=["no PNG", "4 MB"])
async def test_a_wrong_mask_is_refused_before_any_http(openai: Bench, data: bytes) -> None:
    """OpenAI takes a PNG of less than 4 MB."""
    [url] = await openai.uploaded()
    hole = await openai.ours.upload(type(mask())(data, "image/png", "png", mask().size))
    with pytest.raises(InputRejected):
        await openai.ours.submit(submission(url, mask=hole))
    assert await openai.see("calls") == []


@pytest.mark.parametrize(
    ("hole", "code"),
    [
        (mask((32, 32)), "invalid_mask_image_format"),
        (picture("white", "PNG"), "invalid_image_file"),
    ],
    ids=["another size", "black and white"],
)
async def test_a_mask_that_the_server_refuses(openai: Bench, hole: Any, code: str) -> None:
    """The stand-in is as strict as OpenAI about size and alpha; the log says what it was."""
    [url] = await openai.uploaded()
    with pytest.raises(InputRejected, match=f"HTTP 400, {code}, param mask"):
        await openai.ours.submit(submission(url, mask=await openai.ours.upload(hole)))


async def test_a_prompt_with_half_a_character(openai: Bench) -> None:
    """A lone surrogate, which UTF-8 can't hold, does not keep a prompt from being sent."""
    await openai.ours.submit(submission(*await openai.uploaded(), prompt="ein Hut 🎩 \ud83c"))
    [done] = await openai.see("edits")
    assert done["fields"]["prompt"] == "ein Hut 🎩 ?"


# --- pictures that wait -------------------------------------------------------------------------------------


async def test_uploads_wait_for_their_submit(openai: Bench) -> None:
    """The same picture twice has two names; nothing goes out before the submit, nothing stays after it."""
    first, second = await openai.uploaded(2)
    assert first != second
    assert first.startswith("blob:")
    assert await openai.see("calls") == []
    await openai.ours.submit(submission(first, second))
    assert openai.blobs.kept == {}


async def test_a_picture_that_is_gone(openai: Bench) -> None:
    """Without its bytes nothing is bought; a name that was not ours opens no file."""
    [url] = await openai.uploaded()
    openai.blobs.kept.clear()
    for name in (url, "blob:../../etc/passwd", "https://cdn.example/a.png"):
        with pytest.raises(InputRejected):
            await openai.ours.submit(submission(name))
    assert await openai.see("calls") == []


class _FullDisk(FakeBlobs):
    async def put(self, key: str, data: bytes) -> None:
        raise StorageBusy("no space left")

    async def get(self, key: str) -> bytes | None:
        raise StorageBusy("input/output error")


async def test_a_disk_that_fails() -> None:
    """An upload is worth repeating; a submit was provably not sent."""
    provider = OpenAIImages(KEY, _FullDisk(), base_url="http://127.0.0.1:9")
    with pytest.raises(ProviderDown):
        await provider.upload(picture())
    with pytest.raises(NotSent):
        await provider.submit(submission(f"blob:openai/{'0' * 32}.png"))


async def test_a_format_that_is_not_taken(openai: Bench) -> None:
    """It is refused before it is kept."""
    gif = type(picture())(b"GIF89a", "image/gif", "gif", picture().size)
    with pytest.raises(InputRejected):
        await openai.ours.upload(gif)


# --- what such a server does not have -----------------------------------------------------------------------


async def test_nothing_is_known_afterwards(openai: Bench) -> None:
    """No predictions, no balance, no account: each says so in the way that its callers bear."""
    ours: Provider = openai.ours
    bought = await ours.submit(submission(*await openai.uploaded()))
    with pytest.raises(NoSuchPrediction):
        await ours.result(bought.id)
    with pytest.raises(ProviderDown):
        await ours.balance()
    assert not ours.searchable
    assert await ours.predictions(NOW, inputs=True) == []
    assert await ours.billings(NOW, NOW) == []


async def test_live_models(openai: Bench) -> None:
    """The ids of the server's list are our endpoints; it says nothing more of them."""
    await openai.change(models=["gpt-image-2"])
    assert await openai.ours.live_models() == {"gpt-image-2": LiveModel("gpt-image-2")}
    with pytest.raises(ModelGone):
        await openai.ours.submit(submission(*await openai.uploaded(), name="gpt-image-1-openai"))


@pytest.mark.parametrize("status", ["404 Not Found", "405 Method Not Allowed"])
async def test_a_server_without_a_list_of_models(status: str) -> None:
    """That is no list, and not an empty one."""
    async with raw_server(http(b"", status=status)) as server:
        assert await OpenAIImages(KEY, FakeBlobs(), base_url=server.url).live_models() is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data":[]}', b'{"data":[{"name":"x"}]}'])
async def test_a_list_that_can_not_be_read(body: bytes) -> None:
    """That is a fault of the list, not the end of all models."""
    async with raw_server(http(body)) as server:
        with pytest.raises(ProviderDown):
            await OpenAIImages(KEY, FakeBlobs(), base_url=server.url).live_models()


async def test_the_list_is_throttled(openai: Bench) -> None:
    """It says to wait."""
    await openai.fault("/v1/models", "status", status=429, retry_after=7)
    with pytest.raises(Throttled) as caught:
        await openai.ours.live_models()
    assert caught.value.retry_after == 7


# --- the key ------------------------------------------------------------------------------------------------


async def test_the_key_is_nowhere_but_in_its_header(openai: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Not in a repr, not in what httpx logs at its most talkative, and not where outputs are."""
    caplog.set_level(logging.DEBUG)
    await openai.change(answer="url")
    bought = await openai.ours.submit(submission(*await openai.uploaded()))
    await openai.ours.download(bought.outputs[0])
    assert KEY not in repr(openai.ours)
    assert KEY not in caplog.text
    calls = {call["path"].startswith("/v1/"): call["authorized"] for call in await openai.see("calls")}
    assert calls == {True: True, False: False}


async def test_a_wrong_key() -> None:
    """It is the key's fault, and the error does not hold it."""
    async with bench(api_key="sk-other") as openai:
        with pytest.raises(KeyRejected) as caught:
            await openai.ours.submit(submission(*await openai.uploaded()))
    assert "sk-other" not in repr(caught.value)


@pytest.mark.parametrize("key", ["", "sk canary", "sk-canary\n", "sk-canäry"])
def test_a_key_that_can_not_be_one(key: str) -> None:
    """It is refused at the start, without being said."""
    with pytest.raises(StartRefused) as caught:
        OpenAIImages(key, FakeBlobs())
    assert not key or key not in str(caught.value)


def test_a_base_url_without_a_scheme() -> None:
    """It is refused at the start."""
    with pytest.raises(StartRefused):
        OpenAIImages(KEY, FakeBlobs(), base_url="api.openai.com")


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_a_base_url_may_have_its_version(ending: str) -> None:
    """Compatible servers name themselves either way."""
    async with raw_server(http(b'{"data":[{"id":"gpt-image-2"}]}')) as server:
        provider = OpenAIImages(KEY, FakeBlobs(), base_url=server.url + ending)
        assert list(await provider.live_models() or ()) == ["gpt-image-2"]
        assert server.heads[0].startswith("GET /v1/models ")
