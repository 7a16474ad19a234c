"""The settings: where they come from, what stops the start and with which line, and what never shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.errors import StartRefused
from bot.settings import Settings, load

TOKEN = "123456789:the-token-of-these-tests-0123456789"
KEY = "the-key-of-these-tests"
NEEDED = {"TELEGRAM_BOT_TOKEN": TOKEN, "WAVESPEED_API_KEY": KEY, "ADMINS": "11, 22"}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test: a folder without .env, an environment without ours."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)


@pytest.fixture
def needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that has no default is set."""
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)


def refusal() -> str:
    with pytest.raises(StartRefused) as refused:
        load()
    assert refused.value.__cause__ is None  # a cause would hold the value
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("TELEGRAM_BOT_TOKEN", "@BotFather"),
        ("WAVESPEED_API_KEY", "https://wavespeed.ai/accesskey"),
    ],
)
@pytest.mark.parametrize("given", [None, ""])
@pytest.mark.usefixtures("needed")
def test_a_missing_setting(monkeypatch: pytest.MonkeyPatch, name: str, where: str, given: str | None) -> None:
    """One line: its name, where to get it, and the way to try without it. Empty is missing."""
    if given is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, given)
    line = refusal()
    assert line.startswith(f"{name} is missing: ")
    assert where in line
    assert line.endswith("make demo")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TELEGRAM_BOT_TOKEN", "not-a-token-at-all", "@BotFather"),
        ("TELEGRAM_BOT_TOKEN", f"{TOKEN} and more", "@BotFather"),
        ("WAVESPEED_API_KEY", "2short7", "https://wavespeed.ai/accesskey"),
        ("WAVESPEED_API_KEY", f"{KEY} and more", "no spaces"),
        ("WAVESPEED_API_KEY", f"{KEY}\n{KEY}", "no spaces"),
        ("WAVESPEED_API_KEY", f" {KEY}", "no spaces"),
        ("ADMINS", "@ada-lovelace", "@userinfobot"),
        ("ADMINS", "11;22", "@userinfobot"),
        ("TELEGRAM_API_URL", "ftp.telegram", "Telegram's Bot API server"),
        ("WAVESPEED_API_URL", "wavespeed", "WaveSpeed's API server"),
        ("OPENAI_API_KEY", f"{KEY} and more", "no spaces"),
        ("OPENAI_API_URL", "openai", "OpenAI-compatible API server"),
        ("DATABASE_URL", "mysql://ada:pa55word@db/x", "postgresql://"),
        ("RESULTS_URL", "results", "s3://bucket/prefix"),
        ("RESULTS_URL", "https://bucket.example/x", "s3://bucket/prefix"),
        ("RESULTS_URL", "s3://me:pa55word@bucket", "s3://bucket/prefix"),
        ("RESULTS_URL", "s3://bucket/../other", "s3://bucket/prefix"),
        ("RESULTS_URL", "s3://bucket?region=x", "s3://bucket/prefix"),
        ("RESULTS_URL", "file://host/folder", "file:///folder"),
        ("RESULTS_URL", "file:////", "file:///folder"),
        ("AWS_ENDPOINT_URL", "store:9000", "S3-compatible server"),
        ("AWS_ENDPOINT_URL", "https://me:pa55word@store", "S3-compatible server"),
        ("AWS_REGION", "somewhere else", "region"),
        ("PORT", "http", "Port"),
        ("PORT", "65536", "Port"),
        ("RESULT_DAYS", "zero", "in days"),
        ("RESULT_DAYS", "0.5", "in days"),
        ("LOG_FORMAT", "yaml", "`text` or `json`"),
        ("LOG_LEVEL", "chatty", "`INFO`"),
        ("SPEED", "-17", "for tests only"),
    ],
)
@pytest.mark.usefixtures("needed")
def test_a_malformed_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    """One line: its name, what is expected or where to get it, make demo, and never the value."""
    monkeypatch.setenv(name, value)
    line = refusal()
    assert line.startswith(f"{name} is malformed (")
    assert says in line
    assert line.endswith("make demo")
    assert "\n" not in line
    assert value not in line
    assert "pa55word" not in line


