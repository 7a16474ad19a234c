"""What the buttons under a result do: its file, both halves, once more, better, another model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from telegram import CallbackQuery, InlineKeyboardMarkup, Message, ReplyParameters
from telegram.error import TelegramError

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.presses import Pressed
from bot.chat.replies import Bot, answering, place_of, reply
from bot.chat.result_buttons import (
    BACK,
    CANCEL,
    COMPARE,
    CONFIRMED,
    EDIT,
    FILE,
    MODELS,
    PICK,
    STEP,
    ResultButtons,
)
from bot.chat.texts import explain, say
from bot.domain.edits import Edit, EditState, Place
from bot.domain.money import dollars
from bot.domain.next_steps import MODEL
from bot.domain.ports import Imaging, PictureSource
from bot.domain.stores import Blobs, Button, Edits
from bot.domain.timing import Timing
from bot.errors import PictureGone, ResultAway, StorageBusy, WavebrushError
from bot.jobs.again import Again, Dear, Wish

__all__ = ["EDIT", "Ports", "Results"]


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that results need of the world."""

    bot: Bot
    edits: Edits
    blobs: Blobs
    imaging: Imaging
    pictures: PictureSource
    buttons: ResultButtons
    again: Again
    timing: Timing
    result_days: int


@dataclass(frozen=True, slots=True)
class _Press:
    edit: Edit  # in the language of who presses
    button: Button
    query: CallbackQuery


class Results:
    """Takes the presses of the buttons of an edit. They work for as long as what they need is kept."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports

    async def take(self, button: Button, query: CallbackQuery) -> Pressed:
        """Do what a button stands for."""
        edit = await self._.edits.get(button.subject.removeprefix(f"{EDIT}:"))
        edit = replace(edit, language=query.from_user.language_code)
        actions = {
            FILE: self._file,
            COMPARE: self._compare,
            STEP: self._step,
            CONFIRMED: self._step,
            MODELS: self._models,
            BACK: self._back,
            PICK: self._back,
            CANCEL: self._cancel,
        }
        try:
            return await actions[button.value.partition(":")[0]](_Press(edit, button, query))
        except PictureGone:
            return Pressed(say("file-gone", edit.language, days=self._.result_days))
        except TelegramError as error:
            return Pressed(explain(translate(error), edit.language))
        except WavebrushError as error:
            if not error.permanent:
                raise
            return Pressed(explain(error, edit.language))

    # --- the same picture in another form -------------------------------------------------------------

    async def _file(self, press: _Press) -> Pressed:
        """Send the kept picture as a file, in reply to the result."""
        edit = press.edit
        file = await self._.imaging.as_file(await self._kept(edit))
        await self._.bot.send_document(
            edit.place.chat_id,
            file.data,
            caption=say("file-caption", edit.language),
            filename=f"wavebrush-{edit.id[:8]}.{file.extension}",
            disable_content_type_detection=True,
            message_thread_id=edit.place.thread_id,
            reply_parameters=_to_result(edit),
            read_timeout=self._.timing.telegram_read,
            write_timeout=self._.timing.telegram_upload,
            rate_limit_args=Priority.RESULT,
        )
        return Pressed(say("file-sent", edit.language))

    async def _compare(self, press: _Press) -> Pressed:
        """Send one picture with both halves, in reply to the result."""
        edit = press.edit
        result = await self._kept(edit)
        both = await self._.imaging.before_after(await self._.pictures.fetch(edit.source), result)
        await self._.bot.send_photo(
            edit.place.chat_id,
            both.data,
            caption=say("compare-caption", edit.language),
            filename=f"wavebrush-{edit.id[:8]}-before-after.{both.extension}",
            message_thread_id=edit.place.thread_id,
            reply_parameters=_to_result(edit),
            read_timeout=self._.timing.telegram_read,
            write_timeout=self._.timing.telegram_upload,
            rate_limit_args=Priority.RESULT,
        )
        return Pressed(say("file-sent", edit.language))

    async def _kept(self, edit: Edit) -> bytes:
        result = await self._.edits.result(edit.id)
        try:
            data = await self._.blobs.get(result.key) if result else None
        except StorageBusy as error:  # waited for, it would hold up all else that is said in this chat
            raise ResultAway(str(error)) from error
        if data is None:
            raise PictureGone(f"the result of {edit.id} is no longer kept")
        return data

    # --- another edit -----------------------------------------------------------------------------------

    async def _step(self, press: _Press) -> Pressed:
        """Buy the step that the button stands for, or ask first."""
        edit = press.edit
        kind, agreed, asked_by, step = press.button.value.split(":", 3)
        # After a question the button that led to it counts: pressed again, it does not pay again.
        button_id = asked_by or press.button.id
        place = _place(press.query, edit, asked=kind == CONFIRMED)
        wish = Wish(edit, step, button_id, place, edit.language, int(agreed), confirmed=kind == CONFIRMED)
        outcome = await self._.again.take(wish)
        if outcome is None:
            return Pressed(say("step-taken-already", edit.language), close=wish.confirmed)
        if isinstance(outcome, Dear):
            markup = await self._.buttons.confirmation(edit, outcome.quote, step, button_id)
            text = say("ask-confirm", edit.language, price=dollars(outcome.quote))
            await reply(self._.bot, place, text, markup=markup)
            return Pressed("", close=wish.confirmed)
        text = say("step-taken", edit.language, price=dollars(outcome.quote))
        if wish.confirmed or edit.state is EditState.FAILED:  # below a failure there is nothing else to press
            return Pressed(text, close=True)
        return Pressed(text, buttons=await self._under(press) if step.startswith(MODEL) else None)

    async def _models(self, press: _Press) -> Pressed:
        more = say("models-more", press.edit.language)
        return Pressed(more, buttons=await self._.buttons.models(press.edit))

    async def _back(self, press: _Press) -> Pressed:
        return Pressed("", buttons=await self._under(press))

    async def _cancel(self, press: _Press) -> Pressed:
        return Pressed(say("button-cancelled", press.edit.language), close=True)

    async def _under(self, press: _Press) -> InlineKeyboardMarkup:
        """The buttons of the result; below an album with the way to those of its other pictures."""
        edit, message = press.edit, press.query.message
        as_file = edit.result_file_id is None
        if edit.batch is None or message is None or message.message_id == edit.result_message_id:
            return await self._.buttons.under(edit, as_file=as_file)
        batch = await self._.edits.of_batch(edit.batch)
        return await self._.buttons.picked(edit, batch, as_file=as_file)


def _to_result(edit: Edit) -> ReplyParameters | None:
    to = edit.result_message_id or edit.place.message_id
    return answering(to)


def _place(query: CallbackQuery, edit: Edit, *, asked: bool) -> Place:
    """Where the answer to a press goes: to the message of the button, or to what its question is about."""
    message = query.message
    if message is None:
        return edit.place
    if isinstance(message, Message):
        about = message.reply_to_message if asked else None
        to = (about or message).message_id
        if edit.batch is not None and edit.place.chat_id == message.chat_id and not asked:
            to = edit.result_message_id or to  # the picture, not the numbers below its album
        return replace(place_of(message), message_id=to)
    thread_id = edit.place.thread_id if message.chat.id == edit.place.chat_id else None
    return Place(message.chat.id, message.message_id, thread_id)
