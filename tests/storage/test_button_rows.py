"""What the rows of buttons promise."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from bot.domain.stores import Button
from bot.storage.buttons import SqlButtons
from bot.storage.database import Database

from .makers import LATER, NOW, USER


@pytest.fixture
def buttons(database: Database) -> SqlButtons:
    return SqlButtons(database)


async def test_buttons_are_kept_and_found(database: Database, buttons: SqlButtons, other: Database) -> None:
    """Each as it was shown, by any process, also when the same question is shown again."""
    shown = [
        Button("x-1_", USER, "request:r1", "use:mask"),
        Button("y", USER, "request:r1", "cancel"),
        Button("z", 1, "edit:e1", "file"),
    ]
    await buttons.keep(shown[:2], NOW)
    await buttons.keep(shown[2:], LATER)
    assert [await SqlButtons(other).find(button.id) for button in shown] == shown


@pytest.mark.parametrize("strange", ["", "X-1_", "x-1_ ", "x-1", "%"])
async def test_a_strange_button_is_none(buttons: SqlButtons, strange: str) -> None:
    """What comes back is whatever a client sends."""
    await buttons.keep([Button("x-1_", USER, "request:r1", "use:mask")], NOW)
    assert await buttons.find(strange) is None


async def test_no_buttons_are_nothing_to_keep(buttons: SqlButtons) -> None:
    """A message without any is no mistake."""
    await buttons.keep([], NOW)
    assert await buttons.find("") is None


async def test_a_button_never_comes_to_mean_something_else(buttons: SqlButtons) -> None:
    """An id that is taken is refused, with all that came with it."""
    first = Button("x", USER, "request:r1", "use:mask")
    await buttons.keep([first], NOW)
    with pytest.raises(IntegrityError):
        await buttons.keep([Button("y", 1, "s", "v"), Button("x", 1, "s", "v")], NOW)
    assert await buttons.find("x") == first
    assert await buttons.find("y") is None


async def test_the_buttons_of_one_subject(buttons: SqlButtons) -> None:
    """In the order in which they were shown, and no other's."""
    first, second = (Button(name, USER, "setting:1", f"quality:{name}") for name in ("low", "high"))
    await buttons.keep([second], LATER)
    await buttons.keep([first, Button("x", USER, "setting:11", "quality:low")], NOW)
    assert await buttons.of("setting:1") == [first, second]
    assert await buttons.of("setting:2") == []


async def test_old_buttons_are_forgotten(buttons: SqlButtons) -> None:
    """And none that was shown at that time or later."""
    old, new = Button("x", USER, "s", "v"), Button("y", USER, "s", "v")
    await buttons.keep([old], NOW)
    await buttons.keep([new], LATER)
    assert await buttons.purge(LATER) == 1
    assert await buttons.of("s") == [new]
