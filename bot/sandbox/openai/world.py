"""What the stand-in remembers: settings, what was done, outputs and money."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from bot.sandbox.wavespeed.world import CALLS_KEPT, Bell

from .checks import Refusal
from .models import MODELS, Model

ANSWERS = ("b64_json", "url")


@dataclass(slots=True)
class Settings:
    """What tests and the demo can set at any time; the package's docstring says what each means."""

    speed: float = 1.0
    seconds: float = 0.0
    answer: str = "b64_json"
    models: list[str] = field(default_factory=lambda: list(MODELS))
    models_listed: bool = True
    drift: float = 0.04
    images_per_minute: int | None = None
    balance: float = 100.0


class World:
    """All state of one stand-in. Used from one event loop only, so it needs no locks."""

    def __init__(self, api_key: str, settings: Settings) -> None:
        self.api_key = api_key
        self.settings = settings
        self.balance = round(settings.balance * 1_000_000)
        self.edits: list[dict[str, Any]] = []
        self.outputs: dict[str, tuple[bytes, str]] = {}
        self.calls: list[dict[str, Any]] = []
        self.bell = Bell()
        self._window: list[float] = []

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time()

    def record(self, call: dict[str, Any]) -> None:
        """Remember a call; the oldest are forgotten."""
        self.calls.append(call)
        self.bell.ring()
        del self.calls[:-CALLS_KEPT]

    def live_model(self, model_id: object) -> Model:
        """Return a model that is live. Raises `Refusal` (404)."""
        if model_id is None or model_id == "":
            raise Refusal(400, "Missing required parameter: 'model'.", "missing_required_parameter", "model")
        if model_id not in self.settings.models:
            text = f"The model '{model_id}' does not exist or you do not have access to it."
            raise Refusal(404, text, "model_not_found", "model")
        return MODELS[str(model_id)]

    def admit(self, images: int) -> None:
        """Count images against the last minute, and look at the balance. Raises `Refusal` (429)."""
        if self.balance <= 0:
            text = "You exceeded your current quota, please check your plan and billing details."
            raise Refusal(429, text, "insufficient_quota", kind="insufficient_quota")
        limit, now = self.settings.images_per_minute, self.now()
        self._window = [at for at in self._window if now - at < 60 / self.settings.speed]
        if limit is not None and len(self._window) + images > limit:
            text = f"Rate limit reached on images per min. Limit {limit}."
            raise Refusal(429, text, "rate_limit_exceeded", kind="input-images")
        self._window += [now] * images

    def bill(self, edit: dict[str, Any]) -> None:
        """Note what was done, and take its price."""
        self.balance -= edit["billed"]
        self.edits.append(edit)
        self.bell.ring()

    def store(self, data: bytes, encoding: str) -> str:
        """Keep an output; the path that it is found at."""
        name = f"{secrets.token_hex(16)}.{encoding}"
        self.outputs[name] = (data, f"image/{encoding}")
        return f"/outputs/{name}"

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set some of the settings, all or none. Raises `ValueError` or `TypeError` for what does not fit."""
        known = {one.name for one in fields(Settings)}
        if not known.issuperset(changes):
            raise ValueError(f"a setting is one of {', '.join(sorted(known))}")
        if changes.get("answer", "url") not in ANSWERS:
            raise ValueError(f"an answer is one of {', '.join(ANSWERS)}")
        if not set(changes.get("models", ())) <= set(MODELS):
            raise ValueError(f"a model is one of {', '.join(MODELS)}")
        if "balance" in changes:
            self.balance = round(float(changes["balance"]) * 1_000_000)
        self.settings = replace(self.settings, **changes)

    def described(self) -> dict[str, Any]:
        """Return the settings as they are; ``balance`` is what is left, in US dollars."""
        return asdict(self.settings) | {"balance": self.balance / 1e6}
