"""The models of the WaveSpeed stand-in: what they take, cost and give back in pixels."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.wavespeed.checks import output_size
from bot.sandbox.wavespeed.models import MODELS
from tests.sandbox.wavespeed_bench import (
    FLARE,
    IMAGE_1,
    IMAGE_2,
    MINI,
    SUNBURST,
    TEXT,
    opened,
    picture,
    standin,
)

URL = "https://example.test/cat.png"
ONE = {"prompt": "comic", "image": URL}
MANY = {"prompt": "comic", "images": [URL]}
MASKED = {**ONE, "mask_image": URL}
BANANA, SEEDREAM = "google/nano-banana-2/edit", "bytedance/seedream-v4.5/edit"
KONTEXT, QWEN = "wavespeed-ai/flux-kontext-pro", "wavespeed-ai/qwen-image/edit-plus"
FILL, INPAINT = "wavespeed-ai/flux-fill-dev", "wavespeed-ai/z-image/turbo-inpaint"
FLARE_TEXT = "openai/gpt-image-2.6-flare/text-to-image"

TAKEN: list[tuple[str, dict[str, Any]]] = [
    (IMAGE_1, ONE),
    (IMAGE_1, {**ONE, "size": "auto", "quality": "high", "mask_image": URL}),
    (IMAGE_1, {**ONE, "size": "1536*1024", "enable_sync_mode": False, "enable_base64_output": True}),
    (MINI, {**MANY, "images": [URL] * 4}),
    (IMAGE_2, {**MANY, "images": [URL] * 16, "aspect_ratio": "21:9", "resolution": "4k", "quality": "low"}),
    (FLARE, {**MANY, "aspect_ratio": "1:3", "quality": "max", "complexity": "high", "mask_image": URL}),
    (SUNBURST, {**MANY, "markup_image": URL, "output_format": "webp", "quality": "xhigh"}),
    (TEXT, {"prompt": "a house", "resolution": "2k"}),
    (FLARE_TEXT, {"prompt": "a house", "aspect_ratio": "9:21", "quality": "max", "complexity": "low"}),
    (BANANA, {**MANY, "images": [URL] * 14, "aspect_ratio": "8:1", "resolution": "0.5k"}),
    (BANANA, {**MANY, "output_format": "jpeg", "enable_web_search": True}),
    (SEEDREAM, {**MANY, "images": [URL] * 10, "size": "2560*1440"}),
    (SEEDREAM, {**MANY, "size": "8192*8192"}),
    (KONTEXT, {**ONE, "aspect_ratio": "9:21", "guidance_scale": 3.5}),
    (KONTEXT, {**ONE, "guidance_scale": 20}),
    (QWEN, {**MANY, "images": [URL] * 3, "size": "256*1536", "seed": -1, "output_format": "webp"}),
    (FILL, {**MASKED, "size": "1536*1536", "num_inference_steps": 50, "guidance_scale": 0, "num_images": 4}),
    (FILL, {**MASKED, "loras": [{"path": "maker/style", "scale": 0.5}] * 3, "seed": 7}),
    (FILL, {**MASKED, "loras": []}),
    (INPAINT, MASKED),
]

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (IMAGE_1, {"prompt": "comic"}, 'field "image" is required'),
    (IMAGE_1, {"image": URL}, 'field "prompt" is required'),
    (IMAGE_1, {**ONE, "prompt": ""}, 'field "prompt" is required'),
    (IMAGE_1, {**ONE, "quality": "max"}, 'field "quality" must be one of high, medium, low'),
    (
        IMAGE_1,
        {**ONE, "size": "1024x1024"},
        'field "size" must be one of auto, 1024*1024, 1024*1536, 1536*1024',
    ),
    (IMAGE_1, {**ONE, "image": [URL]}, 'field "image" must be a string'),
    (IMAGE_1, {**ONE, "images": [URL]}, 'field "images" is not allowed'),
    (IMAGE_1, {**ONE, "enable_sync_mode": "yes"}, 'field "enable_sync_mode" must be a boolean'),
    (MINI, {**MANY, "images": [URL] * 5}, 'field "images" must have 1 to 4 items'),
    (MINI, {**MANY, "images": []}, 'field "images" is required'),
    (MINI, {**MANY, "quality": "low"}, 'field "quality" is not allowed'),
    (IMAGE_2, {**MANY, "images": [URL] * 17}, 'field "images" must have 1 to 16 items'),
    (IMAGE_2, {**MANY, "images": URL}, 'field "images" must be an array of strings'),
    (IMAGE_2, {**MANY, "images": [URL, 3]}, 'field "images" must be an array of strings'),
    (IMAGE_2, {**MANY, "mask_image": URL}, 'field "mask_image" is not allowed'),
    (IMAGE_2, {**MANY, "resolution": "8k"}, 'field "resolution" must be one of 1k, 2k, 4k'),
    (IMAGE_2, {**MANY, "quality": "max"}, 'field "quality" must be one of low, medium, high'),
    (FLARE, {**MANY, "complexity": "max"}, 'field "complexity" must be one of low, medium, high'),
    (FLARE, {**MANY, "output_format": "gif"}, 'field "output_format" must be one of png, jpeg, webp'),
    (
        FLARE,
        {**MANY, "mask_image": URL, "markup_image": URL},
        'use either "mask_image" or "markup_image", not both',
    ),
    (TEXT, {"prompt": "a house", "images": [URL]}, 'field "images" is not allowed'),
    (FLARE_TEXT, {"prompt": "a house", "mask_image": URL}, 'field "mask_image" is not allowed'),
    (BANANA, {**MANY, "images": [URL] * 15}, 'field "images" must have 1 to 14 items'),
    (BANANA, {**MANY, "resolution": "0.5K"}, 'field "resolution" must be one of 0.5k, 1k, 2k, 4k'),
    (SEEDREAM, {**MANY, "size": "2560*1439"}, 'field "size" must have at least 3686400 pixels'),
    (SEEDREAM, {**MANY, "size": "8208*4096"}, 'field "size" must have sides from 1024 to 8192'),
    (SEEDREAM, {**MANY, "size": "2048x2048"}, 'field "size" must be of the form width*height'),
    (SEEDREAM, {**MANY, "size": 2048}, 'field "size" must be a string'),
    (KONTEXT, {**ONE, "guidance_scale": 0.5}, 'field "guidance_scale" must be from 1 to 20'),
    (KONTEXT, {**ONE, "guidance_scale": True}, 'field "guidance_scale" must be a number'),
    (QWEN, {**MANY, "images": [URL] * 4}, 'field "images" must have 1 to 3 items'),
    (QWEN, {**MANY, "size": "255*1024"}, 'field "size" must have sides from 256 to 1536'),
    (QWEN, {**MANY, "seed": 0.5}, 'field "seed" must be an integer'),
    (FILL, ONE, 'field "mask_image" is required'),
    (FILL, {**MASKED, "num_images": 5}, 'field "num_images" must be from 1 to 4'),
    (FILL, {**MASKED, "loras": ["style"]}, 'field "loras" must be an array of objects'),
    (FILL, {**MASKED, "loras": [{"path": "a"}] * 4}, 'field "loras" must have 0 to 3 items'),
    (INPAINT, ONE, 'field "mask_image" is required'),
    (INPAINT, {**MASKED, "strength": 0.5}, 'field "strength" is not allowed'),
]


async def test_inputs_of_the_page_are_taken() -> None:
    """Everything that a model's parameter table allows starts a prediction."""
    async with standin() as bench:
        for model, inputs in TAKEN:
            assert (await bench.data(model, inputs))["model"] == model


