"""`/spend`: what a person spent, what is left of their limits, a chart; `/spend csv`: it all as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import structlog
from telegram import Message, Update, User
from telegram.error import TelegramError
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, filters

from bot.chat import spend_csv
from bot.chat.delivery import MOST_CAPTION
from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.replies import Bot, answering, place_of, reply
from bot.chat.spend_texts import Figures, text
from bot.chat.texts import say
from bot.clock import Clock
from bot.domain.budgets import Accounts, Day, Scope, today
from bot.domain.catalogue import Catalogue
from bot.domain.edits import Place
from bot.domain.pictures import Encoded
from bot.domain.ports import Imaging
from bot.domain.stores import EditLists, Ledger
from bot.errors import ImagingFailed

log = structlog.get_logger(__name__)
Context = ContextTypes.DEFAULT_TYPE
CHART_DAYS = 30
CSV = "csv"


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that `/spend` needs of the world. ``zone`` is where days turn."""

    bot: Bot
    ledger: Ledger
    accounts: Accounts
    lists: EditLists
    imaging: Imaging
    catalogue: Callable[[], Catalogue]
    zone: tzinfo
    clock: Clock


class Spend:
    """In private a person's own money; in a group theirs and the group's."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        return [CommandHandler("spend", self.command, filters=filters.UpdateType.MESSAGE)]

    async def command(self, update: Update, context: Context) -> None:
        """Answer with a photo and a text, or with a file."""
        message, user = update.effective_message, update.effective_user
        if message is None or user is None:
            return
        if [word.lower() for word in context.args or ()] == [CSV]:
            await self._csv(message, user)
        else:
            await self._show(message, user)

    async def _show(self, message: Message, user: User) -> None:
        now, group = self._.clock.now(), message.chat.type != "private"
        day = today(now, self._.zone)
        scope, scope_id = (Scope.GROUP, message.chat_id) if group else (Scope.USER, user.id)
        since = min(day.replace(day=1), day - timedelta(days=CHART_DAYS - 1))
        days = await self._.accounts.days(scope, scope_id, since)
        figures = await self._figures(user, message.chat_id, now)
        if group:
            month = sum(one.micros for one in days if one.day >= day.replace(day=1))
            figures = Figures(figures.spending, figures.unknown, figures.accounts, month)
        words = text(figures, self._.catalogue(), now, str(self._.zone), user.language_code)
        title = say("spend-chart-group" if group else "spend-chart", user.language_code, days=CHART_DAYS)
        chart = await self._chart(every_day(days, day), title)
        # In private the answer can only be to the command; quoting it would repeat what is one line above.
        place = place_of(message) if group else Place(message.chat_id, 0)
        if chart is not None and len(words) <= MOST_CAPTION:
            if await self._photo(place, chart, words):
                return
        elif chart is not None:
            await self._photo(place, chart, None)
        await reply(self._.bot, place, words)

    async def _figures(self, user: User, chat_id: int, now: datetime) -> Figures:
        return Figures(
            await self._.ledger.spending(user.id, now),
            await self._.lists.unknown_held(user.id),
            await self._.accounts.accounts(user.id, chat_id, now),
        )

    async def _chart(self, days: list[Day], title: str) -> Encoded | None:
        """The chart; None where nothing was charged in all these days, or it can't be drawn."""
        if not any(day.micros for day in days):
            return None
        try:
            return await self._.imaging.chart(days, title)
        except ImagingFailed as error:
            log.warning("no_chart", detail=str(error))
            return None

    async def _photo(self, place: Place, chart: Encoded, caption: str | None) -> bool:
        try:
            await self._.bot.send_photo(
                place.chat_id,
                chart.data,
                caption=caption,
                filename=f"spend.{chart.extension}",
                message_thread_id=place.thread_id,
                reply_parameters=answering(place.message_id),
                rate_limit_args=Priority.ANSWER,
            )
        except TelegramError as error:
            log.warning("chart_not_sent", chat=place.chat_id, detail=str(translate(error)))
            return False
        return True

    async def _csv(self, message: Message, user: User) -> None:
        """The person's movements, in private: a file stays, and others would open it."""
        place, language = place_of(message), user.language_code
        if message.chat.type != "private":
            await reply(self._.bot, place, say("spend-csv-private", language))
            return
        movements = await self._.accounts.movements(date.min, user.id)
        if not movements:
            await reply(self._.bot, place, say("spend-csv-none", language), quote=False)
            return
        data = await asyncio.to_thread(spend_csv.own, movements, self._.zone)
        day = today(self._.clock.now(), self._.zone)
        await send_csv(self._.bot, message.chat_id, data, day, say("spend-csv", language))


async def send_csv(bot: Bot, chat_id: int, data: bytes, today: date, caption: str) -> bool:
    """Send a file of movements; False if Telegram does not take it."""
    try:
        await bot.send_document(
            chat_id,
            data,
            caption=caption,
            filename=f"wavebrush-{today.isoformat()}.csv",
            disable_content_type_detection=True,
            rate_limit_args=Priority.ANSWER,
        )
    except TelegramError as error:
        log.warning("csv_not_sent", chat=chat_id, detail=str(translate(error)))
        return False
    return True


def every_day(days: list[Day], today: date) -> list[Day]:
    """The last `CHART_DAYS` days until today, those without a charge included."""
    charged = {day.day: day for day in days}
    dates = [today - timedelta(days=ago) for ago in range(CHART_DAYS - 1, -1, -1)]
    return [charged.get(day, Day(day, 0)) for day in dates]
