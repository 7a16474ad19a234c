"""What the stand-in remembers: settings, predictions, uploads, outputs and money."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from .checks import Refusal
from .models import MODELS
from .schema import Model

RETENTION = 7 * 24 * 3600.0
CALLS_KEPT = 20_000
SUCCESS = {"code": 200, "message": "success"}


@dataclass(slots=True)
class Settings:
    """What tests and the demo can set at any time; the package's docstring says what each means."""

    speed: float = 1.0
    seconds: tuple[float, float] = (6.0, 14.0)
    sync_seconds: float = 90.0
    hold: bool = False
    drift: float = 0.04
    models: list[str] = field(default_factory=lambda: list(MODELS))
    withheld: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    ticket_uploads: bool = True
    images_per_minute: int | None = None
    concurrency: int | None = None
    discount_rate: float = 0.0
    reject_list_inputs: bool = False
    list_inputs_name: str = "inputs"
    object_outputs: bool = False
    balance: float = 100.0
    advance: float = 0.0


@dataclass(slots=True, eq=False)
class Prediction:
    """One submitted task. ``micros`` is what is billed for it now; times are seconds since 1970.

    ``started_at`` and ``seconds``, how long it takes before ``speed``, are 0 until it is its turn.
    """

    id: str
    model: Model
    inputs: dict[str, Any]
    micros: int
    created_at: float
    base_url: str
    webhook: str | None
    status: str = "created"
    code: int | None = None
    error: str = ""
    output: str | None = None
    inference: int = 0
    deleted: bool = False
    started_at: float = 0.0
    seconds: float = 0.0
    release: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        """Whether its status will not change any more."""
        return self.status not in ("created", "processing")


@dataclass(slots=True)
class Upload:
    """One file that a ticket was given for; ``data`` is None until it is put."""

    path: str
    filename: str
    size: int
    content_type: str
    token: str
    created_at: float
    flow: str
    data: bytes | None = None


class Bell:
    """Wakes those who wait for something to be seen."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait_until(self, seen: Callable[[], bool], seconds: float) -> None:
        """Wait until ``seen`` is true, looking at each ring, but no longer than ``seconds``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not seen():
                    await self._rung.wait()


