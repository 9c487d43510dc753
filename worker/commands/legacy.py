"""`legacy import`: the SalesReceipts of a company integrated before August 2019, from a file. Replacing them is the migration's."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy import select

from bookkeeping.rules.money import cents
from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.documents import LegacyReceipt
from worker.commands.answering import PlainCommand, Refusal, answering, company_of

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
