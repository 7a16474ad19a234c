"""Reads what each page of the admin panel shows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime

import structlog

from bot.chat import admin_pages as pages
from bot.chat.access import described, described_group
from bot.chat.admin_ports import Ports
from bot.chat.admin_values import EditView, GroupView, Home, PersonView, TodayView, kind_of
from bot.chat.menus import Menu
from bot.domain.access import Member, Standing
from bot.domain.budgets import Account, Scope, today
from bot.domain.edits import UNFINISHED, Edit, EditState
from bot.domain.money import dollars
from bot.errors import ProviderError

log = structlog.get_logger(__name__)
_MOST = 20  # edits in a list
_MOST_WAITING = 100  # more are not counted
_TOP = 5
_PATIENCE = 3  # an edit that takes so many times as long as usual is stuck
_ID = re.compile(r"[1-9][0-9]{4,14}")  # a whole id of a person
_BALANCE_SECONDS = 5.0  # a panel waits no longer for the provider


class Reads:
    """Makes the menu of a view. A view is ``<name>:<what it is about>``."""

    def __init__(self, ports: Ports) -> None:
        self._ = ports

    async def menu(self, view: str, language: str | None) -> Menu:
        """The page of a view.

        Raises:
            KeyError, ValueError: it is none of our views, or there is no such edit.
        """
        name, _, about = view.partition(":")
        makers: dict[str, Callable[[str, str | None], Awaitable[Menu]]] = {
            pages.HOME: self._home,
            "people": self._people,
            "groups": self._groups,
            "found": self._found,
            "person": self._person,
            "group": self._group,
            "limit": self._limit,
            "today": self._today,
            "running": self._running,
            "unknown": self._unknown,
            "edits": self._edits_of,
            "edit": self._edit,
            "ask": self._ask,
        }
        return await makers[name](about, language)

    async def charged(self, edit: Edit) -> int:
        """What an edit was charged, with what was given back taken off."""
        refund = await self._.accounts.refundable(edit.id)
        return refund.charged if refund else 0

    # --- the pages ----------------------------------------------------------------------------------------

    async def _home(self, _: str, language: str | None) -> Menu:
        members = await self._.access.members(limit=_MOST_WAITING)
        groups = await self._.access.groups(limit=_MOST_WAITING)
        view = Home(
            overview=await self._.accounts.overview(self._.clock.now()),
            waiting_people=sum(member.standing is Standing.WAITING for member in members),
            waiting_groups=sum(group.standing is Standing.WAITING for group in groups),
            unknown=len(await self._.lists.listed([EditState.UNKNOWN], limit=_MOST)),
            paused=await self._.doors.paused(),
            empty=await self._.doors.exhausted(),
        )
        return pages.home(view, language)

    async def _people(self, about: str, language: str | None) -> Menu:
        offset = int(about.partition(":")[0])
        found = await self._.access.members("", offset, pages.PAGE + 1)
        return pages.people(found, offset, language)

    async def _groups(self, about: str, language: str | None) -> Menu:
        offset = int(about.partition(":")[0])
        return pages.groups(await self._.access.groups("", offset, pages.PAGE + 1), offset, language)

    async def _found(self, wanted: str, language: str | None) -> Menu:
        members = [*await self._.access.members(wanted, 0, pages.PAGE)]
        if _ID.fullmatch(wanted) and int(wanted) not in (member.id for member in members):
            # Who was turned away was told to give the owner their id; nothing else is known of them.
            members.append(replace(await self._.access.member(int(wanted)), name=wanted))
        groups = await self._.access.groups(wanted, 0, pages.PAGE)
        return pages.found(members, groups, wanted, language)

    async def _person(self, about: str, language: str | None) -> Menu:
        member, now = await self._.access.member(int(about)), self._.clock.now()
        view = PersonView(
            member=member,
            admin=self._.rules.is_admin(member),
            spending=await self._.ledger.spending(member.id, now),
            unknown=await self._.lists.unknown_held(member.id),
            accounts=await self._accounts(Scope.USER, member.id),
        )
        return pages.person(view, language)

    async def _group(self, about: str, language: str | None) -> Menu:
        group = await self._.access.group(int(about))
        day = today(self._.clock.now(), self._.zone)
        days = await self._.accounts.days(Scope.GROUP, group.id, date.min)
        view = GroupView(
            group=group,
            today=sum(one.micros for one in days if one.day == day),
            month=sum(one.micros for one in days if one.day >= day.replace(day=1)),
            ever=sum(one.micros for one in days),
            accounts=await self._accounts(Scope.GROUP, group.id),
        )
        return pages.group(view, language)

    async def _limit(self, about: str, language: str | None) -> Menu:
        scope, id_, period = about.split(":")
        kind = kind_of(scope, period)
        accounts = await self._accounts(kind.scope, int(id_))
        account = next(account for account in accounts if account.kind == kind)
        return pages.limit(kind, account, await self._who(kind.scope, int(id_)), language)

    async def _today(self, _: str, language: str | None) -> Menu:
        overview = await self._.accounts.overview(self._.clock.now())
        view = TodayView(overview, overview.top[:_TOP], await self._balance(), await self._.reconcile.last())
        return pages.today(view, self._.zone, language)

    async def _running(self, _: str, language: str | None) -> Menu:
        return await self._edits(
            await self._.lists.listed(UNFINISHED, limit=_MOST), "running", "running", language
        )

    async def _unknown(self, _: str, language: str | None) -> Menu:
        found = await self._.lists.listed([EditState.UNKNOWN], limit=_MOST)
        return await self._edits(found, "unknown", "unknown", language)

    async def _edits_of(self, about: str, language: str | None) -> Menu:
        found = await self._.lists.listed((), int(about), _MOST)
        return await self._edits(found, "person", f"edits:{about}", language)

    async def _edit(self, about: str, language: str | None) -> Menu:
        edit, now = await self._.edits.get(about), self._.clock.now()
        owner = await self._.access.member(edit.user_id)
        view = self._view(edit, owner, await self._stuck([edit], now), await self.charged(edit))
        return pages.edit(view, now, language)

    async def _ask(self, deed: str, language: str | None) -> Menu:
        """The question before a deed: ``block:<person>``, ``shut:<group>``, ``charged|refund:<edit>``."""
        act, _, about = deed.partition(":")
        if act == "block":
            who, back, price = await self._who(Scope.USER, int(about)), f"person:{about}", 0
        elif act == "shut":
            who, back, price = await self._who(Scope.GROUP, int(about)), f"group:{about}", 0
        else:
            edit = await self._.edits.get(about)
            price = await self.charged(edit) if act == "refund" else edit.quote
            who, back = await self._who(Scope.USER, edit.user_id), f"edit:{about}"
        return pages.sure(deed, who, dollars(price), back, language)

    # --- what they are made of ------------------------------------------------------------------------------

    async def _edits(self, found: Sequence[Edit], which: str, again: str, language: str | None) -> Menu:
        now = self._.clock.now()
        owners = {id_: await self._.access.member(id_) for id_ in {edit.user_id for edit in found}}
        stuck = await self._stuck(found, now)
        views = [self._view(edit, owners[edit.user_id], stuck) for edit in found]
        return pages.edits(views, which, again, now, language)

    def _view(self, edit: Edit, owner: Member, stuck: Collection[str], charged: int = 0) -> EditView:
        return EditView(edit, owner, self._.catalogue().title_of(edit.model), charged, edit.id in stuck)

    async def _stuck(self, edits: Sequence[Edit], now: datetime) -> set[str]:
        """The ids of those that take much longer than usual."""
        usual: dict[tuple[object, ...], float] = {}
        stuck = set()
        for edit in edits:
            if edit.state.final:
                continue
            work = (edit.model, *sorted(edit.choices.items()))
            if work not in usual:
                usual[work] = await self._.edits.typical_seconds(edit.model, edit.choices) or 0.0
            longest = max(self._.timing.stuck, _PATIENCE * usual[work])
            if (now - edit.created_at).total_seconds() > longest:
                stuck.add(edit.id)
        return stuck

    async def _accounts(self, scope: Scope, id_: int) -> tuple[Account, ...]:
        """The limits of a person or a group."""
        user_id, chat_id = (id_, id_) if scope is Scope.USER else (0, id_)
        found = await self._.accounts.accounts(user_id, chat_id, self._.clock.now())
        return tuple(account for account in found if account.kind.scope is scope)

    async def _who(self, scope: Scope, id_: int) -> str:
        if scope is Scope.USER:
            return described(await self._.access.member(id_))
        group = await self._.access.group(id_)
        return described_group(group.id, group.title)

    async def _balance(self) -> int | None:
        try:
            async with asyncio.timeout(_BALANCE_SECONDS):
                return await self._.balance()
        except (ProviderError, TimeoutError) as error:
            log.info("balance_not_read", detail=str(error))
            return None