class World:
    """All state of one stand-in. Used from one event loop only, so it needs no locks."""

    def __init__(self, api_key: str, settings: Settings) -> None:
        self.api_key = api_key
        self.settings = settings
        self.webhook_secret = "whsec_" + hashlib.sha256(api_key.encode()).hexdigest()[:40]
        self.balance = round(settings.balance * 1_000_000)
        self.predictions: dict[str, Prediction] = {}
        self.uploads: dict[str, Upload] = {}
        self.outputs: dict[str, tuple[bytes, float]] = {}
        self.deliveries: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.bell = Bell()
        self._random = random.Random(20)  # noqa: S311 (durations, not secrets)
        self._window_start = float("-inf")
        self._window_count = 0

    def now(self) -> float:
        """Return the time in seconds since 1970, to the microsecond; the setting ``advance`` moves it on."""
        return round(time.time() + self.settings.advance, 6)

    def duration(self) -> float:
        """Draw how long a prediction takes, in seconds before ``speed``."""
        return self._random.uniform(*self.settings.seconds)

    def live_model(self, model_id: object) -> Model:
        """Return a model that is live. Raises `Refusal` (404)."""
        if not isinstance(model_id, str) or model_id not in self.settings.models:
            raise Refusal(404, f"model not found: {model_id}")
        return MODELS[model_id]

    def prediction(self, prediction_id: str) -> Prediction:
        """Return a prediction that is not deleted or older than 7 days. Raises `Refusal` (404)."""
        found = self.predictions.get(prediction_id)
        if found is None or found.deleted or self.expired(found.created_at):
            raise Refusal(404, "Prediction not found")
        return found

    def visible(self) -> list[Prediction]:
        """Return the predictions that a list shows, newest first."""
        kept = [one for one in self.predictions.values() if not one.deleted]
        return [one for one in reversed(kept) if not self.expired(one.created_at)]

    def expired(self, created_at: float) -> bool:
        """Whether something of that time is past its seven days."""
        return self.now() - created_at > RETENTION

    def record(self, call: dict[str, Any]) -> None:
        """Remember a call; the oldest are forgotten."""
        self.calls.append(call)
        self.bell.ring()
        del self.calls[:-CALLS_KEPT]

    def count_submit(self) -> None:
        """Count one image against the minute, which starts with its first. Raises `Refusal` (429)."""
        limit = self.settings.images_per_minute
        if self.now() - self._window_start >= 60 / self.settings.speed:
            self._window_start, self._window_count = self.now(), 0
        if limit is not None and self._window_count >= limit:
            raise Refusal(429, "Too Many Requests")
        self._window_count += 1

    def pay(self, micros: int) -> None:
        """Take money for a submitted task. Raises `Refusal` (400 with code 1407)."""
        if micros > self.balance:
            raise Refusal(400, "insufficient credits", code=1407)
        self.balance -= micros

    def bill(self, prediction: Prediction, micros: int) -> None:
        """Change what is billed for a prediction; the difference goes back to the balance."""
        self.balance += prediction.micros - micros
        prediction.micros = micros

    def charged(self, price: int) -> int:
        """Return a price less the account's discount, in micro-US-dollars."""
        return price - round(price * self.settings.discount_rate)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set some of the settings, all or none. Raises `ValueError` or `TypeError` for what does not fit."""
        known = {one.name for one in fields(Settings)}
        if not known.issuperset(changes):
            raise ValueError(f"a setting is one of {', '.join(sorted(known))}")
        fit = dict(changes)
        if "models" in fit:
            fit["models"] = known_models(fit["models"])
        if "seconds" in fit:
            least, most = fit["seconds"]
            fit["seconds"] = (float(least), float(most))
        if "balance" in fit:
            self.balance = round(float(fit["balance"]) * 1_000_000)
        self.settings = replace(self.settings, **fit)

    def described(self) -> dict[str, Any]:
        """Return the settings as they are; ``balance`` is what is left, in US dollars."""
        told = {one.name: getattr(self.settings, one.name) for one in fields(Settings)}
        return told | {"seconds": list(self.settings.seconds), "balance": self.balance / 1e6}


def known_models(ids: Iterable[str]) -> list[str]:
    """Return the ids as a list. Raises `ValueError` for a model that the stand-in does not know."""
    chosen = list(ids)
    for model_id in chosen:
        if model_id not in MODELS:
            raise ValueError(f"{model_id} is none of {', '.join(MODELS)}")
    return chosen


def new_id() -> str:
    """Return an id as WaveSpeed makes them: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def rfc3339(seconds: float) -> str:
    """Return a time the way WaveSpeed writes it: RFC 3339, nanoseconds, Z.

    The last three digits are made up: our clock has microseconds, and clients have to cope with nine.
    """
    whole, micros = divmod(round(seconds * 1_000_000), 1_000_000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{micros:06d}031Z"


def described(prediction: Prediction, base_url: str, outputs: list[Any]) -> dict[str, Any]:
    """Return the prediction object of every answer, with ``outputs`` as they are to be told."""
    told: dict[str, Any] = {
        "id": prediction.id,
        "model": prediction.model.id,
        "outputs": outputs,
        "urls": {"get": f"{base_url}/api/v3/predictions/{prediction.id}/result"},
        "has_nsfw_contents": [False] * len(outputs),
        "status": prediction.status,
        "created_at": rfc3339(prediction.created_at),
        "error": prediction.error,
        "timings": {"inference": prediction.inference},
    }
    if prediction.ended:
        told["executionTime"] = prediction.inference
    if prediction.code is not None:
        told["code"] = prediction.code
    return told
