"""How a command is answered: with one message, to the person with their settings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from telegram import InlineKeyboardMarkup, Update
from telegram.ext import BaseHandler, CommandHandler, ContextTypes, filters

from bot.chat.asker import Asker
from bot.chat.replies import Bot, place_of, reply
from bot.chat.texts import explain
from bot.domain.catalogue import Catalogue
from bot.domain.stores import People
from bot.errors import Refused

Context = ContextTypes.DEFAULT_TYPE


@dataclass(frozen=True, slots=True)
class Answer:
    """A message to send."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None


Command = Callable[[Asker], Awaitable[Answer]]
World = Callable[[], tuple[Bot, People, Catalogue]]


def answering(world: World, commands: Mapping[str, Command]) -> list[BaseHandler[Any, Any, Any]]:
    """Handlers for commands, in private chats and (mostly as ``/name@bot``) in groups.

    Args:
        world: what answering needs, when it is needed.
        commands: what each answers.
    """
    return [
        CommandHandler(name, _handle(world, command), filters=filters.UpdateType.MESSAGE)
        for name, command in commands.items()
    ]


def _handle(world: World, command: Command) -> Callable[[Update, Context], Any]:
    async def handle(update: Update, context: Context) -> None:
        message, user = update.effective_message, update.effective_user
        if message is None or user is None:
            return
        bot, people, catalogue = world()
        try:
            preferences = await people.preferences(user.id)
            answer = await command(Asker.of(user, " ".join(context.args or ()), preferences, catalogue))
        except Refused as error:
            answer = Answer(explain(error, user.language_code))
        # In private an answer can only be to the command; quoting it would repeat what is one line above.
        quote = message.chat.type != "private"
        await reply(bot, place_of(message), answer.text, markup=answer.keyboard, quote=quote)

    return handle
