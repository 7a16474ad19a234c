"""Who may use the bot: people and groups are asked about in private, and any admin decides with a button."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

import structlog
from telegram import CallbackQuery, Chat, InlineKeyboardMarkup, User
from telegram.error import TelegramError

from bot.chat.failures import translate
from bot.chat.limiter import Priority
from bot.chat.notices import admins_of
from bot.chat.panels import column, new_button
from bot.chat.presses import Pressed
from bot.chat.replies import Bot, reply
from bot.chat.texts import say, shortened
from bot.chat.welcome import welcome
from bot.clock import Clock
from bot.domain.access import Access, Group, Member, Rules, Standing
from bot.domain.budgets import USER_DAY, Kind
from bot.domain.edits import Place
from bot.domain.money import dollars
from bot.domain.stores import Button, Buttons, Notes

log = structlog.get_logger(__name__)

ADMIN = "admin"  # buttons whose kind of subject begins so are for admins; the gate keeps others from them
ACCESS = f"{ADMIN}-access"
DAILY = 1_000_000  # micro-dollars: what *Approve with $1 a day* allows
_DAILY = dollars(DAILY).removesuffix(".00")
_PERSON, _GROUP = "person", "group"
_TURN = "access"  # two messages at once are one request, two presses one decision, in whatever processes
_MOST_ASKED = 20  # so many waiting are asked about with a message each; the panel shows all
_MOST_BROUGHT = 8  # so many who asked before come to the first admin with a message each
_MOST_LOOKED_AT = 100

_One = TypeVar("_One", Member, Group)
SetLimit = Callable[[Kind, int, int | None], Awaitable[None]]  # `Accounts.set_limit`


class Choice(StrEnum):
    """What an admin can decide."""

    APPROVE = "approve"
    DAILY = "daily"
    ALL = "all"
    MEMBERS = "members"
    DENY = "deny"


_OF_A_PERSON = (Choice.APPROVE, Choice.DENY, Choice.DAILY)
_OF_A_GROUP = (Choice.ALL, Choice.MEMBERS, Choice.DENY)


@dataclass(frozen=True, slots=True)
class Ports:
    """What requests for access need of others."""

    bot: Bot
    access: Access
    set_limit: SetLimit
    buttons: Buttons
    notes: Notes
    rules: Rules
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Asked:
    """Where a request came from, and which message shows it to which admin: none, if none was reached.

    ``by`` and ``name`` are of who first wanted the bot in a group, the name as an admin is shown it.
    """

    chat_id: int
    shown: Sequence[tuple[int, int]] = ()
    by: int = 0
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> _Asked:
        chat_id, shown, *who = json.loads(text)
        return cls(chat_id, [(admin, message) for admin, message in shown], *who)

    def __str__(self) -> str:
        return json.dumps([self.chat_id, list(self.shown), self.by, self.name])


class AccessRequests:
    """Asks the admins once about each person and each group, and carries out what one of them decides."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def admins(self) -> list[int]:
        """The ids of all admins, by the settings and by the claim code."""
        return sorted(await self._languages())

    async def ask_person(self, user: User, chat_id: int) -> str:
        """Ask about somebody who was seen in a chat; what they are told."""
        language = user.language_code
        async with self._ports.notes.alone(_TURN):
            member = await self._ports.access.member(user.id)
            if member.standing is not Standing.UNKNOWN:  # another of their messages was quicker
                return say("access-waiting", language)
            if not (await self._crowded() or await self._ask_person(member, _Asked(chat_id))):
                return say("access-nobody", language)
            await self._ports.access.ask(user.id, self._ports.clock.now())
        return say("access-asked", language)

    async def ask_group(self, chat: Chat, user: User) -> str:
        """Ask about a group that somebody added the bot to, or asks for something in; what they are told."""
        access, language = self._ports.access, user.language_code
        async with self._ports.notes.alone(_TURN):
            group = await access.met_group(chat.id, chat.title or "")
            if group.standing is not Standing.UNKNOWN:
                return say("group-waiting", language)
            by = described(Member(user.id, user.full_name, user.username))
            asked = await self._asked(f"{_GROUP}:{chat.id}") or _Asked(chat.id, (), user.id, by)
            if not (await self._crowded() or await self._ask_group(group, asked)):
                return say("group-nobody-reached", language)
            await access.ask_group(chat.id, self._ports.clock.now())
        return say("group-asked", language)

    async def bring(self, admin: User) -> None:
        """Ask the first admin about all who asked before; groups that they added the bot to are approved.

        At most `_MOST_BROUGHT` come with a message each; the panel shows the rest. Once is enough: what
        this admin was shown is not shown again.
        """
        access, now = self._ports.access, self._ports.clock.now()
        async with self._ports.notes.alone(_TURN):
            people = await self._undecided(_PERSON, await access.members(limit=_MOST_LOOKED_AT), admin)
            groups = []
            for group, asked in await self._undecided(
                _GROUP, await access.groups(limit=_MOST_LOOKED_AT), admin
            ):
                if asked.by == admin.id:
                    await self._decide_group(group.id, Choice.ALL, admin)
                else:
                    groups.append((group, asked))
            for member, asked in people[:_MOST_BROUGHT]:
                await self._ask_person(member, asked)
            for group, asked in groups[: max(0, _MOST_BROUGHT - len(people))]:
                await self._ask_group(group, asked)
            for member, _ in people:
                await access.ask(member.id, now)
            for group, _ in groups:
                await access.ask_group(group.id, now)
        rest = len(people) + len(groups) - _MOST_BROUGHT
        if rest > 0:
            text = say("claim-waiting", admin.language_code, count=rest)
            await reply(self._ports.bot, Place(admin.id, 0), text, quote=False)

    async def moved(self, old: int, new: int) -> None:
        """A group became a supergroup: the buttons about it still name the old one."""
        await self._ports.notes.put(_moved(old), str(new), self._ports.clock.now())

    async def take(self, button: Button, query: CallbackQuery) -> Pressed:
        """Decide as an admin pressed. The gate let nobody else through."""
        return await self.decide(
            button.subject.removeprefix(f"{ACCESS}:"), Choice(button.value), query.from_user
        )

    async def decide(self, subject: str, choice: Choice, by: User) -> Pressed:
        """Decide about ``person:<id>`` or ``group:<id>``; another admin may have been quicker."""
        kind, _, number = subject.partition(":")
        async with self._ports.notes.alone(_TURN):
            decide = self._decide_person if kind == _PERSON else self._decide_group
            who = await decide(int(number), choice, by)
            if who is None:
                return Pressed(say("access-decided-already", by.language_code), close=True)
            log.info("access_decided", about=subject, choice=choice, by=by.id)
            await self._show_decision(subject, who, choice, by)
        return Pressed(say("access-done", by.language_code))

    async def leave(self, chat_id: int) -> None:
        """Leave a group."""
        try:
            await self._ports.bot.leave_chat(chat_id, rate_limit_args=Priority.ANSWER)
        except TelegramError as error:
            log.info("group_not_left", chat=chat_id, detail=str(translate(error)))

    async def _crowded(self) -> bool:
        """Whether so many wait already that another message would bury the admins."""
        people = await self._ports.access.members(limit=_MOST_ASKED)  # waiting ones come first
        groups = await self._ports.access.groups(limit=_MOST_ASKED)
        standings = [one.standing for one in people] + [one.standing for one in groups]
        return standings.count(Standing.WAITING) >= _MOST_ASKED

    async def _undecided(self, kind: str, found: Sequence[_One], admin: User) -> list[tuple[_One, _Asked]]:
        """Those of the found who asked and that an admin was not asked about, with what is known of it."""
        undecided = []
        for one in found:
            asked = await self._asked(f"{kind}:{one.id}") if one.standing.open else None
            if asked is None and one.standing is Standing.WAITING:
                asked = _Asked(one.id)
            if asked is not None and admin.id not in dict(asked.shown):
                undecided.append((one, asked))
        return undecided

    async def _ask_person(self, member: Member, asked: _Asked) -> bool:
        who = described(member)
        return await self._ask(
            f"{_PERSON}:{member.id}",
            asked,
            _OF_A_PERSON,
            lambda wanted: say("access-ask-person", wanted, who=who),
        )

    async def _ask_group(self, group: Group, asked: _Asked) -> bool:
        title, by = described_group(group.id, group.title), asked.name or "?"
        return await self._ask(
            f"{_GROUP}:{group.id}",
            asked,
            _OF_A_GROUP,
            lambda wanted: say("access-ask-group", wanted, group=title, by=by),
        )

    async def _ask(
        self, subject: str, asked: _Asked, choices: Sequence[Choice], text: Callable[[str | None], str]
    ) -> bool:
        """Show a request to every admin; whether any was reached."""
        shown = []
        for admin_id, language in sorted((await self._languages()).items()):
            markup = await self._keyboard(admin_id, language, subject, choices)
            at = Place(admin_id, 0)
            sent = await reply(self._ports.bot, at, text(language), markup=markup, quote=False)
            if sent is not None:
                shown.append((admin_id, sent))
        log.info("access_asked", about=subject, admins=len(shown))
        # Also if there is nobody to ask: the first admin is asked then.
        note = str(replace(asked, shown=shown))
        await self._ports.notes.put(_asked(subject), note, self._ports.clock.now())
        return bool(shown)

    async def _keyboard(
        self, admin_id: int, language: str | None, subject: str, choices: Sequence[Choice]
    ) -> InlineKeyboardMarkup:
        buttons = [new_button(admin_id, f"{ACCESS}:{subject}", choice) for choice in choices]
        await self._ports.buttons.keep(buttons, self._ports.clock.now())
        return column([_label(choice, language) for choice in choices], buttons)

    async def _languages(self) -> dict[int, str | None]:
        """Of all admins, by id."""
        return await admins_of(self._ports.access, self._ports.rules.admins)

    async def _decide_person(self, user_id: int, choice: Choice, by: User) -> str | None:
        """Decide and tell the person; who it is about, or None if somebody decided before."""
        ports = self._ports
        member = await ports.access.member(user_id)
        if not member.standing.open:
            return None
        asked = await self._asked(f"{_PERSON}:{user_id}")
        chat_id = user_id if asked is None else await self._now(asked.chat_id)
        if choice is Choice.DAILY:
            await ports.set_limit(USER_DAY, user_id, DAILY)
        standing = Standing.DENIED if choice is Choice.DENY else Standing.APPROVED
        # The last that storage is needed for: who is decided about can't be told at another press.
        await ports.access.decide(user_id, standing, by.id, ports.clock.now())
        text = say("access-answer", member.language, name=plain(member.name), choice=choice, limit=_DAILY)
        await reply(ports.bot, Place(chat_id, 0), text, quote=False)
        return described(member)

    async def _decide_group(self, chat_id: int, choice: Choice, by: User) -> str | None:
        """Decide and say it in the group; leave it if the answer is no."""
        ports = self._ports
        chat_id = await self._now(chat_id)
        group = await ports.access.group(chat_id)
        if not group.standing.open:
            return None
        standing = Standing.DENIED if choice is Choice.DENY else Standing.APPROVED
        each = choice is Choice.MEMBERS
        lines = [say("group-answer", choice=choice)]
        if standing is Standing.APPROVED:
            lines.insert(0, await welcome(ports.bot, chat_id))
        await ports.access.decide_group(chat_id, standing, by.id, ports.clock.now(), per_member=each)
        await reply(ports.bot, Place(chat_id, 0), "\n".join(lines), quote=False)
        if choice is Choice.DENY:
            await self.leave(chat_id)
        return described_group(group.id, group.title)

    async def _show_decision(self, subject: str, who: str, choice: Choice, by: User) -> None:
        """Put the decision in place of the request, in the chats of all admins."""
        asked = await self._asked(subject)
        if asked is None:
            return
        for admin_id, message_id in asked.shown:
            language = (await self._ports.access.member(admin_id)).language
            admin = plain(by.full_name)
            text = say("access-decided", language, who=who, choice=choice, limit=_DAILY, admin=admin)
            try:
                await self._ports.bot.edit_message_text(
                    text, admin_id, message_id, rate_limit_args=Priority.ANSWER
                )
            except TelegramError as error:
                log.info("decision_not_shown", admin=admin_id, detail=str(translate(error)))
        await self._ports.notes.drop(_asked(subject))

    async def _asked(self, subject: str) -> _Asked | None:
        text = await self._ports.notes.get(_asked(subject))
        return None if text is None else _Asked.parse(text)

    async def _now(self, chat_id: int) -> int:
        """The chat that a chat has become."""
        return int(await self._ports.notes.get(_moved(chat_id)) or chat_id)


def plain(text: str) -> str:
    """A foreign name as one short line that can't hide, break or turn around the words beside it."""
    return shortened(text, 64) or "?"


def described(member: Member) -> str:
    """A person for an admin: name, username, id."""
    username = [f"@{member.username}"] if member.username else []
    return " · ".join([plain(member.name), *username, str(member.id)])


def described_group(chat_id: int, title: str) -> str:
    """A group for an admin: title, id."""
    return f"{plain(title)} · {chat_id}"


def _label(choice: Choice, language: str | None) -> str:
    return say("option-access", language, choice=choice, limit=_DAILY)


def _asked(subject: str) -> str:
    return f"access-asked:{subject}"


def _moved(chat_id: int) -> str:
    return f"chat-moved:{chat_id}"
