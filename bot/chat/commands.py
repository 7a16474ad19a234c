"""The commands: /start, /help, /model, /quality, /size and /spend, typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from telegram import Update, User
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, filters

from bot.chat.replies import Bot, place_of, reply
from bot.chat.texts import explain, say
from bot.clock import Clock
from bot.domain.catalogue import ASPECT, QUALITY, RESOLUTION, Catalogue, Model
from bot.domain.money import dollars
from bot.domain.pictures import Size
from bot.domain.preferences import Preferences, offered_sizes, parse_quality, parse_size, resolve
from bot.domain.stores import Ledger, People
from bot.errors import PriceUnknown, Refused

Context = ContextTypes.DEFAULT_TYPE
_SQUARE = Size(1024, 1024)
_SHAPES = (_SQUARE, Size(1024, 1536), Size(1536, 1024))  # prices are told before there is a picture


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who gave a command, with their settings as they are."""

    user: User
    words: str
    preferences: Preferences
    model: Model

    def say(self, key: str, **values: str | int) -> str:
        return say(key, self.user.language_code, **values)


class Commands:
    """Each command answers with one message; what it changes is kept for the person."""

    def __init__(
        self, bot: Bot, people: People, ledger: Ledger, catalogue: Callable[[], Catalogue], clock: Clock
    ) -> None:
        self._bot = bot
        self._people = people
        self._ledger = ledger
        self._catalogue = catalogue
        self._clock = clock

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        answers: dict[str, Callable[[_Asker], Any]] = {
            "start": self.start,
            "help": self.help,
            "model": self.model,
            "quality": self.quality,
            "size": self.size,
            "spend": self.spend,
        }
        private = filters.ChatType.PRIVATE & filters.UpdateType.MESSAGE
        return [
            CommandHandler(name, self._answer(answer), filters=private) for name, answer in answers.items()
        ]

    def _answer(self, answer: Callable[[_Asker], Any]) -> Callable[[Update, Context], Any]:
        async def handle(update: Update, context: Context) -> None:
            message, user = update.effective_message, update.effective_user
            if message is None or user is None:
                return
            try:
                preferences = await self._people.preferences(user.id)
                model = self._catalogue().for_person(preferences.model)
                text = await answer(_Asker(user, " ".join(context.args or ()), preferences, model))
            except Refused as error:
                text = explain(error, user.language_code)
            await reply(self._bot, place_of(message), text)

        return handle

    async def start(self, asker: _Asker) -> str:
        """Who I am, in three sentences."""
        name = asker.user.first_name[:64]
        return asker.say("start", name=name, price=price(asker.preferences, asker.model))

    async def help(self, asker: _Asker) -> str:
        """How to use the bot."""
        return asker.say(
            "help",
            models=self._catalogue().offered_names,
            settings=_settings(asker.preferences, asker.model),
            price=price(asker.preferences, asker.model),
        )

    async def model(self, asker: _Asker) -> str:
        """Show or change the model."""
        if not asker.words:
            offered = [
                asker.say("model-line", name=model.name, price=price(asker.preferences, model))
                for model in self._catalogue().offered
            ]
            example = next((m.name for m in self._catalogue().offered if m != asker.model), asker.model.name)
            return asker.say(
                "model-current",
                title=asker.model.title,
                price=price(asker.preferences, asker.model),
                offered=", ".join(offered),
                example=example,
            )
        model = self._catalogue().find(asker.words)
        await self._save(asker, model=model.name)
        return asker.say(
            "model-changed",
            title=model.title,
            price=price(asker.preferences, model),
            nearest=_nearest(asker, asker.preferences, model),
        )

    async def quality(self, asker: _Asker) -> str:
        """Show or change the quality."""
        if QUALITY not in asker.model.choices:
            return asker.say("quality-none", title=asker.model.title)
        if not asker.words:
            values = asker.model.choices[QUALITY].values
            used = resolve(asker.preferences, asker.model, _SQUARE).choices[QUALITY]
            return asker.say(
                "quality-current",
                value=used,
                price=price(asker.preferences, asker.model),
                offered=_priced(asker, QUALITY, values),
                example=next(value for value in values if value != used or len(values) == 1),
            )
        value = parse_quality(asker.words, asker.model)
        changed = await self._save(asker, quality=value)
        return asker.say("quality-changed", value=value, price=price(changed, asker.model))

    async def size(self, asker: _Asker) -> str:
        """Show or change the size."""
        if not asker.words:
            return asker.say(
                "size-current",
                value=_size(asker.preferences),
                price=price(asker.preferences, asker.model),
                offered=offered_sizes(asker.model),
                example="portrait",
            )
        wish = parse_size(asker.words, asker.model)
        changed = await self._save(
            asker,
            aspect=wish.aspect or asker.preferences.aspect,
            resolution=wish.resolution or asker.preferences.resolution,
        )
        if not any(choice in asker.model.choices and asker.model.choices[choice].field for choice in _SIZES):
            return asker.say("size-fixed", title=asker.model.title)
        return asker.say(
            "size-changed",
            value=_size(changed),
            price=price(changed, asker.model),
            nearest=_nearest(asker, changed, asker.model),
        )

    async def spend(self, asker: _Asker) -> str:
        """What the person spent."""
        spending = await self._ledger.spending(asker.user.id, self._clock.now())
        lines = [
            asker.say(
                "spend",
                today=dollars(spending.today),
                month=dollars(spending.month),
                ever=dollars(spending.ever),
            )
        ]
        if spending.held:
            lines.append(asker.say("spend-held", held=dollars(spending.held)))
        models = self._catalogue().models
        lines += [
            asker.say(
                "spend-model",
                title=models[row.model].title if row.model in models else row.model,
                spent=dollars(row.micros),
                edits=row.edits,
            )
            for row in spending.by_model
        ]
        return "\n".join(lines)

    async def _save(self, asker: _Asker, **changes: Any) -> Preferences:
        changed = replace(asker.preferences, **changes)
        await self._people.save_preferences(asker.user.id, changed)
        return changed


_SIZES = (ASPECT, RESOLUTION)


def price(preferences: Preferences, model: Model) -> str:
    """What an edit costs with these settings: one price, or from and to where the shape decides."""
    try:
        prices = {model.price(resolve(preferences, model, shape).choices) for shape in _SHAPES}
    except PriceUnknown:
        return "?"
    cheapest, dearest = dollars(min(prices)), dollars(max(prices))
    return cheapest if cheapest == dearest else f"{cheapest}–{dearest}"


def _priced(asker: _Asker, choice: str, values: tuple[str, ...]) -> str:
    changes: list[dict[str, Any]] = [{choice: value} for value in values]
    return ", ".join(
        f"{value} ({price(replace(asker.preferences, **change), asker.model)})"
        for value, change in zip(values, changes, strict=True)
    )


def _size(preferences: Preferences) -> str:
    return " ".join(part for part in (preferences.aspect, preferences.resolution) if part)


def _settings(preferences: Preferences, model: Model) -> str:
    quality = resolve(preferences, model, _SQUARE).choices.get(QUALITY)
    return ", ".join(part for part in (model.title, quality, f"size {_size(preferences)}") if part)


def _nearest(asker: _Asker, preferences: Preferences, model: Model) -> str:
    pairs = resolve(preferences, model, _SQUARE).nearest.values()
    return " ".join(
        asker.say("nearest", title=model.title, wished=wished, used=used) for wished, used in pairs
    )
