"""The command line: ``python -m bot run | front | worker | demo | check | migrate | backup | …``.

What takes long to load stands in the command that needs it: a wrong setting is told at once.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from bot import logs, settings
from bot.clock import SystemClock
from bot.domain.access import Policy
from bot.domain.edits import EditState
from bot.errors import StartRefused, WavebrushError
from bot.process import Role, locked

if TYPE_CHECKING:
    from bot.reports import Reports, Table

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Wavebrush: a Telegram bot that edits pictures.",
)


def _refuse(error: Exception) -> NoReturn:
    print(_one_line(error), file=sys.stderr)
    raise typer.Exit(2)


def _one_line(error: Exception) -> str:
    """What drivers say may have several lines."""
    return " ".join(str(error).split())


def _load() -> settings.Settings:
    try:
        loaded = settings.load()
    except StartRefused as error:
        _refuse(error)
    logs.set_up(loaded.log_level, loaded.log_format, loaded.secrets)
    return loaded


@cli.command()
def run() -> None:
    """Run the bot with your tokens, from the environment or .env."""
    _run(Role.ALL)


@cli.command()
def front() -> None:
    """Take updates in, and leave edits to workers that share the Postgres database."""
    _run(Role.FRONT)


@cli.command()
def worker() -> None:
    """Do edits only, of those that the processes sharing the Postgres database took in."""
    _run(Role.WORKER)


def _run(role: Role) -> None:
    loaded = _load()
    gc.disable()  # while much is loaded that stays
    from bot import app

    os.umask(0o077)  # what is kept is for its owner alone
    gc.freeze()  # the program stays loaded: neither the collector nor the end need look through it
    gc.enable()
    try:
        asyncio.run(app.run(loaded, role, claim=_offer))
    except StartRefused as error:
        _refuse(error)
    except WavebrushError as error:
        print(f"stopped: {_one_line(error)}", file=sys.stderr)
        raise typer.Exit(1) from error


def _offer(code: str) -> None:
    print(f"Send this to your bot to become its admin: /start {code}", flush=True)


@cli.command()
def demo(
    reset: Annotated[bool, typer.Option("--reset", help="Forget what earlier demos left.")] = False,
    port: Annotated[int, typer.Option(help="Port of the chat page.")] = 8080,
    data: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = Path("data/demo"),
    speed: Annotated[float, typer.Option(min=1, max=1000, help="Divide every waiting time.")] = 1.0,
) -> None:
    """Run the real bot against local stand-ins, with a chat page in the browser. Needs no account."""
    logs.set_up("WARNING", "text", ())
    from bot import app
    from bot.sandbox import demo as sandbox

    async def work() -> None:
        async with sandbox.stand_ins(data, port, speed) as world:
            loaded = settings.load(
                _env_file=None,
                telegram_bot_token=sandbox.TOKEN,
                telegram_api_url=world.telegram,
                wavespeed_api_key=sandbox.KEY,
                wavespeed_api_url=world.wavespeed,
                admins=(sandbox.ADMIN,),
                access=Policy.OPEN,
                data_dir=data,
                database_url=None,
                port=0,
                speed=speed,
            )
            await app.run(loaded, ready=_welcome(world.telegram), host="127.0.0.1")

    try:
        with locked(data):  # another demo's folder must not be emptied
            sandbox.prepare(data, reset=reset)
        asyncio.run(work())
    except (StartRefused, sandbox.NotADemo) as error:
        _refuse(error)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        _refuse(StartRefused(f"Port {port} is taken; try: python -m bot demo --port 8081"))


def _welcome(address: str) -> Callable[[str], None]:
    def welcome(username: str) -> None:
        print(
            f"\n  Wavebrush is running. Open  {address}\n"
            "  Send a photo with a caption, for example “make the sky stormy”. Ada is the bot's admin.\n"
            "  Nothing leaves this machine and nothing costs money. Ctrl+C stops it.\n",
            flush=True,
        )

    return welcome


@cli.command()
def check() -> None:
    """Say in plain lines whether everything is in order."""
    loaded = _load()
    from bot import checkup

    findings = asyncio.run(checkup.examine(loaded))
    for finding in findings:
        print(finding)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)


@cli.command()
def migrate() -> None:
    """Bring the database to this version's tables (the start does it too)."""
    try:
        loaded = _load()
        from bot.storage.migrations import upgrade

        loaded.data_dir.mkdir(parents=True, exist_ok=True)
        upgrade(loaded.app_database_url)
    except WavebrushError as error:
        _refuse(error)
    print("The database is up to date.")


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write: a tar, gzipped if it ends with .gz.")],
) -> None:
    """Write all that the bot keeps into one file, also while it runs. Keep it as safe as the bot's data."""
    loaded = _load()
    from bot import backup as backups

    try:
        manifest = backups.make(loaded, file, SystemClock())
    except WavebrushError as error:
        _refuse(error)
    size = f"{manifest.files} files, {manifest.bytes / 1e6:.1f} MB"
    print(f"{file}: {size}, as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC")
    if loaded.results_url is not None:
        print(f"The results at {loaded.results_url} are not in it: back that up by itself")


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What a backup wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Keep aside what is in DATA_DIR.")] = False,
) -> None:
    """Put a backup back, while no bot runs. Nothing in it is bought a second time."""
    loaded = _load()
    from bot import backup as backups

    try:
        restored = asyncio.run(backups.restore(loaded, file, SystemClock(), force=force))
    except WavebrushError as error:
        _refuse(error)
    print(
        f"Restored as of {restored.made_at:%Y-%m-%d %H:%M:%S} UTC. "
        f"Edits of unknown fate: {len(restored.edits)}; requests given up: {len(restored.requests)}. "
        "The next start tells their people."
    )


