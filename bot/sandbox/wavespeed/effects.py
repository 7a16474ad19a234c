"""What a prompt does to a picture: one deterministic, obvious effect for each kind of wish.

Every effect takes and returns an RGB picture of the same size and takes some tens of milliseconds
for a megapixel.
"""

from __future__ import annotations

import colorsys
import hashlib
import re
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

Effect = Callable[[Image.Image], Image.Image]
Colour = tuple[int, int, int]


def effect_for(prompt: str) -> Effect:
    """Return the effect of the first keyword that is in ``prompt``, or one by the prompt's hash."""
    words = prompt.lower()
    for pattern, effect in EFFECTS:
        if re.search(pattern, words):
            return effect
    for name, colour in COLOURS.items():
        if re.search(rf"\b{name}\b", words):
            return _sky(colour) if "sky" in words else _tint(colour)
    return _tint(colour_of(prompt))


def colour_of(prompt: str) -> Colour:
    """Return a saturated colour that belongs to the prompt."""
    hue = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:2], "big") / 65536
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def comic(picture: Image.Image) -> Image.Image:
    """Flat colours in four steps, black outlines."""
    bright = picture.point(lambda value: min(255, value * 5 // 4 + 24))
    flat = ImageOps.posterize(ImageEnhance.Color(_smooth(bright, 2)).enhance(1.8), 2)
    lines = _outlines(picture, 28).filter(ImageFilter.MinFilter(3))
    return ImageChops.multiply(flat, lines.convert("RGB"))


def anime(picture: Image.Image) -> Image.Image:
    """Bright, smooth, saturated, with fine outlines."""
    flat = ImageOps.posterize(ImageEnhance.Color(_smooth(picture, 3)).enhance(2.2), 4)
    bright = ImageEnhance.Brightness(flat).enhance(1.25)
    lines = _outlines(picture, 60).point(lambda value: 90 + value * 165 // 255)
    return ImageChops.multiply(bright, lines.convert("RGB"))


def watercolour(picture: Image.Image) -> Image.Image:
    """Soft, pale washes on paper, with darker rims."""
    pale = Image.blend(_smooth(picture, 5), Image.new("RGB", picture.size, (250, 246, 236)), 0.4)
    rims = _outlines(picture, 30).point(lambda value: 150 + value * 105 // 255)
    return ImageChops.multiply(ImageEnhance.Color(pale).enhance(1.6), rims.convert("RGB"))


def pencil(picture: Image.Image) -> Image.Image:
    """Graphite strokes on white: the grey picture divided by its blurred self."""
    grey = ImageOps.grayscale(picture)
    light = np.asarray(_smooth(grey, 8), dtype=np.float32) + 1
    strokes = np.clip(np.asarray(grey, dtype=np.float32) * 250 / light, 0, 255) ** 2 / 255
    return Image.fromarray(strokes.astype(np.uint8)).convert("RGB")


def vintage(picture: Image.Image) -> Image.Image:
    """Brown and faded, as a photograph of the 1950s."""
    toned = ImageOps.colorize(ImageOps.grayscale(picture), (52, 34, 18), (250, 226, 178), (176, 128, 84))
    return ImageEnhance.Contrast(toned).enhance(0.85)


def neon(picture: Image.Image) -> Image.Image:
    """Night in violet and blue, with glowing outlines."""
    night = ImageOps.colorize(ImageOps.grayscale(picture), (8, 2, 30), (255, 120, 230), (70, 20, 140))
    lines = _smooth(ImageOps.invert(_outlines(picture, 28)), 2).point(lambda value: min(255, value * 2))
    return ImageChops.screen(night, ImageOps.colorize(lines, (0, 0, 0), (0, 255, 255)))


def oil(picture: Image.Image) -> Image.Image:
    """Broad, heavy patches of colour."""
    coarse = picture.reduce(max(2, max(picture.size) // 160))
    flat = ImageOps.posterize(coarse.filter(ImageFilter.ModeFilter(5)), 4).resize(picture.size)
    return ImageEnhance.Color(ImageEnhance.Contrast(flat).enhance(1.3)).enhance(1.7)


def grey(picture: Image.Image) -> Image.Image:
    """Black and white, with more contrast."""
    return ImageEnhance.Contrast(ImageOps.grayscale(picture).convert("RGB")).enhance(1.5)


def _tint(colour: Colour) -> Effect:
    """Everything in shades of one colour, most of the way."""

    def tint(picture: Image.Image) -> Image.Image:
        dark = tuple(value // 5 for value in colour)
        shades = ImageOps.colorize(ImageOps.grayscale(picture), dark, (255, 255, 255), colour)
        return Image.blend(picture, shades, 0.8)

    return tint


def _sky(colour: Colour) -> Effect:
    """The colour from above, fading out downwards."""

    def sky(picture: Image.Image) -> Image.Image:
        ramp = Image.linear_gradient("L").point(lambda value: max(25, 255 - value * 2))
        return Image.composite(_tint(colour)(picture), picture, ramp.resize(picture.size))

    return sky


def _outlines(picture: Image.Image, threshold: int) -> Image.Image:
    edges = _smooth(ImageOps.grayscale(picture), 1).filter(ImageFilter.FIND_EDGES)
    return edges.point(lambda value: 0 if value > threshold else 255)


def _smooth(picture: Image.Image, radius: int) -> Image.Image:
    return picture.filter(ImageFilter.BoxBlur(radius))


EFFECTS: tuple[tuple[str, Effect], ...] = (
    (r"comic|cartoon", comic),
    (r"anime|manga", anime),
    (r"water ?colou?r|aquarelle", watercolour),
    (r"pencil|sketch|drawing", pencil),
    (r"1950|vintage|sepia|old photo", vintage),
    (r"neon|cyberpunk", neon),
    (r"\boil\b|painting", oil),
    (r"black.and.white|monochrome|gr[ea]y", grey),
)

COLOURS: dict[str, Colour] = {
    "red": (220, 30, 30),
    "orange": (245, 130, 20),
    "yellow": (240, 205, 20),
    "gold": (225, 175, 40),
    "green": (30, 170, 60),
    "turquoise": (30, 190, 185),
    "blue": (30, 90, 225),
    "purple": (130, 40, 200),
    "pink": (240, 90, 170),
    "night": (25, 30, 90),
    "sunset": (245, 105, 45),
    "winter": (150, 195, 240),
    "snow": (175, 205, 240),
}
