"""Copying a whole database into another, through the models' own column types, with proof that both hold the same rows.

Nothing is committed here: the caller commits the target once it is satisfied, or rolls back and leaves it as empty as it was.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import psycopg
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Row, Table, func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError

from bookkeeping.storage.base import db, writing

CHUNK = 1000
"""Rows that are in memory at a time, however many a table has."""


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
        rows = read()
        while chunk := [dict(row._mapping) for row in islice(rows, CHUNK)]:
            target.execute(insert(table), chunk)
    return seen


def _stream(table: Table, rows: Iterator[Row[Any]], target: Connection) -> None:
    """Send rows by PostgreSQL's COPY, which takes them several times as fast as INSERT does."""
    dialect = target.dialect
    columns = list(table.columns)
    binds = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in columns]
    named = ", ".join(f'"{column.name}"' for column in columns)
    raw = target.connection.cursor()
    try:
        with raw.copy(f'COPY "{table.name}" ({named}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(
                    [value if bind is None else bind(value) for value, bind in zip(row, binds, strict=True)]
                )
    except psycopg.Error as error:
        raise DBAPIError(f"COPY {table.name}", None, error) from error
    finally:
        raw.close()


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
    # By key, so that a row that refers to an older one of its own table comes behind it.
    found = select(table).order_by(*table.primary_key).execution_options(yield_per=CHUNK)
    yield from database.execute(found)
