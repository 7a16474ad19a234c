"""The gates can fail: each kind of breach, in a folder of its own, is found and named with its line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import gates

# Built from pieces, so that this file is not itself in breach.
REGISTRY = "see https://" + "pypi" + ".org/simple"
OPTION = "--" + "index-url https://example.org"
HERE = "open('" + "/" + "work/main/x')"
HOME = "cp /" + "home/ada/x ."
NOQA = "# " + "noqa"
IGNORE = "# type" + ": ignore"
LONG_FUNCTION = "def long() -> None:\n" + "    pass\n" * 60

CASES = {
    "a Python file of 401 lines": ("bot/a.py", "x = 1\n" * 401, 1, "401 lines"),
    "a JavaScript file of 401 lines": ("page/a.js", ";\n" * 401, 1, "401 lines"),
    "a function of 61 lines": ("bot/a.py", LONG_FUNCTION, 1, "long has 61 lines"),
    "a bare noqa": ("bot/a.py", f"import os  {NOQA}\n", 1, "without its code"),
    "a noqa without a reason": ("bot/a.py", f"import os  {NOQA}: F401\n", 1, "without a reason"),
    "a bare type-ignore": ("bot/a.py", f"\nx = 1  {IGNORE}\n", 2, "without its code"),
    "a type-ignore without a reason": ("bot/a.py", f"x = 1  {IGNORE}[misc]\n", 1, "without a reason"),
    "two suppressions, one reason": (
        "bot/a.py",
        f"x = 1  {IGNORE}[misc] because  {NOQA}: F401\n",
        1,
        "without a reason",
    ),
    "a check that is off for a file": ("bot/a.py", "# ruff" + ": noqa: F401 why not\n", 1, "whole file"),
    "a broad except without a reason": (
        "bot/a.py",
        "try:\n    pass\nexcept Exception:\n    pass\n",
        3,
        "broad",
    ),
    "a bare except without a reason": ("bot/a.py", "try:\n    pass\nexcept:\n    pass\n", 3, "broad"),
    "a registry's host": ("notes.md", f"one\n{REGISTRY}\n", 2, "package registry"),
    "a registry's option": ("requirements.txt", f"{OPTION}\n", 1, "package registry"),
    "a machine's path": ("bot/a.py", f"{HERE}\n", 1, "path of one machine"),
    "a home folder": ("Makefile", f"{HOME}\n", 1, "path of one machine"),
}


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.mark.parametrize("case", CASES)
def test_a_breach_is_found(tmp_path: Path, case: str) -> None:
    """Its file, its line and what is wrong are named."""
    name, text, line, said = CASES[case]
    write(tmp_path, name, text)
    [breach] = gates.breaches(tmp_path)
    assert (breach.path, breach.line) == (name, line)
    assert said in breach.text


def test_a_fourth_broad_except_is_one_too_many(tmp_path: Path) -> None:
    """Also when each has its reason; all four are listed."""
    one = "try:\n    pass\nexcept Exception:  # whatever it was, the loop must go on\n    pass\n"
    write(tmp_path, "bot/a.py", one * 3)
    assert gates.breaches(tmp_path) == []
    write(tmp_path, "bot/b.py", one)
    assert [str(breach).partition(" ")[0] for breach in gates.breaches(tmp_path)] == [
        "bot/a.py:3:",
        "bot/a.py:7:",
        "bot/a.py:11:",
        "bot/b.py:3:",
    ]


def test_what_is_allowed_is_not_found(tmp_path: Path) -> None:
    """Limits exactly reached, suppressions with code and reason, cleaning up and raising again."""
    write(tmp_path, "bot/full.py", "x = 1\n" * 400)
    write(tmp_path, "bot/function.py", LONG_FUNCTION.removesuffix("    pass\n"))
    write(tmp_path, "bot/why.py", f"x = 1  {NOQA}: F401, E501 - the reason\ny = 1  {IGNORE}[misc]  # RGB\n")
    write(tmp_path, "bot/text.py", f"x = '{NOQA}'\n")
    write(tmp_path, "bot/again.py", "try:\n    pass\nexcept BaseException:\n    x = 1\n    raise\n")
    write(tmp_path, "page.md", "https://example.org/" + "home/ada\n")
    write(tmp_path, "Makefile", "uv pip compile --no-emit-index-url\n")
    (tmp_path / "picture.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"/" + b"root/")
    assert gates.breaches(tmp_path) == []


def test_what_git_ignores_is_not_looked_at(tmp_path: Path) -> None:
    """New files are, those under an ignored name are not."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    write(tmp_path, ".gitignore", "data/\n")
    write(tmp_path, "data/a.py", "x = 1\n" * 401)
    write(tmp_path, "new.py", "x = 1\n" * 401)
    assert [breach.path for breach in gates.breaches(tmp_path)] == ["new.py"]


def test_the_command_fails_with_a_line_for_each_breach(tmp_path: Path) -> None:
    """Exit code 1 and the breaches; exit code 0 and silence when there are none."""

    def run() -> tuple[int, str]:
        command = [sys.executable, gates.__file__, str(tmp_path)]
        ended = subprocess.run(command, capture_output=True, text=True)
        return ended.returncode, ended.stdout

    assert run() == (0, "")
    write(tmp_path, "notes.md", f"{HOME}\n")
    code, printed = run()
    assert code == 1
    assert printed.startswith("notes.md:1: names a path of one machine")
    assert len(printed.splitlines()) == 1
