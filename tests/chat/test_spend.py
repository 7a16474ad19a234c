"""`/spend`: a person's money in private, theirs and the group's in a group: a picture, words, a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.chat.application import App
from bot.chat.spend import every_day
from bot.chat.spend_csv import own, text_cell
from bot.chat.spend_texts import left
from bot.domain.access import Standing
from bot.domain.budgets import KINDS, USER_DAY, USER_MONTH, Account, Budgets, Day, Movement
from bot.domain.edits import EditState
from bot.errors import ImagingFailed
from bot.storage.database import Database
from tests.chat.admin_bench import ZONE, Charts, Office
from tests.chat.admin_bench import office as opened
from tests.sandbox.telegram_bench import ADA, BEN, GROUP, Bench
from tests.virtual_time import START

LIMITS = Budgets(bot_day=50_000_000, group_day=2_000_000, user_day=1_000_000, user_month=10_000_000)


@pytest.fixture
async def office(telegram: Bench, app: App, database: Database) -> Office:
    """Everybody has limits."""
    return await opened(telegram, app, database, LIMITS)


async def test_all_of_a_persons_money(office: Office) -> None:
    """One photo with the chart, and below it what was spent, is held, is left and when that turns."""
    await office.edit(ADA, quote=60_000)
    await office.edit(ADA, quote=420_000, days_ago=10)
    await office.edit(ADA, quote=1_000_000, days_ago=40)
    await office.edit(ADA, quote=50_000, state=None)
    await office.edit(ADA, quote=30_000, state=EditState.UNKNOWN)
    await office.edit(BEN, quote=1_000_000)
    await office.writes(ADA, ADA, "/spend")
    [answer] = await office.messages(ADA)
    assert "photo" in answer
    assert answer["caption"] == (
        "Today $0.06, this month $0.48, ever $1.48.\n"
        "$0.08 is set aside for edits that are not finished.\n"
        "$0.03 of it is for edits that got lost: nobody knows yet whether the provider took them. "
        "The bot's owner will settle that.\n"
        "\n"
        "Everybody together today: $48.86 of $50.00 left, renews in 3 hours\n"
        "Today: $0.86 of $1.00 left, renews in 3 hours\n"
        "This month: $9.44 of $10.00 left, renews in 10 days\n"
        "Days and months start at midnight, Asia/Tokyo.\n"
        "\n"
        "GPT Image 2: $1.48 for 3 edits"
    )


async def test_nothing_spent_yet(office: Office) -> None:
    """No chart of nothing; a text with what may be spent."""
    await office.writes(ADA, ADA, "/spend")
    [answer] = await office.messages(ADA)
    assert answer["text"].startswith("Today $0.00, this month $0.00, ever $0.00.\n\nEverybody together")


async def test_without_limits(telegram: Bench, app: App, database: Database) -> None:
    """Nothing is said of them, nor of when they turn."""
    office = await opened(telegram, app, database)
    await office.edit(ADA, days_ago=3)
    await office.writes(ADA, ADA, "/spend")
    [answer] = await office.messages(ADA)
    assert answer["caption"] == (
        "Today $0.00, this month $0.06, ever $0.06.\n\nGPT Image 2: $0.06 for 1 edit"
    )


async def test_charges_of_long_ago_make_no_chart(office: Office) -> None:
    """It would be empty."""
    await office.edit(ADA, days_ago=40)
    await office.writes(ADA, ADA, "/spend")
    [answer] = await office.messages(ADA)
    assert "ever $0.06" in answer["text"]


async def test_in_a_group(office: Office) -> None:
    """The group's total and limit, and of one's own money a line: what is left to whom is private."""
    await office.access.decide_group(GROUP, Standing.APPROVED, ADA, office.now)
    await office.edit(BEN, quote=500_000, chat_id=GROUP)
    await office.edit(BEN, quote=100_000, chat_id=GROUP, days_ago=5)
    await office.edit(ADA, quote=60_000)
    await office.writes(GROUP, ADA, "/spend@wavebrush_bot")
    [answer] = await office.messages(GROUP)
    assert "photo" in answer
    assert answer["reply_to_message"]["text"] == "/spend@wavebrush_bot"
    assert answer["caption"] == (
        "This group: $0.50 today, $0.60 this month.\n"
        "You, everywhere: $0.06 today, $0.06 this month. More in private: /spend\n"
        "\n"
        "Everybody together today: $49.44 of $50.00 left, renews in 3 hours\n"
        "This group today: $1.50 of $2.00 left, renews in 3 hours\n"
        "Days and months start at midnight, Asia/Tokyo."
    )


async def test_the_chart_fails(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words come all the same."""

    async def fails(*_: object) -> None:
        raise ImagingFailed("no memory")

    monkeypatch.setattr(Charts, "chart", fails)
    await office.edit(ADA)
    await office.writes(ADA, ADA, "/spend")
    [answer] = await office.messages(ADA)
    assert answer["text"].startswith("Today $0.06")


async def test_telegram_refuses_the_photo(office: Office) -> None:
    """A group may forbid photos: the words come alone."""
    await office.edit(ADA)
    await office.telegram.sandbox("faults", {"method": "sendPhoto", "kind": "status", "status": 400})
    await office.writes(ADA, ADA, "/spend")
    [answer] = await office.messages(ADA)
    assert answer["text"].startswith("Today $0.06")


