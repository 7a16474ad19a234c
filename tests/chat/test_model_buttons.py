"""The buttons that lead from an edit to other models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.chat.result_buttons import BACK, ResultButtons
from bot.domain.catalogue import MOST_MODELS, Catalogue
from bot.domain.catalogue_file import load
from bot.domain.edits import Edit
from bot.storage.buttons import SqlButtons
from bot.storage.database import Database
from tests.catalogues import having
from tests.jobs.bench import MASK, REFERENCE, SOURCE, an_edit
from tests.virtual_time import SetClock

ENDPOINTS = {name: row.endpoint for name, row in load().models.items()}


def only(*names: str) -> Catalogue:
    return having(load(), [ENDPOINTS[name] for name in names])


Below = Callable[..., Awaitable[list[str] | None]]


@pytest.fixture
def below(database: Database) -> Below:
    """The labels of the buttons below a failed edit."""

    async def labels(catalogue: Catalogue, edit: Edit) -> list[str] | None:
        markup = await ResultButtons(SqlButtons(database), lambda: catalogue, SetClock()).instead(edit)
        return None if markup is None else [key.text for row in markup.inline_keyboard for key in row]

    return labels


async def test_other_models_are_the_first_few_that_can_do_it(database: Database) -> None:
    """In the order of preference, and the way back; all of them are in /model."""
    kept = SqlButtons(database)
    markup = await ResultButtons(kept, load, SetClock()).models(an_edit())
    shown = [await kept.find(str(key.callback_data)) for [key] in markup.inline_keyboard]
    steps = [button.value.rpartition(":")[2] for button in shown if button]
    assert len(steps) == MOST_MODELS + 1
    assert (steps[:2], steps[-1]) == (["gpt-image-2", "seedream-4.5"], BACK)


async def test_below_a_failure_is_what_took_over(below: Below) -> None:
    """With its price; nothing where the model lives, or where nothing lives."""
    assert await below(only("gpt-image-2"), an_edit()) == ["Again with GPT Image 2 · $0.06"]
    assert await below(only("gpt-image-1", "gpt-image-2"), an_edit()) is None
    assert await below(only(), an_edit()) is None
    gone = replace(an_edit(), model="left-long-ago")
    assert await below(only("gpt-image-2"), gone) == ["Again with GPT Image 2 · $0.06"]


@pytest.mark.parametrize("pictures", [(SOURCE, REFERENCE), (SOURCE, REFERENCE, MASK)])
async def test_what_took_over_can_not_do_it(below: Below, pictures: tuple[object, ...]) -> None:
    """It takes fewer pictures: then there is no button, and /model is named in the sentence."""
    edit = an_edit(pictures=pictures, model="gpt-image-1-mini")
    assert await below(only("flux-kontext-pro"), edit) is None
