"""What Telegram takes: a photo to look at, a file to keep, a comparison.

Limits: Bot API, sendPhoto (10 MB, width + height at most 10 000, ratio at most 20) and sendDocument (50 MB).
"""

from __future__ import annotations

from PIL import Image

from bot.domain.pictures import Encoded, Inspection, Limits, Size
from bot.imaging import decode, encode, fit

PHOTO_BYTES = 10_000_000
PHOTO_ELONGATION = 20
PHOTO_LONGEST_SIDE = 2560  # what Telegram's clients keep at most
FILE_BYTES = 50_000_000
_OWN = fit.for_results(Limits(pixels=120_000_000))
_MEDIA = {"PNG": ("image/png", "png"), "JPEG": ("image/jpeg", "jpg"), "WEBP": ("image/webp", "webp")}
_GAP = 12


def as_photo(data: bytes) -> Encoded | None:
    """A JPEG for sendPhoto, at most `PHOTO_LONGEST_SIDE`; None where the shape is too long for it."""
    size = decode.inspect(data, _OWN).size
    if size.elongation > PHOTO_ELONGATION:
        return None
    smaller = _within(size, PHOTO_LONGEST_SIDE)
    image = fit.resized(decode.load(data, _OWN, at_least=smaller), smaller)
    return encode.jpeg_within(image, PHOTO_BYTES)


def as_file(data: bytes, max_bytes: int = FILE_BYTES) -> Encoded:
    """A document: the bytes as they are if they fit, else a lossless WebP, else a JPEG."""
    inspection = decode.inspect(data, _OWN)
    if len(data) <= max_bytes and inspection.format in _MEDIA:
        return _unchanged(data, inspection)
    image = decode.load(data, _OWN)
    if max(image.size) <= encode.WEBP_LONGEST_SIDE:
        lossless = encode.webp(image)
        if len(lossless.data) <= max_bytes:
            return lossless
    return encode.jpeg_within(image, max_bytes, quality=95)


def before_after(source: bytes, result: bytes, limits: Limits) -> Encoded:
    """One JPEG with the source and the result beside each other (or stacked, where they are wide)."""
    size = decode.inspect(source, limits).size
    panel = _within(size, PHOTO_LONGEST_SIDE // 2)
    before = fit.resized(encode.flattened(decode.load(source, limits, at_least=panel)), panel)
    after = encode.flattened(decode.load(result, fit.for_results(limits), at_least=panel))
    after = _contained(after, panel)
    if panel.ratio > 1.5:
        sheet = Image.new("RGB", (panel.width, 2 * panel.height + _GAP), "white")
        sheet.paste(after, (0, panel.height + _GAP))
    else:
        sheet = Image.new("RGB", (2 * panel.width + _GAP, panel.height), "white")
        sheet.paste(after, (panel.width + _GAP, 0))
    sheet.paste(before, (0, 0))
    return encode.jpeg_within(sheet, PHOTO_BYTES)


def _unchanged(data: bytes, inspection: Inspection) -> Encoded:
    media_type, extension = _MEDIA[inspection.format]
    return Encoded(data, media_type, extension, inspection.size)


def _within(size: Size, longest: int) -> Size:
    scale = min(1.0, longest / max(size.width, size.height))
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def _contained(image: Image.Image, panel: Size) -> Image.Image:
    """``image`` as large as fits in the panel, centred on white; never stretched."""
    scale = min(panel.width / image.width, panel.height / image.height)
    size = Size(
        min(panel.width, max(1, round(image.width * scale))),
        min(panel.height, max(1, round(image.height * scale))),
    )
    sheet = Image.new("RGB", (panel.width, panel.height), "white")
    place = ((panel.width - size.width) // 2, (panel.height - size.height) // 2)
    sheet.paste(fit.resized(image, size), place)
    return sheet
