"""Somebody with their settings: what commands and menus need to answer them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from telegram import User

from bot.chat.texts import say
from bot.domain.catalogue import ASPECT, QUALITY, Catalogue, Model
from bot.domain.money import dollars
from bot.domain.pictures import Size
from bot.domain.preferences import Preferences, Resolved, price_range, resolve

_SQUARE = Size(1024, 1024)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, in which words, with which settings."""

    user: User
    words: str
    preferences: Preferences
    catalogue: Catalogue
    model: Model

    @classmethod
    def of(cls, user: User, words: str, preferences: Preferences, catalogue: Catalogue) -> Asker:
        """Find the model for the settings. Raises ModelWithdrawn."""
        return cls(user, words, preferences, catalogue, catalogue.for_person(preferences.model))

    def choosing(self, preferences: Preferences) -> Asker:
        """The same person with other settings."""
        return Asker.of(self.user, self.words, preferences, self.catalogue)

    def say(self, key: str, /, **values: str | int) -> str:
        """A sentence in their language."""
        return say(key, self.user.language_code, **values)

    @property
    def resolved(self) -> Resolved:
        """What the settings come to on their model, for a square picture."""
        return resolve(self.preferences, self.model, _SQUARE)

    @property
    def price(self) -> str:
        """What an edit costs with these settings."""
        return price(self.preferences, self.model)

    @property
    def together(self) -> str:
        """What a request costs with these settings, which may come to several edits."""
        return together(self.preferences, self.model)

    def price_with(self, changed: Preferences) -> str:
        """What it would cost with others."""
        return price(changed, self.catalogue.for_person(changed.model))

    @property
    def size(self) -> str:
        """The chosen shape and resolution, as they are typed."""
        return " ".join(part for part in (self.preferences.aspect, self.preferences.resolution) if part)

    @property
    def summary(self) -> str:
        """Model, quality, size and number in one line."""
        quality = self.resolved.choices.get(QUALITY)
        count = self.preferences.results
        several = self.say("results-several", count=count) if count > 1 else None
        return ", ".join(part for part in (self.model.title, quality, f"size {self.size}", several) if part)

    @property
    def model_limits(self) -> list[str]:
        """What to know of their model before sending it anything, and `not_kept`."""
        masked = [self.say("model-masked", title=self.model.title)] if self.model.needs_mask else []
        return masked + self.not_kept

    @property
    def not_kept(self) -> list[str]:
        """A sentence for each wish that their model can't fulfil as it is."""
        near = [
            self.say("nearest", title=self.model.title, wished=wished, used=used)
            for wished, used in self.resolved.nearest.values()
        ]
        aspect = None if self.preferences.aspect == "auto" else self.preferences.aspect
        wishes = {**self.preferences.wishes, ASPECT: aspect}
        lost = [
            self.say("kept-for-others", title=self.model.title, what=name, value=wish)
            for name, wish in wishes.items()
            if wish is not None and not offers(self.model, name)
        ]
        return near + lost


def offers(model: Model, name: str) -> bool:
    """Whether a model leaves a choice to people."""
    return name in model.choices and model.choices[name].field is not None


def price(preferences: Preferences, model: Model, count: int = 1) -> str:
    """What so many edits cost with these settings: one price, or from and to where the shape decides."""
    prices = price_range(preferences, model)
    if prices is None:
        return "?"
    cheapest, dearest = (dollars(count * one) for one in prices)
    return cheapest if cheapest == dearest else f"{cheapest}–{dearest}"


def together(preferences: Preferences, model: Model) -> str:
    """What a request costs with these settings: ``2 × $0.06 = $0.12``; ``?`` where that is not known."""
    count, total = preferences.results, price(preferences, model, preferences.results)
    return total if count == 1 or total == "?" else f"{count} × {price(preferences, model)} = {total}"


def with_choice(preferences: Preferences, name: str, value: str) -> Preferences:
    """The settings with one of a model's choices made; the setting has the choice's name."""
    change: dict[str, Any] = {name: value}
    return replace(preferences, **change)
