"""What the command line shows of people, money and edits: readable, or for a spreadsheet or a program."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import checkup, reports
from bot.domain.access import Standing
from bot.domain.billing import Report
from bot.domain.budgets import USER_DAY
from bot.domain.edits import EditState, Place
from bot.errors import StartRefused
from bot.jobs.reconcile import REPORT
from bot.reports import Dollars, Form, Reports, Table, opened, revoke
from bot.settings import Settings
from bot.storage.access import SqlAccess
from bot.storage.accounts import SqlAccounts
from bot.storage.database import Database
from bot.storage.edits import SqlEdits
from bot.storage.migrations import upgrade
from bot.storage.notes import SqlNotes
from bot.storage.people import SqlPeople
from tests.jobs.bench import an_edit
from tests.virtual_time import START, SetClock

ANN, BEN, GROUP = 1001, 1002, -100500
EVIL = '=HYPERLINK("http://x")'


def settings(folder: Path) -> Settings:
    given: dict[str, Any] = {
        "_env_file": None,
        "telegram_bot_token": "123456789:" + "A" * 35,
        "wavespeed_api_key": "k" * 20,
        "data_dir": folder,
        "user_daily_budget": "2.50",
    }
    return Settings(**given)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann spent 63 000 in private and has an unknown edit; Ben spent 40 000 in a group, ten days ago."""
    folder = tmp_path_factory.mktemp("reports")
    upgrade(settings(folder).app_database_url)
    asyncio.run(fill(settings(folder).app_database_url))
    return folder


async def fill(url: str) -> None:
    database, clock = Database.open(url), SetClock()
    people, access, edits = SqlPeople(database, clock), SqlAccess(database, clock), SqlEdits(database)
    await people.seen(ANN, EVIL, "ann", "en")
    await people.seen(BEN, "Ben", None, "en")
    await access.met_group(GROUP, "Friends")
    await access.decide(ANN, Standing.APPROVED, 1, START)
    await SqlAccounts(database).set_limit(USER_DAY, BEN, None)
    ago = START - timedelta(days=10)
    made = (
        ("e1", ANN, ANN, START, EditState.DONE, 63_000),
        ("e2", ANN, ANN, START, EditState.UNKNOWN, 0),
        ("e3", BEN, GROUP, ago, EditState.DONE, 40_000),
    )
    for name, user, chat, at, state, charge in made:
        held = {"state": EditState.HELD, "user_id": user, "place": Place(chat, 5), "created_at": at}
        await edits.accept(an_edit(id=name, origin=name, **held))
        await edits.settle(name, state, charge=charge, reason=None, now=at)
    report = Report(START, START, START, ours=100, billed=90, strangers=("x",), strange=30)
    await SqlNotes(database).put(REPORT, report.as_json(), START)
    await database.close()


async def made(data: Path, what: str, *args: Any) -> Table:
    async with opened(settings(data), SetClock()) as found:
        table: Table = await getattr(found, what)(*args)
    return table


