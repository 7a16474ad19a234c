"""What admins type instead of pressing; and that nobody else gets to the panel, typed or pressed."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bot.chat import admin
from bot.chat.admin import PANEL
from bot.domain.access import Standing
from bot.domain.budgets import GROUP_DAY, USER_DAY
from bot.domain.edits import EditState
from bot.domain.stores import Button
from tests.chat.admin_bench import Office, names
from tests.sandbox.telegram_bench import ADA, BEN, GROUP

TYPED = ("/admin", "/admin find ann", f"/admin limit {BEN} 100 day", "/admin edit abcd", "/admin csv")


# --- typed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "limit"),
    [
        ("2.50", (2_500_000, True)),
        ("$2.50 day", (2_500_000, True)),
        ("2,5 DAY", (2_500_000, True)),
        ("0", (0, True)),
        ("none", (None, True)),
        ("default", (1_000_000, False)),
    ],
)
async def test_a_typed_limit(office: Office, typed: str, limit: tuple[int | None, bool]) -> None:
    """Any amount; the person's page answers."""
    await office.writes(ADA, ADA, f"/admin limit {BEN} {typed}")
    assert await office.accounts.limit(USER_DAY, BEN) == limit
    assert (await office.last(ADA))["text"].startswith("Ben · @ben")


async def test_a_typed_limit_of_a_group(office: Office) -> None:
    """By its id with the minus."""
    await office.writes(ADA, ADA, f"/admin limit {GROUP} 5 day")
    assert await office.accounts.limit(GROUP_DAY, GROUP) == (5_000_000, True)


@pytest.mark.parametrize(
    "typed", ["", "x 1", f"{BEN}", f"{BEN} -1", f"{BEN} 1e3", f"{BEN} 1 year", "-2001 1 month"]
)
async def test_a_limit_that_is_none(office: Office, typed: str) -> None:
    """Says how to write it, and changes nothing."""
    await office.writes(ADA, ADA, f"/admin limit {typed}")
    assert (await office.said(ADA))[-1].startswith("Write it as “/admin limit 12345 2.50 day”")
    assert await office.accounts.limit(USER_DAY, BEN) == (1_000_000, False)


@pytest.mark.parametrize("wanted", ["be", "@ben", str(BEN), "friend", "-2001"])
async def test_find(office: Office, wanted: str) -> None:
    """People and groups, by name, username or id."""
    await office.access.met_group(GROUP, "Friends")
    await office.writes(ADA, ADA, f"/admin find {wanted}")
    found = await office.last(ADA)
    assert names(found)[:-1] == (["Friends"] if wanted in ("friend", "-2001") else ["Ben"])


async def test_find_nobody(office: Office) -> None:
    """Says so."""
    await office.writes(ADA, ADA, "/admin find zaphod")
    assert (await office.said(ADA))[-1] == "Nobody and no group is called “zaphod”."


@pytest.mark.parametrize("typed", ["/admin edit abc", "/admin edit ffff%", "/admin edit 00000000"])
async def test_no_such_edit(office: Office, typed: str) -> None:
    """Says what a number looks like."""
    await office.edit(BEN)
    await office.writes(ADA, ADA, typed)
    assert (await office.said(ADA))[-1].startswith("I know no edit of that number.")


async def test_an_edit_without_its_number(office: Office) -> None:
    """Says how to write it."""
    await office.writes(ADA, ADA, "/admin edit")
    assert (await office.said(ADA))[-1].startswith("Write it with the edit's number")


@pytest.mark.parametrize("typed", ["/admin help", "/admin find", "/admin csv all", "/admin csv 99999"])
async def test_anything_else_gets_help(office: Office, typed: str) -> None:
    """With an example of each."""
    await office.edit(BEN)
    await office.writes(ADA, ADA, typed)
    assert "/admin find ann — people and groups" in (await office.said(ADA))[-1]


