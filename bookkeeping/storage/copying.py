"""Copying a whole database into another, table by table, with proof that both hold the same rows.

Values travel in one plain form, SQLite's own (a moment as UTC text, JSON as the text that it is, truth as 0 or 1), which each database makes and
takes itself: nothing is parsed on the way. Nothing is committed here: the caller commits a table once it is satisfied with it.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import psycopg
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    Row,
    Table,
    Text,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import UserDefinedType

from bookkeeping.storage.base import UtcDateTime, db, writing

CHUNK = 2000
"""Rows that are in memory at a time, however many a table has."""

COPYING = "copying "
"""What stands before the migration of a database that is being filled, so that nothing takes it for whole."""


class Seen(NamedTuple):
    """What a table holds: how many rows, and a digest over all of them that does not depend on their order."""

    rows: int = 0
    digest: int = 0

    def and_row(self, row: Row[Any]) -> "Seen":
        """Add a row. Digests are added up, because the two databases sort text differently."""
        content = repr(tuple(row)).encode("utf-8", "surrogatepass")
        digest = int.from_bytes(hashlib.sha256(content).digest())
        return Seen(self.rows + 1, (self.digest + digest) % (1 << 256))


def all_tables() -> list[Table]:
    """Return every table of the models, each behind those that it refers to."""
    return db.metadata.sorted_tables


def schema_revision(database: Connection) -> str:
    """Return the migration that this database stands at; empty when it was never migrated."""
    return " ".join(MigrationContext.configure(database).get_current_heads())


def set_schema_revision(database: Connection, revision: str) -> None:
    """Say at which migration this database stands, in the current transaction."""
    database.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def tables_with_rows(database: Connection) -> list[str]:
    """Return the names of the tables that are not empty."""
    one = literal(1)
    return [
        table.name
        for table in all_tables()
        if database.scalar(select(one).select_from(table).limit(1)) is not None
    ]


def keep_writers_out(database: Connection) -> None:
    """Let nobody write to this database until this connection's transaction ends."""
    if database.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in all_tables())
        database.execute(text(f"LOCK TABLE {names} IN SHARE MODE"))
    else:
        with writing():  # The first statement begins the transaction, whatever the caller reads otherwise.
            database.execute(select(literal(1)))


def copy_rows(table: Table, source: Connection, target: Connection) -> Seen:
    """Copy a table, a chunk of it in memory at a time; return what was read.

    Raises:
        SQLAlchemyError: the target does not take a row; its transaction is to be rolled back.
    """
    seen = Seen()

    def read() -> Iterator[Row[Any]]:
        nonlocal seen
        for row in _rows(table, source):
            seen = seen.and_row(row)
            yield row

    if target.dialect.name == "postgresql":
        _stream(table, read(), target)
    else:
        values = {column.name: bindparam(column.name, type_=_Plain()) for column in table.columns}
        names, rows = list(values), read()
        while chunk := [dict(zip(names, row, strict=True)) for row in islice(rows, CHUNK)]:
            target.execute(insert(table).values(values), chunk)
    return seen


def _stream(table: Table, rows: Iterator[Row[Any]], target: Connection) -> None:
    """Send rows by PostgreSQL's COPY, which takes them several times as fast as INSERT does."""
    target.execute(text("SET LOCAL TIME ZONE 'UTC'"))  # What moments without a zone are in.
    raw = target.connection.cursor()
    try:
        with raw.copy(f'COPY "{table.name}" ({_named(table)}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise DBAPIError(f"COPY {table.name}", None, error) from error
    finally:
        raw.close()


def _named(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def look_at(table: Table, database: Connection) -> Seen:
    """Read a whole table back."""
    seen = Seen()
    for row in _rows(table, database):
        seen = seen.and_row(row)
    return seen


def continue_numbering(database: Connection) -> None:
    """Let new rows be numbered behind the copied ones. SQLite does so by itself."""
    if database.dialect.name != "postgresql":
        return
    for table in all_tables():
        column = table.autoincrement_column
        if column is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            database.execute(select(func.setval(sequence, select(func.max(column)).scalar_subquery())))


def _rows(table: Table, database: Connection) -> Iterator[Row[Any]]:
    plain = _on_postgresql if database.dialect.name == "postgresql" else _on_sqlite
    columns = [plain(column).label(f"c{number}") for number, column in enumerate(table.columns)]
    # By key, so that a row that refers to an older one of its own table comes behind it.
    found = select(*columns).order_by(*table.primary_key).execution_options(yield_per=CHUNK)
    yield from database.execute(found)


def _on_postgresql(column: Column[Any]) -> ColumnElement[Any]:
    """Let PostgreSQL say a value in the plain form."""
    if isinstance(column.type, UtcDateTime):
        return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI:SS.US")
    if isinstance(column.type, Date):
        return func.to_char(column, "YYYY-MM-DD")
    if isinstance(column.type, JSON):
        return cast(column, Text)
    if isinstance(column.type, Boolean):
        return cast(column, Integer)
    return type_coerce(column, _Plain)


def _on_sqlite(column: Column[Any]) -> ColumnElement[Any]:
    """Let SQLite say a value in the plain form, which is how it keeps it; a default of its own leaves the fraction of a second out."""
    kept = type_coerce(column, _Plain)
    if isinstance(column.type, UtcDateTime):
        return case((func.length(kept) == len("2026-01-31 12:00:00"), kept.concat(".000000")), else_=kept)
    return cast(column, Text) if isinstance(column.type, JSON) else kept


class _Plain(UserDefinedType[Any]):
    """Whatever the driver hands over."""

    cache_ok = True
