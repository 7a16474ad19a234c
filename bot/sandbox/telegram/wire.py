"""How Bot API calls look on the wire: parameters in all the forms the real server takes, and its errors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile

from bot.sandbox.telegram.state import Json

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_UPLOAD = 50 * 1024 * 1024


class ApiError(Exception):
    """A refusal in the Bot API's envelope; ``code`` is also the HTTP status."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def envelope(self) -> Json:
        """The JSON that the caller gets."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(description: str) -> ApiError:
    """Build a 400 with the prefix the real server puts."""
    return ApiError(400, f"Bad Request: {description}")


def forbidden(description: str) -> ApiError:
    """Build a 403 with the prefix the real server puts."""
    return ApiError(403, f"Forbidden: {description}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart form."""

    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Params:
    """A call's parameters. Like the real server it keeps every value as text, objects as their JSON."""

    values: dict[str, str]
    files: dict[str, Upload]

    def text(self, name: str, default: str = "") -> str:
        """Give a parameter as it came."""
        return self.values.get(name, default)

    def number(self, name: str, default: int = 0) -> int:
        """Give an integer; what is none counts as ``default``, as on the real server."""
        try:
            return int(self.values.get(name, ""))
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """Give a Boolean."""
        return self.text(name).lower() in {"true", "yes", "1"}

    def json(self, name: str) -> Any:
        """Give a JSON-serialised object, None if it is missing or empty."""
        raw = self.text(name)
        if not raw:
            return None
        try:
            return json.loads(raw)
        except ValueError as error:
            raise bad_request(f"can't parse {name} JSON object") from error

    def upload(self, reference: str, name: str) -> Upload | None:
        """Find an uploaded file: under ``attach://…`` in ``reference``, or as the field ``name`` itself."""
        if reference.startswith("attach://"):
            return self.files.get(reference.removeprefix("attach://"))
        return self.files.get(name)

    def summary(self) -> Json:
        """What the call log keeps: values as they came, files as their sizes."""
        return {**self.values, **{name: len(file.data) for name, file in self.files.items()}}


async def read_params(request: Request) -> Params:
    """Read the query string and a urlencoded, multipart or JSON body (Bot API, "Making requests")."""
    values = dict(request.query_params)
    files: dict[str, Upload] = {}
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json":
        values |= _from_json(await request.body())
    elif media_type in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        async with request.form(max_part_size=MAX_UPLOAD) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    files[name] = await _upload(value)
                else:
                    values[name] = value
    return Params(values, files)


def _from_json(body: bytes) -> dict[str, str]:
    if not body:
        return {}
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise bad_request("can't parse JSON object") from error
    if not isinstance(parsed, dict):
        raise bad_request("object expected")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parsed.items()
        if value is not None
    }


async def _upload(file: UploadFile) -> Upload:
    if (file.size or 0) > MAX_UPLOAD:
        raise ApiError(413, "Request Entity Too Large")
    media_type = file.content_type or "application/octet-stream"
    return Upload(file.filename or "file", media_type, await file.read())
