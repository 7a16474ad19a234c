"""The page of promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.promises.invariants import INVARIANTS
from tests.promises.table import Promise, page

pytest_plugins = ["pytester"]
ALL = tuple(invariant.__name__ for invariant in INVARIANTS)
TABLE = ("| fault | database | outcome | held |", "|---|---|---|---|")
ROOT = Path(__file__).parents[2]


def test_rows_are_sorted_once_each_and_on_one_line() -> None:
    """Whatever the order in which the tests ran, and however often; both databases are one row."""
    rows = [
        Promise("The sky", "b", "SQLite", "two | words\nand more", ALL[:2]),
        Promise("The sky", "a", "Postgres", "told", ALL),
        Promise("The sky", "a", "Postgres", "told", ALL),
        Promise("The sky", "a", "SQLite", "told", ALL),
        Promise("The sky", "d", "SQLite", "late", (*ALL[:5], *ALL[6:])),
        Promise("Earth", "c", "–", "shown"),
    ]
    text = page(rows)
    assert text == page(rows[::-1])
    assert text[text.index("## ") :].splitlines() == [
        "## Earth",
        "",
        *TABLE,
        "| c | – | shown | – |",
        "",
        "## The sky",
        "",
        *TABLE,
        "| a | SQLite, Postgres | told | all |",
        r"| b | SQLite | two \| words and more | 1, 2 |",
        "| d | SQLite | late | all but 6 |",
    ]


def test_every_invariant_is_explained() -> None:
    """The numbers in the table stand for sentences above it."""
    text = page([])
    for number, invariant in enumerate(INVARIANTS, 1):
        assert invariant.__doc__
        assert f"{number}. {invariant.__doc__}" in text


@pytest.mark.long
def test_only_what_passed_is_written(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows come from all workers; a run in which a test fails writes no page."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    command = ("-p", "tests.promises.conftest", "-n", "2", "--promises", "page.md")
    pytester.makepyfile(
        test_one="'The sky: it falls.'\ndef test_one(promise): promise('one fault', 'told')",
        test_two="def test_two(promise): promise('two faults', 'told')",
    )
    assert pytester.runpytest_subprocess(*command).ret == 0
    written = Path("page.md").read_text("utf-8")
    assert "## Others" in written
    assert "| two faults | – | told | – |" in written
    assert written.endswith("## The sky\n\n" + "\n".join([*TABLE, "| one fault | – | told | – |\n"]))
    pytester.makepyfile(test_two="def test_two(promise): promise('two faults', 'told'); assert False")
    Path("page.md").unlink()
    assert pytester.runpytest_subprocess(*command).ret == 1
    assert not Path("page.md").exists()
