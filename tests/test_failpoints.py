"""Points at which tests kill the process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot import failpoints

ROOT = Path(__file__).parents[1]
PROGRAM = """
import sys
from pathlib import Path
from bot import failpoints
failpoints.listen(Path(sys.argv[1]))
for name in ("sent", "kept", "sent", "sent"):
    failpoints.reached(name)
    print(name, flush=True)
"""


@pytest.mark.parametrize(
    ("order", "survived", "left"),
    [
        ("kept 1", ["sent"], None),
        ("sent 2", ["sent", "kept"], None),
        ("sent 4", ["sent", "kept", "sent", "sent"], "sent 1"),
        ("other 1", ["sent", "kept", "sent", "sent"], "other 1"),
        (None, ["sent", "kept", "sent", "sent"], None),
    ],
)
def test_dies_where_it_is_told(
    tmp_path: Path, order: str | None, survived: list[str], left: str | None
) -> None:
    """By SIGKILL, at that hit of that point and nowhere else; the order is gone by then."""
    file = tmp_path / "order"
    if order is not None:
        file.write_text(order)
    command = [sys.executable, "-c", PROGRAM, str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.split() == survived
    assert ended.returncode == (0 if len(survived) == 4 else -signal.SIGKILL)
    assert (file.read_text() if file.exists() else None) == left


def test_nothing_in_the_program_turns_them_on() -> None:
    """Outside of tests no point is looked at: no setting, no variable, no file has any effect."""
    calls = [
        path.name
        for path in (ROOT / "bot").rglob("*.py")
        if re.search(r"failpoints\.listen|import listen", path.read_text("utf-8"))
    ]
    assert calls == []
    assert failpoints._order is None
