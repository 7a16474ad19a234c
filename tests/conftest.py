"""What tests of several rooms share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One browser, since its start takes seconds; each page has a context of its own."""
    from tests.sandbox.page_bench import launched

    async with launched() as browser:
        yield browser
