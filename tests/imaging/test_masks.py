"""Which pictures are masks, what they mark, and which are ordinary second pictures."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from bot.domain.pictures import MaskForm, Recognised
from bot.errors import MaskEmpty, MaskEverything, MaskShape
from bot.imaging import masks
from tests.imaging.samples import (
    LIMITS,
    SHAPES,
    Region,
    contrasted,
    drawn,
    ellipse,
    encoded,
    lettering,
    line_drawing,
    noisy,
    overlap,
    photo,
    plane_of,
    region_of,
    screenshot,
    two_tone,
)

LONGEST = 400
Change = Callable[[Image.Image], Image.Image]


def recognised(source: bytes, candidate: bytes) -> Recognised:
    """What a candidate is found to be."""
    found = masks.recognise(source, candidate, LIMITS)
    assert found is not None
    return found


# --- drawn apart ------------------------------------------------------------------------------------


def framed(mask: Image.Image) -> Image.Image:
    """With a border of the colour that the corner has not."""
    inner = mask.crop((3, 3, mask.width - 3, mask.height - 3))
    return ImageOps.expand(inner, 3, 255 if inner.getpixel((0, 0)) == 0 else 0)


BLACK_AND_WHITE: dict[str, Callable[[Image.Image], bytes]] = {
    "png": lambda mask: encoded(mask),
    "one-bit": lambda mask: encoded(mask.convert("1")),
    "photo": lambda mask: encoded(mask, "JPEG", quality=50),
    "soft": lambda mask: encoded(mask.filter(ImageFilter.GaussianBlur(3)), "JPEG", quality=80),
    "noise": lambda mask: encoded(noisy(mask.convert("RGB"), 25), "JPEG", quality=75),
    "greyish": lambda mask: encoded(mask.point([40] * 128 + [215] * 128)),
    "border": lambda mask: encoded(framed(mask), "JPEG", quality=80),
    "turned": lambda mask: encoded(mask, "JPEG", orientation=6),
}


@pytest.mark.parametrize("variant", BLACK_AND_WHITE)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("polarity", ["little", "most"])
def test_black_and_white(variant: str, shape: str, polarity: str) -> None:
    """White is the region, at another size too, whatever noise, edges, border or turn it comes with."""
    image = photo("cat", LONGEST)
    scale = {"little": 1.6, "most": 0.7}[polarity]
    size = (round(image.width * scale), round(image.height * scale))
    drawing = drawn(size, SHAPES[shape]) ^ (polarity == "most")
    truth = drawn(image.size, SHAPES[shape]) ^ (polarity == "most")
    candidate = BLACK_AND_WHITE[variant](Image.fromarray(drawing.astype(np.uint8) * 255))
    found = recognised(encoded(image, "JPEG", orientation=8), candidate)
    assert found.form is MaskForm.BLACK_AND_WHITE
    assert overlap(region_of(found.plane), truth) >= 0.97
    assert found.coverage == pytest.approx(truth.mean(), abs=0.01)
    masks.check(found)


TRANSPARENT: dict[str, Change] = {
    "erased": lambda source: source,
    "black": lambda source: Image.new("RGB", source.size),
    "white": lambda source: Image.new("RGB", source.size, "white"),
}


@pytest.mark.parametrize("ground", TRANSPARENT)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", ["PNG", "WEBP", "turned"])
def test_transparent(ground: str, shape: str, form: str) -> None:
    """Clear is the region: erased from the picture itself, or from one plain colour."""
    image = photo("rocket", LONGEST)
    mask = TRANSPARENT[ground](image.resize((500, round(500 * image.height / image.width))))
    alpha = Image.fromarray(np.where(drawn(mask.size, SHAPES[shape]), 0, 255).astype(np.uint8))
    mask.putalpha(alpha.filter(ImageFilter.GaussianBlur(1)))
    turned = {"orientation": 5} if form == "turned" else {}
    candidate = encoded(mask, "PNG" if form == "turned" else form, **turned)
    found = recognised(encoded(image, "JPEG"), candidate)
    assert found.form is MaskForm.TRANSPARENT
    assert overlap(region_of(found.plane), drawn(image.size, SHAPES[shape])) >= 0.97


@pytest.mark.parametrize("kind", ["black and white", "transparent"])
def test_mask_of_another_shape(kind: str) -> None:
    """A mask that can't belong to the source is refused, with both sizes."""
    mask = Image.fromarray(drawn((300, 300), ellipse).astype(np.uint8) * 255)
    if kind == "transparent":
        clear = Image.new("RGB", mask.size)
        clear.putalpha(ImageOps.invert(mask))
        mask = clear
    with pytest.raises(MaskShape) as refusal:
        masks.recognise(encoded(photo("cat", LONGEST)), encoded(mask), LIMITS)
    assert refusal.value.params == {"mask": "300×300", "source": "400×266"}


# --- painted over -----------------------------------------------------------------------------------