async def test_more_words_than_a_caption_takes(office: Office) -> None:
    """Then the photo comes first, and the words as a message of their own."""
    for number in range(30):
        edit = await office.edit(ADA, quote=10_000 + number, state=None)
        async with office.database.writing() as connection:
            name = f"a-model-of-yesterday-{number}"
            for table in ("edits", "ledger"):
                column = "id" if table == "edits" else "edit_id"
                statement = f"UPDATE {table} SET model = '{name}' WHERE {column} = '{edit.id}'"
                await connection.exec_driver_sql(statement)
        await office.edits.settle(edit.id, EditState.DONE, charge=edit.quote, reason=None, now=START)
    await office.writes(ADA, ADA, "/spend")
    photo, words = await office.messages(ADA)
    assert "caption" not in photo
    assert len(words["text"]) > 1024
    assert "a-model-of-yesterday-29: $0.010029 for 1 edit" in words["text"]


async def test_as_a_file(office: Office) -> None:
    """Every movement of one's own, in `TIMEZONE` and dollars."""
    edit = await office.edit(ADA, quote=63_000, charge=42_000, days_ago=1)
    await office.edit(BEN)
    await office.writes(ADA, ADA, "/spend csv")
    [answer] = await office.messages(ADA)
    assert answer["document"]["file_name"] == "wavebrush-2026-11-20.csv"
    rows = await office.table(answer)
    shared = {
        "time": "2026-11-19 21:00:00+09:00",
        "day": "2026-11-19",
        "model": "gpt-image-2",
        "edit": edit.id,
    }
    assert rows == [
        {**shared, "kind": "hold", "spent": "0.000000", "held": "0.063000"},
        {**shared, "kind": "charge", "spent": "0.042000", "held": "-0.042000"},
        {**shared, "kind": "release", "spent": "0.000000", "held": "-0.021000"},
    ]


async def test_the_columns_of_a_file_add_up(office: Office) -> None:
    """To what was spent, corrections among it, and to what is held now."""
    edit = await office.edit(ADA, quote=63_000, charge=42_000)
    await office.edit(ADA, quote=30_000, state=None)
    assert await office.accounts.adjust(edit.id, -42_000, START)
    await office.writes(ADA, ADA, "/spend csv")
    rows = await office.table(await office.last(ADA))
    assert [row["kind"] for row in rows] == ["hold", "charge", "release", "hold", "adjust"]
    assert sum(Decimal(row["spent"]) for row in rows) == 0
    assert sum(Decimal(row["held"]) for row in rows) == Decimal("0.03")


async def test_a_file_of_nothing(office: Office) -> None:
    """Is not sent."""
    await office.writes(ADA, ADA, "/spend csv")
    assert await office.said(ADA) == ["You have spent nothing yet, so there is nothing to list."]


async def test_a_file_in_a_group(office: Office) -> None:
    """Would be everybody's."""
    await office.edit(ADA)
    await office.access.decide_group(GROUP, Standing.APPROVED, ADA, office.now)
    await office.writes(GROUP, ADA, "/spend@wavebrush_bot csv")
    assert await office.said(GROUP) == ["I send that in private only. Ask me there: /spend csv"]


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (timedelta(seconds=1), "renews in less than an hour"),
        (timedelta(minutes=-5), "renews in less than an hour"),
        (timedelta(hours=1, minutes=59), "renews in 1 hour"),
        (timedelta(hours=47), "renews in 47 hours"),
        (timedelta(days=2), "renews in 2 days"),
    ],
)
def test_when_a_limit_turns(wait: timedelta, text: str) -> None:
    """In hours, and in days where it is more than two."""
    account = Account(USER_DAY, ADA, 1_000_000, held=0, spent=2_000_000, turns=START + wait)
    [line] = left([account], START, "en")
    assert line == f"Today: $0.00 of $1.00 left, {text}"


def test_every_kind_of_limit_has_a_line() -> None:
    """Where there is one."""
    accounts = [Account(kind, 0, 1_000_000, 0, 0, START) for kind in KINDS]
    assert len({line.partition(":")[0] for line in left(accounts, START, "en")}) == len(KINDS)
    assert left([Account(USER_MONTH, 0, None, 0, 0, START)], START, "en") == []


def test_the_chart_has_every_day() -> None:
    """Thirty of them, today the last; days before are left out."""
    today = date(2026, 11, 20)
    days = every_day([Day(date(2026, 10, 1), 5), Day(today - timedelta(days=3), 7, 1)], today)
    assert [day.day for day in days] == [today - timedelta(days=ago) for ago in range(29, -1, -1)]
    assert [day.micros for day in days if day.micros] == [7]


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        ("=HYPERLINK(0)", "'=HYPERLINK(0)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("＝1+1", "'＝1+1"),
        ("gpt-image-2", "gpt-image-2"),
        ("two\r\nlines", "two  lines"),
        ("Zoë, “quoted”", "Zoë, “quoted”"),
    ],
)
def test_no_cell_is_a_formula(words: str, cell: str) -> None:
    """Whatever people and operators are called."""
    assert text_cell(words) == cell


def test_money_in_a_file_is_exact() -> None:
    """To the micro-dollar, also where it is given back, and beyond what a float holds."""
    moments = [
        Movement(START, date(2026, 11, 20), "e1", ADA, ADA, "m", "adjust", micros, 0, micros)
        for micros in (-42_000, 1, 12_345_678_901_234_567)
    ]
    lines = own(moments, UTC).decode("utf-8-sig").splitlines()[1:]
    assert [line.split(",")[3] for line in lines] == ["-0.042000", "0.000001", "12345678901.234567"]


def test_times_in_a_file_are_of_the_zone() -> None:
    """So that they agree with the days."""
    late = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    row = Movement(late, date(2026, 11, 21), "e1", ADA, ADA, "m", "hold", 1, 1, 0)
    data = own([row], ZONE).decode("utf-8-sig")
    assert data.splitlines()[1].startswith("2026-11-21 01:30:00+09:00,2026-11-21,hold,")
