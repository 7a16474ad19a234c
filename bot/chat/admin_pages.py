"""The pages of the admin panel: a text and buttons. Pure: values in, words and values out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from bot.chat.access import described, described_group, plain
from bot.chat.admin_values import (
    DEFAULT,
    NONE,
    PRESETS,
    EditView,
    GroupView,
    Home,
    PersonView,
    TodayView,
)
from bot.chat.menus import Item, Menu
from bot.chat.spend_texts import sums
from bot.chat.texts import say
from bot.domain.access import Group, Member, Standing
from bot.domain.billing import Report
from bot.domain.budgets import GROUP_DAY, USER_DAY, USER_MONTH, Account, Kind, Overview, Scope
from bot.domain.edits import EditState
from bot.domain.money import dollars

PAGE = 8  # people or groups at once
HOME = "home"
_SHOWN = 3  # so many edits that the books disagree about are named
Rows = tuple[tuple[Item, ...], ...]


def home(view: Home, language: str | None) -> Menu:
    """What needs an admin, and the ways to everything."""
    lines = [_overview(view.overview, language)]
    if view.waiting_people or view.waiting_groups:
        lines.append(say("admin-waiting", language, people=view.waiting_people, groups=view.waiting_groups))
    if view.unknown:
        lines.append(say("admin-unknown-some", language, count=view.unknown))
    if view.empty:
        lines.append(say("admin-empty", language))
    if view.paused:
        lines.append(say("admin-paused", language))
    switch = "resume" if view.paused else "pause"
    rows = [
        [("people", "people:0:"), ("groups", "groups:0:")],
        [("today", "today"), ("running", "running")],
        [("unknown", "unknown"), (switch, switch)],
    ]
    return Menu("\n".join(lines), tuple(tuple(_item(*key, language) for key in row) for row in rows))


def people(found: Sequence[Member], offset: int, language: str | None) -> Menu:
    """A page of people, waiting ones first."""
    return _listed("people", [_person_item(member, language) for member in found], offset, language)


def groups(found: Sequence[Group], offset: int, language: str | None) -> Menu:
    """A page of groups, waiting ones first."""
    return _listed("groups", [_group_item(group, language) for group in found], offset, language)


def found(members: Sequence[Member], in_groups: Sequence[Group], wanted: str, language: str | None) -> Menu:
    """What a search found."""
    items = [_person_item(member, language) for member in members]
    items += [_group_item(group, language) for group in in_groups]
    text = say("admin-found", language, wanted=plain(wanted), count=len(items))
    return Menu(text, (*((item,) for item in items), (_item("back", HOME, language),)))


def person(view: PersonView, language: str | None) -> Menu:
    """One person: where they stand, their money, their limits."""
    member, id_ = view.member, view.member.id
    standing = "admin" if view.admin else member.standing.value
    lines = [
        described(member),
        say("admin-standing", language, standing=standing),
        *sums(view.spending, view.unknown, language),
        *_limits(view.accounts, language),
    ]
    rows = [[_limit_item(USER_DAY, id_, language), _limit_item(USER_MONTH, id_, language)]]
    if not view.admin:
        rows.insert(0, [_item(*choice, language) for choice in _standings(member)])
    rows.append([_item("edits", f"edits:{id_}", language), _item("back-people", "people:0:", language)])
    return _menu(lines, rows)


def group(view: GroupView, language: str | None) -> Menu:
    """One group: where it stands, its money, its limit."""
    one, id_ = view.group, view.group.id
    standing = f"{one.standing}-each" if one.per_member else one.standing.value
    lines = [
        described_group(id_, one.title),
        say("admin-standing-group", language, standing=standing),
        say("spend", language, today=dollars(view.today), month=dollars(view.month), ever=dollars(view.ever)),
        *_limits(view.accounts, language),
    ]
    approved = one.standing is Standing.APPROVED
    everybody = replace(_item("all", f"members:{id_}:all", language), current=approved and not one.per_member)
    each = replace(_item("each", f"members:{id_}:each", language), current=approved and one.per_member)
    shut = [] if one.standing is Standing.BLOCKED else [_item("block", f"ask:shut:{id_}", language)]
    rows = [
        [everybody, each],
        [_limit_item(GROUP_DAY, id_, language), *shut],
        [_item("back-groups", "groups:0:", language)],
    ]
    return _menu(lines, rows)


def limit(kind: Kind, account: Account, who: str, language: str | None) -> Menu:
    """The amounts for one limit of one person or group."""
    scope_id = account.scope_id
    stem = f"set:{kind.scope}:{scope_id}:{kind.period}"
    amounts = [
        Item(dollars(micros), f"{stem}:{dollars(micros)}", account.own and account.limit == micros)
        for micros in PRESETS[kind]
    ]
    no_limit = replace(
        _item("no-limit", f"{stem}:{NONE}", language), current=account.own and account.limit is None
    )
    default = replace(_item("default", f"{stem}:{DEFAULT}", language), current=not account.own)
    back = "person" if kind.scope is Scope.USER else "group"
    text = say("admin-limit-choose", language, id=str(scope_id), period=kind.period)
    lines = [who, _limit(account, language), text]
    rows = [amounts[:3], amounts[3:], [no_limit, default], [_item("back", f"{back}:{scope_id}", language)]]
    return _menu(lines, rows)


def today(view: TodayView, zone: tzinfo, language: str | None) -> Menu:
    """The day's figures, who spent the most, the balance, the books."""
    lines = [_overview(view.overview, language)]
    lines += [
        say(
            "admin-top",
            language,
            number=number,
            name=plain(total.name),
            spent=dollars(total.micros),
            edits=total.edits,
        )
        for number, total in enumerate(view.top, 1)
    ]
    balance = say("admin-balance-down", language)
    if view.balance is not None:
        balance = say("admin-balance", language, left=dollars(view.balance))
    lines += ["", balance, *_books(view.report, zone, language)]
    rows = [
        [_item("billing", "billing", language)],
        [_item("csv", "csv", language), _item("refresh", "today", language)],
        [_item("back", HOME, language)],
    ]
    return _menu(lines, rows)


