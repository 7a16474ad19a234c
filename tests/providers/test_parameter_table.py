"""Model × every documented value of every parameter → the exact JSON, checked against the pages."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from itertools import product
from typing import Any

import httpx
import pytest
from PIL import Image

from bot.domain.catalogue import Model
from bot.domain.catalogue_file import load
from bot.domain.pictures import Inspection, Size
from bot.domain.plan import draft
from bot.domain.ports import PredictionStatus, Submission
from bot.domain.preferences import Preferences, parse_quality, parse_size, resolve
from bot.errors import (
    InputRejected,
    MaskMissing,
    PromptMissing,
    PromptTooLong,
    QualityUnknown,
    SizeUnknown,
    TooManyPictures,
)
from bot.providers import wavespeed_wire as wire
from bot.providers.wavespeed import WaveSpeed

from .conftest import KEY, Sandbox, picture
from .wavespeed_pages import CREATIONS, EDITS, Page

PHOTO = Inspection("JPEG", Size(640, 480), transparent=False)
PICTURE, MASK = "https://cdn.example/cat.png", "https://cdn.example/mask.png"
ROWS = [model for model in load().models.values() if model.provider == "wavespeed"]


def rows() -> Iterator[tuple[Model, Page]]:
    """Every model that can be bought, edits and creations, with its page."""
    for model in ROWS:
        yield model, EDITS[model.name]
        if model.create is not None:
            yield model.create, CREATIONS[model.name]


BOUGHT = list(rows())
EVERY_MODEL = pytest.mark.parametrize(("model", "page"), BOUGHT, ids=[page.endpoint for _, page in BOUGHT])


def documented(page: Page) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Every documented value of every parameter alone: what is chosen, and what has to be in the JSON."""
    for parameter, (names, values) in page.choices.items():
        for chosen, value in values.items():
            yield dict(zip(names, chosen, strict=True)), {parameter: value}


def body(page: Page, **parameters: Any) -> dict[str, Any]:
    """The JSON for one picture where it takes some, its mask where it needs one, and these parameters."""
    sent: dict[str, Any] = {"prompt": "a red hat"}
    if page.pictures:
        sent[page.pictures] = PICTURE if page.most == 1 else [PICTURE]
    return sent | ({"mask_image": MASK} if page.needs_mask else {}) | parameters


def submission(model: Model, choices: dict[str, str], pictures: int = 1, *, mask: bool = False) -> Submission:
    urls = (PICTURE,) * pictures if model.most_pictures else ()
    return Submission(model, "a red hat", urls, choices, mask=MASK if mask or model.needs_mask else None)


CASES = [(model, page, *case) for model, page in BOUGHT for case in documented(page)]


def test_every_row_has_its_page_and_every_page_its_row() -> None:
    """Nothing is offered that was not checked against its page, and no value of a page is left out."""
    assert {model.name for model in ROWS} == set(EDITS)
    assert {model.name for model in ROWS if model.create} == set(CREATIONS)
    for model, page in BOUGHT:
        assert (model.endpoint, model.most_pictures) == (page.endpoint, page.most)
        assert (model.mask is not None, model.needs_mask) == (page.mask, page.needs_mask)
        offered = {name: set(choice.values) for name, choice in model.choices.items() if choice.field}
        listed: dict[str, set[str]] = {}
        for names, values in page.choices.values():
            for place, name in enumerate(names):
                listed[name] = {chosen[place] for chosen in values}
        assert offered == listed


@pytest.mark.parametrize(
    ("model", "page", "choices", "parameters"),
    CASES,
    ids=[
        f"{page.endpoint} {' '.join(choices.values())} {next(iter(sent))}" for _, page, choices, sent in CASES
    ],
)
def test_a_choice_is_sent_as_its_page_says(
    model: Model, page: Page, choices: dict[str, str], parameters: dict[str, str]
) -> None:
    """It adds exactly its own parameter; those left out are left to the model."""
    assert wire.inputs(submission(model, choices)) == body(page, **parameters)


