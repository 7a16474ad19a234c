"""The tables. Ids of Telegram and money are 64 bits wide; times are UTC and come back with their zone."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, UniqueConstraint, text
from sqlmodel import Field

from bot.storage.columns import Row, UtcDateTime, counter, no, table_of, telegram_id, word


class UserRow(Row, table=True):
    """A person who wrote to the bot, or whom an admin decided about."""

    __tablename__ = "users"

    id: int = telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    name: str
    username: str | None = None
    language: str | None = None
    standing: str = word("unknown")
    admin: bool = no()
    told: bool = no()
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: int | None = telegram_id(default=None)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class GroupRow(Row, table=True):
    """A group that the bot is or was in. Its id is a chat's, negative."""

    __tablename__ = "groups"

    id: int = telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title: str
    standing: str
    per_member: bool
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: int | None = telegram_id(default=None)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PreferencesRow(Row, table=True):
    """What a person chose."""

    __tablename__ = "preferences"

    user_id: int = telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    model: str | None = None
    quality: str | None = None
    aspect: str
    resolution: str | None = None
    delivery: str
    confirm_above: int | None = Field(default=None, sa_type=BigInteger)
    finishing: bool
    complexity: str | None = None
    results: int = Field(default=1, sa_column_kwargs={"server_default": "1"})


class InboxRow(Row, table=True):
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

    position: int = counter()
    update_id: int = telegram_id(unique=True)
    lane: int = telegram_id()
    body: str
    state: str  # waiting, done, unreadable
    received_at: datetime = Field(sa_type=UtcDateTime)
    owner: str | None = None
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RequestRow(Row, table=True):
    """A request. ``due_at`` is when it is to be prepared, or prepared again if that process died."""

    __tablename__ = "requests"
    __table_args__ = (
        UniqueConstraint("chat_id", "message_id"),
        UniqueConstraint("chat_id", "album_id"),
        Index(None, "state", "due_at"),
        Index(None, "chat_id", "user_id", "created_at"),
    )

    id: str = Field(primary_key=True)
    user_id: int = telegram_id()
    chat_id: int = telegram_id()
    message_id: int = telegram_id()
    thread_id: int | None = telegram_id(default=None)
    state: str
    pictures: list[dict[str, Any]] = Field(sa_type=JSON)
    prompt: str | None = None
    language: str | None = None
    album_id: str | None = None
    addressed: bool = True
    decision: dict[str, str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    question_message_id: int | None = telegram_id(default=None)
    created_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    owner: str | None = None


class EditRow(Row, table=True):
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
    user_id: int = telegram_id()
    chat_id: int = telegram_id()
    message_id: int = telegram_id()
    thread_id: int | None = telegram_id(default=None)
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
    status_message_id: int | None = telegram_id(default=None)
    result_message_id: int | None = telegram_id(default=None)
    result_file_id: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    drift: float | None = None
    batch: str | None = Field(default=None, index=True)


class AttemptRow(Row, table=True):
    """One paid submission, written before it is made."""

    __tablename__ = "attempts"
    __table_args__ = (UniqueConstraint("edit_id", "number"), Index(None, "opened_at"))

    id: int = counter()
    edit_id: str = Field(foreign_key="edits.id")
    number: int
    state: str
    source_url: str = Field(unique=True)
    opener: str | None = None
    prediction_id: str | None = Field(default=None, unique=True)
    cost: int | None = Field(default=None, sa_type=BigInteger)
    error: str = ""
    opened_at: datetime = Field(sa_type=UtcDateTime)


class ResultRow(Row, table=True):
    """A result in our keeping; its bytes are a file."""

    __tablename__ = "results"

    edit_id: str = Field(primary_key=True, foreign_key="edits.id")
    key: str
    media_type: str
    width: int
    height: int
    drift: float | None = None
    kept_at: datetime = Field(sa_type=UtcDateTime)


class ButtonRow(Row, table=True):
    """A button that was shown to somebody."""

    __tablename__ = "buttons"

    id: str = Field(primary_key=True)
    user_id: int = telegram_id()
    subject: str = Field(index=True)
    value: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class LedgerRow(Row, table=True):
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

    id: int = counter()
    edit_id: str = Field(foreign_key="edits.id")
    user_id: int = telegram_id()
    chat_id: int = telegram_id()
    model: str
    kind: str  # hold, charge, release, adjust
    micros: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=UtcDateTime)
    day: date


