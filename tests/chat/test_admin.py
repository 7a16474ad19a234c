"""The panel of admins: what it shows, what its buttons do, and that nobody else gets to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.access import Standing
from bot.domain.billing import Disagreement, Report
from bot.domain.budgets import GROUP_DAY, USER_DAY, USER_MONTH
from bot.domain.edits import EditState
from bot.domain.ports import Billing
from bot.errors import EditFoundBilled, EditFoundFree, ProviderDown
from bot.jobs.reconcile import REPORT
from tests.chat.access_bench import Message, buttons
from tests.chat.admin_bench import Office, names
from tests.fakes import Turns
from tests.sandbox.telegram_bench import ADA, BEN, CHLOE, GROUP

NASTY = "<b>Eve</b> & Co\n\u202e*_`[x](tg://user?id=1)"
TYPED = ("/admin", "/admin find ann", f"/admin limit {BEN} 100 day", "/admin edit abcd", "/admin csv")


async def _person(office: Office, name: str = "Ben") -> Message:
    return await office.goes(await office.panel(), "People", name)


# --- the pages ------------------------------------------------------------------------------------------


async def test_the_first_page(office: Office) -> None:
    """What needs an admin, and the ways to everything."""
    await office.edit(BEN)
    await office.edit(BEN, state=EditState.UNKNOWN, quote=30_000)
    await office.access.ask(CHLOE, office.now)
    await office.access.ask_group(GROUP, office.now)
    panel = await office.panel()
    assert panel["text"] == (
        "Today: $0.06 for 2 edits of 1 person, 0 failed; $0.03 held.\n"
        "🕓 Waiting for your approval: 1 person, 1 group.\n"
        "❓ 1 edit of unknown fate to settle."
    )
    assert names(panel) == ["People", "Groups", "Today", "Running", "Unknown", "⏸ Pause"]


async def test_the_whole_panel_is_one_message(office: Office) -> None:
    """Every page leads back, and nothing is sent anew."""
    await office.edit(BEN)
    panel = await office.panel()
    for way in (["People", "Ben", "Day limit"], ["People", "Ben", "Edits", "GPT"], ["Groups"], ["Today"]):
        panel = await office.home(await office.goes(panel, *way))
    assert len(await office.messages(ADA)) == 1


async def test_a_person(office: Office) -> None:
    """Name, id, standing, money, limits."""
    await office.edit(BEN, quote=180_000)
    await office.edit(BEN, quote=60_000, state=None)
    await office.edit(BEN, quote=20_000, state=EditState.UNKNOWN)
    page = await _person(office)
    assert page["text"] == (
        f"Ben · @ben · {BEN}\n"
        "Approved.\n"
        "Today $0.18, this month $0.18, ever $0.18.\n"
        "$0.08 is set aside for edits that are not finished.\n"
        "$0.02 of it is for edits that got lost: nobody knows yet whether the provider took them. "
        "The bot's owner will settle that.\n"
        "A day: $0.74 of $1.00 left\n"
        "A month: $9.74 of $10.00 left"
    )
    assert names(page) == ["Block", "Day limit", "Month limit", "Edits", "‹ People"]


async def test_people_are_paged(office: Office) -> None:
    """Waiting ones first; eight at once, with the ways on and back."""
    for number in range(9):
        await office.people.seen(7000 + number, f"Person {number}", None, None)
    await office.access.ask(7004, office.now)
    page = await office.goes(await office.panel(), "People")
    first = names(page)
    assert first[0] == "🕓 Person 4"
    assert first[8:] == ["›", "‹ Back"]
    page = await office.goes(page, "›")
    second = names(page)
    assert second[-2:] == ["‹", "‹ Back"]
    assert len({*first[:8], *second[:-2]}) == 11  # the nine, Ben and Ada
    assert names(await office.goes(page, "‹")) == first


async def test_nasty_names_are_plain_text(office: Office) -> None:
    """Nothing of them is markup, breaks a line or turns the text around."""
    await office.people.seen(7000, NASTY, "eve_evil", "en")
    await office.access.met_group(GROUP, NASTY)
    page = await office.goes(await office.panel(), "People", "<b>Eve")
    assert page["text"].startswith("<b>Eve</b> & Co *_`[x](tg://user?id=1) · @eve_evil · 7000\n")
    assert "entities" not in page or all(entity["type"] in ("mention", "url") for entity in page["entities"])
    page = await office.goes(await office.panel(), "Groups", "<b>Eve")
    assert page["text"].startswith("<b>Eve</b> & Co *_`[x](tg://user?id=1) · -2001\n")


async def test_running_edits(office: Office) -> None:
    """With person, price, state and age; what takes much longer than usual is marked."""
    await office.edit(BEN, state=None)
    office.clock.pass_(11 * 60)
    await office.edit(ADA, state=None, quote=20_000)
    office.clock.pass_(2 * 60)
    page = await office.goes(await office.panel(), "Running")
    assert page["text"] == "2 edits are under way. ⚠️ 1 longer than usual."
    assert names(page) == [
        "Ada · $0.02 · accepted · 2 min",
        "⚠️ Ben · $0.06 · accepted · 13 min",
        "↻",
        "‹ Back",
    ]


@pytest.mark.parametrize(("page", "text"), [("Running", "Nothing is running."), ("Unknown", "No edit is of")])
async def test_pages_of_nothing(office: Office, page: str, text: str) -> None:
    """Say so."""
    assert (await office.goes(await office.panel(), page))["text"].startswith(text)


async def test_today(office: Office) -> None:
    """Figures, who spent the most, the balance, and how the books agree."""
    await office.edit(BEN, quote=420_000)
    await office.edit(BEN, state=EditState.FAILED, charge=0)
    await office.edit(ADA)
    page = await office.goes(await office.panel(), "Today")
    assert page["text"] == (
        "Today: $0.48 for 3 edits of 2 people, 1 failed; $0.00 held.\n"
        "1. Ben: $0.42 for 1 edit\n"
        "2. Ada: $0.06 for 1 edit\n"
        "\n"
        "WaveSpeed has $12.34 left.\n"
        "Billing was not compared yet."
    )


async def test_the_provider_is_down(office: Office) -> None:
    """The panel comes all the same, and says what it can't."""
    office.provider.balances = Turns(ProviderDown("no"))
    office.provider.bills = Turns(ProviderDown("no"))
    page = await office.goes(await office.panel(), "Today")
    assert "WaveSpeed's balance can't be read now." in page["text"]
    assert "can't be read now" in await office.presses(ADA, page, "Check billing now")


