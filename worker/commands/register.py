"""The commands of `flask --app wsgi …`: the same functions as the jobs, in the foreground, to the end, needing no worker.

Every command prints one JSON object with `--json`, ends with a code other than 0 on failure, and answers nonsense with one line.
"""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from bookkeeping.errors import MisconfiguredError
from bookkeeping.faults import fault
from bookkeeping.rules.money import cents
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.documents import LegacyReceipt
from bookkeeping.storage.work.resealing import rotate_keys
from worker.clock.tick import tick_forever
from worker.commands.answering import PlainCommand, Refusal, answering, speak_json
from worker.commands.archive_and_backup import archive, backup
from worker.commands.audit import audit
from worker.commands.companies import company
from worker.commands.copy_to import copy_to
from worker.commands.foreground import company_of, run_in_foreground
from worker.commands.people import user
from worker.commands.status import company_status
from worker.commands.tieout import tieout
from worker.commands.upkeep import erasing  # noqa: F401 - `company erase` and `user erase` are in there.
from worker.commands.upkeep.doctor import doctor
from worker.commands.upkeep.sealing import backup_key, backup_open, backup_seal


def register_commands(app: Flask) -> None:
    """Add every command to the app, and give `db upgrade` the `--json` of the others."""
    for command in (
        company,
        user,
        legacy,
        poll,
        reconcile,
        nightly,
        status,
        rotate,
        tick,
        tieout,
        archive,
        backup,
        copy_to,
        audit,
        doctor,
        backup_key,
        backup_seal,
        backup_open,
    ):
        app.cli.add_command(command)
    database = app.cli.commands["db"]
    if not isinstance(database, click.Group):
        raise TypeError("`db` is no group of commands")
    speak_json(database.commands["upgrade"], "upgraded")


legacy = AppGroup("legacy", help="Companies integrated before August 2019.")


@legacy.command("import", cls=PlainCommand)
@click.argument("company_id", type=int)
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@answering
def import_legacy(company_id: int, file: io.TextIOBase) -> dict[str, Any]:
    """Put a company's SalesReceipts on record from a CSV file: inspection_id, receipt_id, amount. Nothing is kept of a bad file."""
    row = company_of(company_id)
    known = set(
        db.session.scalars(select(LegacyReceipt.receipt_id).where(LegacyReceipt.company_id == row.id))
    )
    added = 0
    for number, record in _receipt_lines(file):
        if record["receipt_id"] in known:
            continue
        try:
            amount = cents(record["amount"])
        except ValueError as error:
            db.session.rollback()
            raise Refusal(f"Line {number}: {error}") from error
        known.add(record["receipt_id"])
        db.session.add(
            LegacyReceipt(
                company_id=row.id,
                inspection_key=record["inspection_id"],
                receipt_id=record["receipt_id"],
                amount=amount,
            )
        )
        added += 1
    row.legacy = True
    record_act(row.id, "command line", "imported SalesReceipts", after={"added": added})
    db.session.commit()
    return {"company": row.id, "added": added, "on_record": len(known)}


@click.command("poll", cls=PlainCommand)
@click.argument("company_id", type=int)
@answering
def poll(company_id: int) -> dict[str, Any]:
    """Read what changed on the platform."""
    return run_in_foreground(company_id, "poll")


@click.command("reconcile", cls=PlainCommand)
@click.argument("company_id", type=int)
@answering
def reconcile(company_id: int) -> dict[str, Any]:
    """Bring QuickBooks in line with what was polled."""
    return run_in_foreground(company_id, "reconcile")


@click.command("nightly", cls=PlainCommand)
@click.option("--company", "company_id", type=int, help="Only this company.")
@click.option("--at", "at_text", help="The instant (ISO 8601) that counts as now for due migrations.")
@answering
def nightly(company_id: int | None, at_text: str | None) -> dict[str, Any]:
    """Do the whole nightly run."""
    at = _instant(at_text) if at_text else None
    if company_id is not None:
        company_of(company_id)
        ids = [company_id]
    else:
        kept = select(Connection.company_id).where(Connection.held)
        ids = list(db.session.scalars(kept.order_by(Connection.company_id)))
    results = [_night(one, at, alone=company_id is not None) for one in ids]
    return {"companies": results, "failed": any(result.get("failed") for result in results)}


@click.command("status", cls=PlainCommand)
@click.argument("company_id", type=int)
@answering
def status(company_id: int) -> dict[str, Any]:
    """Show counts by state, last poll, last nightly run, and calls by kind."""
    return company_status(company_of(company_id))


@click.command("rotate-keys", cls=PlainCommand)
@answering
def rotate() -> dict[str, Any]:
    """Seal every secret again under the newest of TOKEN_KEYS."""
    return {"resealed": rotate_keys()}


@click.command("tick", cls=PlainCommand)
def tick() -> None:
    """Keep the clock: note due slots and ring for due companies, until stopped."""
    tick_forever()


def _night(company_id: int, at: datetime | None, *, alone: bool) -> dict[str, Any]:
    """Do one company's night. Of several, one that another Intuit granted keeps none from theirs."""
    try:
        return run_in_foreground(company_id, "nightly", now=(lambda: at) if at else utcnow)
    except MisconfiguredError as error:
        if alone:
            raise
        words = fault(error.code)
        problem = {"code": error.code, "title": words.title, "detail": f"{error.detail} {words.remedy}"}
        return {"company": company_id, "state": "not begun", "problems": [problem], "failed": True}


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(f"--at is {text!r}: use ISO 8601, such as 2026-03-01T07:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _receipt_lines(file: io.TextIOBase) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        reader = csv.DictReader(file)
        missing = {"inspection_id", "receipt_id", "amount"} - set(reader.fieldnames or ())
        if missing:
            raise Refusal(
                f"The file lacks the column {', '.join(sorted(missing))}: inspection_id, receipt_id, amount."
            )
        for number, record in enumerate(reader, start=2):
            clean = {name: (record[name] or "").strip() for name in ("inspection_id", "receipt_id", "amount")}
            if not any(clean.values()):
                continue
            if not clean["inspection_id"] or not clean["receipt_id"]:
                raise Refusal(f"Line {number} has no inspection_id or no receipt_id.")
            yield number, clean
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal(f"The file is no CSV in UTF-8: {error}") from error
