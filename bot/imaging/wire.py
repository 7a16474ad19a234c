"""A mask plane shown to its person, turned round, or written as a provider wants it."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageFilter

from bot.domain.pictures import Encoded, Fit, Limits, Size, WireMask
from bot.imaging import decode, encode
from bot.imaging import fit as fitting

OVERLAY_LONGEST_SIDE = 1280
_REGION = (255, 0, 200)  # magenta: hardly ever a photo's own colour
_REGION_OPACITY = 128
_DIMMED = 0.45


def write_plane(plane: Image.Image) -> bytes:
    """A mask plane (mode L) as the PNG that is passed about."""
    buffer = io.BytesIO()
    plane.save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def invert(plane: bytes) -> bytes:
    """The plane of the other region."""
    return write_plane(ImageChops.invert(decode.open_plane(plane)))


def overlay(source: bytes, plane: bytes, limits: Limits) -> Encoded:
    """The region in magenta with an outline over the dimmed picture: JPEG, at most 1280 pixels a side."""
    size = decode.inspect(source, limits).size
    shown = _within(size, OVERLAY_LONGEST_SIDE)
    image = fitting.resized(encode.flattened(decode.load(source, limits, at_least=shown)), shown)
    region = decode.open_plane(plane).resize(image.size, Image.Resampling.BOX).point(_over(64))
    dimmed = Image.blend(Image.new("RGB", image.size), image, _DIMMED)
    tinted = Image.blend(image, Image.new("RGB", image.size, _REGION), _REGION_OPACITY / 255)
    dimmed.paste(tinted, mask=region)
    width = max(1, round(max(image.size) / 400))
    outline = ImageChops.subtract(region.filter(ImageFilter.MaxFilter(2 * width + 1)), region)
    dimmed.paste("white", (0, 0), outline)
    return encode.jpeg(dimmed, quality=88)


def for_wire(plane: bytes, fit: Fit | None, form: WireMask, *, max_bytes: int = 4_000_000) -> Encoded:
    """A mask as a provider wants it, laid out like the picture that is sent; the padding is kept.

    Args:
        plane: PNG of the source's oriented size, 255 = edit.
        fit: how the source was laid out; without one the mask has the plane's size.
        form: what the provider reads.
        max_bytes: for a ragged mask that is heavier, its finest detail is smoothed away.
    """
    mask = decode.open_plane(plane).point(_over(127))
    if fit is not None:
        mask = _laid_out(mask, fit)
    encoded = encode.png(_in_form(mask, form), level=6)
    for radius in (2, 5, 12):
        if len(encoded.data) <= max_bytes:
            break
        smooth = mask.filter(ImageFilter.GaussianBlur(radius)).point(_over(127))
        encoded = encode.png(_in_form(smooth, form), level=9)
    return encoded


def _laid_out(mask: Image.Image, fit: Fit) -> Image.Image:
    left, top, width, height = fit.box
    canvas = Image.new("L", (fit.canvas.width, fit.canvas.height), 0)
    canvas.paste(mask.resize((width, height), Image.Resampling.NEAREST), (left, top))
    return canvas


def _in_form(mask: Image.Image, form: WireMask) -> Image.Image:
    if form is WireMask.WHITE:
        return mask
    keep = ImageChops.invert(mask)
    if form is WireMask.WHITE_AND_ALPHA:
        return Image.merge("RGBA", (mask, mask, mask, keep))
    black = Image.new("L", mask.size, 0)
    return Image.merge("RGBA", (black, black, black, keep))


def _over(threshold: int) -> list[int]:
    """A lookup table: 255 for what is over ``threshold``."""
    return [255 if value > threshold else 0 for value in range(256)]


def _within(size: Size, longest: int) -> Size:
    scale = min(1.0, longest / max(size.width, size.height))
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))