@EVERY_MODEL
def test_everything_at_once_is_sent_as_its_page_says(model: Model, page: Page) -> None:
    """The last value of each, as many pictures as it takes, the mask, and both flags."""
    choices: dict[str, str] = {}
    parameters: dict[str, str | list[str]] = {}
    for parameter, (names, values) in page.choices.items():
        chosen, value = list(values.items())[-1]
        choices |= dict(zip(names, chosen, strict=True))
        parameters[parameter] = value
    if page.pictures:
        parameters[page.pictures] = PICTURE if page.most == 1 else [PICTURE] * page.most
    if page.mask:
        parameters["mask_image"] = MASK
    sent = wire.inputs(
        submission(model, choices, page.most, mask=page.mask), sync_mode=True, base64_output=True
    )
    assert sent == body(page, **parameters, enable_sync_mode=True, enable_base64_output=True)


async def test_everything_documented_is_taken(http: httpx.AsyncClient) -> None:
    """The stand-in, which is as strict as the pages, starts a prediction for each value, and without any."""
    for model, page in BOUGHT:
        bodies = [wire.inputs(submission(model, choices)) for choices, _ in documented(page)]
        for inputs in [*bodies, wire.inputs(submission(model, {}, max(page.most, 1)))]:
            answer = await http.post(f"/api/v3/{page.endpoint}", json=inputs)
            assert answer.status_code == 200, (page.endpoint, inputs, answer.text)


