"""Every format that people send, and those meant to break a decoder; the bot goes on answering."""

from __future__ import annotations

import io
import zlib

import pillow_heif
import pytest
from PIL import Image

from tests.e2e.drawing import encoded, photo
from tests.e2e.world import World

SMALL = photo("rocket.jpg").resize((320, 213))


def _heic() -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(SMALL).save(buffer, quality=80)
    return buffer.getvalue()


FORMATS = {
    "JPEG": encoded(SMALL, "JPEG"),
    "PNG": encoded(SMALL, "PNG"),
    "WebP": encoded(SMALL, "WEBP"),
    "HEIC": _heic(),
    "AVIF": encoded(SMALL, "AVIF"),
    "GIF": encoded(SMALL.convert("P"), "GIF"),
    "BMP": encoded(SMALL, "BMP"),
    "TIFF": encoded(SMALL, "TIFF"),
    "CMYK": encoded(SMALL.convert("CMYK"), "JPEG"),
    "palette with transparency": encoded(SMALL.convert("P"), "PNG", transparency=0),
    "16 bit": encoded(Image.new("I;16", (320, 213), 30_000), "PNG"),
}


@pytest.mark.parametrize("first", [0, 6])
async def test_formats_that_are_taken(shared: World, first: int) -> None:
    """Several in one album come back edited, and the provider gets each of them as a picture."""
    names = list(FORMATS)[first : first + 6]
    person = await shared.person("Ada")
    await person.starts()
    words = f"combine all of these: {', '.join(names)}"
    await person.sends(*(FORMATS[name] for name in names), caption=words, as_file=True)
    await person.sees_picture()
    [inputs] = [p["inputs"] for p in await shared.predictions() if words in p["inputs"]["prompt"]]
    uploads = (await shared.http.get(f"{shared.wavespeed}/sandbox/uploads")).json()["uploads"]
    shapes = {upload["url"]: upload["width"] / upload["height"] for upload in uploads if upload["width"]}
    shape = SMALL.width / SMALL.height
    assert [shapes[url] for url in inputs["images"]] == pytest.approx([shape] * len(names), rel=0.02)


async def test_a_still_sticker(shared: World) -> None:
    """With words sent after it, it is edited like a photo."""
    person = await shared.person("Sticky")
    await person.starts()
    url = f"{shared.telegram}/sandbox/chats/{person.id}/messages"
    sticker = encoded(SMALL.resize((512, 341)), "WEBP")
    answer = await shared.http.post(
        url, data={"from": str(person.id)}, files=[("sticker", ("sticker.webp", sticker))]
    )
    assert answer.status_code == 200, answer.text
    await person.sees_text("What should I change?")
    await person.says("make it a comic")
    await person.sees_picture()


def _bomb() -> bytes:
    """A PNG of 13 000 × 13 000 pixels in a few kilobytes."""
    return encoded(Image.new("1", (13_000, 13_000)), "PNG", optimize=True)


def _frames() -> bytes:
    frames = [Image.new("L", (300, 300), number % 256) for number in range(300)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


NO_PICTURE = {
    "one-bit bomb": (_bomb(), "169 megapixels"),
    "300 frames": (_frames(), "an animation"),
    "truncated PNG": (encoded(SMALL)[:-2000], "damaged"),
    "nothing": (b"\x00", "no picture I can read"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", "no picture I can read"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no picture I can read"),
    "HTML": (b"<html><body>hello</body></html>", "no picture I can read"),
    "compressed text": (zlib.compress(b"x" * 5000), "no picture I can read"),
}


@pytest.mark.parametrize("name", NO_PICTURE)
async def test_a_file_that_is_refused(shared: World, name: str) -> None:
    """It is refused with a reason, and the bot goes on answering."""
    data, answer = NO_PICTURE[name]
    person = await shared.person(name)
    await person.starts()
    await person.sends(data, caption="edit this", as_file=True)
    await person.sees_text(answer)
    await person.says("/spend")
    await person.sees_text("ever $0.00")
