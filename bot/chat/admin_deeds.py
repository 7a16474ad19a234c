"""What an admin can do: decide, limit, settle, pause. Each leads to the page that shows what it did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import structlog
from telegram import CallbackQuery

from bot.chat import admin_pages as pages
from bot.chat.access import Choice, plain
from bot.chat.admin_ports import Ports
from bot.chat.admin_values import DEFAULT, Done, amount, kind_of
from bot.chat.replies import reply
from bot.chat.texts import say
from bot.domain.access import Standing
from bot.domain.edits import Edit, Place
from bot.domain.money import dollars
from bot.errors import ProviderError

log = structlog.get_logger(__name__)


class Deeds:
    """Carries out what was pressed. A deed is ``<name>:<what it is about>``; repeating one is harmless."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports

    def knows(self, value: str) -> bool:
        """Whether a value is a deed of ours, and not a view."""
        return value.partition(":")[0] in self._makers

    async def do(self, value: str, query: CallbackQuery) -> Done:
        """Do it.

        Raises:
            KeyError, ValueError: it is none of our deeds, or there is no such edit.
        """
        name, _, about = value.partition(":")
        done = await self._makers[name](about, query)
        log.info("admin_did", deed=value, by=query.from_user.id)
        return done

    async def limit(self, scope: str, id_: int, period: str, wanted: str, by: int) -> None:
        """Set a limit, as an amount in dollars, ``none`` or ``default``.

        Raises:
            ValueError: there is no such limit, or it is no amount.
        """
        kind = kind_of(scope, period)
        if wanted.lower() == DEFAULT:
            await self._.accounts.clear_limit(kind, id_)
        else:
            await self._.accounts.set_limit(kind, id_, amount(wanted))
        log.info("limit_set", scope=scope, about=id_, period=period, limit=wanted, by=by)

    @property
    def _makers(self) -> dict[str, Callable[[str, CallbackQuery], Awaitable[Done]]]:
        return {
            "approve": self._approve,
            "deny": self._deny,
            "block": self._block,
            "unblock": self._unblock,
            "members": self._members,
            "shut": self._shut,
            "set": self._set,
            "pause": self._pause,
            "resume": self._resume,
            "charged": self._charged,
            "free": self._free,
            "refund": self._refund,
            "billing": self._billing,
        }

    async def _approve(self, about: str, query: CallbackQuery) -> Done:
        member = await self._.access.member(int(about))
        if member.standing is Standing.WAITING:
            return await self._answer(f"person:{about}", Choice.APPROVE, query)
        await self._decide(about, Standing.APPROVED, query)
        text = say("approved", member.language, name=plain(member.name))
        await reply(self._.bot, Place(member.id, 0), text, quote=False)
        return Done(_said(query), f"person:{about}")

    async def _deny(self, about: str, query: CallbackQuery) -> Done:
        return await self._answer(f"person:{about}", Choice.DENY, query)

    async def _block(self, about: str, query: CallbackQuery) -> Done:
        await self._decide(about, Standing.BLOCKED, query)
        await self._cancel(await self._.edits.unfinished_of(int(about)))
        return Done(_said(query), f"person:{about}")

    async def _unblock(self, about: str, query: CallbackQuery) -> Done:
        """As if never heard of: who was denied before is not approved by this."""
        await self._decide(about, Standing.UNKNOWN, query)
        return Done(_said(query), f"person:{about}")

    async def _members(self, about: str, query: CallbackQuery) -> Done:
        """Serve a group: all of its members, or each after approval."""
        chat_id, _, who = about.partition(":")
        group = await self._.access.group(int(chat_id))
        each = who == "each"
        if group.standing.open:
            return await self._answer(f"group:{chat_id}", Choice.MEMBERS if each else Choice.ALL, query)
        now, by = self._.clock.now(), query.from_user.id
        await self._.access.decide_group(group.id, Standing.APPROVED, by, now, per_member=each)
        return Done(_said(query), f"group:{chat_id}")

    async def _shut(self, about: str, query: CallbackQuery) -> Done:
        now, by = self._.clock.now(), query.from_user.id
        await self._.access.decide_group(int(about), Standing.BLOCKED, by, now)
        await self._cancel(await self._.chats.left(int(about)))
        return Done(_said(query), f"group:{about}")

    async def _set(self, about: str, query: CallbackQuery) -> Done:
        scope, id_, period, wanted = about.split(":")
        await self.limit(scope, int(id_), period, wanted, query.from_user.id)
        return Done(_said(query), f"limit:{scope}:{id_}:{period}")

    async def _pause(self, _: str, query: CallbackQuery) -> Done:
        await self._.doors.pause(query.from_user.id)
        return Done(say("admin-paused", query.from_user.language_code), pages.HOME)

    async def _resume(self, _: str, query: CallbackQuery) -> Done:
        await self._.doors.resume()
        return Done(say("admin-resumed", query.from_user.language_code), pages.HOME)

    async def _charged(self, about: str, query: CallbackQuery) -> Done:
        settled = await self._.settling.unknown(about, charged=True, by=query.from_user.id)
        return Done(_said(query, done=settled), f"edit:{about}")

    async def _free(self, about: str, query: CallbackQuery) -> Done:
        settled = await self._.settling.unknown(about, charged=False, by=query.from_user.id)
        return Done(_said(query, done=settled), f"edit:{about}")

    async def _refund(self, about: str, query: CallbackQuery) -> Done:
        found = await self._.accounts.refundable(about)
        given_back = await self._.settling.refund(about, query.from_user.id)
        if given_back and found is not None:
            edit = await self._.edits.get(about)
            text = say("refunded", edit.language, edit=edit.id[:8], price=dollars(found.charged))
            await reply(self._.bot, edit.place, text)
        return Done(_said(query, done=given_back), f"edit:{about}")

    async def _billing(self, _: str, query: CallbackQuery) -> Done:
        try:
            await self._.reconcile.once()
        except ProviderError as error:
            log.warning("books_not_read", detail=str(error))
            return Done(say("admin-books-down", query.from_user.language_code), "today")
        return Done("", "today")

    async def _decide(self, about: str, standing: Standing, query: CallbackQuery) -> None:
        await self._.access.decide(int(about), standing, query.from_user.id, self._.clock.now())

    async def _answer(self, subject: str, choice: Choice, query: CallbackQuery) -> Done:
        """Answer an open request, as its own buttons would; another admin may have been quicker."""
        pressed = await self._.requests.decide(subject, choice, query.from_user)
        return Done(pressed.text, subject)

    async def _cancel(self, edits: Iterable[Edit]) -> None:
        """Buy no more for who was just blocked; what the provider has already is charged and comes."""
        for edit in edits:
            await self._.cancelling.cancel(edit)


def _said(query: CallbackQuery, *, done: bool = True) -> str:
    """What is said to a press: that it is done, or was before."""
    return say("admin-done" if done else "admin-done-before", query.from_user.language_code)
