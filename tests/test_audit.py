"""The audit can fail: what nobody judged is named with its line, and what was judged is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.audit import advisories, secrets, unjudged

# Built from pieces, so that this file is not itself a finding.
TOKEN = "5432109876:" + "AAF" + "k3jW9qLz" * 4
KEY = "AKIA" + "QYLPMN5HHHFPZAM2"
SHOUTS = "subprocess.run(x)  # "


def finding(line: int, last: int | None = None) -> dict[str, Any]:
    """As bandit's JSON has it."""
    lines = list(range(line, (last or line) + 1))
    about = {"test_id": "B603", "issue_text": "subprocess call"}
    return {"filename": "a.py", "line_number": line, "line_range": lines, **about}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("subprocess.run(x)", True),
        (f"{SHOUTS}noqa: S603 - no shell", False),
        (f"{SHOUTS}noqa: F401, S603 - no shell", False),
        (f"{SHOUTS}nosec B603 # no shell", False),
        (f"{SHOUTS}noqa: S607 - of another rule", True),
        (f"{SHOUTS}noqa: S6031 - of another rule", True),
    ],
)
def test_bandit(tmp_path: Path, line: str, named: bool) -> None:
    """A suppression of the same number in the line judges a finding; one beside it does not."""
    (tmp_path / "a.py").write_text(f"# noqa: S603 - elsewhere\n{line}\n")
    assert list(unjudged([finding(2)], tmp_path)) == (["a.py:2: B603 subprocess call"] if named else [])


def test_bandit_names_an_expression_of_several_lines(tmp_path: Path) -> None:
    """Its suppression may stand at its end."""
    (tmp_path / "a.py").write_text("subprocess.run(\n    x\n)  # noqa: S603 - no shell\n")
    assert list(unjudged([finding(1, 3)], tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("bot/a.py", f'TOKEN = "{TOKEN}"', "Telegram Bot Token"),
        ("tests/a.py", f'TOKEN = "{TOKEN}"', "Telegram Bot Token"),
        ("README.md", f"curl https://api.telegram.org/bot{TOKEN}/getMe", "Telegram Bot Token"),
        (".env.example", f"AWS_ACCESS_KEY_ID={KEY}", "AWS Access Key"),
        ("bot/a.py", 'password = "hunter2-hunter2"', "Secret Keyword"),
    ],
)
def test_a_secret(tmp_path: Path, name: str, text: str, kind: str) -> None:
    """It is named by its kind and place, and not shown."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(f"\n{text}\n")
    assert f"{name}:2: {kind}" in list(secrets([name], tmp_path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tests/a.py", 'TOKEN = "987654321:canary-token-that-must-never-be-logged-0"'),
        ("tests/a.py", 'secret = "shown"'),
        ("tests/samples/a.json", '"id": "45b392b22c3b449fa935bd4dc2219dfe"'),
        ("bot/a.py", "token: str"),
    ],
)
def test_what_is_none(tmp_path: Path, name: str, text: str) -> None:
    """Made-up ones say so; ids of predictions open nothing."""
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(f"{text}\n")
    assert list(secrets([name], tmp_path)) == []


def test_advisories() -> None:
    """A vulnerable package is a finding; one of which nothing is known is counted."""
    report = {
        "dependencies": [
            {"name": "fine", "version": "1", "vulns": []},
            {"name": "flawed", "version": "2", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2.1"]}]},
            {"name": "unheard-of", "skip_reason": "not found"},
        ]
    }
    assert advisories(report) == (["flawed 2: CVE-2026-1, fixed in ['2.1']"], 1)
    assert advisories({}) == ([], 0)