async def test_inputs_outside_the_page_are_refused() -> None:
    """Unknown fields, wrong values, types and counts are answered 400 by envelope and cost nothing."""
    async with standin() as bench:
        for model, inputs, message in REFUSED:
            answer = await bench.post(model, inputs)
            assert (answer.status_code, answer.json()) == (400, {"code": 400, "message": message}), inputs
        assert await bench.predictions() == []
        assert (await bench.data("balance"))["balance"] == 100


async def test_newer_aspects_are_of_the_newer_models_only() -> None:
    """gpt-image-2 takes ten aspect ratios, the 2.6 models five more."""
    async with standin() as bench:
        for aspect in ("1:2", "2:1", "9:21", "1:3", "3:1"):
            await bench.data(FLARE, {**MANY, "aspect_ratio": aspect})
            assert (await bench.post(IMAGE_2, {**MANY, "aspect_ratio": aspect})).status_code == 400


async def test_withheld_values_play_an_older_page() -> None:
    """gpt-image-1's older page has no size "auto"; leaving the size out is right on both."""
    async with standin() as bench:
        await bench.set(withheld={IMAGE_1: {"size": ["auto"]}})
        answer = await bench.post(IMAGE_1, {**ONE, "size": "auto"})
        assert answer.json()["message"] == 'field "size" must be one of 1024*1024, 1024*1536, 1536*1024'
        await bench.data(IMAGE_1, ONE)


