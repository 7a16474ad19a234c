"""The pure half of OpenAI's Images API: answers replayed whole, every model's exact form, costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.catalogue import Model, Tokens
from bot.domain.ports import Submission
from bot.errors import InputRejected, ProviderError, Throttled
from bot.providers import openai_images_wire as wire
from bot.sandbox.openai.checks import COMMON, ONLY_EDITS, check_fields
from bot.sandbox.openai.models import MODELS as GUIDE

from .openai_bench import MODELS, model, submission

SAMPLES = sorted((Path(__file__).parents[1] / "samples" / "openai").glob("*.json"))
EVERY_MODEL = pytest.mark.parametrize("row", MODELS, ids=[row.name for row in MODELS])
ONE, TWO = f"blob:openai/{'1' * 32}.png", f"blob:openai/{'2' * 32}.jpg"
PNG = b"\x89PNG one"

# The page "Edit Image by gpt-image-1": its parameters quality and size.
PAGE = {
    "quality": {"low": "low", "medium": "medium", "high": "high"},
    "size": {"1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536"},
}


def replay(sample: dict[str, Any]) -> dict[str, Any]:
    """What the program makes of a recorded answer."""
    body = sample["body"]
    raw = body.encode() * sample.get("repeat", 1) if isinstance(body, str) else json.dumps(body).encode()
    told = wire.decipher(sample["status"], httpx.Headers(sample["headers"]), raw)
    found = wire.prediction(told, model("gpt-image-1-openai"))
    assert found.id
    return {"status": found.status.value, "outputs": list(found.outputs), "cost": found.cost}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_recorded_answer(path: Path) -> None:
    """Every recorded answer becomes exactly the data or the error that its file says."""
    sample = json.loads(path.read_text("utf-8"))
    expected = sample["expected"]
    if "error" not in expected:
        assert replay(sample) == expected
        return
    with pytest.raises(ProviderError) as caught:
        replay(sample)
    assert type(caught.value).__name__ == expected["error"]
    assert "secret" not in str(caught.value)
    if "detail" in expected:
        assert str(caught.value) == expected["detail"]
    if isinstance(caught.value, Throttled):
        assert caught.value.retry_after == expected["retry_after"]


# --- what is sent -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quality", "aspect"), list(product(PAGE["quality"], PAGE["size"])))
def test_the_fields_of_the_page(quality: str, aspect: str) -> None:
    """Each combination is the page's own words, and nothing else is sent."""
    wish = submission(ONE, name="gpt-image-1-openai", quality=quality, aspect=aspect)
    assert wire.fields(wish) == {
        "model": "gpt-image-1",
        "prompt": "a red hat",
        "n": "1",
        "quality": PAGE["quality"][quality],
        "size": PAGE["size"][aspect],
    }


def every_value(row: Model) -> Iterator[dict[str, str]]:
    """Every value of every parameter; a size may be made of two choices."""
    for names in row.fields.values():
        for values in product(*(row.choices[name].values for name in names)):
            yield dict(zip(names, values, strict=True))


@EVERY_MODEL
def test_every_value_is_one_of_the_reference(row: Model) -> None:
    """The strict checks of the stand-in take each."""
    for chosen in every_value(row):
        fields = wire.fields(Submission(row, "a red hat", (ONE,), chosen))
        assert len(fields) == 4
        check_fields(GUIDE[row.endpoint], fields, COMMON | ONLY_EDITS)


@EVERY_MODEL
@pytest.mark.parametrize("name", ["quality", "aspect", "resolution", "complexity", "colour"])
def test_a_value_that_a_row_lacks_is_refused(row: Model, name: str) -> None:
    """Also where the row has no such choice at all."""
    with pytest.raises(InputRejected):
        wire.fields(Submission(row, "a red hat", (ONE,), {name: "none of these"}))


@EVERY_MODEL
def test_what_is_not_chosen_is_left_to_the_model(row: Model) -> None:
    """No parameter is sent that a model might refuse."""
    assert set(wire.fields(Submission(row, "a red hat", (ONE,), {}))) == {"model", "prompt", "n"}


@EVERY_MODEL
def test_sizes_are_such_as_the_models_take(row: Model) -> None:
    """Sides divisible by 16, of the chosen shape, within the pixels and the edge of the reference."""
    names = row.fields["size"]
    for values in product(*(row.choices[name].values for name in names)):
        word = row.parameters(dict(zip(names, values, strict=True)))["size"]
        width, height = map(int, word.split("x"))
        across, down = map(int, values[0].split(":"))
        assert width * down == height * across
        assert width % 16 == height % 16 == 0
        assert 655_360 <= width * height <= 8_294_400
        assert max(width, height) <= 3840