@pytest.mark.parametrize("name", ["TELEGRAM_BOT_TOKEN", "WAVESPEED_API_KEY", "ADMINS"])
@pytest.mark.usefixtures("needed")
def test_a_mounted_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """NAME_FILE names a file that holds the value, with or without a line's end."""
    expected = load()
    monkeypatch.delenv(name)
    (tmp_path / "mounted").write_text(f"{NEEDED[name]}\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "mounted"))
    assert load() == expected


@pytest.mark.parametrize("broken", ["missing", "folder", "binary"])
@pytest.mark.usefixtures("needed")
def test_a_mounted_secret_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: str
) -> None:
    """One line that names NAME_FILE, and nothing of what is in the file."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"pa55word \xff\xfe")
    monkeypatch.setenv("WAVESPEED_API_KEY_FILE", str(tmp_path / broken))
    line = refusal()
    assert line.startswith("WAVESPEED_API_KEY_FILE can't be read (")
    assert line.endswith("make demo")
    assert "pa55word" not in line


def dotenv(**values: str) -> None:
    lines = (f"{name}={value}\n" for name, value in values.items())
    Path(".env").write_text("".join(lines), "utf-8")


def test_a_dotenv_file(tmp_path: Path) -> None:
    """Settings are read from .env in the working folder, NAME_FILE too; what isn't ours is ignored."""
    (tmp_path / "mounted").write_text("json")
    dotenv(**NEEDED, PORT="9000", LOG_FORMAT_FILE=str(tmp_path / "mounted"), SOMETHING_ELSE="1")
    loaded = load()
    assert (loaded.telegram_bot_token.get_secret_value(), loaded.admins) == (TOKEN, (11, 22))
    assert (loaded.port, loaded.log_format) == (9000, "json")


def test_a_dotenv_file_that_is_not_utf8() -> None:
    """One line, and nothing of what is in it."""
    Path(".env").write_bytes(b"WAVESPEED_API_KEY=pa55w\xf6rd\n")
    line = refusal()
    assert line.startswith(".env can't be read")
    assert "pa55" not in line


@pytest.mark.usefixtures("needed")
def test_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Over a mounted file, which wins over .env; what is given in code wins over all."""
    dotenv(PORT="1", RESULT_DAYS="1", LOG_LEVEL="error", LOG_FORMAT="json")
    for name, value in {"PORT": "2", "RESULT_DAYS": "2", "LOG_LEVEL": "warning"}.items():
        (tmp_path / name).write_text(value)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    monkeypatch.setenv("PORT", "3")
    monkeypatch.setenv("RESULT_DAYS", "3")
    loaded = load(port=4)
    assert (loaded.port, loaded.result_days, loaded.log_level, loaded.log_format) == (4, 3, "WARNING", "json")


@pytest.mark.usefixtures("needed")
def test_the_defaults_are_the_real_services() -> None:
    """Nobody has to name a server; a trailing slash in one that is named does no harm."""
    loaded = load(telegram_api_url="http://127.0.0.1:8081/")
    assert loaded.wavespeed_api_url == "https://api.wavespeed.ai"
    assert loaded.telegram_api_url == "http://127.0.0.1:8081"
    assert loaded.timing.poll == 25.0
    assert load(speed=20).timing.poll == 1.25


@pytest.mark.parametrize(
    ("given", "app", "engine"),
    [
        (None, "sqlite:///some/wavebrush.sqlite", "sqlite:///some/wavebrush-engine.sqlite"),
        ("sqlite:////abs/my.db", "sqlite:////abs/my.db", "sqlite:////abs/my-engine.db"),
        ("sqlite:///my.db?timeout=9", "sqlite:///my.db?timeout=9", "sqlite:///my-engine.db?timeout=9"),
        ("postgresql://ada@db/x", "postgresql://ada@db/x", "postgresql://ada@db/x"),
    ],
)
@pytest.mark.usefixtures("needed")
def test_the_engine_shares_a_postgres_but_no_sqlite_file(given: str | None, app: str, engine: str) -> None:
    """In one SQLite file the two would deadlock."""
    loaded = load(data_dir=Path("some"), database_url=given)
    assert (loaded.app_database_url, loaded.engine_database_url) == (app, engine)


@pytest.mark.usefixtures("needed")
def test_the_object_is_frozen() -> None:
    """Nothing changes a setting while the bot runs."""
    with pytest.raises(ValidationError, match="frozen"):
        load().port = 1


@pytest.mark.usefixtures("needed")
def test_no_secret_in_the_repr() -> None:
    """Neither the token nor the key nor the password of the database."""
    loaded = load(database_url="postgresql://ada:pa55word@db/x")
    for shown in (repr(loaded), str(loaded)):
        assert TOKEN.partition(":")[2] not in shown
        assert KEY not in shown
        assert "pa55word" not in shown


@pytest.mark.parametrize(
    ("url", "spellings"),
    [
        ("postgresql://ada:pa55word@db/x", {"pa55word"}),
        ("postgresql+psycopg://ada:p:a/s@db/x", {"p:a/s"}),
        ("postgresql://ada:s%C3%A4ge%22@db/x", {"s%C3%A4ge%22", 'säge"', 's\\u00e4ge\\"'}),
        ("postgresql://db/x?user=ada&password=hidden&sslmode=require", {"hidden"}),
        ("postgresql://ada@db/x", set()),
        ("postgresql://ada:@db/x", set()),
        ("sqlite:////some/a:b@c.sqlite", set()),
    ],
)
@pytest.mark.usefixtures("needed")
def test_the_password_of_the_database_is_a_secret(url: str, spellings: set[str]) -> None:
    """As written in the URL, as meant, and as a JSON log would write it; the empty text is none."""
    assert set(load(database_url=url).secrets) == {TOKEN, KEY} | spellings


@pytest.mark.usefixtures("needed")
def test_the_key_of_the_second_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """It need not be there; where it is, it is a secret like the first one's."""
    assert load().openai_api_key is None
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-these-tests")
    assert "sk-of-these-tests" in load().secrets
    assert "sk-of-these-tests" not in repr(load())


