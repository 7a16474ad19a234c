"""OpenAI's own Python SDK, unchanged, against the stand-in."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.providers.openai_bench import KEY, Bench, bench, mask, picture

if TYPE_CHECKING:
    import openai  # to load it takes a second, which only whoever runs these tests should wait

CAT = Path(__file__).parents[1] / "photos" / "cat.jpg"


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Bench]:
    """One for all: making clients is what takes time."""
    async with bench() as found:
        yield found


@pytest.fixture(scope="module")
async def client(running: Bench) -> AsyncIterator[openai.AsyncOpenAI]:
    import openai

    async with openai.AsyncOpenAI(api_key=KEY, base_url=f"{running.url}/v1", max_retries=0) as found:
        yield found


async def test_an_edit(running: Bench, client: openai.AsyncOpenAI) -> None:
    """As the SDK's own example does it: a PNG in base64 comes back, and usage that the bill is made of."""
    answer = await client.images.edit(
        model="gpt-image-2", image=CAT, prompt="Become a comic style", size="1536x1024", quality="low"
    )
    assert answer.data
    assert answer.usage
    assert answer.data[0].b64_json
    with Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json))) as edited:
        assert (edited.format, edited.size, answer.size) == ("PNG", (1536, 1024), "1536x1024")
    details = answer.usage.input_tokens_details
    done = (await running.see("edits"))[-1]
    assert (
        done["billed"] == 5 * details.text_tokens + 8 * details.image_tokens + 30 * answer.usage.output_tokens
    )


async def test_an_edit_of_several_with_a_mask(running: Bench, client: openai.AsyncOpenAI) -> None:
    """The SDK's own form of several pictures is understood; outside of the mask little changes."""
    pictures = [("one.jpg", picture().data, "image/jpeg"), ("two.jpg", picture("red").data, "image/jpeg")]
    hole = ("mask.png", mask().data, "image/png")
    answer = await client.images.edit(
        model="gpt-image-2.6-flare", image=pictures, mask=hole, prompt="make it green", size="1536x1024"
    )
    assert answer.data
    with Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json or ""))) as edited:
        inside, outside = edited.getpixel((200, 500)), edited.getpixel((1400, 500))
    assert isinstance(inside, tuple)
    assert isinstance(outside, tuple)
    assert inside[1] > outside[1] + 20
    done = (await running.see("edits"))[-1]
    assert [item["field"] for item in done["pictures"]] == ["image[]", "image[]"]


async def test_a_generation(running: Bench, client: openai.AsyncOpenAI) -> None:
    """Words alone make pictures, as many as asked for."""
    answer = await client.images.generate(
        model="gpt-image-2.6-sunburst", prompt="a fox in the snow", n=2, quality="max", output_format="webp"
    )
    assert answer.data
    assert len(answer.data) == 2
    with Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json or ""))) as made:
        assert made.format == "WEBP"
    assert (await running.see("edits"))[-1]["path"] == "/v1/images/generations"


async def test_models(client: openai.AsyncOpenAI) -> None:
    """The list is the SDK's page of models."""
    assert "gpt-image-2" in [model.id async for model in client.models.list()]


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ({"model": "gpt-image-9"}, "model_not_found", "model"),
        ({"quality": "ultra"}, "invalid_value", "quality"),
        ({"quality": "max"}, "invalid_value", "quality"),
        ({"size": "100x100"}, "invalid_value", "size"),
        ({"size": "1000x1000"}, "invalid_value", "size"),
        ({"size": "3840x1024"}, "invalid_value", "size"),
        ({"model": "gpt-image-1", "size": "2048x2048"}, "invalid_value", "size"),
        ({"n": 11}, "invalid_value", "n"),
        ({"prompt": "x" * 32_001}, "string_above_max_length", "prompt"),
        ({"prompt": ""}, "missing_required_parameter", "prompt"),
        ({"input_fidelity": "high"}, "invalid_input_fidelity_model", "input_fidelity"),
        ({"complexity": "low"}, None, "complexity"),
        ({"background": "blue"}, "invalid_value", "background"),
        ({"output_format": "gif"}, "invalid_value", "output_format"),
        ({"extra_body": {"response_format": "url"}}, "unknown_parameter", "response_format"),
        ({"image": ("a.gif", b"GIF89a", "image/gif")}, "invalid_image_file", "image"),
        ({"image": ("a.png", picture().data, "image/png")}, "unsupported_file_mimetype", "image"),
        ({"image": [("a.jpg", picture().data, "image/jpeg")] * 17}, "array_above_max_length", "image"),
        ({"mask": ("m.jpg", picture().data, "image/jpeg")}, "invalid_image_file", "mask"),
        ({"mask": ("m.png", picture(encoding="PNG").data, "image/png")}, "invalid_image_file", "mask"),
        ({"mask": ("m.png", mask((8, 8)).data, "image/png")}, "invalid_mask_image_format", "mask"),
    ],
)
async def test_what_is_wrong_is_refused(
    running: Bench, client: openai.AsyncOpenAI, wrong: dict[str, object], code: str | None, param: str
) -> None:
    """The stand-in is as strict as the reference, and the SDK understands its errors."""
    from openai import APIStatusError

    right = {"model": "gpt-image-2", "image": ("a.jpg", picture().data, "image/jpeg"), "prompt": "a hat"}
    arguments: dict[str, object] = {**right, **wrong}
    before = await running.see("edits")
    with pytest.raises(APIStatusError) as refusal:
        await client.images.edit(**arguments)  # type: ignore[call-overload] # wrong on purpose
    assert (refusal.value.code, refusal.value.param) == (code, param)
    assert await running.see("edits") == before


async def test_a_number_as_text(running: Bench) -> None:
    """In JSON it is refused; only a form has nothing but text."""
    wish = {"model": "gpt-image-2", "prompt": "a fox", "n": "1"}
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = await running.control.post("/v1/images/generations", json=wish, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "n"


@pytest.mark.parametrize("path", ["settings", "faults"])
async def test_a_control_that_is_no_object(running: Bench, path: str) -> None:
    """It is answered with a sentence."""
    answer = await running.control.post(f"/sandbox/{path}", json=[])
    assert answer.status_code == 400
    assert answer.json() == {"error": "the body must be a JSON object"}


async def test_a_wrong_key(running: Bench) -> None:
    """401, as the SDK knows it."""
    import openai

    async with openai.AsyncOpenAI(api_key="sk-other", base_url=f"{running.url}/v1", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()
