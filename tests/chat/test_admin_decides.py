"""What becomes of people and groups that an admin decides about, beside their standing."""

from __future__ import annotations

from bot.domain.access import Standing
from bot.domain.edits import EditState
from tests.chat.admin_bench import Office, names
from tests.sandbox.telegram_bench import ADA, BEN, CHLOE, GROUP

STRANGER = 987_654_321


async def test_nothing_more_is_bought_for_who_is_blocked(office: Office) -> None:
    """What waits is cancelled and its money released; what the provider has comes; others' edits go on."""
    waits = await office.edit(BEN, state=None)
    bought = await office.edit(BEN, state=None)
    await office.edits.open_attempt(bought.id, "https://up/1", "step", office.now)
    other = await office.edit(CHLOE, state=None)
    await office.goes(await office.panel(), "People", "Ben", "Block", "Yes, block")
    states = [(await office.edits.get(edit.id)).state for edit in (waits, bought, other)]
    assert states == [EditState.CANCELLED, EditState.HELD, EditState.HELD]
    [_, day, _] = await office.accounts.accounts(BEN, BEN, office.clock.now())
    assert (day.held, day.spent) == (bought.quote, 0)
    assert [edit.id for edit, _ in office.messenger.ends] == [waits.id]


async def test_nothing_more_is_bought_in_a_group_that_is_blocked(office: Office) -> None:
    """Whoever asked there; what they asked for elsewhere goes on."""
    await office.access.met_group(GROUP, "Friends")
    there = [await office.edit(person, state=None, chat_id=GROUP) for person in (BEN, CHLOE)]
    elsewhere = await office.edit(BEN, state=None)
    await office.goes(await office.panel(), "Groups", "Friends", "Block", "Yes, block")
    assert {(await office.edits.get(edit.id)).state for edit in there} == {EditState.CANCELLED}
    assert (await office.edits.get(elsewhere.id)).state is EditState.HELD


async def test_who_comes_second_is_told_so(office: Office) -> None:
    """A page that was opened before the decision decides nothing, and does not say that it did."""
    await office.writes(CHLOE, CHLOE, "/start")
    late = await office.goes(await office.panel(), "People", "🕓 Chloe")
    await office.goes(await office.panel(), "People", "🕓 Chloe", "Approve")
    assert await office.presses(ADA, late, "Deny") == "That was decided already."
    assert (await office.access.member(CHLOE)).standing is Standing.APPROVED


async def test_somebody_who_is_known_by_their_id_only(office: Office) -> None:
    """Who was turned away was told to give the owner their id: it finds them, and they can be approved."""
    await office.writes(ADA, ADA, f"/admin find {STRANGER}")
    page = await office.last(ADA)
    assert names(page) == [str(STRANGER), "‹ Back"]
    await office.goes(page, str(STRANGER), "Approve")
    assert (await office.access.member(STRANGER)).standing is Standing.APPROVED


async def test_all_who_wait_are_counted(office: Office) -> None:
    """Not only as many as one page of people has."""
    for number in range(12):
        await office.access.ask(STRANGER + number, office.now)
    assert "Waiting for your approval: 12 people, 0 groups." in (await office.panel())["text"]
