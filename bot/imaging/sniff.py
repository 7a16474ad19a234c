"""What some bytes are by their first ones, for a refusal that can say it."""

from __future__ import annotations

_PICTURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
)
_OTHERS = (
    (b"%PDF", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"8BPS", "Photoshop"),
    (b"PK\x03\x04", "ZIP"),
    (b"\x1f\x8b", "animated sticker"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
)
_STILL_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}


def picture_format(data: bytes) -> str | None:
    """Which of the formats we take these bytes begin like, if any."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and data[8:12] in _STILL_BRANDS:
        return "AVIF" if data[8:11] == b"avi" else "HEIF"
    return next((name for magic, name in _PICTURES if data.startswith(magic)), None)


def other_format(data: bytes) -> str:
    """A short name of what these bytes are instead of a picture; empty when it is not known."""
    if not data:
        return "empty file"
    if data[4:8] == b"ftyp" or (data[:4] == b"RIFF" and data[8:12] == b"AVI "):
        return "video"
    name = next((name for magic, name in _OTHERS if data.startswith(magic)), None)
    return name or _text_format(data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower())


def _text_format(start: bytes) -> str:
    if b"<svg" in start:
        return "SVG"
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "HTML"
    return "text" if start and start.isascii() and b"\x00" not in start else ""
