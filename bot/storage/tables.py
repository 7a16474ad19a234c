"""The tables. Ids of Telegram and money are 64 bits wide; times are UTC and come back with their zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    Table,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

# Named alike on both databases, so that a migration can address every constraint.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone. SQLite keeps none, so it is written as UTC and given back as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without a zone: nobody could tell which moment it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back (SQLite), or the same moment in UTC (Postgres: the session's zone)."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _counter() -> Any:
    # SQLite counts up only in a column declared INTEGER, which has 64 bits there.
    return Field(sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True))


class _Row(SQLModel):
    metadata: ClassVar[MetaData] = MetaData(naming_convention=_NAMES)


def _telegram_id(**options: Any) -> Any:
    return Field(sa_type=BigInteger, **options)


# Columns that came to a table with rows have a default in the database.
def _word(default: str) -> Any:
    return Field(default=default, sa_column_kwargs={"server_default": default})


def _no() -> Any:
    return Field(default=False, sa_column_kwargs={"server_default": false()})


class UserRow(_Row, table=True):
    """A person who wrote to the bot, or whom an admin decided about."""

    __tablename__ = "users"

    id: int = _telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str
    username: str | None = None
    language: str | None = None
    standing: str = _word("unknown")
    admin: bool = _no()
    told: bool = _no()
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: int | None = _telegram_id(default=None)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class GroupRow(_Row, table=True):
    """A group that the bot is or was in. Its id is a chat's, negative."""

    __tablename__ = "groups"

    id: int = _telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title: str
    standing: str
    per_member: bool
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: int | None = _telegram_id(default=None)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PreferencesRow(_Row, table=True):
    """What a person chose."""

    __tablename__ = "preferences"

    user_id: int = _telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    model: str | None = None
    quality: str | None = None
    aspect: str
    resolution: str | None = None
    delivery: str
    confirm_above: int | None = Field(default=None, sa_type=BigInteger)
    finishing: bool
    complexity: str | None = None
    results: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class InboxRow(_Row, table=True):
    """One raw update. ``position`` is the order of arrival: Telegram's ids restart at random."""

    __tablename__ = "inbox"
    __table_args__ = (
        Index(
            "ix_inbox_waiting",
            "lane",
            "position",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_inbox_received_at", "received_at"),
    )

    position: int = _counter()
    update_id: int = _telegram_id(unique=True)
    lane: int = _telegram_id()
    body: str
    state: str  # waiting, done, unreadable
    received_at: datetime = Field(sa_type=UtcDateTime)
    owner: str | None = None
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RequestRow(_Row, table=True):
    """A request. ``due_at`` is when it is to be prepared, or prepared again if that process died."""

    __tablename__ = "requests"
    __table_args__ = (
        UniqueConstraint("chat_id", "message_id"),
        UniqueConstraint("chat_id", "album_id"),
        Index(None, "state", "due_at"),
        Index(None, "chat_id", "user_id", "created_at"),
    )

    id: str = Field(primary_key=True)
    user_id: int = _telegram_id()
    chat_id: int = _telegram_id()
    message_id: int = _telegram_id()
    thread_id: int | None = _telegram_id(default=None)
    state: str
    pictures: list[dict[str, Any]] = Field(sa_type=JSON)
    prompt: str | None = None
    language: str | None = None
    album_id: str | None = None
    addressed: bool = True
    decision: dict[str, str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    question_message_id: int | None = _telegram_id(default=None)
    created_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class EditRow(_Row, table=True):
    """An edit and its outcome."""

    __tablename__ = "edits"
    __table_args__ = (
        Index(None, "state", "created_at"),
        Index(None, "user_id", "created_at"),
        Index(None, "model", "submitted_at"),
        Index(None, "chat_id", "result_message_id"),
    )

    id: str = Field(primary_key=True)
    origin: str = Field(unique=True)
    user_id: int = _telegram_id()
    chat_id: int = _telegram_id()
    message_id: int = _telegram_id()
    thread_id: int | None = _telegram_id(default=None)
    prompt: str
    model: str
    choices: dict[str, str] = Field(sa_type=JSON)
    pictures: list[dict[str, Any]] = Field(sa_type=JSON)
    fit: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    quote: int = Field(sa_type=BigInteger)
    mask_key: str | None = None
    finishing: bool
    delivery: str
    language: str | None = None
    state: str
    reason: str | None = None
    charged: int | None = Field(default=None, sa_type=BigInteger)
    status_message_id: int | None = _telegram_id(default=None)
    result_message_id: int | None = _telegram_id(default=None)
    result_file_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    drift: float | None = None
    batch: str | None = Field(default=None, index=True)


class AttemptRow(_Row, table=True):
    """One paid submission, written before it is made."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("edit_id", "number"), Index(None, "opened_at"))

    id: int = _counter()
    edit_id: str = Field(foreign_key="edits.id")
    number: int
    state: str
    source_url: str = Field(unique=True)
    prediction_id: str | None = Field(default=None, unique=True)
    cost: int | None = Field(default=None, sa_type=BigInteger)
    error: str = ""
    opened_at: datetime = Field(sa_type=UtcDateTime)


class ResultRow(_Row, table=True):
    """A result in our keeping; its bytes are a file."""

    __tablename__ = "results"

    edit_id: str = Field(primary_key=True, foreign_key="edits.id")
    key: str
    media_type: str
    width: int
    height: int
    drift: float | None = None
    kept_at: datetime = Field(sa_type=UtcDateTime)


class ButtonRow(_Row, table=True):
    """A button that was shown to somebody."""

    __tablename__ = "buttons"

    id: str = Field(primary_key=True)
    user_id: int = _telegram_id()
    subject: str = Field(index=True)
    value: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class LedgerRow(_Row, table=True):
    """One movement of money, in micro-dollars. ``day`` is the date of the edit's hold in `TIMEZONE`.

    For every settled edit, hold = charge + release. The indexes cover the sums: a query reads no row.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        Index(
            "ix_ledger_once",
            "edit_id",
            "kind",
            unique=True,
            sqlite_where=text("kind <> 'adjust'"),
            postgresql_where=text("kind <> 'adjust'"),
        ),
        Index("ix_ledger_edit_id", "edit_id"),
        Index("ix_ledger_user", "user_id", "day", "kind", "model", "micros"),
        Index("ix_ledger_chat", "chat_id", "day", "kind", "micros"),
        Index("ix_ledger_day", "day", "kind", "user_id", "chat_id", "model", "micros"),
    )

    id: int = _counter()
    edit_id: str = Field(foreign_key="edits.id")
    user_id: int = _telegram_id()
    chat_id: int = _telegram_id()
    model: str
    kind: str  # hold, charge, release, adjust
    micros: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    day: date


class CounterRow(_Row, table=True):
    """What the ledger's rows of one period add up to for one person, group or the bot (``scope_id`` 0).

    Never deleted, so that a period that comes again finds what was spent in it.
    """

    __tablename__ = "counters"

    scope: str = Field(primary_key=True)
    scope_id: int = _telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    period: str = Field(primary_key=True)
    start: date = Field(primary_key=True)
    held: int = Field(sa_type=BigInteger)
    spent: int = Field(sa_type=BigInteger)


class LimitRow(_Row, table=True):
    """A limit that an admin set. ``micros`` NULL: no limit at all."""

    __tablename__ = "limits"

    scope: str = Field(primary_key=True)
    scope_id: int = _telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    period: str = Field(primary_key=True)
    micros: int | None = Field(default=None, sa_type=BigInteger)


class NoteRow(_Row, table=True):
    """A fact about the whole bot."""

    __tablename__ = "notes"

    name: str = Field(primary_key=True)
    text: str
    at: datetime = Field(sa_type=UtcDateTime)


class TurnRow(_Row, table=True):
    """A turn at a provider: asked for, granted, given back. An edit has at most one that is not."""

    __tablename__ = "turns"
    __table_args__ = (
        Index(
            "ix_turns_open",
            "edit_id",
            unique=True,
            sqlite_where=text("returned_at IS NULL"),
            postgresql_where=text("returned_at IS NULL"),
        ),
        Index("ix_turns_granted", "provider", "granted_at"),
    )

    id: int = _counter()  # the order of asking
    provider: str
    edit_id: str
    user_id: int = _telegram_id()
    seen_at: datetime = Field(sa_type=UtcDateTime)
    granted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def _table(row: type[_Row]) -> Table:
    return cast(Table, row.__table__)  # type: ignore[attr-defined] # SQLModel makes it, untyped


METADATA = _Row.metadata
USERS = _table(UserRow)
GROUPS = _table(GroupRow)
PREFERENCES = _table(PreferencesRow)
INBOX = _table(InboxRow)
REQUESTS = _table(RequestRow)
EDITS = _table(EditRow)
ATTEMPTS = _table(AttemptRow)
RESULTS = _table(ResultRow)
LEDGER = _table(LedgerRow)
COUNTERS = _table(CounterRow)
LIMITS = _table(LimitRow)
NOTES = _table(NoteRow)
TURNS = _table(TurnRow)
BUTTONS = _table(ButtonRow)