def path(kind: str, width: int, height: int) -> list[tuple[float, float]]:
    """Where the finger went."""
    turns = [step / 60 * 2 * math.pi for step in range(61)]
    if kind == "zigzag":
        return [(width * (0.2 + 0.5 * step / 14), height * (0.65, 0.3)[step % 2]) for step in range(15)]
    wobble = 0.05 if kind == "blob" else 0.0
    return [
        (
            width * (0.5 + (0.2 + wobble * math.sin(3 * turn)) * math.cos(turn)),
            height * (0.5 + (0.3 + wobble * math.sin(3 * turn)) * math.sin(turn)),
        )
        for turn in turns
    ]


STROKES = {  # path, width as a share of the longer side, what of the path is drawn, opacity
    "filled": ("blob", None, 61, 1.0),
    "thin-outline": ("oval", 0.006, 61, 1.0),
    "thick-outline": ("blob", 0.03, 61, 1.0),
    "open-outline": ("oval", 0.012, 58, 1.0),
    "scribble": ("zigzag", 0.04, 15, 1.0),
    "highlighter": ("blob", 0.05, 61, 0.5),
}
PENS = ["red", "white", "black", "#30c050", "#3070ff"]


def painted(
    image: Image.Image, stroke: str, colour: str, size: tuple[int, int]
) -> tuple[Image.Image, Region]:
    """The picture at a size with a stroke on it, and the region that its person means, at its own size."""
    kind, width, steps, opacity = STROKES[stroke]

    def lay(draw: ImageDraw.ImageDraw, w: int, h: int) -> None:
        points = path(kind, w, h)[:steps]
        if width is None:
            draw.polygon(points, fill=255)
            return
        pen = max(2, round(width * max(w, h)))
        draw.line(points, fill=255, width=pen, joint="curve")
        for x, y in points:
            draw.ellipse((x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2), fill=255)

    def mean(draw: ImageDraw.ImageDraw, w: int, h: int) -> None:
        if kind != "zigzag":
            draw.polygon(path(kind, w, h), fill=255)
        lay(draw, w, h)

    canvas = image.resize(size, Image.Resampling.LANCZOS)
    ink = Image.fromarray(drawn(size, lay).astype(np.uint8) * round(255 * opacity))
    canvas.paste(colour, (0, 0), ink)
    return canvas, drawn(image.size, mean)


PAINTED = [
    pytest.param(stroke, colour, marks=pytest.mark.long if (row + column) % 2 else ())
    for row, stroke in enumerate(STROKES)
    for column, colour in enumerate(PENS)
]


@pytest.mark.parametrize(("stroke", "colour"), PAINTED)
def test_painted_over(stroke: str, colour: str) -> None:
    """What the strokes cover and go around is the region, in any colour, re-scaled and re-encoded."""
    number = list(STROKES).index(stroke) + PENS.index(colour)
    # Paint that the picture has already can't be seen: black goes on the brightest, white on the darkest.
    name = {"black": "coffee", "white": "rocket"}.get(colour, ("cat", "astronaut", "coffee")[number % 3])
    image = photo(name, 560)
    size = (480, round(480 * image.height / image.width))
    over, truth = painted(image, stroke, colour, size)
    source = encoded(image, "JPEG", quality=92, orientation=(1, 6)[number % 2])
    found = recognised(source, encoded(over, "JPEG", quality=(65, 85)[number % 2]))
    assert found.form is MaskForm.PAINTED
    assert overlap(region_of(found.plane), truth) >= 0.90


# --- ordinary second pictures -----------------------------------------------------------------------


def shifted(image: Image.Image) -> Image.Image:
    """Other hues."""
    hue, saturation, value = image.convert("HSV").split()
    return Image.merge("HSV", (hue.point([(v + 60) % 256 for v in range(256)]), saturation, value)).convert(
        "RGB"
    )


def edited(image: Image.Image) -> Image.Image:
    """An earlier result: something else in one place."""
    other = photo("coffee").transpose(Image.Transpose.ROTATE_90).resize(image.size)
    place = Image.fromarray(drawn(image.size, ellipse).astype(np.uint8) * 255)
    return Image.composite(other, image, place)


def cut_out(image: Image.Image) -> Image.Image:
    """A part of another photo on nothing, as a sticker is."""
    other = photo("astronaut").resize(image.size)
    other.putalpha(Image.fromarray(drawn(image.size, ellipse).astype(np.uint8) * 255))
    return other


def logo(image: Image.Image) -> Image.Image:
    """Letters on nothing."""
    letters = Image.new("RGB", image.size, "navy")
    letters.putalpha(lettering(image.size, ink=255, paper=0))
    return letters


