"""The files Telegram keeps: photos in their sizes, documents as they came, and links to download them."""

from __future__ import annotations

import base64
import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from PIL import Image, ImageOps

from bot.sandbox.telegram.state import Json
from bot.sandbox.telegram.wire import Upload, bad_request

PHOTO_SIDES = (90, 320, 800, 1280)
MAX_PHOTO = 10 * 1024 * 1024
MAX_DOWNLOAD = 20 << 20
LINK_SECONDS = 3600.0
_QUALITY = 87
_THUMBNAIL_SIDE = 320
_THUMBNAIL_PIXELS = 40_000_000
_UNREADABLE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning)
_PREFIXES = {"photo": "AgACAgI", "document": "BQACAgI", "sticker": "CAACAgI", "thumbnail": "AAMCAgA"}


@dataclass(slots=True)
class Stored:
    """One file. ``content`` is what a message with it carries (a list of sizes for a photo)."""

    file_id: str
    unique_id: str
    kind: str
    data: bytes
    name: str
    media_type: str
    content: Json | list[Json]

    def reference(self) -> Json:
        """The fields that every object about a file starts with."""
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": len(self.data)}


class FileStore:
    """Keeps files in memory. ``link_seconds`` is how long, by ``now``, a download link works."""

    def __init__(self, now: Callable[[], float], link_seconds: float = LINK_SECONDS) -> None:
        self._now = now
        self._link_seconds = link_seconds
        self.all: dict[str, Stored] = {}  # by file_id
        self.links: dict[str, tuple[str, float]] = {}  # by path: a file_id, and when the link ends

    def photo(self, data: bytes) -> list[Json]:
        """Keep a picture as a compressed photo; give its ``PhotoSize`` list, smallest first.

        JPEG, oriented, on white where it was transparent, without metadata, longest sides 90, 320,
        800 and 1280, never enlarged. Raises IMAGE_PROCESS_FAILED for what is no picture.
        """
        picture = _decode(data)
        sizes: list[Json] = []
        stored = []
        for side in PHOTO_SIDES:
            scaled = _within(picture, side)
            file = self._keep("photo", _jpeg(scaled), "photo.jpg", "image/jpeg")
            stored.append(file)
            sizes.append({**file.reference(), "width": scaled.width, "height": scaled.height})
            if max(picture.size) <= side:
                break
        for file in stored:
            file.content = sizes
        return sizes

    def document(self, upload: Upload) -> Json:
        """Keep a file as it is; give its ``Document``, with a thumbnail if it is a picture."""
        file = self._keep("document", upload.data, upload.name, upload.media_type)
        about: Json = {"file_name": file.name, "mime_type": file.media_type}
        thumbnail = self._thumbnail(upload)
        if thumbnail:
            about |= {"thumbnail": thumbnail, "thumb": thumbnail}
        file.content = {**about, **file.reference()}
        return file.content

    def sticker(self, upload: Upload) -> Json:
        """Keep a picture as a static sticker; give its ``Sticker``."""
        file = self._keep("sticker", upload.data, "sticker.webp", "image/webp")
        try:
            with Image.open(io.BytesIO(upload.data)) as image:
                width, height = image.size
        except _UNREADABLE as error:
            raise bad_request("STICKER_FILE_INVALID") from error
        flags = {"type": "regular", "is_animated": False, "is_video": False, "emoji": "🎨"}
        file.content = {**file.reference(), **flags, "width": width, "height": height}
        return file.content

    def again(self, file_id: str, kind: str) -> Json | list[Json]:
        """Give the content of a file that is sent again by its ``file_id`` (Bot API, "Sending files")."""
        file = self.all.get(file_id)
        if file is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if file.kind != kind:
            raise bad_request(f"can't use file of type {file.kind.capitalize()} as {kind.capitalize()}")
        return file.content

    def find(self, file_id: str) -> Stored | None:
        """Give a file, None if there is none."""
        return self.all.get(file_id)

    def get_file(self, file_id: str) -> Json:
        """Answer ``getFile``: a ``File`` whose ``file_path`` works for an hour."""
        file = self.all.get(file_id)
        if file is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if len(file.data) > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        for path, (linked, ends) in self.links.items():
            if linked == file_id and ends > self._now():
                return {**file.reference(), "file_path": path}
        suffix = PurePosixPath(file.name).suffix or ".bin"
        path = f"{file.kind}s/file_{len(self.links)}{suffix}"
        self.links[path] = (file_id, self._now() + self._link_seconds)
        return {**file.reference(), "file_path": path}

    def download(self, path: str) -> Stored | None:
        """Give the file behind a link, None if the link never was or no longer works."""
        file_id, ends = self.links.get(path, ("", 0.0))
        return self.all.get(file_id) if ends > self._now() else None

    def expire(self, file_id: str) -> bool:
        """End the links to a file now; ``getFile`` makes a new one. Say whether there is such a file."""
        for path, (linked, _) in self.links.items():
            if linked == file_id:
                self.links[path] = (linked, 0.0)
        return file_id in self.all

    def forget(self, file_id: str) -> bool:
        """Lose a file for good: ``getFile`` no longer knows it. Say whether there was one."""
        return self.all.pop(file_id, None) is not None

    def _keep(self, kind: str, data: bytes, name: str, media_type: str) -> Stored:
        file_id = _PREFIXES[kind] + base64.urlsafe_b64encode(secrets.token_bytes(42)).decode()
        unique_id = "AQAD" + base64.urlsafe_b64encode(secrets.token_bytes(9)).decode()
        file = self.all[file_id] = Stored(file_id, unique_id, kind, data, name, media_type, {})
        return file

    def _thumbnail(self, upload: Upload) -> Json | None:
        if not upload.media_type.startswith("image/"):
            return None
        try:
            with Image.open(io.BytesIO(upload.data)) as image:
                if image.width * image.height > _THUMBNAIL_PIXELS:
                    return None
                small = _within(_flat(image), _THUMBNAIL_SIDE)
        except _UNREADABLE:
            return None
        file = self._keep("thumbnail", _jpeg(small), "thumbnail.jpg", "image/jpeg")
        file.content = {**file.reference(), "width": small.width, "height": small.height}
        return file.content


def check_photo(upload: Upload) -> None:
    """Refuse what ``sendPhoto`` refuses: over 10 MB, w + h over 10000, ratio over 20."""
    if len(upload.data) > MAX_PHOTO:
        raise bad_request(
            f"file of size {len(upload.data)} bytes is too big for a photo; "
            f"the maximum size is {MAX_PHOTO} bytes"
        )
    try:
        with Image.open(io.BytesIO(upload.data)) as image:
            width, height = image.size
    except _UNREADABLE as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")


def _decode(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _flat(image)
    except _UNREADABLE as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error


def _flat(image: Image.Image) -> Image.Image:
    oriented = ImageOps.exif_transpose(image)
    if oriented.has_transparency_data:
        clear = oriented.convert("RGBA")
        flat = Image.new("RGB", clear.size, "white")
        flat.paste(clear, mask=clear.getchannel("A"))
        return flat
    flat = oriented.convert("RGB")
    flat.info = {}  # Pillow would write a JPEG's comment again
    return flat


def _within(picture: Image.Image, side: int) -> Image.Image:
    scale = side / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
