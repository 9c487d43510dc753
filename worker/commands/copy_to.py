"""`flask --app wsgi copy-to DATABASE_URL`: move to another database, which is how SQLite becomes PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask
from sqlalchemy import Table
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bookkeeping.queue_health import queue_health
from bookkeeping.settings import full_database_url
from bookkeeping.storage.base import connect_storage, db, reading, without_time_limit
from bookkeeping.storage.company.vault import vault
from bookkeeping.storage.copying import (
    COPYING,
    Seen,
    all_tables,
    continue_numbering,
    copy_rows,
    keep_writers_out,
    look_at,
    schema_revision,
    set_schema_revision,
    tables_with_rows,
)
from bookkeeping.storage.people.audit import broken_entries, chains, record_act
from bookkeeping.storage.work.leases import lease_names_held
from worker.app import bell, settings
from worker.commands.answering import PlainCommand, Refusal, answering

KNOWN = ("sqlite", "postgresql+psycopg")


@click.command("copy-to", cls=PlainCommand)
@click.argument("database_url")
@answering
def copy_to(database_url: str) -> dict[str, Any]:
    """Copy every row into another database, migrated and empty, and prove that it arrived. Broken off, it goes on when it is run again.

    Stop web, workers and tick first. Until the command ends, nobody can write to the database that is copied, and the other one counts
    as no database of this release: it says `copying` where its migration stands.
    """
    url = _understood(database_url)
    with _storage(url) as target:
        going_on = schema_revision(target).startswith(COPYING)
    if not going_on:  # What was noted when it began was copied with the rest.
        record_act(None, "command line", "began to copy everything into another database")
        db.session.commit()
    with db.engine.connect() as source:
        without_time_limit(source)
        keep_writers_out(source)
        _nobody_works()
        with _storage(url) as target:
            without_time_limit(target)
            revision = schema_revision(source)
            _fit_to_fill(target, revision)
            copied = _copy(source)
            entries, broken = _audit_log()
            target = db.session.connection()
            continue_numbering(target)
            set_schema_revision(target, revision)
            db.session.commit()
    rows = sum(seen.rows for seen in copied.values())
    found = {
        "to": make_url(url).render_as_string(),
        "rows": rows,
        "tables": {name: seen.rows for name, seen in copied.items()},
        "audit": {"entries": entries, "broken": broken},
    }
    return found | ({"failed": True} if broken else {})


def _understood(database_url: str) -> str:
    url = full_database_url(database_url)
    try:
        known = make_url(url).drivername in KNOWN
    except (ArgumentError, ValueError):
        known = False
    if not known:
        raise Refusal("That is no database of ours: use postgresql://user@host/name or sqlite:///file.")
    if url == settings().database_url:
        raise Refusal("That is the database that would be copied: name another one.")
    return url


def _nobody_works() -> None:
    at_work = [f"worker {one.name}" for one in queue_health(bell()).workers if one.alive]
    with reading():
        at_work += sorted(f"lease {name}" for name in lease_names_held())
        db.session.rollback()
    if at_work:
        raise Refusal(
            f"Somebody is at work ({', '.join(at_work)}): stop web, workers and tick. "
            "What was killed counts as alive for up to two minutes."
        )


@contextmanager
def _storage(url: str) -> Iterator[Connection]:
    """Yield the connection that `db.session` has to that database meanwhile; what was not committed is rolled back."""
    app = Flask("target")
    app.extensions["vault"] = vault()
    connect_storage(app, url)
    with app.app_context():
        try:
            yield db.session.connection()
        finally:
            db.session.remove()
            db.engine.dispose()


def _fit_to_fill(target: Connection, revision: str) -> None:
    theirs = schema_revision(target)
    if theirs == f"{COPYING}{revision}":
        return  # Begun before: what is there is compared, and what is not goes on.
    if theirs.startswith(COPYING):
        begun = theirs.removeprefix(COPYING)
        raise Refusal(
            f"Copying into the target began at migration {begun}, and this database stands at {revision}: make a new one."
        )
    if not revision or theirs != revision:
        raise Refusal(
            f"The target stands at migration {theirs or 'none'}, this database at {revision or 'none'}: "
            "run `flask --app wsgi db upgrade` with DATABASE_URL set to each."
        )
    filled = tables_with_rows(target)
    if filled:
        raise Refusal(f"The target is not empty ({', '.join(filled)}): make a new database.")
    set_schema_revision(target, f"{COPYING}{revision}")
    db.session.commit()


def _copy(source: Connection) -> dict[str, Seen]:
    """Copy each table that is not there yet into what `db.session` has, and keep it once it reads back as it was sent."""
    copied = {}
    there = set(tables_with_rows(db.session.connection()))
    for table in all_tables():
        target = db.session.connection()
        without_time_limit(target)
        if table.name in there:
            copied[table.name] = look_at(table, source)
            again = "in the target are others than here, from an earlier try: make a new database."
        else:
            copied[table.name] = _filled(table, source, target)
            again = (
                "differ from what was sent when they are read back. Run it again to go on with this table."
            )
        if look_at(table, target) != copied[table.name]:
            db.session.rollback()
            raise Refusal(f"Rows of {table.name} {again}")
        db.session.commit()
    return copied


def _filled(table: Table, source: Connection, target: Connection) -> Seen:
    try:
        return copy_rows(table, source, target)
    except SQLAlchemyError as error:
        db.session.rollback()
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Refusal(f"Table {table.name}: {reason}. Run it again to go on with this table.") from error


def _audit_log() -> tuple[int, list[int]]:
    """Return how many entries the target's log has, and which are broken; those were broken in the source too."""
    found = chains()
    return sum(entries for _, entries, _ in found), [
        one for company, _, _ in found for one in broken_entries(company)
    ]
