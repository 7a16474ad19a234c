"""The command line: ``python -m bot run | demo | check | migrate``."""

from __future__ import annotations

import asyncio
import errno
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot import app, checkup, logs, settings
from bot.errors import StartRefused, WavebrushError
from bot.process import locked
from bot.sandbox import demo as sandbox
from bot.storage.migrations import upgrade

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
    loaded = _load()
    try:
        loaded.require_admins()
        asyncio.run(app.run(loaded))
    except StartRefused as error:
        _refuse(error)
    except WavebrushError as error:
        print(f"stopped: {_one_line(error)}", file=sys.stderr)
        raise typer.Exit(1) from error


@cli.command()
def demo(
    reset: Annotated[bool, typer.Option("--reset", help="Forget what earlier demos left.")] = False,
    port: Annotated[int, typer.Option(help="Port of the chat page.")] = 8080,
    data: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = Path("data/demo"),
    speed: Annotated[float, typer.Option(min=1, max=1000, help="Divide every waiting time.")] = 1.0,
) -> None:
    """Run the real bot against local stand-ins, with a chat page in the browser. Needs no account."""
    logs.set_up("WARNING", "text", ())

    async def work() -> None:
        async with sandbox.stand_ins(data, port, speed) as world:
            loaded = settings.load(
                _env_file=None,
                telegram_bot_token=sandbox.TOKEN,
                telegram_api_url=world.telegram,
                wavespeed_api_key=sandbox.KEY,
                wavespeed_api_url=world.wavespeed,
                data_dir=data,
                database_url=None,
                port=0,
                speed=speed,
            )
            await app.run(loaded, everybody=True, ready=_welcome(world.telegram))

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
            "  Send a photo with a caption, for example “make the sky stormy”.\n"
            "  Nothing leaves this machine and nothing costs money. Ctrl+C stops it.\n",
            flush=True,
        )

    return welcome


@cli.command()
def check() -> None:
    """Say in plain lines whether everything is in order."""
    findings = asyncio.run(checkup.examine(_load()))
    for finding in findings:
        print(finding)
    if not all(finding.fine for finding in findings):
        raise typer.Exit(1)


@cli.command()
def migrate() -> None:
    """Bring the database to this version's tables (the start does it too)."""
    try:
        loaded = _load()
        loaded.data_dir.mkdir(parents=True, exist_ok=True)
        upgrade(loaded.app_database_url)
    except WavebrushError as error:
        _refuse(error)
    print("The database is up to date.")
