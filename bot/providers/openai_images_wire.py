"""The pure half of OpenAI's Images API: what is sent, and what an answer means.

Source: OpenAI's API reference, "Images", and the page "Edit Image by gpt-image-1" of a compatible server.
The details of the errors name codes and parameters but never quote texts, which may quote the prompt.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from bot.domain.catalogue import Model, Tokens
from bot.domain.live import LiveModel, LiveModels
from bot.domain.ports import Prediction, PredictionStatus, Submission
from bot.domain.stores import UPLOADS
from bot.errors import (
    ContentRefused,
    CreditsExhausted,
    InputRejected,
    KeyRejected,
    ModelGone,
    ProviderDown,
    ProviderRefused,
    Throttled,
)
from bot.providers.wavespeed_wire import check_choices, json_object, retry_after

log = structlog.get_logger(__name__)

LARGEST_MASK = 4 * 1024 * 1024
_UPLOADED = "blob:"
_KEY = re.compile(rf"{UPLOADS}/[0-9a-f]{{32}}\.(png|jpg|webp)")
_MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_WORD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,60}")
_MOST_TOKENS = 100_000_000  # what says more is no count of tokens

_NO_CREDITS = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_MODERATION = frozenset({"moderation_blocked", "content_policy_violation", "content_filter"})
_NO_MODEL = frozenset({"model_not_found", "model_not_available"})

Part = tuple[str, tuple[str, bytes, str]]


# --- what is sent ---------------------------------------------------------------------------------------


def new_key(extension: str) -> str:
    """A key for a picture that waits for its submit; no two are the same.

    Raises:
        InputRejected: a format that the API does not take.
    """
    if extension not in _MEDIA_TYPES:
        raise InputRejected(f"{extension} is none of the formats that are taken")
    return f"{UPLOADS}/{uuid.uuid4().hex}.{extension}"


def url_of(key: str) -> str:
    """What stands for the picture under ``key`` where providers have URLs."""
    return _UPLOADED + key


def key_of(url: str) -> str:
    """The key in what `url_of` gave. Raises InputRejected: it gave no such thing."""
    key = url.removeprefix(_UPLOADED)
    if key == url or not _KEY.fullmatch(key):
        raise InputRejected("a picture that was not uploaded here")
    return key


def fields(submission: Submission) -> dict[str, str]:
    """The parameters of a call: those for which the model's row has a field, and no other.

    ``response_format`` is not among them: GPT image models refuse it and answer in base64.

    Raises:
        InputRejected: something that the model's row does not have.
    """
    _check(submission)
    model = submission.model
    # A lone surrogate, which UTF-8 can't hold, must not keep a prompt from being sent.
    prompt = submission.prompt.encode("utf-8", "replace").decode()
    return {"model": model.endpoint, "prompt": prompt, "n": "1", **model.parameters(submission.choices)}


def _check(submission: Submission) -> None:
    model = submission.model
    check_choices(submission)
    if not submission.prompt.strip() or len(submission.prompt) > model.prompt_limit:
        raise InputRejected(f"a prompt of {len(submission.prompt)} characters")
    least = min(model.most_pictures, 1)
    if not least <= len(submission.pictures) <= model.most_pictures:
        raise InputRejected(f"{len(submission.pictures)} pictures")
    if submission.mask is not None and model.mask is None:
        raise InputRejected(f"{model.name} takes no mask")
    if submission.markup is not None:
        raise InputRejected(f"{model.name} takes no markup")


def files(submission: Submission, pictures: Sequence[bytes], mask: bytes | None) -> list[Part]:
    """The multipart files of an edit: ``image`` for one picture, ``image[]`` for each of several, ``mask``.

    Raises:
        InputRejected: the mask is no PNG, or not less than 4 MB.
    """
    model = submission.model
    name = model.pictures_field if len(pictures) == 1 else f"{model.pictures_field}[]"
    parts = [
        (name, _file(f"picture-{number}", url, data))
        for number, (url, data) in enumerate(zip(submission.pictures, pictures, strict=True), 1)
    ]
    if mask is not None and submission.mask is not None and model.mask is not None:
        if not mask.startswith(b"\x89PNG") or len(mask) >= LARGEST_MASK:
            raise InputRejected(f"a mask of {len(mask)} bytes that is no PNG, or too large")
        parts.append((model.mask.field, _file("mask", submission.mask, mask)))
    return parts


def _file(name: str, url: str, data: bytes) -> tuple[str, bytes, str]:
    extension = key_of(url).rpartition(".")[2]
    return f"{name}.{extension}", data, _MEDIA_TYPES[extension]


def quote(submission: Submission) -> int:
    """The most that a submission can cost, in micro-dollars, whatever its prompt.

    Its row's price covers the most pictures and a mask; what this one has less is left out. Where no
    pictures are named yet, there may be as many as the model takes.

    Raises:
        PriceUnknown: the row has no price for these choices.
    """
    model = submission.model
    most = model.price(submission.choices)
    if model.tokens is None or not submission.pictures:
        return most
    spare = model.most_pictures - len(submission.pictures) + (submission.mask is None)
    return most - model.tokens.unused(max(spare, 0))


# --- what an answer means ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Told:
    """The ``error`` object of an answer, as far as it can be read."""

    code: str = ""
    kind: str = ""
    param: str = ""

    @property
    def codes(self) -> set[str]:
        return {self.code, self.kind}


def decipher(status: int, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """The object that an answer holds.

    Args:
        status: the HTTP status.
        headers: of the answer, with lower-case names or case-insensitive.
        body: the answer's body, JSON or whatever came instead.

    Raises:
        Throttled, KeyRejected, CreditsExhausted, ContentRefused, ModelGone, InputRejected: refused, so
            nothing was bought.
        ProviderDown: a 5xx, or nothing that can be read.
    """
    answer = json_object(body)
    told = _told(answer)
    detail = _detail(status, told, readable=bool(answer))
    if 200 <= status < 300 and answer and not answer.get("error"):
        return answer
    if not 400 <= status < 500 or status == 408:  # at 408 a gateway gave up on us; the server may have begun
        raise ProviderDown(detail)
    if status == 429 and not told.codes & _NO_CREDITS:
        raise Throttled(detail, retry_after(headers))
    raise _refusal(status, told)(detail)


def _refusal(status: int, told: _Told) -> type[ProviderRefused]:
    if status == 402 or told.codes & _NO_CREDITS:
        return CreditsExhausted
    if told.codes & _MODERATION:
        return ContentRefused
    if told.codes & _NO_MODEL or (status == 404 and told.param == "model"):
        return ModelGone
    return KeyRejected if status in {401, 403} else InputRejected


def _told(answer: Mapping[str, Any]) -> _Told:
    error = answer.get("error")
    if not isinstance(error, dict):
        return _Told()
    return _Told(_word(error.get("code")), _word(error.get("type")), _word(error.get("param")))


def _word(value: Any) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _detail(status: int, told: _Told, *, readable: bool) -> str:
    parts = [f"HTTP {status}", told.code or told.kind, f"param {told.param}" if told.param else ""]
    parts += [] if readable else ["no readable answer"]
    return ", ".join(part for part in parts if part)


def prediction(answer: Mapping[str, Any], model: Model) -> Prediction:
    """The finished prediction in the answer to a paid call.

    The server gives it no id and does not know it afterwards, so the id is made up.

    Raises:
        ProviderDown: there is no picture in it.
    """
    data = answer.get("data")
    items = [item for item in data if isinstance(item, dict)] if isinstance(data, list) else []
    found = [item.get("b64_json") or item.get("url") for item in items]
    outputs = tuple(output for output in found if isinstance(output, str) and output)
    if not outputs:
        raise ProviderDown("the answer has no picture")
    cost = cost_of(answer.get("usage"), model.tokens) if model.tokens is not None else None
    return Prediction(uuid.uuid4().hex, PredictionStatus.COMPLETED, outputs, cost=cost)


def cost_of(usage: Any, tokens: Tokens) -> int | None:
    """What the ``usage`` of an answer comes to, in micro-dollars, rounded up; None if it can't be read.

    Input that is not said to be text counts as pictures, which are dearer; so do cached tokens, which
    are cheaper, as if they were not.
    """
    told = usage if isinstance(usage, dict) else {}
    details = told.get("input_tokens_details")
    entered, output = _count(told.get("input_tokens")), _count(told.get("output_tokens"))
    if not entered or not output:  # no picture is made of no tokens: such a server does not count them
        log.warning("usage_unreadable")
        return None
    text = (_count(details.get("text_tokens")) if isinstance(details, dict) else None) or 0
    image = (_count(details.get("image_tokens")) if isinstance(details, dict) else None) or 0
    return tokens.cost(text, max(image, entered - text), output)


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None


def models(answer: Mapping[str, Any]) -> LiveModels:
    """The models in the list, which tells their ids only. Raises ProviderDown: there are none."""
    rows = answer.get("data")
    found = [
        LiveModel(row["id"])
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and isinstance(row.get("id"), str)
    ]
    if not found:
        raise ProviderDown("the list of models is empty or can't be read")
    return {model.endpoint: model for model in found}
