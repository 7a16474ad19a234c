"""The command line as its person meets it: what is printed, and the exit code."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.web import server
from tests.e2e.process import nursery
from tests.e2e.world import KEY, PATIENCE, ROOT, TOKEN, World, world

WRONG_TOKEN = "987654321:a-token-that-nobody-knows-at-all-0000"
WRONG_KEY = "a-key-that-nobody-knows"
NOBODY = "http://127.0.0.1:1"  # refuses every connection


@dataclass(frozen=True, slots=True)
class Ended:
    """One run of the command line."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder without .env, and an environment with these settings only."""

    folder: Path
    settings: dict[str, str]

    async def python(self, *command: str, **changed: str) -> Ended:
        """Run ``python`` with a command, from nothing."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            env=self._environment(changed),
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
        return self._ended(process.returncode or 0, out, err)

    async def bot(self, *command: str, **changed: str) -> Ended:
        """Run ``python -m bot`` with a command. Its program is loaded already, as that takes seconds."""
        process = await nursery().start("bot", command, self._environment(changed), self.folder)
        async with asyncio.timeout(PATIENCE):
            out, err = await asyncio.gather(process.stdout.read(), process.stderr.read())
            return self._ended(await process.wait(), out, err)

    def _environment(self, changed: dict[str, str]) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **self.settings, **changed}

    def _ended(self, code: int, out: bytes, err: bytes) -> Ended:
        """No secret may be in what it printed."""
        ended = Ended(code, out.decode(), err.decode())
        for secret in (TOKEN, KEY, WRONG_TOKEN, WRONG_KEY):
            assert secret not in ended.out + ended.err
        return ended


@pytest.fixture(scope="module")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Both stand-ins, without a bot of their own."""
    async with world(tmp_path_factory.mktemp("servers")) as opened:
        yield opened


@pytest.fixture
def shell(servers: World, tmp_path: Path) -> Shell:
    """Settings that are all in order."""
    settings = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": servers.telegram,
        "WAVESPEED_API_KEY": KEY,
        "WAVESPEED_API_URL": servers.wavespeed,
        "DATA_DIR": str(tmp_path / "data"),
        "ADMINS": "5001,5002",
        "PORT": "0",
        "LOG_LEVEL": "WARNING",
        "SPEED": "20",
    }
    return Shell(tmp_path, settings)


def marked(ended: Ended, mark: str) -> list[str]:
    return [line.removeprefix(f"{mark} ") for line in ended.out.splitlines() if line.startswith(mark)]


@pytest.mark.parametrize("command", ["run", "check", "migrate"])
async def test_without_settings(tmp_path: Path, command: str) -> None:
    """One line that says what is missing, where to get it and how to try without; exit code 2."""
    ended = await Shell(tmp_path, {}).python("-m", "bot", command)
    assert (ended.code, ended.out) == (2, "")
    [line] = ended.err.splitlines()
    assert line.startswith("TELEGRAM_BOT_TOKEN is missing: get one from @BotFather")
    assert line.endswith("make demo")


async def test_run_with_a_wrong_token(shell: Shell) -> None:
    """One line that names the setting and where a right one is; exit code 2."""
    ended = await shell.python("-m", "bot", "run", TELEGRAM_BOT_TOKEN=WRONG_TOKEN)
    assert ended.code == 2
    [line] = ended.err.splitlines()
    assert line.startswith("TELEGRAM_BOT_TOKEN is refused by Telegram: ")
    assert "@BotFather" in line


async def test_two_bots_on_one_data_dir(servers: World, shell: Shell) -> None:
    """The second refuses in one line, so that neither takes the other's edits up; the first goes on."""
    first = await servers.start()
    ended = await shell.bot("run", DATA_DIR=str(servers.data))
    assert ended.code == 2
    [line] = ended.err.splitlines()
    assert line == f"DATA_DIR ({servers.data}) is in use by another running Wavebrush: stop that one first"
    assert first.process.returncode is None
    assert await first.stop() == 0


async def test_check_when_all_is_in_order(shell: Shell) -> None:
    """A ✓ line for each thing, exit code 0; looking leaves no probe behind."""
    ended = await shell.bot("check")
    assert (ended.code, ended.err) == (0, "")
    assert marked(ended, "✗") == []
    fine = marked(ended, "✓")
    assert "Telegram: the bot is @wavebrush_bot" in fine
    assert any(line.startswith("Group privacy mode is on: ") for line in fine)
    assert any(re.fullmatch(r"WaveSpeed: reached, the key is good, \$[\d.]+ left", line) for line in fine)
    [offered] = [line for line in fine if line.startswith("Models offered: ")]
    assert offered.startswith("Models offered: gpt-image-2, ")
    assert "nano-banana-2" in offered  # the bot asks for its prices
    assert "openai" not in offered
    assert any(line.startswith("Database: ") for line in fine)
    assert f"DATA_DIR ({shell.settings['DATA_DIR']}) can be written" in fine
    assert "ADMINS: 2; ACCESS=approve: others ask, and an admin decides" in fine
    assert len(fine) == len(ended.out.splitlines())
    assert list(shell.folder.rglob(".wavebrush-check")) == []