async def test_body_that_is_no_json_object_is_refused() -> None:
    """A submit's body has to be a JSON object."""
    async with standin() as bench:
        for body in (b"[]", b'"text"', b"{", b"\xff"):
            answer = await bench.http.post(f"/api/v3/{TEXT}", content=body)
            assert (answer.status_code, answer.json()["code"]) == (400, 400)


async def test_models_die_and_come_back() -> None:
    """A model that is not live is in no list, and submit and price answer 404."""
    async with standin(models=[IMAGE_2]) as bench:
        assert [one["model_id"] for one in await bench.data("models")] == [IMAGE_2]
        answer = await bench.post(IMAGE_1, ONE)
        assert (answer.status_code, answer.json()["code"]) == (404, 404)
        assert (await bench.post("model/price", {"model_id": IMAGE_1})).status_code == 404
        await bench.set(models=[IMAGE_1])
        await bench.data(IMAGE_1, ONE)
        assert (await bench.post(IMAGE_2, MANY)).status_code == 404


async def test_every_reading_needs_the_key() -> None:
    """Without the key an answer is 401 by envelope."""
    async with standin() as bench:
        for call in ("models", "balance", "predictions/x/result", "webhook/secret"):
            answer = await bench.http.get(f"/api/v3/{call}", headers={"Authorization": "Bearer other"})
            assert (answer.status_code, answer.json()["code"]) == (401, 401)


async def test_submit_needs_the_key() -> None:
    """A wrong key starts nothing."""
    async with standin() as bench:
        url = f"/api/v3/{TEXT}"
        answer = await bench.http.post(url, json={"prompt": "x"}, headers={"Authorization": "Bearer other"})
        assert answer.status_code == 401
        assert await bench.predictions() == []


async def test_catalogue_says_what_is_checked() -> None:
    """Each model's schema lists its fields with their values, counts and what is required."""
    async with standin() as bench:
        models = {one["model_id"]: one for one in await bench.data("models")}
        assert set(models) == set(MODELS)
        run = models[FLARE]["api_schema"]["api_schemas"][0]
        assert (run["type"], run["method"], run["api_path"]) == ("model_run", "POST", f"/api/v3/{FLARE}")
        schema = run["request_schema"]
        assert schema["required"] == ["prompt", "images"]
        assert schema["properties"]["images"]["type"] == "array"
        assert schema["properties"]["images"]["maxItems"] == 16
        assert schema["properties"]["quality"]["enum"] == ["low", "medium", "high", "xhigh", "max"]
        assert schema["properties"]["quality"]["default"] == "medium"
        assert "default" not in schema["properties"]["aspect_ratio"]
        assert models[IMAGE_2]["base_price"] == 0.06
        fill = models[FILL]["api_schema"]["api_schemas"][0]["request_schema"]
        assert fill["required"] == ["prompt", "image", "mask_image"]
        size, steps = fill["properties"]["size"], fill["properties"]["num_inference_steps"]
        assert (size["type"], size["minimum"], size["maximum"]) == ("string", 256, 1536)
        assert (steps["type"], steps["minimum"], steps["maximum"], steps["default"]) == ("integer", 1, 50, 28)
        assert fill["properties"]["loras"]["items"] == {"type": "object"}


