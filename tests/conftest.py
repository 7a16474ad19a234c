"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

# Timings are not tests: a busy machine is as slow as it is.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser, since its start takes seconds; each page has a context of its own."""
    from tests.sandbox.page_bench import launched

    async with launched() as browser:
        yield browser
