"""Rows that are billed by tokens: how they are read, and what is held for them."""

from __future__ import annotations

import pytest

from bot.domain.catalogue_file import load, parse

ROW = """
preference = ["one"]
[models.one]
title = "Number One"
provider = "openai"
endpoint = "one"
pictures = { field = "image", most = 2 }
prompt = 100
seconds = 10
tokens = { text = 5_000_000, image = 8_000_000, output = 30_000_000, picture = 100 }
prices = [{ micros = 9_000 }]
create = { endpoint = "one", prices = [{ micros = 5_000 }] }
"""


def test_a_row_is_read_whole() -> None:
    """Its sibling for words alone is billed by the same tokens."""
    model = parse(ROW).models["one"]
    assert model.tokens is not None
    assert model.tokens.cost(2, 3, 4) == 2 * 5 + 3 * 8 + 4 * 30
    assert model.tokens.unused(3) == 300 * 8
    assert model.create is not None
    assert model.create.tokens == model.tokens


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        pytest.param("text = 5_000_000", "text = 5.0", id="dollars instead of micro-dollars"),
        pytest.param("image = 8_000_000", "image = -1", id="below nothing"),
        pytest.param("output = 30_000_000", "output = true", id="no number"),
        pytest.param("prices = [{ micros = 9_000 }]\n", "prices = []\n", id="nothing to hold"),
        pytest.param("micros = 5_000", "micros = 5.0", id="a sibling's price that is no integer"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(right: str, wrong: str) -> None:
    """The mistake is found when the catalogue is read, not when somebody pays."""
    assert right in ROW
    with pytest.raises(ValueError):
        parse(ROW.replace(right, wrong))


@pytest.mark.parametrize("entry", ["text", "image", "output", "picture"])
def test_every_price_must_be_there(entry: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match=entry):
        parse(ROW.replace(f"{entry} = ", "other = "))


def test_rows_of_the_second_provider_are_nobodys_default() -> None:
    """They are only there for who has a key for them."""
    catalogue = load()
    assert not [name for name in catalogue.preference if catalogue.models[name].provider == "openai"]
    assert {model.provider for model in catalogue.models.values() if model.tokens} == {"openai"}


@pytest.mark.parametrize("name", load().models)
def test_every_row_is_found_by_its_name_and_title(name: str) -> None:
    """No spelling of another provider's row comes before it."""
    model = load().models[name]
    assert load().find(name) == load().find(model.title) == model
