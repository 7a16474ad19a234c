"""Rows become values, values become columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from bot.domain.edits import (
    Attempt,
    AttemptState,
    Edit,
    EditState,
    KeptResult,
    Place,
    Request,
    RequestState,
    SentPicture,
)
from bot.domain.pictures import Fit, Role, Size
from bot.domain.roles import Decision


def request_columns(request: Request) -> dict[str, Any]:
    """A request as the columns of its row, without ``due_at``."""
    return {
        "id": request.id,
        "user_id": request.user_id,
        **_place_columns(request.place),
        "state": request.state.value,
        "pictures": _picture_columns(request.pictures),
        "prompt": request.prompt,
        "language": request.language,
        "album_id": request.album_id,
        "addressed": request.addressed,
        "decision": request.decision.as_json() or None,
        "question_message_id": request.question_message_id,
        "created_at": request.created_at,
    }


def request_of(row: Row[Any]) -> Request:
    """The request of a row of ``requests``."""
    return Request(
        id=row.id,
        user_id=row.user_id,
        place=Place(row.chat_id, row.message_id, row.thread_id),
        state=RequestState(row.state),
        pictures=_pictures(row.pictures),
        created_at=row.created_at,
        prompt=row.prompt,
        language=row.language,
        album_id=row.album_id,
        addressed=row.addressed,
        decision=Decision.of_json(row.decision),
        question_message_id=row.question_message_id,
    )


def edit_columns(edit: Edit) -> dict[str, Any]:
    """An edit as the columns of its row."""
    return {
        "id": edit.id,
        "origin": edit.origin,
        "user_id": edit.user_id,
        **_place_columns(edit.place),
        "prompt": edit.prompt,
        "model": edit.model,
        "choices": dict(edit.choices),
        "pictures": _picture_columns(edit.pictures),
        "fit": None if edit.fit is None else asdict(edit.fit),
        "quote": edit.quote,
        "mask_key": edit.mask_key,
        "finishing": edit.finishing,
        "delivery": edit.delivery,
        "language": edit.language,
        "state": edit.state.value,
        "reason": edit.reason,
        "charged": edit.charged,
        "status_message_id": edit.status_message_id,
        "result_message_id": edit.result_message_id,
        "result_file_id": edit.result_file_id,
        "created_at": edit.created_at,
        "submitted_at": edit.submitted_at,
        "ended_at": edit.ended_at,
        "drift": edit.drift,
        "batch": edit.batch,
    }


def edit_of(row: Row[Any]) -> Edit:
    """The edit of a row of ``edits``."""
    return Edit(
        id=row.id,
        origin=row.origin,
        user_id=row.user_id,
        place=Place(row.chat_id, row.message_id, row.thread_id),
        prompt=row.prompt,
        model=row.model,
        choices=row.choices,
        pictures=_pictures(row.pictures),
        quote=row.quote,
        created_at=row.created_at,
        fit=_fit(row.fit),
        mask_key=row.mask_key,
        finishing=row.finishing,
        delivery=row.delivery,
        language=row.language,
        state=EditState(row.state),
        reason=row.reason,
        charged=row.charged,
        status_message_id=row.status_message_id,
        result_message_id=row.result_message_id,
        result_file_id=row.result_file_id,
        submitted_at=row.submitted_at,
        ended_at=row.ended_at,
        drift=row.drift,
        batch=row.batch,
    )


def attempt_of(row: Row[Any]) -> Attempt:
    """The attempt of a row of ``attempts``."""
    return Attempt(
        id=row.id,
        edit_id=row.edit_id,
        number=row.number,
        state=AttemptState(row.state),
        source_url=row.source_url,
        opened_at=row.opened_at,
        prediction_id=row.prediction_id,
        cost=row.cost,
    )


def result_of(row: Row[Any]) -> KeptResult:
    """The kept result of a row of ``results``."""
    return KeptResult(
        edit_id=row.edit_id,
        key=row.key,
        media_type=row.media_type,
        width=row.width,
        height=row.height,
        drift=row.drift,
        kept_at=row.kept_at,
    )


def _place_columns(place: Place) -> dict[str, int | None]:
    return {"chat_id": place.chat_id, "message_id": place.message_id, "thread_id": place.thread_id}


def _picture_columns(pictures: Sequence[SentPicture]) -> list[dict[str, Any]]:
    return [asdict(picture) for picture in pictures]


def _pictures(columns: Sequence[dict[str, Any]]) -> tuple[SentPicture, ...]:
    return tuple(SentPicture(**{**picture, "role": Role(picture["role"])}) for picture in columns)


def _fit(columns: dict[str, Any] | None) -> Fit | None:
    if columns is None:
        return None
    left, top, width, height = columns["box"]
    return Fit(Size(**columns["source"]), Size(**columns["canvas"]), (left, top, width, height))