async def test_billing_is_checked_on_demand(office: Office) -> None:
    """What was bought elsewhere with the same key shows as drift."""
    at = office.clock.now() - timedelta(hours=5)
    office.provider.bills = Turns([Billing("b1", 77_000, at, "elsewhere")])
    page = await office.goes(await office.panel(), "Today", "Check billing now")
    assert (
        "Billing 19 Nov 18:00 – 20 Nov 18:00 (later bills may still change): charged $0.00, billed $0.077."
        in page["text"]
    )
    assert "⚠️ $0.077 apart. Edits to look at: 0 (–); bought elsewhere with this key: 1." in page["text"]


async def test_books_that_agree_and_books_that_do_not(office: Office) -> None:
    """Either is said in a line or two."""
    now = office.clock.now()
    report = Report(now - timedelta(hours=4), now, now, ours=60_000, billed=60_000)
    await office.notes.put(REPORT, report.as_json(), now)
    page = await office.goes(await office.panel(), "Today")
    assert page["text"].endswith("charged $0.06, billed $0.06.\n✓ They agree.")
    wrong = replace(report, billed=0, unbilled=(Disagreement("abcdef0123456789", 60_000, 0),))
    await office.notes.put(REPORT, wrong.as_json(), now)
    page = await office.goes(page, "↻")
    assert "⚠️ -$0.06 apart. Edits to look at: 1 (abcdef01)" in page["text"]


# --- decisions ------------------------------------------------------------------------------------------


