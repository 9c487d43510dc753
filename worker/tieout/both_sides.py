"""What the tie-out statement is made from: QuickBooks' documents, read for it, and the mirror of the platform's inspections."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select

from bookkeeping.errors import PermanentError
from bookkeeping.quickbooks_gateway.gateway import quote
from bookkeeping.quickbooks_gateway.reading import SeenInvoice, SeenPayment, money, seen
from bookkeeping.rules.inspection import Inspection
from bookkeeping.rules.references import doc_number, mark, marked, refund_key
from bookkeeping.rules.tieout import BookDocument, Mirrored, OnRecord, Period
from bookkeeping.storage.base import db, reading
from bookkeeping.storage.records.choices import kept_settings
from bookkeeping.storage.records.documents import DOCUMENT_KINDS, Document, LegacyReceipt
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.migrations import frozen_sides
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.records.refunds import refunds_of
from worker.holding.work import Work

KINDS = ("Invoice", "Payment", "SalesReceipt", "RefundReceipt")
_IDS = 500
Documents = dict[tuple[str, str], BookDocument]
Rows = dict[tuple[str, str], OnRecord]


def documents_dated_within(work: Work, period: Period) -> Iterable[BookDocument]:
    """Yield every document dated within the period, a page of 1,000 a call."""
    where = f"TxnDate >= {quote(period.first.isoformat())} AND TxnDate <= {quote(period.last.isoformat())}"
    for kind in KINDS:
        work.before_call()
        for entity in work.gateway.query_all(kind, where):
            yield book_document(kind, entity)


def book_document(kind: str, entity: dict[str, Any]) -> BookDocument:
    """Return a document of QuickBooks in the words of the statement.

    Raises:
        PermanentError: it has no day, so that no month of the statement is its.
    """
    one = seen(kind, entity)
    if one.txn_date is None:
        raise PermanentError(f"QuickBooks names no day for {kind} {one.qbo_id}.")
    return BookDocument(
        kind=kind,
        qbo_id=one.qbo_id,
        txn_date=one.txn_date,
        total=one.total,
        doc_number=one.doc_number,
        customer=one.customer_name,
        private_note=one.private_note,
        balance=one.balance if isinstance(one, SeenInvoice) else money(0),
        unapplied=one.unapplied if isinstance(one, SeenPayment) else money(0),
        applied=tuple((link, qbo_id, line.amount) for line in one.lines for link, qbo_id in line.links),
        links=one.links,
        voided=one.voided,
        currency=one.currency,
    )


def read_both_sides(work: Work, period: Period, documents: Documents) -> tuple[list[Mirrored], Rows]:
    """Return our side of these days, with all that belongs to it read into `documents`.

    What is applied to an Invoice may be of an inspection that these days do not speak of: then it is looked at again with that one.
    """
    while True:
        rows, records = our_side(work, period, documents)
        before = set(documents)
        read_what_belongs(work, documents, {place for place, one in records.items() if one.live})
        unknown = {place: documents[place] for place in documents.keys() - before - records.keys()}
        with reading():
            ours = _records_of_documents(work.company_id, unknown)
            db.session.commit()
        if not ours:
            return _with_receipts_gone(rows, documents, records), records


def _with_receipts_gone(rows: list[Mirrored], documents: Documents, records: Rows) -> list[Mirrored]:
    """Return them with whether QuickBooks lacks every SalesReceipt that stands for one by our records: each was asked for by Id."""
    there = {
        record.inspection_key
        for place, record in records.items()
        if place[0] == "SalesReceipt" and record.live and place in documents
    }
    return [replace(one, receipt_gone=one.has_receipt and one.inspection.key not in there) for one in rows]


def read_what_belongs(work: Work, documents: Documents, records: Iterable[tuple[str, str]]) -> None:
    """Read by Id the documents on record that are dated elsewhere, then what else was applied to the Invoices."""
    _read(work, documents, records)
    invoices = (one for one in documents.values() if one.kind == "Invoice")
    _read(work, documents, {link for one in invoices for link in one.links if link[0] == "Payment"})


def _read(work: Work, documents: Documents, wanted: Iterable[tuple[str, str]]) -> None:
    for kind in KINDS:
        absent = sorted(qbo_id for each, qbo_id in wanted if each == kind and (each, qbo_id) not in documents)
        for start in range(0, len(absent), 50):
            work.before_call()
            for qbo_id, entity in work.gateway.read_many(kind, absent[start : start + 50]).items():
                documents[kind, qbo_id] = book_document(kind, entity)


def our_side(work: Work, period: Period, documents: Documents) -> tuple[list[Mirrored], Rows]:
    """Return the inspections that the statement speaks of, and whose the documents are by our records: theirs and those read.

    An inspection is spoken of when one of its days lies within the period, or when a document names it.
    """
    company = work.company
    company_id = company.id
    with reading():  # A long look that must not hold up those who write.
        db.session.commit()
        records = _records_of_documents(company_id, documents)
        named = {record.inspection_key for record in records.values()}
        strays = [one for place, one in documents.items() if place not in records]
        spoken_of = list(_spoken_of(company_id, period, named, strays))
        keys = [one.inspection.key for one, _ in spoken_of]
        records |= _records_of_inspections(company_id, keys)
        sides, kept = frozen_sides(company, keys), kept_settings(company)
        db.session.commit()
    invoiced = {one.inspection_key for (kind, _), one in records.items() if kind == "Invoice" and one.live}
    booked = {one.inspection_key for (kind, _), one in records.items() if kind != "SalesReceipt" and one.live}
    standing = {
        one.inspection_key for (kind, _), one in records.items() if kind == "SalesReceipt" and one.live
    }
    found = [
        replace(
            one,
            has_receipt=one.inspection.key in standing,
            side=sides.get(one.inspection.key),
            booked=one.inspection.key in booked,
            kept=kept.get(version_id) if version_id and one.inspection.key in invoiced else None,
        )
        for one, version_id in spoken_of
    ]
    return found, records


def _spoken_of(
    company_id: int, period: Period, named: set[str], strays: list[BookDocument]
) -> Iterator[tuple[Mirrored, int | None]]:
    """Yield them with the version of the choices that their Invoice keeps, if any."""
    numbers = {one.doc_number for one in strays if one.doc_number}
    marks = {found for one in strays if (found := marked(one.private_note))}
    first = datetime.combine(period.first - timedelta(days=1), time(), UTC).isoformat()
    last = datetime.combine(period.last + timedelta(days=2), time(), UTC).isoformat()
    columns = (
        InspectionRow.key,
        InspectionRow.record,
        InspectionRow.state,
        InspectionRow.reason,
        InspectionRow.due,
        InspectionRow.book_version_id,
    )
    rows = select(*columns).where(InspectionRow.company_id == company_id).order_by(InspectionRow.id)
    read = db.session.execute(rows, execution_options={"yield_per": 500})
    for key, record, state, reason, due, version_id in read:
        if (
            key in named
            or any(first <= moment < last for moment in _moments(record))
            or (numbers and doc_number(record.get("number") or key) in numbers)
            or (marks and marks & _marks(key, record))
        ):
            yield Mirrored(Inspection.from_record(record), state, reason, due), version_id


def _moments(record: dict[str, Any]) -> Iterator[str]:
    """Yield the moments that a day of the statement can come from. They are UTC in ISO 8601, so text compares as time does."""
    yield record["starts_at"]
    yield record["created_at"]
    yield record["confirmed_at"] or ""
    for payment in record["payments"]:
        yield payment["received_at"]


def _marks(key: str, record: dict[str, Any]) -> set[tuple[str, str]]:
    lines = [mark("inspection", key), *(mark("payment", one["key"]) for one in record["payments"])]
    return {found for line in lines if (found := marked(line))}


def _records_of_documents(company_id: int, documents: Documents) -> Rows:
    found: Rows = {}
    for kind in DOCUMENT_KINDS:
        for chunk in _chunks(qbo_id for each, qbo_id in documents if each == kind):
            found |= _documents(company_id, Document.kind == kind, Document.qbo_id.in_(chunk))
    for chunk in _chunks(qbo_id for kind, qbo_id in documents if kind == "SalesReceipt"):
        found |= _receipts(company_id, LegacyReceipt.receipt_id.in_(chunk))
    for chunk in _chunks(qbo_id for kind, qbo_id in documents if kind == "Payment"):
        found |= _used(company_id, OthersPayment.qbo_id.in_(chunk))
    for chunk in _chunks(qbo_id for kind, qbo_id in documents if kind == "RefundReceipt"):
        found |= _used_refunds(company_id, OthersRefund.qbo_id.in_(chunk))
    return found


def _records_of_inspections(company_id: int, keys: list[str]) -> Rows:
    found: Rows = {}
    for chunk in _chunks(keys):
        found |= _documents(company_id, Document.inspection_key.in_(chunk))
        found |= _receipts(company_id, LegacyReceipt.inspection_key.in_(chunk))
        found |= _used(company_id, OthersPayment.inspection_key.in_(chunk))
        found |= _used_refunds(company_id, OthersRefund.inspection_key.in_(chunk))
    return found


def _documents(company_id: int, *which: ColumnElement[bool]) -> Rows:
    rows = select(Document).where(Document.company_id == company_id, *which).order_by(Document.id)
    found = list(db.session.scalars(rows))
    given_back = {row.inspection_key for row in found if row.kind == "RefundReceipt"}
    payments = _payments_given_back(company_id, given_back)
    return {(row.kind, row.qbo_id): _on_record(row, payments) for row in found}


def _on_record(row: Document, payments: dict[str, str]) -> OnRecord:
    is_refund = row.kind == "RefundReceipt"
    return OnRecord(
        row.inspection_key,
        payments.get(row.source_key, "") if is_refund else row.source_key,
        row.status == "live",
        row.hands_off,
        deposited=is_refund or bool(row.deposit_id),
    )


def _receipts(company_id: int, which: Any) -> Rows:
    rows = select(LegacyReceipt).where(LegacyReceipt.company_id == company_id, which)
    return {
        ("SalesReceipt", row.receipt_id): OnRecord(row.inspection_key, live=row.replaced_at is None)
        for row in db.session.scalars(rows)
    }


def _used(company_id: int, which: Any) -> Rows:
    """Return the Payments of others that a person took for a payment received: they stand for it (decision 18)."""
    rows = select(OthersPayment).where(
        OthersPayment.company_id == company_id, OthersPayment.stands_for != "", which
    )
    return {
        ("Payment", row.qbo_id): OnRecord(row.inspection_key, row.stands_for, hands_off="theirs")
        for row in db.session.scalars(rows)
    }


def _used_refunds(company_id: int, which: Any) -> Rows:
    """Return the RefundReceipts of others that a person took for a refund of ours, each with the payment that it gives back of."""
    rows = select(OthersRefund).where(
        OthersRefund.company_id == company_id, OthersRefund.stands_for != "", which
    )
    used = list(db.session.scalars(rows))
    payments = _payments_given_back(company_id, {row.inspection_key for row in used})
    return {
        ("RefundReceipt", row.qbo_id): OnRecord(
            row.inspection_key, payments.get(row.stands_for, ""), hands_off="theirs", deposited=True
        )
        for row in used
    }


def _payments_given_back(company_id: int, keys: set[str]) -> dict[str, str]:
    """Return the payment that each refund of these inspections gives back of, by our key of the refund."""
    return {
        refund_key(key, step.number): step.payment_key
        for key, steps in refunds_of(company_id, sorted(keys)).items()
        for step in steps
    }


def _chunks(values: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(set(values))
    for start in range(0, len(ordered), _IDS):
        yield ordered[start : start + _IDS]