async def test_all_movements_as_a_file(office: Office) -> None:
    """Everybody's, with names that are no formulas; of some days, or by button of all time."""
    await office.people.seen(BEN, "=HYPERLINK(0)", "ben", "en")
    await office.edit(BEN, days_ago=40)
    await office.edit(ADA)
    await office.writes(ADA, ADA, "/admin csv 30")
    rows = await office.table(await office.last(ADA))
    assert {(row["person"], row["name"], row["chat"]) for row in rows} == {(str(ADA), "Ada", str(ADA))}
    await office.goes(await office.panel(), "Today", "All as CSV")
    rows = await office.table(await office.last(ADA))
    assert {row["name"] for row in rows} == {"Ada", "'=HYPERLINK(0)"}
    assert len(rows) == 4


async def test_a_file_of_nothing(office: Office) -> None:
    """Is not sent."""
    await office.writes(ADA, ADA, "/admin csv")
    assert await office.said(ADA) == ["Nothing was spent in that time."]


# --- who may --------------------------------------------------------------------------------------------


async def test_not_in_a_group(office: Office) -> None:
    """Not even for an admin: others would read along."""
    await office.access.decide_group(GROUP, Standing.APPROVED, ADA, office.now)
    await office.writes(GROUP, ADA, "/admin@wavebrush_bot")
    assert await office.said(GROUP) == ["I show that in private only. Write /admin to me there."]


@pytest.mark.parametrize("typed", TYPED)
async def test_whoever_is_no_admin_is_refused(office: Office, typed: str) -> None:
    """In words, and it is logged; nothing happens."""
    with capture_logs() as logs:
        await office.writes(BEN, BEN, typed)
    [refused] = [entry for entry in logs if entry["event"] == "admin_refused"]
    assert (refused["user"], refused["log_level"]) == (BEN, "warning")
    [told] = await office.said(BEN)
    assert "admin" in told
    assert await office.accounts.limit(USER_DAY, BEN) == (1_000_000, False)


async def test_every_press_of_whoever_is_no_admin_is_refused(office: Office) -> None:
    """Every button of every page, by somebody else and by one who was an admin when it was shown."""
    await office.access.met_group(GROUP, "Friends")
    await office.edit(BEN, state=EditState.UNKNOWN)
    edit = await office.edit(BEN)
    panel = await office.panel()
    for way in (
        ["People", "Ben", "Block"],
        ["People", "Ben", "Day limit"],
        ["Groups", "Friends", "Block"],
        ["Groups", "Friends", "Day limit"],
        ["Unknown", "Ben", "Charged"],
        ["Today"],
        ["Running"],
    ):
        panel = await office.home(await office.goes(panel, *way))
    await office.writes(ADA, ADA, f"/admin edit {edit.id}")
    await office.goes(await office.last(ADA), "Give it back")
    async with office.database.reading() as connection:
        shown = (await connection.exec_driver_sql("SELECT id, value FROM buttons")).all()
    assert len(shown) > 50
    before = await _state(office)
    for id_, value in map(tuple, shown):
        with capture_logs() as logs:
            text = await office.forges(BEN, panel, id_)
        assert "admin" in text, value
        assert [entry["user"] for entry in logs if entry["event"] == "admin_refused"] == [BEN]
    assert await _state(office) == before


async def _state(office: Office) -> list[object]:
    """All that the panel can change."""
    tables = ("users", "groups", "limits", "notes", "ledger", "counters", "edits")
    async with office.database.reading() as connection:
        return [(await connection.exec_driver_sql(f"SELECT * FROM {table}")).all() for table in tables]


@pytest.mark.parametrize(
    "value", ["edit:gone", "ask:refund:gone", "person:x", "limit:user:1:year", "limit:bot:0:day"]
)
async def test_a_button_of_another_time(office: Office, value: str) -> None:
    """Is answered, and breaks nothing."""
    panel = await office.panel()
    await office.buttons.keep([Button("of-another-time", ADA, f"{PANEL}:{ADA}:old", value)], office.now)
    assert "no longer works" in await office.forges(ADA, panel, "of-another-time")
    assert await office.again(ADA, panel) == panel


async def test_more_rows_than_fit_into_a_file(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted before they are read: fewer days are asked for."""
    await office.edit(BEN)
    monkeypatch.setattr(admin, "_MOST_ROWS", 0)
    await office.writes(ADA, ADA, "/admin csv")
    assert (await office.said(ADA))[-1].startswith("That is more than Telegram takes in one file.")