def checkered(image: Image.Image) -> Image.Image:
    """A pattern."""
    return Image.fromarray((np.indices((image.height, image.width)).sum(0) // 30 % 2 * 255).astype(np.uint8))


ORDINARY: dict[str, Change] = {
    "same": lambda image: image,
    "cat": lambda image: photo("cat").resize(image.size),
    "astronaut": lambda image: photo("astronaut").resize(image.size).rotate(90),
    "crop": lambda image: image.crop((50, 30, 350, 230)).resize(image.size),
    "portrait": lambda image: photo("rocket").crop((100, 0, 300, 400)),
    "mirrored": ImageOps.mirror,
    "upside-down": ImageOps.flip,
    "grey": ImageOps.grayscale,
    "high-contrast": contrasted,
    "two-tone": lambda image: two_tone(image, 128),
    "two-tone-bright": lambda image: two_tone(image, 170),
    "two-tone-smooth": lambda image: two_tone(image.filter(ImageFilter.GaussianBlur(3)), 90),
    "negative": ImageOps.invert,
    "posterised": lambda image: ImageOps.posterize(image, 2),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.6),
    "slightly-darker": lambda image: ImageEnhance.Brightness(image).enhance(0.85),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.4),
    "contrast": lambda image: ImageEnhance.Contrast(image).enhance(1.5),
    "dull": lambda image: ImageEnhance.Color(image).enhance(0.4),
    "hues": shifted,
    "sepia": lambda image: ImageOps.colorize(image.convert("L"), "#301000", "#ffe0a0"),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(5)),
    "edited": edited,
    "cut-out": cut_out,
    "logo": logo,
    "screenshot": lambda image: screenshot(image.size),
    "letters": lambda image: lettering(image.size),
    "letters-negative": lambda image: lettering(image.size, ink=255, paper=0),
    "letters-square": lambda _: lettering((300, 300)),
    "line-drawing": lambda image: line_drawing("astronaut", image.size),
    "line-drawing-of-it": lambda image: ImageOps.invert(line_drawing("coffee", image.size)),
    "checkered": checkered,
    "gradient": lambda image: Image.linear_gradient("L").resize(image.size),
}


@pytest.mark.parametrize("name", ["coffee", "rocket"])
@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_second_picture(name: str, kind: str) -> None:
    """None of what people send beside their picture is taken for a mask."""
    image = photo(name, LONGEST)
    second = ORDINARY[kind](image)
    form = "PNG" if second.mode == "RGBA" else "JPEG"
    assert masks.recognise(encoded(image, "JPEG", quality=92), encoded(second, form), LIMITS) is None


# --- the person's word, and the check ---------------------------------------------------------------


def test_forced_drawing() -> None:
    """A drawing that the person calls the mask is read by its brightness."""
    image = photo("coffee", LONGEST)
    letters = lettering(image.size, ink=255, paper=0)
    found = masks.recognise(encoded(image), encoded(letters), LIMITS, forced=True)
    assert found is not None
    assert found.form is MaskForm.BLACK_AND_WHITE
    assert overlap(region_of(found.plane), np.asarray(letters) > 127) > 0.97


def test_forced_difference() -> None:
    """A copy with another content in one place, called the mask, marks that place."""
    image = photo("rocket", LONGEST)
    found = masks.recognise(encoded(image), encoded(edited(image)), LIMITS, forced=True)
    assert found is not None
    assert found.form is MaskForm.PAINTED
    assert overlap(region_of(found.plane), drawn(image.size, ellipse)) > 0.85


@pytest.mark.parametrize(
    ("candidate", "error"),
    [
        (Image.new("L", (400, 266), 3), MaskEmpty),
        (Image.new("L", (400, 266), 250), MaskEverything),
        (Image.new("RGBA", (400, 266), (9, 9, 9, 0)), MaskEverything),
        (photo("cat", 400), MaskEmpty),
        (photo("astronaut", 400), MaskShape),
    ],
    ids=["black", "white", "all clear", "the source itself", "another shape"],
)
def test_forced_and_useless(candidate: Image.Image, error: type[Exception]) -> None:
    """What marks nothing, everything or another shape is refused, even at the person's word."""
    with pytest.raises(error):
        masks.recognise(encoded(photo("cat", LONGEST)), encoded(candidate), LIMITS, forced=True)


@pytest.mark.parametrize(("value", "error"), [(0, MaskEmpty), (255, MaskEverything)])
def test_plain_black_or_white_is_told(value: int, error: type[Exception]) -> None:
    """A plain black or white picture is a mask gone wrong: recognised, and refused by the check."""
    plain = encoded(Image.new("RGB", (800, 532), (value,) * 3), "JPEG")
    with pytest.raises(error):
        masks.check(recognised(encoded(photo("cat", LONGEST)), plain))


@pytest.mark.parametrize(
    ("coverage", "error"), [(0.0004, MaskEmpty), (0.0006, None), (0.995, None), (0.996, MaskEverything)]
)
def test_check(coverage: float, error: type[Exception] | None) -> None:
    """Under 0.05 % is nothing, over 99.5 % is everything."""
    found = Recognised(MaskForm.PAINTED, plane_of(np.zeros((2, 2), bool)), coverage)
    if error is None:
        masks.check(found)
        return
    with pytest.raises(error):
        masks.check(found)
