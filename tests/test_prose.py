"""What is written about the program is true: README, docs, .env.example, CHANGELOG, the container's files."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import json
import os
import pkgutil
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo
from telegram.ext import CommandHandler

import bot
from bot import chat
from bot.command_line import cli
from bot.domain import catalogue_file
from bot.domain.access import Policy
from bot.domain.money import dollars
from bot.settings import Settings

ROOT = Path(__file__).parents[1]
DOCS = sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))
PROSE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", *DOCS)
USING, OWNING = "docs/using.md", "docs/owning.md"


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def section(name: str, title: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    text = read(name)
    start = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert start, f"{name} has no section {title}"
    after = text[start.end() :]
    end = re.search(rf"^#{{1,{len(start.group(1))}}} ", after, re.MULTILINE)
    return after[: end.start()] if end else after


def table(text: str) -> list[list[str]]:
    """The rows of the first Markdown table, without its head."""
    lines = itertools.dropwhile(lambda line: not line.startswith("|---"), text.splitlines())
    rows = itertools.takewhile(lambda line: line.startswith("|"), itertools.islice(lines, 1, None))
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def code(text: str) -> str:
    """What stands in a text as code: blocks and inline."""
    return "\n".join(re.findall(r"```\w*\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text))


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", read("Makefile"), re.MULTILINE))


def commands() -> list[str]:
    return [command.callback.__name__ for command in cli.registered_commands if command.callback]


def test_the_first_command_comes_early() -> None:
    """Who opens README sees what to type by line 25, and it is the demo."""
    first = read("README.md").splitlines()[:25]
    assert "make demo" in first[first.index("```") + 1 : first.index("```") + 2]


@pytest.mark.parametrize("name", [*PROSE, ".ci/run", "compose.yaml"])
def test_commands_exist(name: str) -> None:
    """Every `make …` and `python -m bot …` that is written down can be typed."""
    text = code(read(name)) if name.endswith(".md") else read(name)
    assert set(re.findall(r"\bmake ([a-z][\w-]*)", text)) <= targets()
    assert set(re.findall(r"(?:python -m bot|run --rm wavebrush) (\w+)", text)) <= set(commands())


def test_readme_has_the_commands_that_people_need() -> None:
    """Three of make's, and all of the bot's in the order of its help, but for what make or the start does."""
    named = [row[0].strip("`").removesuffix(" FILE") for row in table(section("README.md", "Run it"))]
    bot = [f"python -m bot {name}" for name in commands() if name not in {"run", "demo", "migrate"}]
    assert named == ["make demo", "make run", "make test", *bot]


def default(info: FieldInfo) -> str | None:
    """A setting's default as it is written; None if it has to be given."""
    if info.is_required():
        return None
    return "" if info.default in (None, ()) else str(info.default)


def test_the_settings_table_is_the_code() -> None:
    """Names, defaults and descriptions, in order; and that each can be a mounted file."""
    text = section("README.md", "Settings")
    assert "`NAME_FILE`" in text
    expected = []
    for name, info in Settings.model_fields.items():
        value = default(info)
        shown = "*needed*" if value is None else f"`{value}`" if value else "–"
        expected.append([f"`{name.upper()}`", shown, info.description])
    assert table(text) == expected


def test_env_example_is_the_code() -> None:
    """A block for each setting, in order: what it is, where to get it, and its default switched off."""
    head, *blocks = read(".env.example").strip().split("\n\n")
    assert "NAME_FILE" in head
    expected = []
    for name, info in Settings.model_fields.items():
        extra: Any = info.json_schema_extra or {}
        where = f": {extra['where']}" if "where" in extra else ""
        line = f"{name.upper()}=" if where else f"#{name.upper()}={default(info) or ''}"
        expected.append(f"# {info.description}{where}.\n{line}")
    assert blocks == expected


@pytest.mark.parametrize(
    ("provider", "title"), [("wavespeed", "Models"), ("openai", "An OpenAI-compatible server")]
)
def test_the_model_list_is_the_catalogue(provider: str, title: str) -> None:
    """A provider's names, endpoints and what an edit costs, in the order in which they are preferred."""
    expected, catalogue = [], catalogue_file.load()
    rest = [name for name in catalogue.models if name not in catalogue.preference]
    for name in (*catalogue.preference, *rest):
        model = catalogue.models[name]
        if model.provider != provider:
            continue
        prices = [price.micros for price in model.prices]
        cheapest, dearest = (dollars(min(prices)), dollars(max(prices))) if prices else ("quoted", "quoted")
        cost = cheapest if cheapest == dearest else f"{cheapest}–{dearest}"
        expected.append([f"`{model.name}`", f"`{model.endpoint}`", cost])
    assert table(section(OWNING, title)) == expected


def test_every_provider_has_a_model_list() -> None:
    """The catalogue has no model of another provider than those two."""
    providers = {model.provider for model in catalogue_file.load().models.values()}
    assert providers == {"wavespeed", "openai"}


def sentence(key: str) -> str:
    """A sentence of several lines, as it is written down."""
    found = re.search(rf"^{key} =\n((?: .*\n|\n)+)", read("bot/chat/locales/en.ftl"), re.MULTILINE)
    assert found
    return found.group(1)