AWS = {"AWS_ACCESS_KEY_ID": "the-id-of-these-tests", "AWS_SECRET_ACCESS_KEY": "the-other-half-of-it"}


@pytest.mark.usefixtures("needed")
def test_the_keys_of_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are secrets like the others; without a bucket they belong to other programs, whatever they are."""
    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    found = load(results_url="s3://bucket/prefix/")
    assert found.results_url == "s3://bucket/prefix"
    assert set(AWS.values()) <= set(found.secrets)
    assert not any(value in repr(found) for value in AWS.values())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    others = load()
    assert (others.aws_access_key_id, others.aws_secret_access_key) == (None, None)
    assert set(others.secrets) == {TOKEN, KEY}


@pytest.mark.parametrize("name", AWS)
@pytest.mark.usefixtures("needed")
def test_half_a_key_of_the_bucket(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """It opens nothing; neither half is fine, where the machine itself may open the bucket."""
    monkeypatch.setenv("RESULTS_URL", "s3://bucket")
    assert load().aws_access_key_id is None
    monkeypatch.setenv(name, AWS[name])
    line = refusal()
    assert line.startswith("AWS_SECRET_ACCESS_KEY is malformed (give AWS_ACCESS_KEY_ID and AWS_SECRET_")
    assert AWS[name] not in line


@pytest.mark.parametrize("name", AWS)
@pytest.mark.usefixtures("needed")
def test_a_key_of_the_bucket_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """As any other secret can be."""
    (tmp_path / name).write_text(f"{AWS[name]}\n")
    for other, value in AWS.items():
        monkeypatch.setenv(other, value)
    monkeypatch.delenv(name)
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    assert AWS[name] in load(results_url="s3://bucket").secrets


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://bot.example.com/", "https://bot.example.com"),
        ("https://bot.example.com:8443/wave/brush/", "https://bot.example.com:8443/wave/brush"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
@pytest.mark.usefixtures("needed")
def test_the_address_on_the_internet(given: str, kept: str) -> None:
    """Without a slash at its end, since paths are put behind it."""
    assert load(public_url=given, telegram_mode="webhook").public_url == kept


@pytest.mark.parametrize(
    "url",
    [
        "http://bot.example.com",
        "bot.example.com",
        "https://",
        "https://a b",
        "https://[::1",
        "https://bot.example.com:x",
        "https://me:pw@bot.example.com",
        "https://bot.example.com/?a=b",
        "https://bot.example.com/#a",
        "ftp://127.0.0.1",
    ],
)
@pytest.mark.usefixtures("needed")
def test_what_is_no_address_on_the_internet(url: str) -> None:
    """Plain http is for this machine only: what is posted there must not be read on the way."""
    with pytest.raises(
        StartRefused, match=r"PUBLIC_URL is malformed \(write it as https://bot\.example\.com"
    ):
        load(public_url=url)


@pytest.mark.parametrize(
    ("url", "said"),
    [(None, "webhook needs PUBLIC_URL"), ("https://bot.example.com:8000", "443, 80, 88 or 8443")],
)
@pytest.mark.usefixtures("needed")
def test_webhooks_that_telegram_could_not_call(url: str | None, said: str) -> None:
    """They stop the start with what to do, and not the first message."""
    with pytest.raises(StartRefused, match=f"TELEGRAM_MODE .*{said}"):
        load(public_url=url, telegram_mode="webhook")


@pytest.mark.usefixtures("needed")
def test_a_secret_within_a_secret() -> None:
    """The longer comes first, so that blotting out the shorter can't leave half of it."""
    secrets = load(database_url="postgresql://ada:the-key@db/x").secrets
    assert secrets.index(KEY) < secrets.index("the-key")
