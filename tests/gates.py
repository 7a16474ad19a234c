"""The limits of ``make check`` that ruff and mypy don't know: ``python tests/gates.py [folder]``.

Prints one line for each breach and exits with 1 if there is any.
"""

from __future__ import annotations

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE_LINES = 400
FUNCTION_LINES = 60
BROAD_EXCEPTS = 3

_SUPPRESSION = re.compile(r"(?=#\s*(?:noqa\b|type:\s*ignore\b))", re.IGNORECASE)
_CODES = re.compile(
    r"#\s*(?:noqa:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*|type:\s*ignore\[[\w\s,-]+\])", re.IGNORECASE
)
_WHOLE_FILE = re.compile(r"#\s*(?:ruff:\s*noqa|flake8:\s*noqa|mypy:)", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{3}")
_REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|anaconda\.org|jfrog\.io|[a]rtifactory"
    r"|(?<!-)--(?:extra-)?index-url|--find[-]links",
    re.IGNORECASE,
)
_MACHINE = re.compile(r"(?<![\w.:/~-])/(?:work|root|home|Users)/|(?<![\w.:/~-])/[r]oot\b|\b[A-Z]:\\Users\\")
_SKIPPED = re.compile(r"(?:^|/)(?:\.git|\.venv|data|__pycache__|\.[a-z_]+_cache|\.hypothesis)/|(?:^|/)\.env$")


@dataclass(frozen=True, slots=True, order=True)
class Breach:
    """Something that is over a limit. ``line`` counts from 1."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def committed(root: Path) -> list[str]:
    """The files that are in the repository or would be added; without git, all but the usual litter."""
    git = shutil.which("git")
    if git and (root / ".git").exists():
        # A checkout that belongs to somebody else (a CI container's mount) is refused otherwise.
        command = [git, "-c", f"safe.directory={root.resolve()}", "-C", str(root), "ls-files", "-z"]
        command += ["--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, capture_output=True, check=True, text=True)
        names = set(listed.stdout.split("\0")) - {""}
    else:
        names = {path.relative_to(root).as_posix() for path in root.rglob("*")}
        names = {name for name in names if not _SKIPPED.search(name)}
    return sorted(name for name in names if (root / name).is_file())


def breaches(root: Path) -> list[Breach]:
    """Everything that is over a limit in a folder."""
    found: list[Breach] = []
    broad: list[Breach] = []
    for name in committed(root):
        text = _text(root / name)
        if text is None:
            continue
        found += _strangers(name, text)
        if name.endswith((".py", ".js")):
            found += _too_long(name, text)
        if name.endswith(".py"):
            found += [*_functions(name, text), *_suppressions(name, text)]
        if name.endswith(".py") and name.startswith("bot/"):
            excepts = list(_broad_excepts(name, text))
            broad += [breach for breach, _ in excepts]
            found += [breach for breach, has_reason in excepts if not has_reason]
    if len(broad) > BROAD_EXCEPTS:
        counted = f"one of {len(broad)} broad excepts in bot/, {BROAD_EXCEPTS} are allowed"
        found += [Breach(breach.path, breach.line, counted) for breach in broad]
    return sorted(found)


def _text(path: Path) -> str | None:
    """What is written in a file; None for pictures and the like."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return None


def _strangers(name: str, text: str) -> Iterator[Breach]:
    for number, line in enumerate(text.splitlines(), 1):
        if found := _REGISTRY.search(line):
            yield Breach(name, number, f"names a package registry ({found.group()})")
        if found := _MACHINE.search(line):
            yield Breach(name, number, f"names a path of one machine ({found.group()})")


def _too_long(name: str, text: str) -> Iterator[Breach]:
    lines = len(text.splitlines())
    if lines > FILE_LINES:
        yield Breach(name, 1, f"{lines} lines, {FILE_LINES} are allowed")


def _functions(name: str, text: str) -> Iterator[Breach]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield Breach(
                    name, node.lineno, f"{node.name} has {lines} lines, {FUNCTION_LINES} are allowed"
                )


def _suppressions(name: str, text: str) -> Iterator[Breach]:
    for number, comment in _comments(text):
        if _WHOLE_FILE.search(comment):
            yield Breach(name, number, "a check is off for the whole file")
        for suppression in _SUPPRESSION.split(comment)[1:]:
            coded = _CODES.match(suppression)
            if coded is None:
                yield Breach(name, number, "a suppression without its code")
            elif not _WORD.search(suppression[coded.end() :]):
                yield Breach(name, number, "a suppression without a reason after its code")


def _comments(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _broad_excepts(name: str, text: str) -> Iterator[tuple[Breach, bool]]:
    """Each ``except`` that swallows everything, and whether a comment between it and its body says why."""
    comments = dict(_comments(text))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node):
            lines = range(node.lineno, node.body[0].lineno + 1)
            reason = " ".join(comments.get(number, "") for number in lines)
            yield Breach(name, node.lineno, "a broad except without a reason"), bool(_WORD.search(reason))


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = {"Exception", "BaseException"}
    return any(kind is None or (isinstance(kind, ast.Name) and kind.id in broad) for kind in caught)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether it only cleans up: its last word is a bare ``raise``."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def main(arguments: list[str]) -> int:
    """Check a folder (this project); the exit code."""
    found = breaches(Path(arguments[0]) if arguments else Path(__file__).parents[1])
    for breach in found:
        sys.stdout.write(f"{breach}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