async def test_catalogue_leaves_out_what_is_withheld() -> None:
    """So that a live schema that no longer fits can be played."""
    async with standin() as bench:
        await bench.set(withheld={IMAGE_2: {"quality": ["high"]}})
        models = {one["model_id"]: one for one in await bench.data("models")}
        properties = models[IMAGE_2]["api_schema"]["api_schemas"][0]["request_schema"]["properties"]
        assert properties["quality"]["enum"] == ["low", "medium"]
        assert properties["resolution"]["enum"] == ["1k", "2k", "4k"]


PRICES = [
    (IMAGE_1, {}, 63_000),  # size auto: the dearer
    (IMAGE_1, {"quality": "low", "size": "1024*1024"}, 11_000),
    (IMAGE_1, {"size": "1024*1024"}, 42_000),
    (IMAGE_1, {"quality": "high", "size": "1024*1024"}, 167_000),
    (IMAGE_1, {"quality": "low", "size": "1024*1536"}, 16_000),
    (IMAGE_1, {"size": "1536*1024"}, 63_000),
    (IMAGE_1, {"quality": "high", "size": "1536*1024"}, 250_000),
    (MINI, {}, 20_000),
    (IMAGE_2, {"quality": "low"}, 30_000),
    (IMAGE_2, {"quality": "low", "resolution": "2k"}, 60_000),
    (IMAGE_2, {"quality": "low", "resolution": "4k"}, 90_000),
    (IMAGE_2, {}, 60_000),
    (IMAGE_2, {"resolution": "2k"}, 120_000),
    (IMAGE_2, {"resolution": "4k"}, 180_000),
    (IMAGE_2, {"quality": "high"}, 220_000),
    (IMAGE_2, {"quality": "high", "resolution": "2k"}, 440_000),
    (IMAGE_2, {"quality": "high", "resolution": "4k"}, 660_000),
    (FLARE, {"quality": "low"}, 45_000),
]


async def test_quoted_price_is_the_price_taken() -> None:
    """The free quote has the pages' prices, and a submit with the same inputs takes exactly that."""
    async with standin() as bench:
        for model, inputs, micros in PRICES:
            quote = await bench.data("model/price", {"model_id": model, "inputs": inputs})
            assert round(quote["price"] * 1e6) == round(quote["discounted_price"] * 1e6) == micros
            pictures = ONE if model == IMAGE_1 else MANY
            await bench.data(model, {**pictures, **inputs})
            assert (await bench.predictions())[-1]["billed"] == micros
        left = (await bench.data("balance"))["balance"]
        assert round((100 - left) * 1e6) == sum(micros for _, _, micros in PRICES)


async def test_every_combination_has_a_price() -> None:
    """No allowed choice of any model is without a price."""
    for model in MODELS.values():
        combinations = 1
        for name in model.priced_by:
            combinations *= len(model.fields[name].values)
        assert len(model.prices) == combinations
        assert min(model.prices.values()) > 0
        assert model.base_price() > 0


async def test_discounts_are_told_and_taken() -> None:
    """With an account's discount the quote's discounted price is what a submit takes."""
    async with standin() as bench:
        await bench.set(discount_rate=0.1)
        quote = await bench.data("model/price", {"model_id": IMAGE_2, "inputs": {}})
        assert (quote["price"], quote["discounted_price"], quote["discount_rate"]) == (0.06, 0.054, 0.1)
        await bench.data(IMAGE_2, MANY)
        assert (await bench.predictions())[0]["billed"] == 54_000


async def test_price_of_nonsense_is_refused() -> None:
    """A quote is checked like a submit, except that nothing is required."""
    async with standin() as bench:
        nonsense: list[object] = [{"quality": "max"}, {"colour": "red"}, ["low"]]
        for inputs in nonsense:
            answer = await bench.post("model/price", {"model_id": IMAGE_2, "inputs": inputs})
            assert answer.status_code == 400
        told = await bench.data("model/pricing", {"model_id": IMAGE_1})
        assert told == {"model_id": IMAGE_1, "unit_price": 0.042, "currency": "USD"}


