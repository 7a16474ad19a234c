"""What is shipped to run the bot with: the compose file, the secrets' script and the systemd units."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # it ships no types

from bot.settings import Settings, load
from tests.test_prose import ROOT, code, commands, read, section, table

TOKEN, KEY = "123456789:the-token-of-these-tests-0123456789", "the-key-of-these-tests"
COMPOSE: dict[str, Any] = yaml.safe_load(read("compose.yaml"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "wavebrush"]
SCALED = [name for name, service in SERVICES.items() if "scale" in service.get("profiles", ())]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SETTINGS = {name.upper() for name in Settings.model_fields}
DOCS = "docs/scaling.md"


def test_the_services() -> None:
    """One bot by itself; with the profile, what several machines need."""
    assert [name for name in SERVICES if name not in SCALED] == ["wavebrush"]
    assert sorted(SCALED) == ["bucket", "front", "postgres", "store", "worker"]
    assert OURS == ["wavebrush", "front", "worker"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_locked_down(name: str) -> None:
    """Each has no more rights than it needs: no root, nothing to write but its volume, no capability."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert re.fullmatch(r"[1-9]\d*[mg]", service["mem_limit"])
    assert re.fullmatch(r"[1-9]\d*s", service["stop_grace_period"])
    assert not {"privileged", "cap_add", "devices", "pid", "network_mode", "userns_mode"} & set(service)
    if name not in OURS:  # ours has its account in the image
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
        assert re.fullmatch(r"[a-z/]+:[\d.]+", service["image"])  # a version, not what is newest


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_there(name: str) -> None:
    """Its volumes, secrets and networks, and those that it waits for, which can say when they are ready."""
    service = SERVICES[name]
    volumes = [mount.partition(":") for mount in service.get("volumes", ())]
    assert {volume for volume, _, _ in volumes} <= set(COMPOSE["volumes"])
    assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
    assert set(service.get("networks", ())) <= {"default", *COMPOSE["networks"]}
    for other, on in service.get("depends_on", {}).items():
        assert other in SCALED
        if on["condition"] == "service_healthy":
            assert SERVICES[other]["healthcheck"]
        else:
            assert (on["condition"], SERVICES[other]["restart"]) == ("service_completed_successfully", "no")
    for variable, value in (service.get("environment") or {}).items():
        if variable.endswith("_FILE"):
            assert value.removeprefix("/run/secrets/") in service["secrets"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_the_bot(name: str) -> None:
    """From this folder's image, with a command and settings that exist, long enough to end well."""
    service = SERVICES[name]
    assert (ROOT / service["build"] / "Dockerfile").exists()
    assert service["env_file"] == ".env"
    assert set(service.get("command", ["run"])) <= set(commands())
    assert {variable.removesuffix("_FILE") for variable in service["environment"]} <= SETTINGS
    [mount] = service["volumes"]
    assert mount.partition(":")[2] == service["environment"]["DATA_DIR"] == "/data"
    assert service["stop_grace_period"] == "330s"


def test_the_image_can_back_up_that_database() -> None:
    """It has the tools of the server's version."""
    version = SERVICES["postgres"]["image"].partition(":")[2]
    assert "postgresql-client" in read("Dockerfile")
    for name in ("Dockerfile", "docs/owning.md"):
        assert f"those of version {version}" in read(name)


def test_postgres_has_room_for_more_processes_than_usual() -> None:
    """Of the connections that the docs promise to each; three are kept for its owner."""
    [told] = re.findall(r"(\d+) connections of each process", read("docs/scaling.md"))
    command = COMPOSE["services"]["postgres"]["command"]
    [most] = [int(word.removeprefix("max_connections=")) for word in command if word.startswith("max_conn")]
    assert (most - 3) // int(told) >= 12


def test_what_asks_for_no_key_is_out_of_reach() -> None:
    """The database and the store are on a network that leads nowhere, and publish no port."""
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    for name in set(SCALED) - set(OURS):
        assert SERVICES[name]["networks"] == ["inner"]
        assert "ports" not in SERVICES[name]
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"front": ["127.0.0.1:8000:8000"]}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that the script makes."""
    made = make_secrets(tmp_path, f"{TOKEN}\n{KEY}\n")
    assert made.returncode == 0, made.stderr
    return tmp_path / "secrets"


def make_secrets(folder: Path, typed: str) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "deploy" / "make-secrets")
    return subprocess.run([script], cwd=folder, input=typed, capture_output=True, text=True, check=False)


def test_the_secrets_are_made(secrets: Path) -> None:
    """All that the compose file mounts; only their owner can open the folder; once more changes nothing."""
    assert sorted(path.name for path in secrets.iterdir()) == sorted(COMPOSE["secrets"])
    assert {one["file"] for one in COMPOSE["secrets"].values()} == {
        f"secrets/{name}" for name in COMPOSE["secrets"]
    }
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}
    before = {path.name: path.read_bytes() for path in secrets.iterdir()}
    assert make_secrets(secrets.parent, "").returncode == 0
    assert {path.name: path.read_bytes() for path in secrets.iterdir()} == before
    assert "secrets/" in read(".gitignore").splitlines()
    assert read(".dockerignore").startswith("# Only what the image needs")


def test_the_secrets_differ(secrets: Path, tmp_path: Path) -> None:
    """No password is used twice, or by somebody else who runs the script."""
    other = tmp_path / "other"
    other.mkdir()
    make_secrets(other, f"{TOKEN}\n{KEY}\n")
    names = ("postgres_password", "store_key_id", "store_secret")
    made = [(folder / name).read_text() for folder in (secrets, other / "secrets") for name in names]
    assert len({*made}) == 6
    assert all(re.fullmatch(r"[0-9a-f]{48}", password) for password in made)


@pytest.mark.parametrize("name", ["front", "worker"])
def test_the_settings_of_a_scaled_service(secrets: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What it mounts wins over .env; it names the database and the store that run beside it."""
    for setting in SETTINGS:
        monkeypatch.delenv(setting, raising=False)
    for setting in ("TELEGRAM_BOT_TOKEN", "WAVESPEED_API_KEY", "DATABASE_URL"):  # of .env, by env_file
        monkeypatch.setenv(setting, "something-else")
    for variable, value in SERVICES[name]["environment"].items():
        monkeypatch.setenv(variable, value.replace("/run/secrets", str(secrets)))
    found = load(_env_file=None)
    assert found.telegram_bot_token.get_secret_value() == TOKEN
    assert found.wavespeed_api_key.get_secret_value() == KEY
    password = (secrets / "postgres_password").read_text()
    assert found.database_url == f"postgresql://wavebrush:{password}@postgres/wavebrush"
    assert SERVICES["postgres"]["environment"]["POSTGRES_USER"] == "wavebrush"
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == "wavebrush"
    [identity] = yaml.safe_load((secrets / "store_keys").read_text())["identities"]
    opens = {"accessKey": found.aws_access_key_id, "secretKey": found.aws_secret_access_key}
    assert identity["credentials"] == [
        {key: value and value.get_secret_value() for key, value in opens.items()}
    ]
    assert found.results_url == "s3://results"
    assert {action.partition(":")[2] for action in identity["actions"]} == {"results"}
    assert found.aws_endpoint_url == "http://store:8333"


