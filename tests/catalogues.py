"""Catalogues whose providers have some models only."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.catalogue import Catalogue
from bot.domain.live import LiveModel, checked


def having(catalogue: Catalogue, endpoints: Iterable[str]) -> Catalogue:
    """The catalogue after every provider said that these are all it has."""
    models = {endpoint: LiveModel(endpoint) for endpoint in endpoints}
    providers = {model.provider for model in catalogue.models.values()}
    return checked(catalogue, dict.fromkeys(providers, models)).catalogue