def edits(views: Sequence[EditView], which: str, again: str, now: datetime, language: str | None) -> Menu:
    """A list of edits: ``which`` is running, unknown or person; ``again`` is the view that shows it."""
    stuck = sum(view.stuck for view in views)
    text = say("admin-edits", language, which=which, count=len(views), stuck=stuck)
    one_person = which == "person"  # whose name would be on every button
    items = [Item(_edit_label(view, now, language, one_person), f"edit:{view.edit.id}") for view in views]
    last = (_item("refresh", again, language), _item("back", HOME, language))
    return Menu(text, (*((item,) for item in items), last))


def edit(view: EditView, now: datetime, language: str | None) -> Menu:
    """One edit and what an admin can settle about it."""
    one = view.edit
    lines = [
        say("admin-edit", language, id=one.id[:8], who=described(view.owner)),
        say(
            "admin-edit-state",
            language,
            model=view.title,
            state=_state(one.state, language),
            age=_age(one.created_at, now, language),
        ),
        say("admin-edit-money", language, held=dollars(one.quote), charged=dollars(view.charged)),
    ]
    if one.reason:
        lines.append(say("admin-edit-reason", language, reason=one.reason.removeprefix("error-")))
    rows = [[_item("back-person", f"person:{one.user_id}", language), _item("back", HOME, language)]]
    if one.state is EditState.UNKNOWN:
        lines.append(say("admin-edit-unknown", language))
        settle = [
            _item("charged", f"ask:charged:{one.id}", language),
            _item("free", f"free:{one.id}", language),
        ]
        rows.insert(0, settle)
    elif one.state.final and view.charged > 0:
        rows.insert(0, [_item("refund", f"ask:refund:{one.id}", language)])
    return _menu(lines, rows)


def sure(deed: str, who: str, price: str, back: str, language: str | None) -> Menu:
    """Ask once before what can't be taken back, or hurts."""
    act = deed.partition(":")[0]
    text = say("admin-sure", language, act=act, who=who, price=price)
    yes = Item(say("admin-sure-yes", language, act=act), deed)
    return Menu(text, ((yes,), (_item("back", back, language),)))


def _menu(lines: Sequence[str], rows: Sequence[Sequence[Item]]) -> Menu:
    return Menu("\n".join(lines), tuple(tuple(row) for row in rows))