def handled() -> set[str]:
    """The commands that any room of the chat listens to."""
    found: set[str] = set()
    for info in pkgutil.iter_modules(chat.__path__):
        module = importlib.import_module(f"bot.chat.{info.name}")
        for _, room in inspect.getmembers(module, inspect.isclass):
            ours = room.__module__ == module.__name__
            if ours and inspect.isfunction(getattr(room, "handlers", None)):
                # Only what it listens to is asked, and that needs none of its parts.
                made: Any = room.__new__(room)
                found.update(*(h.commands for h in made.handlers() if isinstance(h, CommandHandler)))
    return found


def test_the_chat_commands_are_the_handlers() -> None:
    """The docs name every command that the bot answers, and no other; so does /help, but for itself
    and what is only for admins."""
    named = {row[0].strip("`/") for row in table(section(USING, "Commands"))}
    assert named == handled()
    assert named - {"start", "help", "admin"} <= set(re.findall(r"/(\w+)", sentence("help")))


def test_what_admins_type_is_what_the_bot_explains() -> None:
    """The docs and the bot's own help show the same examples of /admin."""
    typed = [row[0].strip("`") for row in table(section(OWNING, "The admins' panel"))]
    assert ["/admin", *typed] == re.findall(r"^ +(/admin.*?) —", sentence("admin-help"), re.MULTILINE)


def test_the_policies_are_the_code() -> None:
    """Each value of ACCESS is explained, the default first."""
    explained = [row[0].strip("`") for row in table(section(OWNING, "Who may use it"))]
    assert explained == list(Policy)
    assert explained[0] == Settings.model_fields["access"].default


def test_the_versions_agree() -> None:
    """The newest in CHANGELOG is the program's and the package's."""
    newest = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)
    assert newest
    packaged = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert newest.group(1) == bot.__version__ == packaged


@pytest.mark.parametrize("name", PROSE)
def test_links_lead_somewhere(name: str) -> None:
    """Every relative link and picture is a file of the project, and has the heading that is named."""
    text, here = read(name), (ROOT / name).parent
    linked = re.findall(r"\]\(([^)]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    local = [link.partition("#") for link in linked if "://" not in link]
    assert [file for file, _, _ in local if not (here / file).exists()] == []
    headed = [(here / file if file else ROOT / name, anchor) for file, _, anchor in local if anchor]
    assert [anchor for path, anchor in headed if anchor not in anchors(path)] == []


def anchors(path: Path) -> set[str]:
    """The headings of a page, as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("room", ["chat", "jobs", "storage"])
def test_the_map_is_the_code(room: str) -> None:
    """CONTRIBUTING's map of the large rooms has each of their modules once, and no other."""
    named = [name for row in table(section("CONTRIBUTING.md", f"bot/{room}")) for name in row[1].split(", ")]
    modules = [path.stem for path in (ROOT / "bot" / room).glob("*.py") if path.stem != "__init__"]
    assert sorted(name.strip("`") for name in named) == sorted(modules)


def test_every_room_is_described() -> None:
    """CONTRIBUTING's layout has every package of the bot, and nothing that is not there."""
    named = {row[0].strip("`") for row in table(section("CONTRIBUTING.md", "Layout"))}
    packages = {f"bot/{path.parent.name}/" for path in (ROOT / "bot").glob("*/__init__.py")}
    assert packages <= named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_module_says_what_it_is() -> None:
    """Each module of the bot has a docstring."""
    modules = sorted((ROOT / "bot").rglob("*.py"))
    assert len(modules) > 50
    assert [str(path) for path in modules if not ast.get_docstring(ast.parse(path.read_text("utf-8")))] == []


def test_ci_runs_the_checks_and_the_tests() -> None:
    """It can be executed, and calls both."""
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert re.findall(r"^make (\w+)", read(".ci/run"), re.MULTILINE) == ["check", "test"]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments."""
    whole = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.MULTILINE))
    return [
        (word, rest.strip()) for word, _, rest in (line.partition(" ") for line in whole.splitlines()) if word
    ]


def test_the_image_has_what_the_program_needs() -> None:
    """What is copied exists and is let through by .dockerignore; the migrations are among it."""
    copied = [source for word, rest in instructions() if word == "COPY" for source in shlex.split(rest)[:-1]]
    assert sorted(copied) == ["alembic", "bot", "requirements.txt"]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    ignored = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert ignored[0] == "*"
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(copied)


def test_the_image_runs_the_bot_as_nobody_special() -> None:
    """Not as root, with everything that is written in /data, and with a command that exists."""
    last = dict(instructions())
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", last["USER"])
    assert json.loads(last["ENTRYPOINT"]) == ["python", "-m", "bot"]
    assert json.loads(last["CMD"]) == ["run"]
    assert "run" in commands()
    environment = dict(part.split("=", 1) for part in shlex.split(last["ENV"]))
    assert environment["DATA_DIR"] == environment["HOME"] == json.loads(f'"{last["VOLUME"]}"') == "/data"
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    install = next(rest for word, rest in instructions() if word == "RUN" and "pip install" in rest)
    assert "--require-hashes --no-deps -r requirements.txt" in install
