"""``make audit``: what bandit, detect-secrets and pip-audit find that nobody has judged.

Prints one line for each finding and exits with 1 if there is any. A finding is judged where it stands:

- bandit: by ruff's suppression of the same number in its line (``S603`` for ``B603``), which has a reason;
- detect-secrets: a made-up secret says in words that it is made up, as no true one does.

pip-audit asks the Internet for advisories. Where it gets none, that is said, and is no finding.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

from tests.gates import committed

ROOT = Path(__file__).parents[1]
_TEXT = re.compile(r"\.(py|md|toml|ya?ml|ini|ftl|example|mako|html|js|css|sh|service|json)$|file$|\.ci/")
_MADE_UP = re.compile(
    r"canary|made.?up|nobody|another|demo|of-the(se)?-|a-token-|test-|secret", re.IGNORECASE
)
_UUID = re.compile(r"[0-9a-f]{32}")
_BY_NAME_ONLY = {"Secret Keyword", "Basic Auth Credentials"}  # the word beside it is all that they look at
_SHORTEST = 12  # what is shorter and only found by its name guards nothing


def unjudged(findings: Iterable[Mapping[str, Any]], root: Path) -> Iterator[str]:
    """Bandit's findings without a suppression in their lines."""
    for found in findings:
        lines = (root / found["filename"]).read_text("utf-8").splitlines()
        # It names the whole expression, and the suppression may stand on any of its lines.
        text = "\n".join(lines[found["line_range"][0] - 1 : found["line_range"][-1]])
        number = found["test_id"].removeprefix("B")
        if not re.search(rf"# noqa:[^#]*\bS{number}\b|# nosec B{number}\b", text):
            yield f"{found['filename']}:{found['line_number']}: {found['test_id']} {found['issue_text']}"


def secrets(names: Iterable[str], root: Path) -> Iterator[str]:
    """What looks like a secret and doesn't say that it is made up. Nothing of it is shown."""
    with default_settings():
        for name in names:
            collection = SecretsCollection(str(root))
            collection.scan_file(name)
            for _, found in collection:
                if not _judged(name, found.type, found.secret_value or ""):
                    yield f"{name}:{found.line_number}: {found.type}"


def _judged(name: str, kind: str, value: str) -> bool:
    in_tests = name.startswith("tests/")
    if kind in _BY_NAME_ONLY and (in_tests or len(value) < _SHORTEST):
        return True
    return bool(_MADE_UP.search(value) or (in_tests and _UUID.fullmatch(value)))


def advisories(report: Mapping[str, Any]) -> tuple[list[str], int]:
    """What pip-audit reports: a line for each vulnerability, and of how many packages it knew nothing."""
    packages = report.get("dependencies", [])
    found = [
        f"{package['name']} {package['version']}: {flaw['id']}, fixed in {flaw['fix_versions']}"
        for package in packages
        for flaw in package.get("vulns", [])
    ]
    return found, sum("skip_reason" in package for package in packages)


def _bandit() -> list[str]:
    report = json.loads(_said("bandit", "-q", "-r", "bot", "alembic", "-f", "json"))
    return [*unjudged(report["results"], ROOT), *(str(error) for error in report["errors"])]


def _pip_audit() -> list[str]:
    command = ("-r", "requirements-dev.txt", "--require-hashes", "--disable-pip", "-f", "json")
    try:
        report = json.loads(_said("pip_audit", *command, "--progress-spinner", "off"))
    except json.JSONDecodeError:
        report = {}
    found, unknown = advisories(report)
    if unknown or not report:
        of = f"{unknown} of {len(report['dependencies'])}" if report else "any"
        _print(f"pip-audit could not get the advisories of {of} packages: run it where it reaches its data")
    return found


def _said(tool: str, *arguments: str) -> str:
    """What a tool prints; its exit code says the same."""
    command = [sys.executable, "-m", tool, *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False).stdout


def main() -> int:
    names = [name for name in committed(ROOT) if _TEXT.search(name)]
    found = [*_bandit(), *secrets(names, ROOT), *_pip_audit()]
    _print("\n".join([*found, f"{len(found)} findings that nobody judged"]))
    return 1 if found else 0


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