def test_the_files_of_an_edit() -> None:
    """One picture is ``image``, several are ``image[]`` in their order, the mask comes last."""
    wish = submission(ONE, TWO, mask=ONE)
    assert wire.files(wish, [PNG, b"two"], PNG) == [
        ("image[]", ("picture-1.png", PNG, "image/png")),
        ("image[]", ("picture-2.jpg", b"two", "image/jpeg")),
        ("mask", ("mask.png", PNG, "image/png")),
    ]
    assert wire.files(submission(ONE), [PNG], None) == [("image", ("picture-1.png", PNG, "image/png"))]


@EVERY_MODEL
def test_every_row_has_openais_mask(row: Model) -> None:
    """Alpha 0 = edit, under the field of the reference."""
    assert row.mask is not None
    assert (row.mask.field, row.mask.form.value) == ("mask", "alpha")


# --- money --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "image", "output", "micros"),
    [(0, 0, 0, 0), (1, 0, 0, 5), (95, 0, 4160, 166_875), (0, 1, 0, 10), (1_000_000, 0, 0, 5_000_000)],
)
def test_tokens_cost_what_the_table_says(text: int, image: int, output: int, micros: int) -> None:
    """Dollars for a million are micro-dollars for one."""
    tokens = model("gpt-image-1-openai").tokens
    assert tokens is not None
    assert tokens.cost(text, image, output) == micros


def test_part_of_a_micro_dollar_is_rounded_up() -> None:
    """$0.25 a million is a quarter of a micro-dollar a token."""
    tokens = Tokens(text=250_000, image=0, output=0, picture=0)
    assert [tokens.cost(count, 0, 0) for count in (0, 1, 4, 5)] == [0, 1, 1, 2]


def test_a_row_without_tokens_costs_what_its_table_says() -> None:
    """What the answer tells of tokens is nothing to it."""
    row = replace(model(), tokens=None)
    told = {"data": [{"b64_json": "AAAA"}], "usage": {"input_tokens": 1, "output_tokens": 1}}
    assert wire.prediction(told, row).cost is None
    assert wire.quote(
        Submission(row, "a red hat", (ONE,), {"quality": "low", "resolution": "1k"})
    ) == row.price({"quality": "low", "resolution": "1k"})


def combinations(row: Model) -> list[dict[str, str]]:
    names = [name for name in row.choices if name != "complexity"]
    values = product(*(row.choices[name].values for name in names))
    return [dict(zip(names, chosen, strict=True)) for chosen in values]


def output_tokens(row: Model, choices: dict[str, str]) -> int:
    """What the guide (as the stand-in has it) says of one picture."""
    width, height = map(int, row.parameters(choices)["size"].split("x"))
    return GUIDE[row.endpoint].output_tokens(choices["quality"], (width, height))


@EVERY_MODEL
@pytest.mark.parametrize("pictures", [1, 4])
@pytest.mark.parametrize("mask", [None, TWO], ids=["no mask", "mask"])
@pytest.mark.parametrize("prompt", ["x", "🎩" * 4000], ids=["short", "long"])
def test_a_quote_covers_the_dearest_case(row: Model, pictures: int, prompt: str, mask: str | None) -> None:
    """A token for each byte, every picture and a mask as dear as can be, all output; never over the table."""
    assert row.tokens is not None
    images = (pictures + bool(mask)) * row.tokens.picture
    for choices in combinations(row):
        held = wire.quote(Submission(row, prompt, (ONE,) * pictures, choices, mask))
        dearest = row.tokens.cost(len(prompt.encode()), images, output_tokens(row, choices))
        assert dearest <= held <= row.price(choices)


@EVERY_MODEL
def test_a_quote_of_words_alone_covers_the_dearest_case(row: Model) -> None:
    """The sibling's prices are without pictures."""
    sibling = row.create
    assert sibling is not None
    assert sibling.tokens is not None
    for choices in combinations(row):
        held = wire.quote(Submission(sibling, "a fox", (), choices))
        assert sibling.tokens.cost(5, 0, output_tokens(row, choices)) <= held < row.price(choices)


@EVERY_MODEL
def test_a_quote_without_pictures_holds_for_as_many_as_there_may_be(row: Model) -> None:
    """Who asks before the pictures are there does not hold too little."""
    choices = {"quality": "low"}
    many = wire.quote(Submission(row, "hat", (ONE,) * row.most_pictures, choices, mask=TWO))
    assert wire.quote(Submission(row, "hat", (), choices)) == many
