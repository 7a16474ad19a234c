"""Postgres' own tools for a copy of a whole database, where they are installed."""

from __future__ import annotations

import shutil
import subprocess  # nosec B404 # Postgres's own tools, without a shell
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.errors import StartRefused
from bot.storage.database import parse_url

ENGINE_SCHEMA = "dbos"
REVISION = "alembic_version"


def dump(url: str, file: Path) -> None:
    """Write everything but the revision of the tables, as of one moment.

    Without it a database that was put back by half is none that a bot starts on.

    Raises:
        StartRefused: `pg_dump` is not there, or failed.
    """
    _run("pg_dump", url, "--format=custom", f"--exclude-table-data={REVISION}", f"--file={file}")


def load(url: str, file: Path) -> None:
    """Fill an empty database, but for the engine's records, all or nothing.

    Raises:
        StartRefused: `pg_restore` is not there, or failed.
    """
    whole = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    _run("pg_restore", url, *whole, f"--exclude-schema={ENGINE_SCHEMA}", str(file))


def _run(tool: str, url: str, *arguments: str) -> None:
    """Run a tool on a database.

    Raises:
        StartRefused: it is not there, or failed; the text has what it said last.
    """
    program = shutil.which(tool)
    if program is None:
        raise StartRefused(
            f"{tool} is needed for a Postgres database: install PostgreSQL's client programs, of the "
            "server's version or newer"
        )
    with _reached(url) as address:
        command = [program, f"--dbname={address}", "--no-password", *arguments]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if ended.returncode != 0:
        said = ended.stderr.strip().splitlines()[-2:] or ["it said nothing"]
        raise StartRefused(f"{tool} failed: {'; '.join(said)}")


@contextmanager
def _reached(url: str) -> Iterator[str]:
    """The URL as the tools read it; its password goes by a file, since others can see a command line."""
    parsed = parse_url(url)
    password = parsed.password or parsed.query.get("password", "")
    plain = parsed.set(drivername="postgresql").difference_update_query(["password"])
    with TemporaryDirectory() as folder:  # of mode 0700
        if isinstance(password, str) and password:
            file = Path(folder, "pass")
            file.touch(0o600)
            escaped = password.replace("\\", "\\\\").replace(":", "\\:")
            file.write_text(f"*:*:*:*:{escaped}\n", "utf-8")
            plain = plain.update_query_dict({"passfile": str(file)})
        yield plain._replace(password=None).render_as_string(hide_password=False)
