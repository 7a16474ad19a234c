"""The providers, as the settings open them."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from bot.domain.catalogue_file import load
from bot.wiring import outgoing
from tests.fakes import FakeBlobs
from tests.wiring.test_incoming import settings


@pytest.mark.parametrize(
    ("key", "names"), [(None, ["wavespeed"]), ("sk-of-these-tests", ["wavespeed", "openai"])]
)
async def test_those_that_there_is_a_key_for(key: str | None, names: list[str]) -> None:
    """Each under the name that the catalogue's rows have for it; only WaveSpeed's list can be searched."""
    async with AsyncExitStack() as stack:
        chosen = settings(openai_api_key=key) if key else settings()
        found = outgoing.providers(chosen, stack, outgoing.wavespeed(chosen, stack), FakeBlobs())
        assert list(found) == names
        assert [name for name, provider in found.items() if provider.searchable] == ["wavespeed"]
    assert set(names) <= {model.provider for model in load().models.values()}