async def test_a_waiting_person_is_approved(office: Office) -> None:
    """And told, as if by the button of their request."""
    await office.writes(CHLOE, CHLOE, "/start")
    page = await _person(office, "🕓 Chloe")
    assert "🕓 Waits for approval." in page["text"]
    assert names(page)[:3] == ["Approve", "Deny", "Block"]
    page = await office.goes(page, "Approve")
    assert "\nApproved.\n" in page["text"]
    assert (await office.access.member(CHLOE)).standing is Standing.APPROVED
    assert "let you use this bot" in (await office.said(CHLOE))[-1]


async def test_blocking_asks_once(office: Office) -> None:
    """Back changes nothing; yes blocks."""
    page = await office.goes(await _person(office), "Block")
    assert page["text"] == (
        f"Block Ben · @ben · {BEN}? They get one sentence, then silence. "
        "What is not bought yet for them is cancelled."
    )
    page = await office.goes(page, "‹ Back")
    assert (await office.access.member(BEN)).standing is Standing.APPROVED
    page = await office.goes(page, "Block", "Yes, block")
    assert "⛔ Blocked." in page["text"]
    assert (await office.access.member(BEN)).standing is Standing.BLOCKED


async def test_unblocking_approves_nobody(office: Office) -> None:
    """Nobody decided yet, as before anything: the person may ask again, or is approved by one more press."""
    await office.access.decide(BEN, Standing.BLOCKED, ADA, office.now)
    page = await office.goes(await _person(office, "⛔ Ben"), "Unblock")
    assert "\nNobody decided yet.\n" in page["text"]
    assert names(page)[:2] == ["Approve", "Block"]
    assert (await office.access.member(BEN)).standing is Standing.UNKNOWN
    assert await office.said(BEN) == []
    await office.goes(page, "Approve")
    assert (await office.access.member(BEN)).standing is Standing.APPROVED
    assert (await office.said(BEN))[-1].startswith("Good news, Ben")


async def test_the_edits_of_a_person(office: Office) -> None:
    """Each by its model: the name would be the same on all."""
    await office.edit(BEN)
    page = await office.goes(await _person(office), "Edits")
    assert names(page)[0] == "GPT Image 2 · $0.06 · done · 0 min"


async def test_an_admin_is_not_decided_about(office: Office) -> None:
    """Admins of the settings are always served, so no button says otherwise."""
    page = await _person(office, "Ada")
    assert "An admin." in page["text"]
    assert names(page)[0] == "Day limit"


async def test_limits_by_button(office: Office) -> None:
    """The chosen one is marked, the person's page shows it, and everybody's can come back."""
    page = await office.goes(await _person(office), "Day limit")
    assert f"/admin limit {BEN} 2.50 day" in page["text"]
    assert names(page) == [
        *("$0.25", "$0.50", "$1.00", "$2.00", "$5.00", "$10.00"),
        *("No limit", "✓ As everybody", "‹ Back"),
    ]
    page = await office.goes(page, "$2.00")
    assert "✓ $2.00" in names(page)
    assert await office.accounts.limit(USER_DAY, BEN) == (2_000_000, True)
    assert "A day: $2.00 of $2.00 left, set by an admin" in page["text"]
    page = await office.goes(page, "No limit")
    assert await office.accounts.limit(USER_DAY, BEN) == (None, True)
    assert "A day: no limit, set by an admin" in page["text"]
    page = await office.goes(page, "As everybody")
    assert await office.accounts.limit(USER_DAY, BEN) == (1_000_000, False)
    page = await office.goes(page, "‹ Back", "Month limit", "$5.00")
    assert await office.accounts.limit(USER_MONTH, BEN) == (5_000_000, True)


