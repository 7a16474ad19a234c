"""Where the bot is: added, promoted and removed in groups, blocked in private; groups become supergroups."""

from __future__ import annotations

from typing import Any

import structlog
from telegram import Chat, ChatMember, ChatMemberRestricted, ChatMemberUpdated, Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.ext import BaseHandler, ChatMemberHandler, ContextTypes, MessageHandler, filters

from bot.chat.access import AccessRequests
from bot.chat.failures import translate
from bot.chat.gate import GROUPS
from bot.chat.progress import Shows
from bot.chat.replies import Bot, reply
from bot.chat.texts import say
from bot.chat.welcome import sees_all, welcome
from bot.clock import Clock
from bot.domain.access import Access, Admission, Rules, Standing
from bot.domain.edits import Place
from bot.domain.stores import Chats, Edits

log = structlog.get_logger(__name__)

Context = ContextTypes.DEFAULT_TYPE
_IN = {ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.MEMBER}


class Groups:
    """Keeps up with what becomes of the bot's chats. It listens before the gate: strangers add bots, too."""

    def __init__(
        self,
        bot: Bot,
        chats: Chats,
        edits: Edits,
        access: Access,
        rules: Rules,
        requests: AccessRequests,
        progress: Shows,
        clock: Clock,
    ) -> None:
        self._bot = bot
        self._chats = chats
        self._edits = edits
        self._access = access
        self._rules = rules
        self._requests = requests
        self._progress = progress
        self._clock = clock

    def handlers(self) -> list[BaseHandler[Any, Any, Any]]:
        """What this room listens to."""
        return [
            ChatMemberHandler(self.membership, ChatMemberHandler.MY_CHAT_MEMBER),
            MessageHandler(filters.UpdateType.MESSAGE & filters.StatusUpdate.MIGRATE, self.migrated),
        ]

    async def membership(self, update: Update, context: Context) -> None:
        """The bot came, went, or became an admin or a plain member; or a person blocked it, or came back."""
        change = update.my_chat_member
        if change is None or change.chat.type not in {*GROUPS, ChatType.PRIVATE}:
            return
        old, new = change.old_chat_member, change.new_chat_member
        if not _is_in(new):
            if _is_in(old):
                await self._left(change.chat)
            return
        self._progress.join(change.chat.id)
        if change.chat.type == ChatType.PRIVATE:
            return
        if not _is_in(old):
            await self._added(change)
            return
        before, now = await sees_all(self._bot, old), await sees_all(self._bot, new)
        if before != now:
            key = "group-sees-all" if now else "group-sees-some"
            text = say(key, change.from_user.language_code, bot=self._bot.username)
            await reply(self._bot, Place(change.chat.id, 0), text)

    async def _added(self, change: ChatMemberUpdated) -> None:
        """Say hello where the bot may work; else ask the admins, or leave."""
        chat, user = change.chat, change.from_user
        member = await self._access.member(user.id)
        group = await self._access.met_group(chat.id, chat.title or "")
        admission = self._rules.join(member, group)
        if admission is Admission.SERVE:
            lines = [await welcome(self._bot, chat.id, user.language_code)]
            if self._rules.is_admin(member) and group.standing is not Standing.APPROVED:
                now = self._clock.now()
                await self._access.decide_group(chat.id, Standing.APPROVED, user.id, now)
                lines.append(say("group-approved", user.language_code))
            await reply(self._bot, Place(chat.id, 0), "\n".join(lines))
        elif admission in {Admission.ASK_GROUP, Admission.WAIT_GROUP}:
            await reply(self._bot, Place(chat.id, 0), await self._requests.ask_group(chat, user))
        else:
            await reply(self._bot, Place(chat.id, 0), say("group-closed", user.language_code))
            await self._requests.leave(chat.id)

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
        await self._requests.moved(old, new)
        self._progress.move(old, new)
        log.info("group_moved", old=old, new=new)

    async def _left(self, chat: Chat) -> None:
        """Cancel what is not paid for. What is stays ours, and can be had elsewhere, or later."""
        # Old news, or the group became a supergroup. A person's block is obeyed even if it was taken back.
        if chat.type in GROUPS and await self._still_in(chat.id):
            return
        self._progress.leave(chat.id)
        unfinished = await self._chats.left(chat.id)
        now = self._clock.now()
        cancelled = [edit.id for edit in unfinished if await self._edits.cancel(edit.id, now)]
        log.info("chat_left", chat=chat.id, cancelled=len(cancelled), paid=len(unfinished) - len(cancelled))

    async def _still_in(self, chat_id: int) -> bool:
        try:
            return _is_in(await self._bot.get_chat_member(chat_id, self._bot.id))
        except (BadRequest, Forbidden):
            return False
        except TelegramError as error:
            raise translate(error) from error  # the update waits until Telegram is back


def _is_in(member: ChatMember) -> bool:
    return member.status in _IN or (isinstance(member, ChatMemberRestricted) and member.is_member)