def _item(name: str, value: str, language: str | None) -> Item:
    return Item(say("admin-button", language, name=name), value)


def _listed(which: str, items: Sequence[Item], offset: int, language: str | None) -> Menu:
    """One page of a list; ``items`` has one more than the page if there is a next."""
    rows: list[tuple[Item, ...]] = [(item,) for item in items[:PAGE]]
    turn = []
    if offset > 0:
        turn.append(Item("‹", f"{which}:{max(0, offset - PAGE)}:"))
    if len(items) > PAGE:
        turn.append(Item("›", f"{which}:{offset + PAGE}:"))
    if turn:
        rows.append(tuple(turn))
    text = say("admin-list", language, which=which, count=len(items))
    return Menu(text, (*rows, (_item("back", HOME, language),)))


def _person_item(member: Member, language: str | None) -> Item:
    label = say("admin-label", language, name=plain(member.name), standing=member.standing)
    return Item(label, f"person:{member.id}")


def _group_item(one: Group, language: str | None) -> Item:
    return Item(say("admin-label", language, name=plain(one.title), standing=one.standing), f"group:{one.id}")


def _standings(member: Member) -> list[tuple[str, str]]:
    """What can be decided about a person, as names and values of buttons."""
    approve, block = ("approve", f"approve:{member.id}"), ("block", f"ask:block:{member.id}")
    match member.standing:
        case Standing.APPROVED:
            return [block]
        case Standing.BLOCKED:
            return [("unblock", f"unblock:{member.id}")]
        case Standing.WAITING:
            return [approve, ("deny", f"deny:{member.id}"), block]
        case _:
            return [approve, block]


def _limit_item(kind: Kind, scope_id: int, language: str | None) -> Item:
    return _item(f"limit-{kind.period}", f"limit:{kind.scope}:{scope_id}:{kind.period}", language)


def _limits(accounts: Sequence[Account], language: str | None) -> list[str]:
    return [_limit(account, language) for account in accounts]


def _limit(account: Account, language: str | None) -> str:
    return say(
        "admin-limit",
        language,
        period=account.kind.period,
        limit=NONE if account.limit is None else dollars(account.limit),
        left=dollars(account.left or 0),
        own="yes" if account.own else "no",
    )


def _overview(overview: Overview, language: str | None) -> str:
    return say(
        "admin-overview",
        language,
        spent=dollars(overview.spent),
        edits=overview.edits,
        people=overview.people,
        failed=overview.failed,
        held=dollars(overview.held),
    )


def _books(report: Report | None, zone: tzinfo, language: str | None) -> list[str]:
    """What the last comparison with the provider's account found."""
    if report is None:
        return [say("admin-books-none", language)]
    line = say(
        "admin-books",
        language,
        since=f"{report.since.astimezone(zone):%d %b %H:%M}",
        until=f"{report.until.astimezone(zone):%d %b %H:%M}",
        ours=dollars(report.ours),
        billed=dollars(report.billed + report.strange),
    )
    if report.agrees:
        return [line, say("admin-books-agree", language)]
    wrong = [*report.unbilled, *report.uncharged, *report.differing]
    named = ", ".join(one.edit_id[:8] for one in wrong[:_SHOWN]) or "–"
    return [
        line,
        say(
            "admin-books-drift",
            language,
            drift=dollars(report.drift),
            edits=len(wrong),
            named=named,
            strangers=len(report.strangers),
        ),
    ]


def _edit_label(view: EditView, now: datetime, language: str | None, one_person: bool) -> str:
    return say(
        "admin-edit-label",
        language,
        stuck="yes" if view.stuck else "no",
        name=view.title if one_person else plain(view.owner.name),
        state=_state(view.edit.state, language),
        price=dollars(view.edit.quote),
        age=_age(view.edit.created_at, now, language),
    )


def _state(state: EditState, language: str | None) -> str:
    return say("admin-state", language, state=state)


def _age(since: datetime, now: datetime, language: str | None) -> str:
    """How long ago, in the one unit that says most."""
    minutes = max(0, int((now - since).total_seconds() // 60))
    return say("admin-age", language, days=minutes // 1440, hours=minutes // 60, minutes=minutes)
