"""Stands before every handler: remembers who is there, and turns away who is not served."""

from __future__ import annotations

import re
from dataclasses import dataclass

import structlog
from telegram import Message, Update, User
from telegram.constants import ChatType
from telegram.ext import ApplicationHandlerStop, ContextTypes

from bot.chat import profile
from bot.chat.access import ADMIN, AccessRequests
from bot.chat.addressing import turned_to
from bot.chat.claim import Claims
from bot.chat.limiter import Priority
from bot.chat.presses import Pressed, answer
from bot.chat.replies import Bot, place_of, reply
from bot.chat.texts import say
from bot.clock import Clock
from bot.domain.access import Access, Admission, Member, Rules, Standing
from bot.domain.stores import Buttons, Notes, People

log = structlog.get_logger(__name__)

Context = ContextTypes.DEFAULT_TYPE
GROUPS = {ChatType.GROUP, ChatType.SUPERGROUP}
_COMMAND = re.compile(r"/(\w+)(?:@\w+)?(?:\s|$)")
_FOR_ADMINS = frozenset(profile.ADMINS) - frozenset(profile.PRIVATE)


@dataclass(frozen=True, slots=True)
class Ports:
    """What the gate needs of others."""

    bot: Bot
    people: People
    access: Access
    buttons: Buttons
    rules: Rules
    requests: AccessRequests
    claims: Claims
    notes: Notes
    clock: Clock


class Gate:
    """Lets updates of those through who are served, and gives the others one sentence."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def check(self, update: Update, context: Context) -> None:
        """Let the update through or end it here.

        Raises:
            ApplicationHandlerStop: its person is not served, or what they want is for admins.
        """
        user, ports = update.effective_user, self._ports
        new = _new(update)
        if new is not None and new.sender_chat is not None:  # a group's or a channel's, so nobody's own
            if await self._answers(new):
                await self._reply(new, say("group-nobody"))
            raise ApplicationHandlerStop
        if user is None or user.is_bot:
            raise ApplicationHandlerStop
        if new is not None and await ports.claims.take(new, user):
            raise ApplicationHandlerStop
        member, admission = await self._admit(update, user.id)
        what = None if ports.rules.is_admin(member) else await self._meant_for_admins(update)
        if what is not None:
            log.warning("admin_refused", user=user.id, what=what)
        if what is not None and member.standing is not Standing.BLOCKED:
            await self._say(update, say("admin-only", user.language_code))
            raise ApplicationHandlerStop
        if admission is not Admission.SERVE:
            await self._refuse(update, user, member, admission)
            raise ApplicationHandlerStop
        await ports.people.seen(user.id, user.full_name, user.username, user.language_code)

    async def _admit(self, update: Update, user_id: int) -> tuple[Member, Admission]:
        ports, chat = self._ports, update.effective_chat
        member = await ports.access.member(user_id)
        in_group = chat is not None and chat.type in GROUPS
        group = await ports.access.group(chat.id) if chat is not None and in_group else None
        return member, ports.rules.admit(member, group)

    async def _meant_for_admins(self, update: Update) -> str | None:
        """What of the admins' an update wants: a command or a button; None if nothing."""
        query, new = update.callback_query, _new(update)
        if query is not None:
            button = await self._ports.buttons.find(query.data or "")
            return f"{button.subject}={button.value}" if button and button.subject.startswith(ADMIN) else None
        command = _COMMAND.match(new.text or new.caption or "") if new is not None else None
        return command.group(0).strip() if command and command.group(1).lower() in _FOR_ADMINS else None

    async def _refuse(self, update: Update, user: User, member: Member, admission: Admission) -> None:
        """Say why nothing comes of it, where somebody waits for an answer."""
        new = _new(update)
        if admission is Admission.SILENCE:
            return
        if admission is Admission.TURN_AWAY and member.standing is Standing.BLOCKED:
            if await self._ports.access.told(user.id):
                await self._say(update, say("access-blocked", user.language_code))
        elif update.callback_query is not None:
            await self._say(update, say("access-press", user.language_code))
        elif new is not None and await self._answers(new):
            await self._reply(new, await self._words(new, user, member, admission))

    async def _words(self, message: Message, user: User, member: Member, admission: Admission) -> str:
        """The sentence for somebody who is not served; the admins may have to be asked for it."""
        language = user.language_code
        if admission is Admission.ASK:
            await self._ports.people.seen(user.id, user.full_name, user.username, language)
            return await self._ports.requests.ask_person(user, message.chat_id)
        if admission is Admission.ASK_GROUP:
            return await self._ports.requests.ask_group(message.chat, user)
        if admission is Admission.WAIT_GROUP:
            return say("group-waiting", language)
        if admission is Admission.WAIT:
            return say("access-waiting", language)
        if member.standing is Standing.DENIED:
            return say("access-denied", language)
        if message.chat.type in GROUPS:
            return say("group-not-served", language)
        return say("not-served", language, id=str(user.id))

    async def _answers(self, message: Message) -> bool:
        """Whether somebody waits for an answer: in groups only who turned to the bot; once for an album."""
        ports, album = self._ports, message.media_group_id
        if message.chat.type in GROUPS and not turned_to(message, ports.bot.id, ports.bot.username):
            return False
        if album is None:
            return True
        # The parts of an album come one after the other, perhaps each to another process.
        answered = f"album-answered:{message.chat_id}"
        if await ports.notes.get(answered) == album:
            return False
        await ports.notes.put(answered, album, ports.clock.now())
        return True

    async def _say(self, update: Update, text: str) -> None:
        """Answer a press or a message."""
        query, new = update.callback_query, _new(update)
        if query is not None:
            await answer(query, Pressed(text))
        elif new is not None and await self._answers(new):
            await self._reply(new, text)

    async def _reply(self, message: Message, text: str) -> None:
        crowded = message.chat.type in GROUPS
        await reply(
            self._ports.bot, place_of(message), text, Priority.PROGRESS if crowded else Priority.ANSWER
        )


def _new(update: Update) -> Message | None:
    """The message that somebody has just written, not one that they changed or pressed a button of."""
    message = update.effective_message
    return message if message is not None and message is update.message else None