@pytest.mark.long  # two seconds of imports for another sentence of the same page
async def test_check_with_a_wrong_token_and_a_wrong_key(shell: Shell) -> None:
    """A ✗ line for each that says where to get a right one, exit code 1; the rest is still looked at."""
    ended = await shell.bot("check", TELEGRAM_BOT_TOKEN=WRONG_TOKEN, WAVESPEED_API_KEY=WRONG_KEY)
    assert ended.code == 1
    token, key = marked(ended, "✗")
    assert token.startswith("TELEGRAM_BOT_TOKEN is refused: ")
    assert "@BotFather" in token
    assert key.startswith("WAVESPEED_API_KEY is refused: ")
    assert "https://wavespeed.ai/accesskey" in key
    assert any(line.startswith("Database: ") for line in marked(ended, "✓"))


@pytest.mark.long  # two seconds of imports for another sentence of the same page
async def test_check_with_servers_that_do_not_answer(shell: Shell) -> None:
    """A ✗ line for each with its address and the setting to look at, exit code 1."""
    ended = await shell.bot("check", TELEGRAM_API_URL=NOBODY, WAVESPEED_API_URL=NOBODY)
    assert ended.code == 1
    telegram, wavespeed = marked(ended, "✗")
    assert telegram.startswith(f"Telegram can't be reached at {NOBODY}")
    assert "TELEGRAM_API_URL" in telegram
    assert wavespeed.startswith(f"WaveSpeed does not answer at {NOBODY}")
    assert "WAVESPEED_API_URL" in wavespeed


async def test_check_with_a_folder_that_cannot_be_used(shell: Shell) -> None:
    """Also a database that is not there is named without its password."""
    (shell.folder / "file").write_text("")
    ended = await shell.bot(
        "check",
        DATA_DIR=str(shell.folder / "file" / "data"),
        DATABASE_URL="postgresql://ada:pa55word@127.0.0.1:1/x",
    )
    assert ended.code == 1
    database, folder = marked(ended, "✗")
    assert database.startswith("Database: ")
    assert folder.startswith("DATA_DIR (")
    assert "pa55word" not in ended.out + ended.err


async def test_migrate_makes_the_database(shell: Shell) -> None:
    """In a folder that was not there; once more changes nothing."""
    for _ in range(2):
        ended = await shell.bot("migrate")
        assert ended == Ended(0, "The database is up to date.\n", "")
    with sqlite3.connect(shell.folder / "data" / "wavebrush.sqlite") as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    assert {"edits", "ledger", "alembic_version"} <= tables


async def test_migrate_without_its_database(shell: Shell) -> None:
    """One line without the password, exit code 2."""
    ended = await shell.bot("migrate", DATABASE_URL="postgresql://ada:pa55word@127.0.0.1:1/x")
    assert ended.code == 2
    assert len(ended.err.splitlines()) == 1
    assert "pa55word" not in ended.err


@pytest.mark.parametrize(("problem", "code"), [(None, 0), ("no poll for 90 s", 1)])
async def test_the_health_check_of_the_image(tmp_path: Path, problem: str | None, code: int) -> None:
    """What the Dockerfile runs tells a bot that works from one that doesn't; a proxy is not asked."""

    async def telegram() -> str | None:
        return problem

    declared = re.search(
        r"HEALTHCHECK.*?CMD (\[.*?\])\n", (ROOT / "Dockerfile").read_text("utf-8"), re.DOTALL
    )
    assert declared
    python, *command = json.loads(declared.group(1))
    assert python == "python"
    async with server.serving(
        server.build(server.Site(checks={"telegram": telegram})), 0, "127.0.0.1"
    ) as port:
        ended = await Shell(tmp_path, {}).python(*command, PORT=str(port), http_proxy=NOBODY)
    assert ended.code == code


async def test_models(shell: Shell) -> None:
    """Both tables, also before the bot's first start; a broken file of rows is told in one line."""
    ended = await shell.bot("models")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("model ")
    assert "Other edit models of WaveSpeed" in ended.out
    data = shell.folder / "data"
    data.mkdir()
    (data / "models.toml").write_text("[models")
    broken = await shell.bot("models", "--add", "makers/brush")
    assert (broken.code, broken.out) == (2, "")
    assert broken.err.startswith(f"{data / 'models.toml'}: ")
    assert len(broken.err.splitlines()) == 1
