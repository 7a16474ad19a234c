"""Questions with buttons, asked before anything is paid, and their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import TelegramError

from bot.chat.asker import together
from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.panels import column, new_button
from bot.chat.presses import Pressed
from bot.chat.replies import Bot, answering, reply
from bot.chat.styles import Style
from bot.chat.texts import say, shortened
from bot.clock import Clock
from bot.domain.catalogue import Catalogue
from bot.domain.edits import Request, RequestState
from bot.domain.pictures import Encoded
from bot.domain.roles import CANCEL, Option, Question
from bot.domain.stores import Button, Buttons, Edits, People, Requests

log = structlog.get_logger(__name__)

REQUEST = "request"
WORDS = "words"
_RECENT = 3


class Asking:
    """Shows a question's options as buttons under it."""

    def __init__(
        self,
        bot: Bot,
        buttons: Buttons,
        edits: Edits,
        people: People,
        catalogue: Callable[[], Catalogue],
        styles: Sequence[Style],
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._buttons = buttons
        self._edits = edits
        self._people = people
        self._catalogue = catalogue
        self._styles = styles
        self._clock = clock

    async def ask_words(self, request: Request) -> int | None:
        """Ask what to change, with the styles and the person's own last words to choose from.

        Where there is no picture to change: what the new one is to show.

        Raises:
            ModelWithdrawn: nothing is live.
        """
        if not request.pictures:
            return await reply(self._bot, request.place, say("ask-create-words", request.language))
        chat_id = request.place.chat_id
        # What somebody wrote in private is not shown to a group.
        here = None if chat_id > 0 else chat_id
        recent = await self._edits.recent_prompts(request.user_id, _RECENT + len(self._styles), here)
        styles = {style.prompt for style in self._styles}
        own = [prompt for prompt in recent if prompt not in styles][:_RECENT]
        shown = [(style.label, style.prompt) for style in self._styles]
        shown += [(say("option-recent", request.language, prompt=shortened(words)), words) for words in own]
        buttons = [self._button(request, f"{WORDS}:{words}") for _, words in shown]
        await self._buttons.keep(buttons, self._clock.now())
        keys = [
            InlineKeyboardButton(label, callback_data=button.id)
            for (label, _), button in zip(shown, buttons, strict=True)
        ]
        pairs, singles = keys[: len(self._styles)], keys[len(self._styles) :]
        rows = [pairs[at : at + 2] for at in range(0, len(pairs), 2)] + [[key] for key in singles]
        text = "\n".join([say("ask-prompt", request.language), *await self._price(request)])
        return await reply(self._bot, request.place, text, markup=InlineKeyboardMarkup(rows))

    async def _price(self, request: Request) -> list[str]:
        """What each button costs, since one press buys. Raises ModelWithdrawn."""
        preferences = await self._people.preferences(request.user_id)
        price = together(preferences, self._catalogue().for_person(preferences.model))
        return [] if price == "?" else [say("ask-prompt-price", request.language, price=price)]

    async def ask(self, request: Request, question: Question, shown: Encoded | None) -> int | None:
        """Ask; the question's message id, or None if it could not be sent."""
        text = say(f"ask-{question.topic}", request.language, **question.params)
        to = answering(request.place.message_id)
        common: dict[str, Any] = {
            "message_thread_id": request.place.thread_id,
            "reply_parameters": to,
            "reply_markup": await self._keyboard(request, question.options),
            "rate_limit_args": Priority.ANSWER,
        }
        try:
            if shown is None:
                sent = await self._bot.send_message(request.place.chat_id, text, **common)
            else:
                sent = await self._bot.send_photo(
                    request.place.chat_id, shown.data, caption=text, filename="region.jpg", **common
                )
        except TelegramError as error:
            log.warning("question_not_sent", request=request.id, detail=str(translate(error)))
            return None
        return sent.message_id

    async def _keyboard(self, request: Request, options: tuple[Option, ...]) -> InlineKeyboardMarkup:
        buttons = [self._button(request, option.answer) for option in options]
        await self._buttons.keep(buttons, self._clock.now())
        return column([label(option, request.language) for option in options], buttons)

    def _button(self, request: Request, value: str) -> Button:
        return new_button(request.user_id, f"{REQUEST}:{request.id}", value)


def label(option: Option, language: str | None) -> str:
    """The words on a button."""
    name, _, value = option.value.partition(":")
    return say(
        f"option-{name}" if name in {"model", "confirmed"} or not value else f"option-{name}-{value}",
        language,
        **option.params,
    )


class Answers:
    """Takes answers to the requests that asked, each once."""

    def __init__(self, requests: Requests, nudge: Callable[[], None], clock: Clock) -> None:
        self._requests = requests
        self._nudge = nudge
        self._clock = clock

    async def take(self, button: Button, query: CallbackQuery) -> Pressed:
        """Hand an answer to its request."""
        key = await self._decide(button.subject.removeprefix(f"{REQUEST}:"), button.value)
        return Pressed(say(key, query.from_user.language_code), close=True)

    async def _decide(self, request_id: str, value: str) -> str:
        """The key of what is said to the person."""
        request = await self._requests.get(request_id)
        if request is None or request.state is not RequestState.ASKING:
            return "button-too-late"
        if value == CANCEL:
            closed = await self._requests.close(request_id, RequestState.REFUSED)
            return "button-cancelled" if closed else "button-too-late"
        if value.startswith(f"{WORDS}:"):
            given = await self._requests.give_words(
                request_id, value.removeprefix(f"{WORDS}:"), self._clock.now()
            )
            return self._taken(given)
        decision = request.decision.with_answer(value)
        return self._taken(await self._requests.decide(request_id, decision, self._clock.now()))

    def _taken(self, taken: bool) -> str:
        if taken:
            self._nudge()
        return "button-taken" if taken else "button-too-late"
