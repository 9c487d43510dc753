"""The database object, the column types for money and time, and how SQLite is set up. No tables live here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, DateTime, Integer, MetaData, event
from sqlalchemy.engine import Connection, CursorResult, Dialect, Engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeDecorator


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can drop it again on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

BigId = BigInteger().with_variant(Integer, "sqlite")
"""The type of primary keys in tables that grow for years; SQLite only numbers plain INTEGER keys by itself."""

LONGEST_STATEMENT = "5min"
"""PostgreSQL ends a statement after that: one that goes astray must not hold rows, and a place in the pool, for ever."""

PRAGMAS = (
    "journal_mode=WAL",
    "busy_timeout=15000",
    "foreign_keys=ON",
    "synchronous=FULL",
    "secure_delete=ON",
)
"""How SQLite is set up. What is deleted is overwritten, whichever way the library was built: what is erased is in the file no more."""

_reading = ContextVar("reading", default=False)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, kept as UTC on both databases. Naive values are refused: they have no meaning here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Cents(TypeDecorator[Decimal]):
    """US dollars as Decimal to the cent, kept as whole cents so that both databases sum them exactly."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        cents = Decimal(value).scaleb(2)
        if cents != cents.to_integral_value():
            raise ValueError(f"not whole cents: {value!r}")
        return int(cents)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(int(value)).scaleb(-2)


def rows_changed(statement: UpdateBase) -> int:
    """Execute an UPDATE or DELETE in the current transaction and return how many rows it met."""
    return cast("CursorResult[Any]", db.session.execute(statement)).rowcount


def utcnow() -> datetime:
    """The current instant, aware UTC."""
    return datetime.now(UTC)


@contextmanager
def reading() -> Iterator[None]:
    """Within it a SQLite transaction starts as a reader and does not queue behind writers (web GET requests)."""
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


@contextmanager
def writing() -> Iterator[None]:
    """Within it a SQLite transaction starts as the only writer, whatever the caller reads."""
    token = _reading.set(False)
    try:
        yield
    finally:
        _reading.reset(token)


def set_reading(flag: bool) -> None:
    """The same as `reading` for callers whose scope is not a block, such as a request."""
    _reading.set(flag)


def connect_storage(app: Flask, database_url: str) -> None:
    """Bind the database to the app. SQLite gets WAL, full sync (a lost journal row would be a doubled document)."""
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    # What is bound is about people and money, and errors are logged.
    options: dict[str, Any] = {"hide_parameters": True}
    if not database_url.startswith("sqlite"):
        options |= {"pool_pre_ping": True, "pool_size": 5, "max_overflow": 10}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)


def write_back() -> bool:
    """Empty SQLite's log of changes into the database, so that what was deleted stands in neither; False while somebody reads what was."""
    db.session.commit()
    if db.engine.dialect.name != "sqlite":
        return True
    raw = db.engine.raw_connection()  # No transaction: none may be open meanwhile.
    try:
        return not raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        raw.close()


@event.listens_for(Engine, "connect")
def _set_up_sqlite(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.isolation_level = None  # We say BEGIN ourselves, below.
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


@event.listens_for(Engine, "connect")
def _set_up_postgresql(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("psycopg"):
        connection.execute(f"SET statement_timeout = '{LONGEST_STATEMENT}'")
        connection.commit()


def without_time_limit(connection: Connection) -> None:
    """Let a statement of this connection take as long as it needs: migrations, and copying whole tables."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET statement_timeout = 0")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once when another writer came between; writers
    # therefore take their place in the queue when they begin.
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN" if _reading.get() else "BEGIN IMMEDIATE")