def unit(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # the documented way to keep capitals
    parser.read(path)
    return {name: dict(parser[name]) for name in parser.sections()}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit(path: Path) -> None:
    """It runs a command that exists, is started again, may end well, and has no more rights than it needs."""
    service = unit(path)["Service"]
    assert service["ExecStart"].rpartition(" -m bot ")[2] in commands()
    wanted = {
        "Restart": "always",
        "TimeoutStopSec": "330",
        "KillMode": "mixed",
        "MemoryMax": "3G",
        "DynamicUser": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "NoNewPrivileges": "yes",
        "CapabilityBoundingSet": "",
        "EnvironmentFile": "/etc/wavebrush.env",
    }
    assert {name: service.get(name) for name in wanted} == wanted
    given = dict(variable.split("=", 1) for variable in service["Environment"].split())
    assert {name for name in given if name not in {"HOME", "PYTHONUNBUFFERED"}} <= SETTINGS
    assert given["DATA_DIR"] == given["HOME"] == f"/var/lib/{service['StateDirectory']}"
    assert unit(path)["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    """It finds nothing wrong in them but the program's place on another machine."""
    files = []
    for path in UNITS:
        file = tmp_path / path.name.replace("@.", "@1.")
        file.write_text(re.sub(r"(?<=ExecStart=)\S+", "/bin/true", path.read_text()))
        files.append(str(file))
    found = subprocess.run(
        ["systemd-analyze", "verify", *files],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, "")


def test_the_roles_are_the_commands() -> None:
    """The docs' table has them, in the compose file's names."""
    roles = [
        row[0].strip("`").removeprefix("python -m bot ") for row in table(section(DOCS, "Several machines"))
    ]
    assert roles == ["front", "worker", "run"]
    assert set(roles) <= set(commands())


def test_the_docs_name_what_is_shipped() -> None:
    """Services, units and scripts that are typed there exist."""
    typed = code(read(DOCS))
    assert set(re.findall(r"wavebrush-\w+@?", typed)) == {path.stem for path in UNITS}
    for file in re.findall(r"deploy/[\w-]+", typed):
        assert (ROOT / file).exists()
    ups = re.findall(r"--profile scale up -d(?: --build\s)? ?([a-z ]+)", typed)
    assert ups
    for services in ups:
        assert services.split() == ["front", "worker"]