async def test_a_group(office: Office) -> None:
    """Title, money, who is served there, its limit; blocking asks once."""
    await office.access.met_group(GROUP, "Friends")
    await office.edit(BEN, chat_id=GROUP, quote=500_000)
    await office.edit(BEN, chat_id=GROUP, quote=100_000, days_ago=40)
    page = await office.goes(await office.panel(), "Groups", "Friends")
    assert page["text"] == (
        "Friends · -2001\nNobody decided yet.\nToday $0.50, this month $0.50, ever $0.60.\nA day: no limit"
    )
    page = await office.goes(page, "Each by approval")
    assert (await office.access.group(GROUP)).per_member
    page = await office.goes(page, "All members")
    assert "Approved for all members." in page["text"]
    assert "✓ All members" in names(page)
    page = await office.goes(page, "Day limit", "$5.00", "‹ Back")
    assert await office.accounts.limit(GROUP_DAY, GROUP) == (5_000_000, True)
    assert "A day: $4.50 of $5.00 left, set by an admin" in page["text"]
    page = await office.goes(page, "Block")
    assert page["text"] == (
        "Block the group Friends · -2001? I won't answer there any more, and cancel what is not bought yet."
    )
    await office.goes(page, "Yes, block")
    assert (await office.access.group(GROUP)).standing is Standing.BLOCKED


async def test_pause_and_resume(office: Office) -> None:
    """For all processes, and shown."""
    panel = await office.goes(await office.panel(), "⏸ Pause")
    assert await office.doors.paused()
    assert "⏸ Paused: nothing new is taken up." in panel["text"]
    panel = await office.goes(panel, "▶️ Resume")
    assert not await office.doors.paused()
    assert "Paused" not in panel["text"]


# --- settling -------------------------------------------------------------------------------------------


async def test_unknown_and_charged(office: Office) -> None:
    """Asks once, as it takes money."""
    edit = await office.edit(BEN, state=EditState.UNKNOWN, quote=63_000)
    page = await office.goes(await office.panel(), "Unknown")
    assert names(page)[0] == "Ben · $0.063 · unknown · 0 min"
    page = await office.goes(page, "Ben")
    assert page["text"] == (
        f"Edit {edit.id[:8]} of Ben · @ben · {BEN}\n"
        "GPT Image 2 · unknown · 0 min ago\n"
        "Held $0.063, charged $0.00.\n"
        "Nobody knows whether the provider took it. Look for it in the provider's billing, then settle it."
    )
    page = await office.goes(page, "Charged")
    assert page["text"] == f"Settle it as charged? Ben · @ben · {BEN} pays $0.063."
    assert (await office.edits.get(edit.id)).state is EditState.UNKNOWN
    page = await office.goes(page, "Yes, charged")
    settled = await office.edits.get(edit.id)
    assert (settled.state, settled.charged) == (EditState.FAILED, 63_000)
    assert [type(error) for _, error in office.messenger.ends] == [EditFoundBilled]


async def test_unknown_and_not_charged(office: Office) -> None:
    """Once; a second press, of another admin's panel, finds it settled."""
    edit = await office.edit(BEN, state=EditState.UNKNOWN)
    page = await office.goes(await office.panel(), "Unknown", "Ben")
    other = await office.goes(await office.panel(), "Unknown", "Ben")
    assert await office.presses(ADA, page, "Not charged") == "Done."
    assert "settled before" in await office.presses(ADA, other, "Not charged")
    assert (await office.edits.get(edit.id)).charged == 0
    assert [type(error) for _, error in office.messenger.ends] == [EditFoundFree]


async def test_a_charge_is_given_back(office: Office) -> None:
    """Found by the number that its person knows; asked once, given back once, told."""
    edit = await office.edit(BEN, quote=60_000)
    await office.writes(ADA, ADA, f"/admin edit {edit.id[:8].upper()}")
    page = await office.goes(await office.last(ADA), "Give it back")
    assert page["text"] == f"Give $0.06 back to Ben · @ben · {BEN}?"
    twin = await office.again(ADA, page)
    page = await office.goes(page, "Yes, give it back")
    assert "Held $0.06, charged $0.00." in page["text"]
    assert "Give it back" not in names(page)
    data = dict(buttons(twin))["Yes, give it back"]
    assert "settled before" in await office.forges(ADA, twin, data)
    [told] = [text for text in await office.said(BEN) if "given back" in text]
    assert told == (
        f"Your $0.06 for the edit {edit.id[:8]} were given back; they no longer count for your limits."
    )
    assert [row.micros for row in await office.accounts.movements(edit.created_at.date())][-1] == -60_000
