"""What the tables are made of: the columns of their rows, and how their constraints are named."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, cast

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Integer, MetaData, Table, TypeDecorator, false
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


def counter() -> Any:
    """A key that counts up."""
    # SQLite counts up only in a column declared INTEGER, which has 64 bits there.
    return Field(sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True))


class Row(SQLModel):
    """What every table is one of."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=_NAMES)


def telegram_id(**options: Any) -> Any:
    """An id of Telegram's."""
    return Field(sa_type=BigInteger, **options)


def word(default: str) -> Any:
    """A word that came to a table with rows, so that it has a default in the database."""
    return Field(default=default, sa_column_kwargs={"server_default": default})


def no() -> Any:
    """The same of what is true or false: false."""
    return Field(default=False, sa_column_kwargs={"server_default": false()})


def table_of(row: type[Row]) -> Table:
    """The table of these rows."""
    return cast(Table, row.__table__)  # type: ignore[attr-defined] # SQLModel makes it, untyped
