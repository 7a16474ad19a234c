"""The pure half of WaveSpeed's REST API v3: what is sent, and what an answer means.

Nothing else in the program interprets one of its status codes or envelopes. The details of the errors
name codes and fields but never quote the provider's texts: those may quote the prompt.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.domain.money import micros
from bot.domain.ports import Prediction, PredictionStatus, Submission
from bot.errors import (
    ContentRefused,
    CreditsExhausted,
    InputRejected,
    InputUnusable,
    KeyRejected,
    Moderated,
    NoSuchPrediction,
    PredictionFailed,
    ProviderBroke,
    ProviderDown,
    ProviderError,
    Throttled,
)

_BY_STATUS: Mapping[int, type[ProviderError]] = {
    401: KeyRejected,
    402: CreditsExhausted,
    403: KeyRejected,
    408: ProviderDown,  # a gateway gave up on us; whether the server took it is not said
    429: Throttled,
}
_NO_CREDITS = frozenset({1405, 1406, 1407})  # of an envelope; the 1405 of a prediction is another one
_MODERATION = 1200
_UNMISTAKABLE_INPUT = frozenset({1400, 1401, 1402})
_STATUSES = {
    "completed": PredictionStatus.COMPLETED,
    "failed": PredictionStatus.FAILED,
    "cancelled": PredictionStatus.FAILED,
    "timeout": PredictionStatus.FAILED,
    "deleted": PredictionStatus.FAILED,
}
# Without a code of its own, a refusal by the model's maker is known by its words only.
_MODERATION_WORDS = re.compile(
    r"content policy|moderation|nsfw|safety|sensitive content|violat", re.IGNORECASE
)
_FIELD = re.compile(r'field "([A-Za-z0-9_.\[\]-]{1,60})"')
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_ID = re.compile(r"[!-~]{1,200}")  # opaque, but it has to fit into paths and databases
_LONGEST_WAIT = 60.0  # seconds; limits are by the minute (docs, "Account levels")


# --- what is sent ---------------------------------------------------------------------------------------


def inputs(
    submission: Submission, *, sync_mode: bool = False, base64_output: bool = False
) -> dict[str, str | bool | list[str]]:
    """The JSON body of a submit. Source: the model's page, "Task Submission Parameters".

    Notes drawn over the picture go only where there is no mask: the models take one or the other. The two
    flags go only where they are set: false is their default, and not every model's page has them.

    Raises:
        InputRejected: a choice that the model's row does not have.
    """
    check_choices(submission)
    model = submission.model
    body: dict[str, str | bool | list[str]] = {"prompt": submission.prompt}
    if submission.pictures:
        one = model.most_pictures == 1
        body[model.pictures_field] = submission.pictures[0] if one else list(submission.pictures)
    if model.mask is not None and submission.mask is not None:
        body[model.mask.field] = submission.mask
    elif model.markup_field is not None and submission.markup is not None:
        body[model.markup_field] = submission.markup
    body |= model.parameters(submission.choices)
    if sync_mode:
        body["enable_sync_mode"] = True
    if base64_output:
        body["enable_base64_output"] = True
    return body


def check_choices(submission: Submission) -> None:
    """Refuse what the model's row lacks; some models replace it silently, and charge.

    An edit may be older than its row as it is now.

    Raises:
        InputRejected: such a choice.
    """
    model = submission.model
    for name, value in submission.choices.items():
        if name not in model.choices or value not in model.choices[name].values:
            raise InputRejected(f"{name} is not one of the values of {model.name}")


def list_query(
    page: int, page_size: int, since: datetime, until: datetime | None, *, include_inputs: bool
) -> dict[str, Any]:
    """The JSON body of one page of the predictions list. Source: docs, "List predictions"."""
    query: dict[str, Any] = {"page": page, "page_size": page_size, "created_after": _rfc3339(since)}
    if until is not None:
        query["created_before"] = _rfc3339(until)
    if include_inputs:
        query["include_inputs"] = True
    return query


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


# --- what an answer means ---------------------------------------------------------------------------------


def decipher(
    status: int, headers: Mapping[str, str], body: bytes, *, missing: type[ProviderError] = InputRejected
) -> Any:
    """The ``data`` of an answer's envelope ``{"code", "message", "data"}``.

    An envelope whose code is not 200 is a failure under HTTP 200 too.

    Args:
        status: the HTTP status.
        headers: of the answer, with lower-case names or case-insensitive.
        body: the answer's body, JSON or whatever came instead.
        missing: what a 404 means for the call.

    Raises:
        KeyRejected, Throttled, CreditsExhausted, ContentRefused, InputRejected, or ``missing``: the call
            was refused.
        ProviderDown: a 5xx, or nothing that can be read.
    """
    envelope = json_object(body)
    code = _integer(envelope.get("code"))
    if 200 <= status < 300 and "data" in envelope and code in {200, None}:
        return envelope["data"]
    raised = _refusal(status, code, missing)
    if raised is NoSuchPrediction and not envelope:
        raised = ProviderDown  # a gateway's own 404 page says nothing about a prediction that was paid for
    detail = _detail(status, code, envelope)
    if raised is Throttled:
        raise Throttled(detail, retry_after(headers))
    raise raised(detail)


def _refusal(status: int, code: int | None, missing: type[ProviderError]) -> type[ProviderError]:
    said = code if 200 <= status < 300 else status
    if said is None or status >= 500:
        return ProviderDown
    if code in _NO_CREDITS:
        return CreditsExhausted
    if code == _MODERATION:
        return ContentRefused
    if said == 404:
        return missing
    if said in _BY_STATUS:
        return _BY_STATUS[said]
    return InputRejected if 400 <= said < 500 or 1000 <= said < 2000 else ProviderDown


def _detail(status: int, code: int | None, envelope: Mapping[str, Any]) -> str:
    parts = [f"HTTP {status}"]
    if code is not None and code != status:
        parts.append(f"code {code}")
    if _WORD.fullmatch(word := str(envelope.get("error_code", ""))):
        parts.append(word)
    if field := _FIELD.search(str(envelope.get("message", ""))):
        parts.append(f"field {field[1]}")
    if not envelope:
        parts.append("no readable answer")
    return ", ".join(parts)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header, where there is one (RFC 9110, 10.2.3).

    A date is taken relative to the answer's own Date, so that our clock plays no part. Whatever a server
    says, it is no more than a minute.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value):
        return min(float(value), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(value)
        seconds = (until - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
        return min(max(0.0, seconds), _LONGEST_WAIT)
    except (ValueError, TypeError):  # no date, or one with and one without a zone
        return None


def unknown_endpoint(status: int) -> bool:
    """Whether the server lacks the endpoint that was called."""
    return status in {404, 405}


# --- predictions ------------------------------------------------------------------------------------------


def prediction(data: Any, known_id: str = "") -> Prediction:
    """A prediction object. Source: docs, "Get result" and "Error codes".

    Args:
        data: the object as JSON gave it.
        known_id: the id that was asked for; "" where only the answer can name it.

    Raises:
        ProviderDown: it is no object, or nobody knows its id.
    """
    if not isinstance(data, dict):
        raise ProviderDown("the prediction is no object")
    identity = data["id"] if _is_id(data.get("id")) else known_id
    if not identity:
        raise ProviderDown("the prediction has no id")
    status = _STATUSES.get(str(data.get("status")).lower(), PredictionStatus.RUNNING)
    failed = status is PredictionStatus.FAILED
    return Prediction(
        id=identity,
        status=status,
        outputs=_outputs(data.get("outputs")),
        failure=_failure(data, identity) if failed else None,
        inputs=_inputs_of(data),
        endpoint=_text_of(data.get("model")),
        created_at=_moment(data.get("created_at")),
    )


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _outputs(outputs: Any) -> tuple[str, ...]:
    if not isinstance(outputs, list):
        return ()
    found = [item.get("url") if isinstance(item, dict) else item for item in outputs]
    return tuple(item for item in found if isinstance(item, str) and item)


def _failure(data: Mapping[str, Any], identity: str) -> PredictionFailed:
    code = _integer(data.get("code"))
    text = str(data.get("error") or "")
    detail = f"prediction {identity[:64]}: {str(data.get('status'))[:20]}, code {code}"
    if code == _MODERATION or (code not in _UNMISTAKABLE_INPUT and _MODERATION_WORDS.search(text)):
        return Moderated(detail)
    if code is not None and 1400 <= code < 1500:
        return InputUnusable(detail)
    return ProviderBroke(detail)


def _text_of(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _inputs_of(data: Mapping[str, Any]) -> Any:
    # The list calls them "inputs" or, like the webhook, "input"; which is not documented. As text they are
    # parsed, so that what is looked for in them is not hidden by JSON's escapes.
    found = data.get("inputs") or data.get("input")
    if isinstance(found, str):
        try:
            return json.loads(found)
        except (ValueError, RecursionError):
            return found
    return found


def listing(data: Any, *, include_inputs: bool) -> tuple[list[Prediction], int, int | None]:
    """One page of predictions: those that can be read, how many it has in all, and the list's total if known.

    Where inputs were asked for and are nowhere we look, the whole item stands in: whoever searches it for
    a URL of ours still finds it.

    Raises:
        ProviderDown: it is no page.
    """
    if not isinstance(data, dict) or not isinstance(data.get("items") or [], list):
        raise ProviderDown("the list of predictions is no page")
    items: list[Any] = data.get("items") or []
    readable = [item for item in items if isinstance(item, dict) and _is_id(item.get("id"))]
    found = [_listed(item, include_inputs) for item in readable]
    return found, len(items), _integer(data.get("total"))


def _listed(item: Mapping[str, Any], include_inputs: bool) -> Prediction:
    found = prediction(item)
    return dataclasses.replace(found, inputs=item) if include_inputs and found.inputs is None else found


# --- the smaller answers ------------------------------------------------------------------------------------


def amount(data: Any, *names: str) -> int:
    """The first of the named amounts of dollars that is there, in micro-dollars, rounded up.

    Raises:
        ProviderDown: there is none, or it is no amount in US dollars.
    """
    values = [data[name] for name in names if data.get(name) is not None] if isinstance(data, dict) else []
    if not values or isinstance(values[0], bool) or not isinstance(values[0], int | float | str):
        raise ProviderDown(f"the answer has no {names[0]}")
    if data.get("currency", "USD") != "USD":
        raise ProviderDown(f"{names[0]} is not in US dollars")
    try:
        return micros(values[0])
    except ValueError as error:
        raise ProviderDown(f"{names[0]} is no amount") from error


def json_object(body: bytes) -> Mapping[str, Any]:
    """The JSON object in ``body``; an empty one where there is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _integer(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,6}", value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
