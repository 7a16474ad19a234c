"""The settings, read once from the environment or a ``.env`` into one frozen object. No one else reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot import setting_values
from bot.domain.access import Policy
from bot.domain.budgets import Budgets
from bot.domain.timing import Timing
from bot.errors import StartRefused
from bot.setting_values import Dollars

_TOKEN = re.compile(r"\d{5,12}:[A-Za-z0-9_-]{30,}")
# A database URL's password: between the user and the host, or as a parameter (SQLAlchemy reads both).
_PASSWORD = re.compile(r"://[^:/@]*:([^@]*)@|[?&]password=([^&]*)")
_TELEGRAM_PORTS = frozenset({None, 443, 80, 88, 8443})  # source: Bot API, "setWebhook", notes
DEMO_HINT = "To try Wavebrush without any account: make demo"


class _MountedSecrets(PydanticBaseSettingsSource):
    """Reads ``NAME_FILE``: the path of a file whose content is the value of ``NAME``."""

    def __init__(self, settings_cls: type[BaseSettings], *named: PydanticBaseSettingsSource) -> None:
        """Look for the paths in ``named``, the first source that has one wins."""
        super().__init__(settings_cls)
        self._paths: dict[str, str | None] = {}
        for source in reversed(named):
            self._paths |= _variables(source)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = self._paths.get(f"{field_name}_file")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text("utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise StartRefused(
                f"{field_name.upper()}_FILE can't be read ({reason}): "
                "name a readable file that holds the value. " + DEMO_HINT
            ) from None

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields
        values = {name: self.get_field_value(info, name)[0] for name, info in fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def _variables(source: PydanticBaseSettingsSource) -> Mapping[str, str | None]:
    """What a source of the environment or of ``.env`` found, names in lower case, nothing empty."""
    found = source.env_vars if isinstance(source, EnvSettingsSource) else {}
    return {name.lower(): value for name, value in found.items() if value}


class Settings(BaseSettings):
    """Every setting. A field's description says what it is; ``where`` where its value comes from."""

    model_config = SettingsConfigDict(env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True)

    telegram_bot_token: SecretStr = Field(
        description="The bot's token",
        json_schema_extra={"where": "get one from @BotFather in Telegram (/newbot)"},
    )
    wavespeed_api_key: SecretStr = Field(
        description="The key that pays for edits",
        json_schema_extra={
            "where": "make one at https://wavespeed.ai/accesskey (it works after a first top-up)"
        },
    )
    admins: Annotated[tuple[int, ...], NoDecode] = Field(
        default=(),
        description="Empty: the first start prints a code that makes you the admin. "
        "Or the admins' Telegram ids, separated by commas",
        json_schema_extra={"where": "@userinfobot in Telegram tells you yours"},
    )
    access: Policy = Field(
        default=Policy.APPROVE,
        description="Who else may use it: `approve` (admins decide), `open` (everybody), `closed` (nobody)",
    )
    user_daily_budget: Dollars = Field(
        default=None, description="What a person may spend a day, in dollars, as `2.50`; empty: no limit"
    )
    user_monthly_budget: Dollars = Field(
        default=None, description="What a person may spend a month, in dollars; empty: no limit"
    )
    group_daily_budget: Dollars = Field(
        default=None, description="What a group may spend a day, in dollars; empty: no limit"
    )
    total_daily_budget: Dollars = Field(
        default=None, description="What all together may spend a day, in dollars; empty: no limit"
    )
    low_balance: Dollars = Field(
        default=None, description="Admins are told when WaveSpeed's balance falls below, in dollars"
    )
    timezone: ZoneInfo = Field(
        default=ZoneInfo("UTC"), description="Where days and months turn, as `Europe/Berlin`"
    )
    max_edits_per_user: int = Field(default=3, ge=1, description="Edits of one person worked on at once")
    max_queued_per_user: int = Field(default=10, ge=1, description="More edits of one person that may wait")
    wavespeed_images_per_minute: int | None = Field(
        default=None, ge=1, description="WaveSpeed's limit for your account (Bronze: 2); empty: none of ours"
    )
    wavespeed_concurrency: int | None = Field(
        default=None, ge=1, description="Edits that WaveSpeed runs at once (Bronze: 2); empty: none of ours"
    )
    wavespeed_sync: bool = Field(
        default=False, description="Ask WaveSpeed to answer a submit with the finished picture, where it can"
    )
    wavespeed_base64: bool = Field(
        default=False,
        description="Take WaveSpeed's pictures inside its answers, not from URLs; it then sends no webhooks",
    )
    public_url: str | None = Field(
        default=None,
        description="Where the internet reaches `PORT`, as `https://bot.example.com`; turns webhooks on",
    )
    telegram_mode: Literal["polling", "webhook"] = Field(
        default="polling", description="How updates come: `polling`, or `webhook` (needs `PUBLIC_URL`)"
    )
    telegram_api_url: str = Field(
        default="https://api.telegram.org", pattern=r"^https?://\S+$", description="Telegram's Bot API server"
    )
    wavespeed_api_url: str = Field(
        default="https://api.wavespeed.ai", pattern=r"^https?://\S+$", description="WaveSpeed's API server"
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        description="The key of an OpenAI-compatible server, for its models beside WaveSpeed's; empty: none",
    )
    openai_api_url: str = Field(
        default="https://api.openai.com",
        pattern=r"^https?://\S+$",
        description="The OpenAI-compatible API server",
    )
    data_dir: Path = Field(default=Path("data"), description="Where databases and results are kept")
    database_url: str | None = Field(
        default=None,
        repr=False,  # it may hold a password
        pattern=r"^(sqlite|postgres(ql)?)(\+\w+)?://\S+$",
        description="`sqlite:///path` or `postgresql://…`; empty: an SQLite file in `DATA_DIR`",
    )
    results_url: str | None = Field(
        default=None,
        description="Where all machines keep results: `s3://bucket/prefix` or `file:///folder`; "
        "empty: in `DATA_DIR`",
    )
    aws_endpoint_url: str | None = Field(
        default=None, pattern=r"^https?://[^\s@]+$", description="The S3-compatible server; empty: Amazon's"
    )
    aws_region: str = Field(
        default="us-east-1", pattern=r"^[a-z0-9-]+$", description="The region of the bucket"
    )
    aws_access_key_id: SecretStr | None = Field(
        default=None, description="The key that opens the bucket; empty: what this machine itself may do"
    )
    aws_secret_access_key: SecretStr | None = Field(
        default=None, validate_default=True, description="Its secret half"
    )
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port of the health page and webhooks; 0 takes any free one"
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="The bearer token that reads `/metrics` at `PORT`, for Prometheus; empty: no such page",
    )
    result_days: int = Field(default=90, ge=1, description="How long results are kept, in days")
    log_format: Literal["text", "json"] = Field(default="text", description="`text` or `json`")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`"
    )
    speed: float = Field(
        default=1.0, gt=0, le=1000, description="Divides every interval and deadline; for tests only"
    )

    @field_validator("telegram_bot_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("it looks like 123456789:AAE…")
        return value

    @field_validator("wavespeed_api_key", "openai_api_key", "metrics_token")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        return setting_values.key(value)

    @field_validator("aws_access_key_id", "aws_secret_access_key")
    @classmethod
    def _bucket_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        """Without a bucket they are for other programs: neither wanted nor kept."""
        if not (info.data.get("results_url") or "").startswith("s3:"):
            return None
        halves = {info.data.get("aws_access_key_id", value) is None, value is None}
        if info.field_name == "aws_secret_access_key" and len(halves) == 2:
            raise ValueError("give AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither")
        return setting_values.key(value)

    @field_validator("results_url")
    @classmethod
    def _results(cls, value: str | None) -> str | None:
        return None if value is None else setting_values.results(value)

    @field_validator("admins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("telegram_api_url", "wavespeed_api_url", "openai_api_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        return None if value is None else setting_values.origin(value.rstrip("/"))

    @field_validator("telegram_mode")
    @classmethod
    def _reachable(cls, value: str, info: ValidationInfo) -> str:
        url = info.data.get("public_url")
        if value == "polling" or "public_url" not in info.data:  # a malformed one is told by itself
            return value
        if url is None:
            raise ValueError("webhook needs PUBLIC_URL, the https address where the internet reaches PORT")
        parts = urlsplit(url)
        if parts.hostname not in setting_values.LOOPBACK and parts.port not in _TELEGRAM_PORTS:
            raise ValueError("for webhooks Telegram takes a PUBLIC_URL with port 443, 80, 88 or 8443 only")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code wins, then the environment, mounted secrets, ``.env``."""
        mounted = _MountedSecrets(settings_cls, env_settings, dotenv_settings)
        return init_settings, env_settings, mounted, dotenv_settings

    @field_validator("timezone", mode="before")
    @classmethod
    def _zone(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return ZoneInfo(value)
        except (ValueError, OSError, KeyError):  # not found, or no name of a zone at all
            raise ValueError("no such time zone; write it as Europe/Berlin") from None

    @property
    def budgets(self) -> Budgets:
        """The limits that hold where no admin said otherwise."""
        return Budgets(
            bot_day=self.total_daily_budget,
            group_day=self.group_daily_budget,
            user_day=self.user_daily_budget,
            user_month=self.user_monthly_budget,
        )

    @property
    def timing(self) -> Timing:
        """The intervals and deadlines to keep."""
        return Timing().faster(self.speed)

    @property
    def app_database_url(self) -> str:
        """The application's database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'wavebrush.sqlite'}"

    @property
    def on_postgres(self) -> bool:
        """Whether several processes may share the database."""
        return not self.app_database_url.startswith("sqlite")

    @property
    def engine_database_url(self) -> str:
        """The engine's: on SQLite a file of its own beside ours, on Postgres the same database."""
        url = self.app_database_url
        if not url.startswith("sqlite"):
            return url
        name, mark, options = url.partition(":///")[2].partition("?")
        path = Path(name)
        return f"sqlite:///{path.with_name(path.stem + '-engine' + path.suffix)}{mark}{options}"

    @property
    def results_folder(self) -> Path | None:
        """Where results are files; None: they are in a bucket."""
        if self.results_url is None:
            return self.data_dir / "results"
        return Path(self.results_url.removeprefix("file://")) if self.results_url[:4] == "file" else None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be written anywhere, in every spelling, the longest first."""
        passwords = _PASSWORD.findall(self.database_url or "")
        keys = (
            self.telegram_bot_token,
            self.wavespeed_api_key,
            self.openai_api_key,
            self.metrics_token,
            self.aws_access_key_id,
            self.aws_secret_access_key,
        )
        plain = {
            *(key.get_secret_value() for key in keys if key is not None),
            *(written for groups in passwords for written in groups),
        }
        plain |= {unquote(secret) for secret in plain}
        # JSON logs escape quotes, backslashes and all that is not ASCII.
        spelled = plain | {json.dumps(secret)[1:-1] for secret in plain}
        return tuple(sorted(spelled - {""}, key=lambda secret: (-len(secret), secret)))


def load(**given: Any) -> Settings:
    """Read the settings; ``given`` ones win over the environment.

    Raises:
        StartRefused: one is missing or malformed; the text is one line that names it and says what to do.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        raise StartRefused(_line(error)) from None
    except UnicodeDecodeError:
        raise StartRefused(f".env can't be read: save it as UTF-8 text. {DEMO_HINT}") from None


def _line(error: ValidationError) -> str:
    """One line about the first thing that is wrong; never the value, which may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0])
    info = Settings.model_fields[name]
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    problem = "is missing" if first["type"] == "missing" else f"is malformed ({_problem(first, info)})"
    where = f": {extra['where']}" if "where" in extra else ""
    return f"{name.upper()} {problem}{where}. {DEMO_HINT}"


def _problem(error: ErrorDetails, info: FieldInfo) -> str:
    if error["type"] == "value_error":
        return str(error["msg"]).removeprefix("Value error, ")
    return f"expected: {info.description}"
