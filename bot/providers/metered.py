"""A provider whose calls are timed and whose failures are counted, in `bot.meters`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from bot import meters
from bot.domain.live import LiveModels
from bot.domain.pictures import Encoded
from bot.domain.ports import Billing, Prediction, Provider, Submission
from bot.errors import ProviderError


class Metered:
    """Does what the `bot.domain.ports.Provider` within does.

    Args:
        name: the provider's, as the catalogue's rows have it.
        provider: who does it.
    """

    def __init__(self, name: str, provider: Provider) -> None:
        self._name = name
        self._provider = provider

    def __repr__(self) -> str:
        return f"Metered({self._provider!r})"

    @property
    def searchable(self) -> bool:
        return self._provider.searchable

    async def upload(self, picture: Encoded) -> str:
        with self._measured("upload"):
            return await self._provider.upload(picture)

    async def submit(self, submission: Submission) -> Prediction:
        with self._measured("submit"):
            return await self._provider.submit(submission)

    async def result(self, prediction_id: str) -> Prediction:
        with self._measured("result"):
            return await self._provider.result(prediction_id)

    async def predictions(
        self, since: datetime, until: datetime | None = None, *, inputs: bool = False
    ) -> list[Prediction]:
        with self._measured("predictions"):
            return await self._provider.predictions(since, until, inputs=inputs)

    async def download(self, output: str) -> bytes:
        with self._measured("download"):
            return await self._provider.download(output)

    async def live_models(self) -> LiveModels | None:
        with self._measured("models"):
            return await self._provider.live_models()

    async def balance(self) -> int:
        with self._measured("balance"):
            return await self._provider.balance()

    async def quote(self, submission: Submission) -> int | None:
        with self._measured("quote"):
            return await self._provider.quote(submission)

    async def billings(self, since: datetime, until: datetime) -> list[Billing]:
        with self._measured("billings"):
            return await self._provider.billings(since, until)

    @contextmanager
    def _measured(self, call: str) -> Iterator[None]:
        with meters.PROVIDER_SECONDS.labels(self._name, call).time():
            try:
                yield
            except ProviderError as error:
                meters.PROVIDER_ERRORS.labels(self._name, call, type(error).__name__).inc()
                raise