AsCsv = Annotated[bool, typer.Option("--csv", help="Write CSV, for a spreadsheet.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for a program.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many rows.")]


class By(StrEnum):
    """What spending is summed by."""

    PERSON = "person"
    GROUP = "group"
    MODEL = "model"


def _report(make: Callable[[Reports], Awaitable[Table]], *, csv: bool, json: bool) -> None:
    """Print a table of the database, also while the bot runs."""
    if csv and json:
        _refuse(StartRefused("Choose --csv or --json, not both"))
    loaded = _load()
    from bot import reports

    async def work() -> Table:
        async with reports.opened(loaded, SystemClock()) as opened:
            return await make(opened)

    try:
        table = asyncio.run(work())
    except WavebrushError as error:
        _refuse(error)
    print(table.written(reports.Form.CSV if csv else reports.Form.JSON if json else reports.Form.TEXT))


@cli.command()
def models(
    add: Annotated[str | None, typer.Option(help="Print a row for this model of WaveSpeed instead.")] = None,
    json: AsJson = False,
) -> None:
    """List the models: offered, withdrawn and why, and which others your account could use."""
    loaded = _load()
    from bot import models_report, reports

    try:
        found = asyncio.run(models_report.look(loaded, SystemClock()))
        form = reports.Form.JSON if json else reports.Form.TEXT
        print(found.written(form) if add is None else found.added(add))
    except WavebrushError as error:
        _refuse(error)


@cli.command()
def users(
    find: Annotated[str, typer.Argument(help="Part of a name, a username or an id.")] = "",
    limit: Limit = 100,
    revoke: Annotated[
        int | None, typer.Option(metavar="ID", help="No longer an admin by the claim code.")
    ] = None,
    csv: AsCsv = False,
    json: AsJson = False,
) -> None:
    """List people: where they stand, what they spent, their limits."""
    if revoke is not None:
        from bot import reports

        _report(lambda opened: reports.revoke(opened, revoke), csv=csv, json=json)
        return
    _report(lambda reports: reports.users(find, limit), csv=csv, json=json)


@cli.command()
def spend(
    by: Annotated[By, typer.Option(help="What to sum by.")] = By.PERSON,
    days: Annotated[int, typer.Option(min=1, max=3660, help="Today and the days before it.")] = 30,
    limit: Limit = 20,
    csv: AsCsv = False,
    json: AsJson = False,
) -> None:
    """Show who or what cost the most, and whether WaveSpeed's bills agree."""
    _report(lambda reports: reports.spend(by, days, limit), csv=csv, json=json)


@cli.command()
def edits(
    state: Annotated[list[EditState] | None, typer.Option(help="Only those; may be repeated.")] = None,
    user: Annotated[int | None, typer.Option(help="Only those of a person, by id.")] = None,
    limit: Limit = 20,
    csv: AsCsv = False,
    json: AsJson = False,
) -> None:
    """List edits, newest first."""
    _report(lambda reports: reports.edits(state or (), user, limit), csv=csv, json=json)