def as_rows(table: Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(table.written(Form.JSON))
    return found


async def test_people(data: Path) -> None:
    """Their standing, money and limits."""
    ann, ben = sorted(as_rows(await made(data, "users", "", 10)), key=lambda row: row["id"])
    assert (ann["name"], ann["standing"], ann["today"], ann["held"]) == (
        EVIL,
        "approved",
        "0.063000",
        "0.063000",
    )
    assert (ann["day_limit"], ann["month_limit"]) == ("2.500000", None)
    assert (ben["today"], ben["month"], ben["ever"], ben["day_limit"]) == (
        "0.000000",
        "0.040000",
        "0.040000",
        None,
    )
    assert [row["id"] for row in as_rows(await made(data, "users", "ben", 10))] == [BEN]


@pytest.mark.parametrize(
    ("by", "days", "expected"),
    [
        ("person", 30, [(ANN, "0.063000"), (BEN, "0.040000")]),
        ("person", 1, [(ANN, "0.063000")]),
        ("group", 30, [(GROUP, "0.040000")]),
    ],
)
async def test_spending(data: Path, by: str, days: int, expected: list[tuple[int, str]]) -> None:
    """The dearest first; the days include today."""
    assert [(row["id"], row["spent"]) for row in as_rows(await made(data, "spend", by, days, 10))] == expected


async def test_spending_by_model_and_the_bills(data: Path) -> None:
    """And what WaveSpeed's bills differ by."""
    table = await made(data, "spend", "model", 30, 10)
    assert [(row["model"], row["spent"], row["edits"]) for row in as_rows(table)] == [
        ("gpt-image-1", "0.103000", 2)
    ]
    shown = table.written(Form.TEXT)
    assert "All together since 2026-10-22: $0.103" in shown
    assert "drift $0.00002; 0 edits disagree, 1 predictions are not ours" in shown
    assert "Broken" not in shown


async def test_edits(data: Path) -> None:
    """Newest first, of a state or of a person."""
    everything = await made(data, "edits", (), None, 10)
    assert [row["edit"] for row in as_rows(everything)] == ["e1", "e2", "e3"]
    unknown = as_rows(await made(data, "edits", (EditState.UNKNOWN,), None, 10))
    assert [(row["edit"], row["charged"], row["quote"]) for row in unknown] == [("e2", None, "0.063000")]
    assert [row["edit"] for row in as_rows(await made(data, "edits", (), BEN, 10))] == ["e3"]


async def test_what_was_given_back_was_not_charged(tmp_path: Path) -> None:
    """In every form, and the table fits a terminal: of an id it has the beginning, of a reason what fits."""
    chosen, name = settings(tmp_path), "0123456789abcdef0123456789abcdef"
    await asyncio.to_thread(upgrade, chosen.app_database_url)
    database = Database.open(chosen.app_database_url)
    edits = SqlEdits(database)
    for id_ in ("kept", name):
        edit = an_edit(id=id_, origin=id_, user_id=7_000_000_001, model="m" * 30, state=EditState.HELD)
        await edits.accept(edit)
        why = "error-" + "long-" * 20
        await edits.settle(id_, EditState.UNDELIVERABLE, charge=63_000, reason=why, now=START)
    assert await SqlAccounts(database).adjust(name, -60_000, START)
    await database.close()
    table = await made(tmp_path, "edits", (), None, 10)
    assert [(row["edit"], row["charged"]) for row in as_rows(table)] == [
        (name, "0.003000"),
        ("kept", "0.063000"),
    ]
    lines = table.written(Form.TEXT).splitlines()
    assert max(map(len, lines)) == 100
    assert lines[1].startswith("01234567  ")
    assert " $0.003 " in lines[1]
    assert lines[1].endswith("…")
    assert table.written(Form.CSV).splitlines()[1].startswith(f"{name},")


async def test_an_admin_by_claim_is_one_no_more(data: Path) -> None:
    """And whoever is none is refused: those of the settings are taken out there."""
    database = Database.open(settings(data).app_database_url)
    access = SqlAccess(database, SetClock())
    await access.offer_claim("hash")
    assert await access.claim(BEN, "hash", START)
    [finding] = await checkup._people(settings(data))
    assert str(finding).startswith("✓ Admins: 0 of ADMINS, 1 by the claim code; ")
    async with opened(settings(data), SetClock()) as found:
        [row] = as_rows(await revoke(found, BEN))
        assert row == {"id": BEN, "name": "Ben", "username": None, "standing": "approved"}
        with pytest.raises(StartRefused, match="no admin by the claim code"):
            await revoke(found, ANN)
    assert await access.admins() == []
    [finding] = await checkup._people(settings(data))
    assert str(finding).startswith("✓ ADMINS is empty: ")
    await database.close()


async def test_a_comparison_of_another_version(data: Path) -> None:
    """It counts as none."""
    database = Database.open(settings(data).app_database_url)
    await SqlNotes(database).put(REPORT, '{"ours": 1}', START)
    await database.close()
    shown = (await made(data, "spend", "model", 30, 10)).written(Form.TEXT)
    assert "not compared yet" in shown


def test_a_table_for_people() -> None:
    """In columns, whatever stands in a name: wide signs, line breaks, escapes."""
    rows = [("李", Dollars(1_500_000)), ("a\nb\x1b[31m", Dollars(42_000)), ("x" * 99, None)]
    lines = Table(("name", "spent"), rows).written(Form.TEXT).splitlines()
    assert len(lines) == 4
    assert lines[1] == "李" + " " * 40 + "$1.50"
    assert "\x1b" not in lines[2]
    assert lines[3].endswith("x…")
    assert Table(("name",), []).written(Form.TEXT) == "Nothing to show."


def test_a_table_for_a_spreadsheet() -> None:
    """Decimal dollars, and no name is a formula."""
    written = Table(("name", "spent", "at"), [(EVIL, Dollars(42_000), START)]).written(Form.CSV)
    head, row = csv.reader(io.StringIO(written))
    assert head == ["name", "spent", "at"]
    assert row == [f"'{EVIL}", "0.042000", "2026-11-20T12:00:00+00:00"]


def test_no_database_yet(tmp_path: Path) -> None:
    """One line that says what to do, and no file is made."""
    with pytest.raises(StartRefused, match="no database yet"):
        asyncio.run(made(tmp_path, "users", "", 10))
    assert not list(tmp_path.iterdir())


def test_a_database_with_options(tmp_path: Path) -> None:
    """Its file is found whatever follows its name."""
    url = f"sqlite:///{tmp_path / 'bot.db'}?timeout=5"
    assert reports.missing(url)
    (tmp_path / "bot.db").touch()
    assert not reports.missing(url)
    assert not reports.missing("postgresql://localhost/bot")


def test_an_older_database(tmp_path: Path) -> None:
    """It is not changed by looking at it."""
    (tmp_path / "wavebrush.sqlite").touch()
    with pytest.raises(StartRefused, match="older version"):
        asyncio.run(made(tmp_path, "users", "", 10))


async def test_on_the_command_line(data: Path, tmp_path: Path) -> None:
    """A real run, beside a bot that holds the folder."""
    token, key = "123456789:" + "A" * 35, "k" * 20
    given = {"TELEGRAM_BOT_TOKEN": token, "WAVESPEED_API_KEY": key, "DATA_DIR": str(data)}
    root = Path(reports.__file__).parents[1]
    with (data / "lock").open("w"):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "edits", "--state", "unknown", "--json"),
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(root), **given},
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert [row["edit"] for row in json.loads(out)] == ["e2"]


def test_every_report_is_a_command() -> None:
    """The names are the same."""
    from bot.command_line import cli

    names = {command.callback.__name__ for command in cli.registered_commands if command.callback}
    assert {name for name in vars(Reports) if not name.startswith("_")} <= names
