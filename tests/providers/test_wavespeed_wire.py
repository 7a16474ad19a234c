"""The pure half of WaveSpeed: recorded answers replayed whole, and the exact JSON of every model."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.catalogue import Model
from bot.domain.catalogue_file import load
from bot.domain.ports import Prediction, Submission
from bot.errors import ModelGone, NoSuchPrediction, OutputUnusable, ProviderDown, ProviderError, Throttled
from bot.providers import wavespeed_files as files
from bot.providers import wavespeed_models as models
from bot.providers import wavespeed_wire as wire

ID = "45b392b22c3b449fa935bd4dc2219dfe"
SAMPLES = sorted((Path(__file__).parents[1] / "samples" / "wavespeed").glob("*.json"))
MODELS = [model for model in load().models.values() if model.provider == "wavespeed"]
ONE, TWO = "https://cdn.example/one.png", "https://cdn.example/two.png"


def plain(prediction: Prediction) -> dict[str, Any]:
    return {
        "id": prediction.id,
        "status": prediction.status.value,
        "outputs": list(prediction.outputs),
        "failure": type(prediction.failure).__name__ if prediction.failure else None,
        "inputs": prediction.inputs,
    }


def page(data: Any, *, include_inputs: bool) -> dict[str, Any]:
    items, count, total = wire.listing(data, include_inputs=include_inputs)
    return {"items": [plain(item) for item in items], "count": count, "total": total}


def ticket(data: Any) -> dict[str, Any]:
    found = files.ticket(data)
    return {"url": found.url, "headers": dict(found.headers), "download_url": found.download_url}


MISSING: dict[str, type[ProviderError]] = {
    "submit": ModelGone,
    "price": ModelGone,
    "result": NoSuchPrediction,
}
READ: dict[str, Callable[[Any], Any]] = {
    "submit": lambda data: plain(wire.prediction(data)),
    "result": lambda data: plain(wire.prediction(data, ID)),
    "list": lambda data: page(data, include_inputs=False),
    "list_inputs": lambda data: page(data, include_inputs=True),
    "models": lambda data: sorted(models.models(data)),
    "balance": lambda data: wire.amount(data, "balance"),
    "price": lambda data: wire.amount(data, "discounted_price", "price"),
    "ticket": ticket,
    "binary": files.stored_at,
}


def replay(sample: dict[str, Any]) -> Any:
    """What the program makes of a recorded answer."""
    body, headers = sample["body"], httpx.Headers(sample["headers"])
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    call = sample["call"]
    if call == "put":
        return files.stored(sample["status"], headers)
    options = {"missing": MISSING[call]} if call in MISSING else {}
    return READ[call](wire.decipher(sample["status"], headers, raw, **options))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_recorded_answer(path: Path) -> None:
    """Every recorded answer becomes exactly the data or the error that its file says."""
    sample = json.loads(path.read_text("utf-8"))
    expected = sample["expected"]
    if not isinstance(expected, dict) or "error" not in expected:
        assert replay(sample) == expected
        return
    with pytest.raises(ProviderError) as caught:
        replay(sample)
    assert type(caught.value).__name__ == expected["error"]
    if "detail" in expected:
        assert str(caught.value) == expected["detail"]
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after == expected["retry_after"]


@pytest.mark.parametrize("path", [path for path in SAMPLES if "secret" in path.read_text("utf-8")])
def test_texts_that_quote_the_prompt_stay_out_of_details(path: Path) -> None:
    """Whatever the provider's text quotes, the error's detail does not hold it."""
    sample = json.loads(path.read_text("utf-8"))
    if sample["call"] == "submit":
        with pytest.raises(ProviderError) as caught:
            replay(sample)
        detail = str(caught.value)
    else:
        detail = str(wire.prediction(sample["body"]["data"], ID).failure)
    assert detail
    assert "birthday" not in detail


# --- what is sent ---------------------------------------------------------------------------------------

FIXED = {"prompt": "a red hat"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_s_body(model: Model) -> None:
    """Of whatever the catalogue holds, each submission has its pictures, and only parameters of its row."""
    choices = {name: choice.values[-1] for name, choice in model.choices.items()}
    body = wire.inputs(Submission(model, "a red hat", (ONE,), choices, mask=TWO))
    fields = {choice.field for choice in model.choices.values() if choice.field}
    mask = {model.mask.field} if model.mask else set()
    assert set(body) == {*FIXED, model.pictures_field} | fields | mask
    assert body[model.pictures_field] == (ONE if model.most_pictures == 1 else [ONE])


def test_mask_and_flags() -> None:
    """gpt-image-1 takes its picture as text, its mask beside it, and the two flags as asked for."""
    model = load().models["gpt-image-1"]
    submission = Submission(model, "a red hat", (ONE,), {"quality": "high", "aspect": "2:3"}, mask=TWO)
    assert wire.inputs(submission, sync_mode=True, base64_output=True) == {
        "prompt": "a red hat",
        "image": ONE,
        "mask_image": TWO,
        "quality": "high",
        "size": "1024*1536",
        "enable_sync_mode": True,
        "enable_base64_output": True,
    }


def test_a_mask_that_the_model_has_no_field_for_is_left_out() -> None:
    """Several pictures go as a list, in order."""
    model = load().models["gpt-image-2"]
    submission = Submission(model, "a red hat", (ONE, TWO), {}, mask=TWO)
    assert wire.inputs(submission) == FIXED | {"images": [ONE, TWO]}


def test_notes_drawn_over_the_picture_go_where_there_is_no_mask() -> None:
    """The models that take them take one or the other."""
    flare, two = load().models["gpt-image-2.6-flare"], load().models["gpt-image-2"]
    notes = Submission(flare, "a red hat", (ONE,), {}, markup=TWO)
    assert wire.inputs(notes) == FIXED | {"images": [ONE], "markup_image": TWO}
    both = Submission(flare, "a red hat", (ONE,), {}, mask=ONE, markup=TWO)
    assert wire.inputs(both) == FIXED | {"images": [ONE], "mask_image": ONE}
    assert wire.inputs(Submission(two, "a red hat", (ONE,), {}, markup=TWO)) == FIXED | {"images": [ONE]}


def test_list_window_is_utc() -> None:
    """A window in another zone is sent in UTC, to the microsecond."""
    since = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=2)))
    until = datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert wire.list_query(3, 100, since, until, include_inputs=True) == {
        "page": 3,
        "page_size": 100,
        "created_after": "2026-11-21T10:00:00.250000Z",
        "created_before": "2026-11-21T11:00:00Z",
        "include_inputs": True,
    }
    assert set(wire.list_query(1, 100, since, None, include_inputs=False)) == {
        "page",
        "page_size",
        "created_after",
    }


# --- outputs --------------------------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n-picture-"


@pytest.mark.parametrize(
    "output",
    [
        base64.b64encode(PNG).decode(),
        "data:image/png;base64," + base64.b64encode(PNG).decode(),
        base64.encodebytes(PNG).decode(),
    ],
    ids=["naked", "data URI", "with line breaks"],
)
def test_base64_output(output: str) -> None:
    """A picture in the answer is decoded, whichever way it is written."""
    assert not files.is_url(output)
    assert files.decoded(output) == PNG


@pytest.mark.parametrize(
    "output",
    ["", "data:", "not base64!", "iVBORw0KGg", "ftp://cdn.example/a.png", "file:///etc/passwd", "../a.png"],
)
def test_output_that_is_no_picture(output: str) -> None:
    """What is neither a web URL nor base64 is not worth repeating."""
    assert not files.is_url(output)
    with pytest.raises(OutputUnusable):
        files.decoded(output)


def test_base64_output_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused by its length, before it is decoded."""
    monkeypatch.setattr(files, "LARGEST_PICTURE", 300)
    assert files.decoded(base64.b64encode(bytes(300)).decode()) == bytes(300)
    with pytest.raises(OutputUnusable, match="too large"):
        files.decoded(base64.b64encode(bytes(306)).decode())


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (200, "image/png", b""),
        (200, "text/html; charset=utf-8", b"please wait"),
        (200, "image/png", b"\n <!DOCTYPE html><title>busy</title>"),
        (200, "", b"<html>"),
        (206, "image/png", PNG),
        (403, "application/xml", b"<Error/>"),
        (404, "text/plain", b"not yet"),
        (503, "image/png", PNG),
    ],
)
def test_output_worth_fetching_again(status: int, content_type: str, body: bytes) -> None:
    """Nothing, a page, or another status than 200 is no picture, and may be one a moment later."""
    with pytest.raises(ProviderDown):
        files.fetched(status, httpx.Headers({"content-type": content_type}), body)


def test_output_fetched() -> None:
    """The bytes are passed on as they came."""
    assert files.fetched(200, httpx.Headers(), PNG) == PNG


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2025-09-25T09:12:48.239112031Z", datetime(2025, 9, 25, 9, 12, 48, 239112, UTC)),
        ("2025-09-25T09:12:48", datetime(2025, 9, 25, 9, 12, 48, tzinfo=UTC)),
        ("yesterday", None),
        (None, None),
        (7, None),
    ],
)
def test_when_a_prediction_was_made(told: Any, moment: datetime | None) -> None:
    """By the provider's clock, in nanoseconds; what can't be read is not known."""
    assert wire.prediction({"id": ID, "created_at": told}).created_at == moment


@pytest.mark.parametrize(
    ("told", "endpoint"), [("makers/one", "makers/one"), ("", None), (None, None), (7, None)]
)
def test_of_which_model_a_prediction_is(told: Any, endpoint: str | None) -> None:
    """Where it is told."""
    assert wire.prediction({"id": ID, "model": told}).endpoint == endpoint
