"""The buttons under a result, and what each stands for. A step that buys carries the price it shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.panels import new_button
from bot.chat.texts import say
from bot.clock import Clock
from bot.domain.catalogue import MOST_MODELS, Catalogue
from bot.domain.edits import Edit
from bot.domain.money import dollars
from bot.domain.next_steps import AGAIN, MODEL, better, next_plan, other_models
from bot.domain.stores import Buttons
from bot.errors import Refused

EDIT = "edit"
FILE, COMPARE, MODELS, BACK, CANCEL = "file", "compare", "models", "back", "cancel"
PICK = "pick"  # ``pick:<number>`` of a picture in an album, below which its buttons are shown
STEP = "step"  # ``step:<price agreed to>:<button it was first asked by>:<step>``, the button empty at first
CONFIRMED = "confirmed"  # the same, after a question


def step_value(agreed: int, step: str, *, asked_by: str = "", confirmed: bool = False) -> str:
    """What a button that buys stands for."""
    return f"{CONFIRMED if confirmed else STEP}:{agreed}:{asked_by}:{step}"


class ResultButtons:
    """Makes them. The same result has the same buttons whenever they are shown again."""

    def __init__(self, buttons: Buttons, catalogue: Callable[[], Catalogue], clock: Clock) -> None:
        self._buttons = buttons
        self._catalogue = catalogue
        self._clock = clock

    async def under(self, edit: Edit, *, as_file: bool = False) -> InlineKeyboardMarkup:
        """What can be done with a result; one that was sent as a file needs no button for its file."""
        language = edit.language
        again, dearer = self._again(edit), better(self._catalogue(), edit)
        once_more = [(again, say("option-again", language))] if again is not None else []
        if any(other_models(self._catalogue(), edit)):
            once_more.append((MODELS, say("option-models", language)))
        rows = [once_more]
        if dearer is not None:  # alone in its row: a phone would cut the price off
            step, plan = dearer
            label = _priced(say("option-better", language), plan.quote, language)
            rows.append([(step_value(plan.quote, step), label)])
        file = [] if as_file else [(FILE, say("option-file", language))]
        compare = [] if edit.from_words else [(COMPARE, say("option-compare", language))]
        rows.append([*file, *compare])
        return await self._keyboard(edit, rows)

    async def numbers(self, edits: Sequence[Edit]) -> InlineKeyboardMarkup:
        """The numbers of the pictures of an album, each of which leads to the buttons of its picture."""
        row: list[InlineKeyboardButton] = []
        for number, edit in enumerate(edits, 1):
            markup = await self._keyboard(edit, [[(f"{PICK}:{number}", str(number))]])
            row += markup.inline_keyboard[0]
        return InlineKeyboardMarkup([row])

    async def picked(self, edit: Edit, batch: Sequence[Edit], *, as_file: bool) -> InlineKeyboardMarkup:
        """The buttons of one picture of an album, and the numbers of all of them."""
        row = []
        for one in batch:
            known = await self._buttons.of(f"{EDIT}:{one.id}")
            picks = [button for button in known if button.value.startswith(f"{PICK}:")]
            if picks:  # the newest, should the album have come twice
                number = picks[-1].value.partition(":")[2]
                name = say("label-current", edit.language, name=number) if one.id == edit.id else number
                row.append(InlineKeyboardButton(name, callback_data=picks[-1].id))
        under = await self.under(edit, as_file=as_file)
        return InlineKeyboardMarkup([*under.inline_keyboard, row])

    async def instead(self, edit: Edit) -> InlineKeyboardMarkup | None:
        """The same with what took over from a model that is gone, if that can do it."""
        catalogue = self._catalogue()
        if catalogue.is_live(edit.model):
            return None
        try:
            step = f"{MODEL}:{catalogue.for_person(edit.model).name}"
            plan = next_plan(catalogue, edit, step)
        except Refused:
            return None
        label = say("option-again-with", edit.language, title=plan.model.title)
        value = step_value(plan.quote, step)
        return await self._keyboard(edit, [[(value, _priced(label, plan.quote, edit.language))]])

    async def models(self, edit: Edit) -> InlineKeyboardMarkup:
        """The first other models that can do it, with what each costs, and the way back."""
        rows = [
            [(step_value(plan.quote, step), _priced(plan.model.title, plan.quote, edit.language))]
            for step, plan in islice(other_models(self._catalogue(), edit), MOST_MODELS)
        ]
        return await self._keyboard(edit, [*rows, [(BACK, say("option-back", edit.language))]])

    async def confirmation(self, edit: Edit, quote: int, step: str, asked_by: str) -> InlineKeyboardMarkup:
        """Yes with the price, and no."""
        value = step_value(quote, step, asked_by=asked_by, confirmed=True)
        yes = say("option-confirmed", edit.language, price=dollars(quote))
        return await self._keyboard(edit, [[(value, yes)], [(CANCEL, say("option-cancel", edit.language))]])

    async def again(self, edits: Sequence[Edit], language: str | None) -> InlineKeyboardMarkup | None:
        """A new *Again* button for each of several edits that can be done again, by its number."""
        shown = []
        for number, edit in enumerate(edits, 1):
            if (value := self._again(edit)) is not None:
                label = f"{number} · {say('option-again', language)}"
                shown.append((label, new_button(edit.user_id, f"{EDIT}:{edit.id}", value)))
        await self._buttons.keep([button for _, button in shown], self._clock.now())
        keys = [InlineKeyboardButton(label, callback_data=button.id) for label, button in shown]
        return InlineKeyboardMarkup([keys[at : at + 2] for at in range(0, len(keys), 2)]) if keys else None

    def _again(self, edit: Edit) -> str | None:
        try:
            return step_value(next_plan(self._catalogue(), edit, AGAIN).quote, AGAIN)
        except Refused:
            return None

    async def _keyboard(self, edit: Edit, rows: Sequence[list[tuple[str, str]]]) -> InlineKeyboardMarkup:
        """Rows of what each button stands for and its label."""
        subject = f"{EDIT}:{edit.id}"
        known: dict[str, str] = {}
        for button in await self._buttons.of(subject):
            known.setdefault(button.value, button.id)
        fresh = {
            value: new_button(edit.user_id, subject, value)
            for row in rows
            for value, _ in row
            if value not in known
        }
        await self._buttons.keep(list(fresh.values()), self._clock.now())
        ids = known | {value: button.id for value, button in fresh.items()}
        return InlineKeyboardMarkup(
            [
                [InlineKeyboardButton(label, callback_data=ids[value]) for value, label in row]
                for row in rows
                if row
            ]
        )


def _priced(label: str, price: int, language: str | None) -> str:
    return say("option-priced", language, label=label, price=dollars(price))