async def test_everything_else_is_refused_by_the_page(http: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """A wrong value, an unknown field, a missing one, one picture too many: nothing is started or billed."""
    for _, page in BOUGHT:
        for inputs in wrong_bodies(page):
            answer = await http.post(f"/api/v3/{page.endpoint}", json=inputs)
            assert (answer.status_code, answer.json()["code"]) == (400, 400), (page.endpoint, inputs)
    assert await sandbox.see("predictions") == []


def wrong_bodies(page: Page) -> Iterator[dict[str, Any]]:
    """Bodies that are right but for one thing."""
    complete = body(page)
    for name, value in page.wrong.items():
        yield complete | {name: value}
    for left_out in complete:
        yield {name: value for name, value in complete.items() if name != left_out}
    yield complete | {"colour": "red"}
    yield complete | {"enable_sync_mode": "true"}
    yield complete | {"prompt": 7}
    if page.most > 1 and page.pictures:
        yield complete | {page.pictures: [PICTURE] * (page.most + 1)}


# --- a wrong value is refused before any HTTP --------------------------------------------------------


def planned(model: Model, prompt: str = "a hat", pictures: int = 1, *, masked: bool = True) -> object:
    count = pictures if model.most_pictures else 0
    return draft(load(), Preferences(model.name), prompt, [PHOTO] * count, masked=masked)


@EVERY_MODEL
def test_what_is_wrong_is_never_planned(model: Model, page: Page) -> None:
    """Words, pictures and masks are checked before anything is sent anywhere."""
    assert planned(model)
    with pytest.raises(PromptMissing):
        planned(model, " ")
    with pytest.raises(PromptTooLong):
        planned(model, "x" * (model.prompt_limit + 1))
    if page.most:
        with pytest.raises(TooManyPictures):
            planned(model, pictures=page.most + 1)
    if page.needs_mask:
        with pytest.raises(MaskMissing):
            planned(model, masked=False)


@pytest.mark.parametrize("size", ["1024", "8", "3k", "1024,1024", "1:9", "-1:1", "2:3 high"])
def test_a_wrong_size_is_refused_as_it_is_typed(size: str) -> None:
    """Whatever the model."""
    for model, _ in BOUGHT:
        with pytest.raises(SizeUnknown):
            parse_size(size, model)


@pytest.mark.parametrize("quality", ["ultra", "highest", "7"])
def test_a_wrong_quality_is_refused_as_it_is_typed(quality: str) -> None:
    """Whatever the model."""
    for model, _ in BOUGHT:
        with pytest.raises(QualityUnknown):
            parse_quality(quality, model)


@EVERY_MODEL
def test_a_choice_that_its_row_lacks_is_never_sent(model: Model, page: Page) -> None:
    """Of an edit that is older than its row: left out or replaced, it would buy something else."""
    for wrong in ({"colour": "red"}, {"quality": "ultra"}, {"resolution": "8k"}, {"aspect": "1:9"}):
        with pytest.raises(InputRejected):
            wire.inputs(submission(model, wrong))


async def test_a_wrong_choice_is_refused_before_any_http(wavespeed: WaveSpeed, sandbox: Sandbox) -> None:
    """Neither the paid POST nor a quote is made with it."""
    asked = submission(load().models["gpt-image-2"], {"quality": "ultra"})
    for call in (wavespeed.submit, wavespeed.quote):
        with pytest.raises(InputRejected):
            await call(asked)
    assert await sandbox.see("calls") == []


@EVERY_MODEL
def test_settings_of_another_model_never_reach_the_wire(model: Model, page: Page) -> None:
    """What a model lacks becomes the nearest that its page has, or is left to it."""
    allowed = {name: set(values.values()) for name, (_, values) in page.choices.items()}
    for aspect, value in product(["auto", "model", "7:13", "1:8", "19:9"], ["ultra", "8k", ""]):
        wished = Preferences(quality=value, resolution=value, complexity=value, aspect=aspect)
        choices = dict(resolve(wished, model, PHOTO.size).choices)
        sent = wire.inputs(submission(model, choices))
        assert all(sent[name] in allowed[name] for name in sent.keys() - body(page).keys())


# --- each row over HTTP, from picture to picture -----------------------------------------------------


async def uploaded(wavespeed: WaveSpeed, model: Model, page: Page) -> Submission:
    """One submission of a model's default choices, with its pictures uploaded."""
    urls = tuple([await wavespeed.upload(picture()) for _ in range(min(page.most, 2))])
    mask = await wavespeed.upload(picture("white")) if page.mask else None
    choices = resolve(Preferences(), model, PHOTO.size if page.most else None).choices
    return Submission(model, "a red hat", urls, choices, mask=mask)


@EVERY_MODEL
async def test_each_row_edits(model: Model, page: Page, sandbox: Sandbox, wavespeed: WaveSpeed) -> None:
    """Upload, quote, submit, result, download: a picture of the asked shape comes, for the quoted price."""
    asked = await uploaded(wavespeed, model, page)
    quote = await wavespeed.quote(asked)
    if not model.quoted:
        assert quote == model.price(asked.choices)
    bought = await wavespeed.submit(asked)
    await sandbox.finish(bought.id)
    result = await wavespeed.result(bought.id)
    assert result.status is PredictionStatus.COMPLETED
    got = Image.open(io.BytesIO(await wavespeed.download(result.outputs[0])))
    size = wire.inputs(asked).get("size")
    assert size in (None, f"{got.width}*{got.height}")
    assert [item["billed"] for item in await sandbox.see("predictions")] == [quote]


@pytest.mark.parametrize("name", ["gpt-image-2", "gpt-image-2.6-flare", "z-image-turbo-inpaint"])
async def test_rows_answer_at_once_in_sync_mode(name: str, sandbox: Sandbox) -> None:
    """The answer to the submit is the finished prediction; outputs may be objects with a URL."""
    model, page = load().models[name], EDITS[name]
    await sandbox.change(hold=False, seconds=[0.0, 0.0], object_outputs=True)
    async with aclosing(WaveSpeed(KEY, base_url=sandbox.url, sync_mode=True)) as wavespeed:
        done = await wavespeed.submit(await uploaded(wavespeed, model, page))
        assert done.status is PredictionStatus.COMPLETED
        assert Image.open(io.BytesIO(await wavespeed.download(done.outputs[0]))).size


async def test_our_tables_are_the_quotes(wavespeed: WaveSpeed) -> None:
    """Every combination of what a price depends on costs what the provider quotes for it."""
    for model in ROWS:
        deciding = sorted({name for row in model.prices for name in row.when})
        for values in product(*(model.choices[name].values for name in deciding)) if model.prices else ():
            choices = dict(zip(deciding, values, strict=True))
            assert await wavespeed.quote(submission(model, choices)) == model.price(choices), model.name


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    """Posts what it likes, with the key."""
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        base_url=sandbox.url, headers=headers, trust_env=False, verify=False
    ) as client:
        yield client
