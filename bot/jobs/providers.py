"""The providers that are set up, by the names that the catalogue's rows have for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.domain.catalogue import Model
from bot.domain.ports import Provider
from bot.errors import ModelGone


class Providers(Mapping[str, Provider]):
    """Finds the provider of a model."""

    def __init__(self, **providers: Provider) -> None:
        self._providers = providers

    def __getitem__(self, name: str) -> Provider:
        return self._providers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._providers)

    def __len__(self) -> int:
        return len(self._providers)

    def of(self, model: Model | None) -> Provider:
        """The provider that runs a model.

        Raises:
            ModelGone: it is no longer in the catalogue, or its provider is no longer set up.
        """
        provider = None if model is None else self._providers.get(model.provider)
        if model is None or provider is None:
            raise ModelGone("not in the catalogue" if model is None else f"{model.provider} is not set up")
        return provider