class CounterRow(Row, table=True):
    """What the ledger's rows of one period add up to for one person, group or the bot (``scope_id`` 0).

    Never deleted, so that a period that comes again finds what was spent in it.
    """

    __tablename__ = "counters"

    scope: str = Field(primary_key=True)
    scope_id: int = telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    period: str = Field(primary_key=True)
    start: date = Field(primary_key=True)
    held: int = Field(sa_type=BigInteger)
    spent: int = Field(sa_type=BigInteger)


class LimitRow(Row, table=True):
    """A limit that an admin set. ``micros`` NULL: no limit at all."""

    __tablename__ = "limits"

    scope: str = Field(primary_key=True)
    scope_id: int = telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    period: str = Field(primary_key=True)
    micros: int | None = Field(default=None, sa_type=BigInteger)


class NoteRow(Row, table=True):
    """A fact about the whole bot."""

    __tablename__ = "notes"

    name: str = Field(primary_key=True)
    text: str
    at: datetime = Field(sa_type=UtcDateTime)


class TurnRow(Row, table=True):
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

    id: int = counter()  # the order of asking
    provider: str
    edit_id: str
    user_id: int = telegram_id()
    seen_at: datetime = Field(sa_type=UtcDateTime)
    granted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    returned_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LeaseRow(Row, table=True):
    """What one process holds, by the database's clock, until it renews it or the time is over."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True)
    owner: str
    until: datetime = Field(sa_type=UtcDateTime)


class CallRow(Row, table=True):
    """A call to Telegram that has just been made, by the database's clock. On Postgres only."""

    __tablename__ = "telegram_calls"
    __table_args__ = (Index(None, "chat", "at"), Index(None, "at"))

    id: int = counter()
    chat: int = telegram_id()
    at: datetime = Field(sa_type=UtcDateTime)


class PauseRow(Row, table=True):
    """Until when calls behind a priority have to wait in a chat; -1: all. On Postgres only."""

    __tablename__ = "telegram_pauses"

    chat: int = telegram_id(primary_key=True, sa_column_kwargs={"autoincrement": False})
    priority: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    until: datetime = Field(sa_type=UtcDateTime)


class StageRow(Row, table=True):
    """Where an edit is, for the one process that shows it. On Postgres only."""

    __tablename__ = "stages"

    edit_id: str = Field(primary_key=True)
    stage: str
    expected: float | None = None
    place: int | None = None
    since: datetime = Field(sa_type=UtcDateTime)
    at: datetime = Field(sa_type=UtcDateTime)


class UntoldRow(Row, table=True):
    """An edit whose end its person has still to be told, in words."""

    __tablename__ = "untold"

    edit_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


class HintRow(Row, table=True):
    """A prediction that may have ended, as another process was told. On Postgres only."""

    __tablename__ = "hints"

    prediction_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


METADATA = Row.metadata
USERS = table_of(UserRow)
GROUPS = table_of(GroupRow)
PREFERENCES = table_of(PreferencesRow)
INBOX = table_of(InboxRow)
REQUESTS = table_of(RequestRow)
EDITS = table_of(EditRow)
ATTEMPTS = table_of(AttemptRow)
RESULTS = table_of(ResultRow)
LEDGER = table_of(LedgerRow)
COUNTERS = table_of(CounterRow)
LIMITS = table_of(LimitRow)
NOTES = table_of(NoteRow)
TURNS = table_of(TurnRow)
LEASES = table_of(LeaseRow)
CALLS = table_of(CallRow)
PAUSES = table_of(PauseRow)
STAGES = table_of(StageRow)
HINTS = table_of(HintRow)
UNTOLD = table_of(UntoldRow)
BUTTONS = table_of(ButtonRow)
