"""The bot in groups: it is added, promoted and removed, and groups become supergroups."""

from __future__ import annotations

from typing import Any

import structlog
from telegram import ChatMember, ChatMemberRestricted, Message, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import BaseHandler, ChatMemberHandler, ContextTypes, MessageHandler, filters

from bot.chat.addressing import turned_to
from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.progress import Progress
from bot.chat.replies import Bot, place_of, reply
from bot.chat.texts import say
from bot.clock import Clock
from bot.domain.edits import Place
from bot.domain.stores import Chats, Edits

log = structlog.get_logger(__name__)

Context = ContextTypes.DEFAULT_TYPE
_GROUPS = {ChatType.GROUP, ChatType.SUPERGROUP}
_IN = {ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.MEMBER}


class Groups:
    """Keeps up with what becomes of the bot's groups. It listens before the gate: strangers add bots, too."""

    def __init__(self, bot: Bot, chats: Chats, edits: Edits, progress: Progress, clock: Clock) -> None:
        self._bot = bot
        self._chats = chats
        self._edits = edits
        self._progress = progress
        self._clock = clock

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        return [
            ChatMemberHandler(self.membership, ChatMemberHandler.MY_CHAT_MEMBER),
            MessageHandler(filters.UpdateType.MESSAGE & filters.StatusUpdate.MIGRATE, self.migrated),
        ]

    async def membership(self, update: Update, context: Context) -> None:
        """The bot came, went, or became an admin or a plain member."""
        change = update.my_chat_member
        if change is None or change.chat.type not in _GROUPS:
            return
        old, new = change.old_chat_member, change.new_chat_member
        if not _is_in(new):
            if _is_in(old):
                await self._left(change.chat.id)
            return
        self._progress.join(change.chat.id)
        sees_all = await self._sees_all(new)
        if not _is_in(old):
            key = "group-welcome-all" if sees_all else "group-welcome-some"
        elif await self._sees_all(old) != sees_all:
            key = "group-sees-all" if sees_all else "group-sees-some"
        else:
            return
        text = say(key, change.from_user.language_code, bot=self._bot.username)
        await reply(self._bot, Place(change.chat.id, 0), text)

    async def migrated(self, update: Update, context: Context) -> None:
        """A group became a supergroup; both say so."""
        message = update.message
        if message is None:
            return
        here = message.chat_id
        if message.migrate_to_chat_id is not None:
            await self.moved(here, message.migrate_to_chat_id)
        elif message.migrate_from_chat_id is not None:
            await self.moved(message.migrate_from_chat_id, here)

    async def moved(self, old: int, new: int) -> None:
        """Everything of a group belongs to its supergroup from now on."""
        await self._chats.move(old, new)
        self._progress.move(old, new)
        log.info("group_moved", old=old, new=new)

    async def _left(self, chat_id: int) -> None:
        """Cancel what is not paid for. What is stays ours, and can be had elsewhere."""
        if await self._still_in(chat_id):  # old news, or the group became a supergroup
            return
        self._progress.leave(chat_id)
        unfinished = await self._chats.left(chat_id)
        now = self._clock.now()
        cancelled = [edit.id for edit in unfinished if await self._edits.cancel(edit.id, now)]
        log.info("group_left", chat=chat_id, cancelled=len(cancelled), paid=len(unfinished) - len(cancelled))

    async def _still_in(self, chat_id: int) -> bool:
        try:
            return _is_in(await self._bot.get_chat_member(chat_id, self._bot.id))
        except (BadRequest, Forbidden):
            return False
        except TelegramError as error:
            raise translate(error) from error  # the update waits until Telegram is back

    async def _sees_all(self, member: ChatMember) -> bool:
        """Whether Telegram shows the bot every message: as an admin, or with privacy mode off."""
        if member.status == ChatMemberStatus.ADMINISTRATOR:
            return True
        try:
            me = await self._bot.get_me()
        except TelegramError as error:
            raise translate(error) from error
        return bool(me.can_read_all_group_messages)


async def turn_away(bot: Bot, message: Message) -> None:
    """Tell who asks the bot for something in a group why nothing comes of it, if there is room.

    Who is not known can't be charged: an anonymous admin, or who signs as a channel.
    """
    if not turned_to(message, bot.id, bot.username):
        return
    user = message.from_user
    key = "group-nobody" if message.sender_chat is not None else "group-not-served"
    language = user.language_code if user else None
    await reply(bot, place_of(message), say(key, language), Priority.PROGRESS)


def _is_in(member: ChatMember) -> bool:
    return member.status in _IN or (isinstance(member, ChatMemberRestricted) and member.is_member)
