"""The pictures in messages: a photo's largest size, a file, a still sticker."""

from __future__ import annotations

from telegram import Document, Message, PhotoSize, Sticker

from bot.domain.edits import SentPicture


def sent_picture(message: Message) -> SentPicture | None:
    """The picture that a message carries, if it carries one that could be."""
    if message.photo:
        return _picture(message, message.photo[-1], as_file=False)
    if message.document and not message.animation:
        return _picture(message, message.document, as_file=True)
    if message.sticker and not moving(message):
        return _picture(message, message.sticker, as_file=True)
    return None


def moving(message: Message) -> bool:
    """Whether it carries a picture that moves: an animation, or an animated or video sticker."""
    sticker = message.sticker
    return bool(message.animation or (sticker and (sticker.is_animated or sticker.is_video)))


def unusable_kind(message: Message) -> str:
    """What a message is that carries no picture, for the sentence that says so."""
    if message.voice or message.audio:
        return "voice"
    if message.video or message.video_note:
        return "video"
    if message.poll or message.dice:
        return "game"
    return "details" if message.contact or message.location or message.venue else "other"


def _picture(message: Message, file: PhotoSize | Document | Sticker, *, as_file: bool) -> SentPicture:
    return SentPicture(
        file_id=file.file_id,
        file_unique_id=file.file_unique_id,
        message_id=message.message_id,
        as_file=as_file,
        bytes=file.file_size,
    )