SIZES = [
    (IMAGE_1, {"size": "1024*1536"}, 1.0, (1024, 1536)),
    (IMAGE_1, {}, 1.1, (1024, 1024)),
    (IMAGE_1, {"size": "auto"}, 1.6, (1536, 1024)),
    (IMAGE_1, {}, 0.5, (1024, 1536)),
    (MINI, {}, 0.7, (1024, 1536)),
    (IMAGE_2, {}, 1.0, (1024, 1024)),
    (IMAGE_2, {"aspect_ratio": "1:1", "resolution": "4k"}, 2.0, (2880, 2880)),
    (IMAGE_2, {"aspect_ratio": "16:9", "resolution": "4k"}, 1.0, (3840, 2160)),
    (IMAGE_2, {"aspect_ratio": "21:9", "resolution": "4k"}, 1.0, (3840, 1632)),
    (IMAGE_2, {"resolution": "2k"}, 1.45, (2496, 1664)),
    (IMAGE_2, {}, 10.0, (1552, 656)),
    (FLARE, {}, 10.0, (1760, 576)),
    (FLARE_TEXT, {}, 2.0, (1024, 1024)),
    (BANANA, {"aspect_ratio": "8:1"}, 1.0, (2896, 352)),
    (BANANA, {"resolution": "0.5k"}, 1.0, (512, 512)),
    (SEEDREAM, {"size": "6048*2592"}, 1.0, (6048, 2592)),
    (SEEDREAM, {}, 1.0, (2048, 2048)),
    (KONTEXT, {}, 1.5, (1248, 832)),
    (QWEN, {}, 2.0, (1440, 720)),
    (FILL, {}, 2.0, (1024, 1024)),
    (INPAINT, {"size": "256*512"}, 2.0, (256, 512)),
]


@pytest.mark.parametrize(("model", "inputs", "ratio", "size"), SIZES)
def test_output_has_the_asked_or_nearest_shape(
    model: str, inputs: dict[str, str], ratio: float, size: tuple[int, int]
) -> None:
    """A given size or aspect is kept; what is left to the model is the offered shape nearest to the input."""
    assert output_size(MODELS[model], inputs, ratio) == size


@pytest.mark.parametrize("model", [IMAGE_2, FLARE])
def test_output_keeps_to_the_models_limits(model: str) -> None:
    """All sizes are multiples of 16, at most 3840 long and 8,294,400 pixels large."""
    for aspect in MODELS[model].fields["aspect_ratio"].values:
        for resolution in ("1k", "2k", "4k"):
            chosen = {"aspect_ratio": aspect, "resolution": resolution}
            width, height = output_size(MODELS[model], chosen, 1.0)
            across, down = map(int, aspect.split(":"))
            assert width % 16 == height % 16 == 0
            assert max(width, height) <= 3840
            assert width * height <= 8_294_400
            assert width / height == pytest.approx(across / down, rel=0.04)


async def test_auto_size_is_charged_by_the_picture_that_came() -> None:
    """gpt-image-1 with size auto reserves the dearer price, and a square result gives the rest back."""
    async with standin() as bench:
        square = await bench.upload(picture(64, 64))
        prediction_id = await bench.submit(IMAGE_1, "comic", image=square)
        assert (await bench.predictions())[0]["billed"] == 63_000
        assert (await bench.finish(prediction_id))["billed"] == 42_000
        wide = await bench.upload(picture(96, 64))
        assert (await bench.finish(await bench.submit(IMAGE_1, "comic", image=wide)))["billed"] == 63_000


@pytest.mark.parametrize(
    ("model", "inputs", "encoding"),
    [(QWEN, MANY, "JPEG"), (QWEN, {**MANY, "output_format": "png"}, "PNG"), (BANANA, MANY, "PNG")],
)
async def test_pictures_come_in_the_models_own_format(
    model: str, inputs: dict[str, Any], encoding: str
) -> None:
    """Or in the one that was asked for."""
    async with standin() as bench:
        source = await bench.upload(picture(64, 64))
        prediction = await bench.run(model, **{**inputs, "images": [source]})
        assert opened((await bench.http.get(prediction["outputs"][0])).content).format == encoding


async def test_outputs_can_be_objects() -> None:
    """As some models tell them."""
    async with standin() as bench:
        await bench.set(object_outputs=True)
        [output] = (await bench.run(TEXT, "a house"))["outputs"]
        assert opened((await bench.http.get(output["url"])).content).format == "PNG"
