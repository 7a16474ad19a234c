"""The movements of money as a CSV file that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal

from bot.domain.budgets import Movement
from bot.domain.money import MICROS

_OWN = ("time", "day", "kind", "spent", "held", "model", "edit")
_ALL = (*_OWN, "person", "name", "chat")
# What a spreadsheet takes for the beginning of a formula: OWASP, "CSV Injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def own(movements: Sequence[Movement], zone: tzinfo) -> bytes:
    """A person's own movements: UTF-8 with a mark, by which spreadsheets on phones tell that it is."""
    return _file(_OWN, [_cells(row, zone) for row in movements])


def everybody(movements: Sequence[Movement], zone: tzinfo, names: Mapping[int, str]) -> bytes:
    """All movements, each with its person and chat."""
    rows = [
        [*_cells(row, zone), str(row.user_id), text_cell(names.get(row.user_id, "")), str(row.chat_id)]
        for row in movements
    ]
    return _file(_ALL, rows)


def text_cell(value: str) -> str:
    """Words for a cell: never a formula, and on one line."""
    line = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in value).strip()
    return f"'{line}" if line.startswith(_FORMULA) else line


def _cells(row: Movement, zone: tzinfo) -> list[str]:
    """Times as in `TIMEZONE`, with their offset; dollars as decimals that add up in each of their columns."""
    return [
        row.at.astimezone(zone).isoformat(" ", "seconds"),
        row.day.isoformat(),
        text_cell(row.kind),
        _dollars(row.spent),
        _dollars(row.held),
        text_cell(row.model),
        text_cell(row.edit_id),
    ]


def _dollars(micros: int) -> str:
    return f"{Decimal(micros) / MICROS:.6f}"


def _file(head: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(head)
    writer.writerows(rows)
    return written.getvalue().encode("utf-8-sig")
