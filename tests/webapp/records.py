"""Rows as the worker leaves them, made in a line each: inspections, documents, operations, runs, drift, open questions."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import session
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select
from werkzeug.test import TestResponse

from bookkeeping.rules.documents import desired_documents, invoice_fingerprint, payment_fingerprint
from bookkeeping.rules.inspection import Address, Client, FeeLine, Inspection, PaymentReceived
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from bookkeeping.storage.records.inspections import BadRecord, InspectionRow
from bookkeeping.storage.work.journal import Call, Operation
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import Browser, House

NOON = datetime(2026, 3, 2, 19, tzinfo=UTC)  # Monday noon in Denver.
REALM = "9341452"


class Records:
    """Rows of one company. Every method commits, and returns the new row's id or key."""

    def __init__(self, house: House, company_id: int):
        self.house, self.company_id = house, company_id

    def keep(self, *rows: Any) -> Any:
        """Commit the rows and return the last one's id (None where it has none)."""
        with self.house.writing():
            db.session.add_all(rows)
            db.session.commit()
            return getattr(rows[-1], "id", None)

    def connect(self, **values: Any) -> None:
        """Make the company's connection, in use unless `values` say otherwise."""
        sealed = self.house.app.extensions["vault"].seal(REALM, self.company_id, "realm")
        base = {
            "state": "connected",
            "realm": sealed,
            "realm_digest": "d",
            "company_name": "Blue Ridge Books LLC",
        }
        self.keep(Connection(company_id=self.company_id, **{**base, **values}))

    def inspection(
        self, key: str, state: str = "in-sync", *, starts_at: datetime = NOON, **values: Any
    ) -> str:
        """An inspection of Ann O'Neil at 12 Oak St for $425.00. Fields of `Inspection` and of its row may be given."""
        facts = {name: values.pop(name) for name in list(values) if name in Inspection.__dataclass_fields__}
        row = inspection_row(self.company_id, key, state, starts_at, facts, values)
        self.keep(row)
        return key

    def booked(self, key: str, **facts: Any) -> str:
        """An inspection in sync, with its Customer, Invoice and Payments exactly as the rules want them."""
        self.inspection(key, last_synced_at=NOON, **facts)
        with self.house.writing():
            company = db.session.get_one(Company, self.company_id)
            row = db.session.scalars(select(InspectionRow).where(InspectionRow.key == key)).one()
            wanted = desired_documents(row.inspection(), company.book_settings())
        if not self.linked(wanted.customer.client_key):
            link = CustomerLink(
                company_id=self.company_id, client_key=wanted.customer.client_key, qbo_id="71"
            )
            link.display_name, link.because = wanted.customer.display_name, "Same name and same email."
            self.keep(link)
        invoice = wanted.invoice
        self.document(key, total=invoice.total, fingerprint=invoice_fingerprint(invoice, "71"))
        for number, payment in enumerate(wanted.payments):
            fingerprint = payment_fingerprint(payment, "71", "145")
            sums = {"total": payment.amount, "applied": payment.applied}
            made = {"source_key": payment.source_key, "qbo_id": f"15{number}", "fingerprint": fingerprint}
            self.document(key, "Payment", **sums, **made)
        return key

    def linked(self, client_key: str) -> bool:
        """Whether the client has its Customer."""
        with self.house.writing():
            return db.session.get(CustomerLink, (self.company_id, client_key)) is not None

    def document(self, inspection_key: str, kind: str = "Invoice", **values: Any) -> int:
        """A document that stands in QuickBooks for $425.00."""
        base: dict[str, Any] = {
            "source_key": inspection_key if kind == "Invoice" else f"pay-{inspection_key}",
            "qbo_id": "145",
            "sync_token": "0",
            "doc_number": f"SP-{inspection_key}" if kind == "Invoice" else "",
            "fingerprint": "f",
            "customer_id": "71",
            "total": Decimal("425.00"),
            "txn_date": date(2026, 3, 2),
            "body": {"DocNumber": f"SP-{inspection_key}"} if kind == "Invoice" else {"PaymentRefNum": "1881"},
        }
        base |= {"company_id": self.company_id, "inspection_key": inspection_key, "kind": kind}
        return self.keep(Document(**{**base, **values}))

    def drift(self, document_id: int, kind: str = "edited", **values: Any) -> int:
        """What a person changed in QuickBooks: the amount from $425.00 to $400.00."""
        base = {"fields": [["Total", "425.00", "400.00"]], "theirs": {"Id": "145", "TotalAmt": "400.00"}}
        with self.house.writing():
            document = db.session.get_one(Document, document_id)
            document.hands_off = "drift"
            drift = Drift(
                company_id=self.company_id, document_id=document_id, kind=kind, **{**base, **values}
            )
            db.session.add(drift)
            db.session.commit()
            return drift.id

    def operation(self, inspection_key: str = "1042", outcome: str = "created", **values: Any) -> int:
        """One Invoice write and what became of it."""
        return self.keep(operation_row(self.company_id, inspection_key, outcome, **values))

    def call(self, **values: Any) -> int:
        """One HTTP request to QuickBooks."""
        base = {
            "company_id": self.company_id,
            "request_id": "req-1",
            "path": "batch",
            "body": "{}",
            "body_hash": "h",
        }
        return self.keep(Call(**{**base, "state": "answered", "attempts": 1, "sent_at": NOON, **values}))

    def run(self, **values: Any) -> int:
        """A finished nightly run."""
        base = {
            "kind": "nightly",
            "reason": "nightly",
            "state": "done",
            "calls": 3,
            "counts": {"created": 12},
        }
        times = {"started_at": NOON, "finished_at": NOON + timedelta(seconds=8)}
        return self.keep(Run(**{"company_id": self.company_id, **base, **times, **values}))

    def bad_record(
        self, key: str, reason: str = 'amount: "12.345" has more than two places', **values: Any
    ) -> None:
        """A feed record that could not be read."""
        raw = values.pop("raw", {"id": key, "amount": "12.345"})
        self.keep(BadRecord(company_id=self.company_id, key=key, reason=reason, raw=raw, **values))

    def question(self, client_key: str = "c1", **values: Any) -> None:
        """A client of whom a person must say which of two Customers it is."""
        base = {
            "state": "ask",
            "display_name": "Ann O'Neil",
            "because": "Several Customers in QuickBooks match this client.",
        }
        candidates = [candidate("71", "Ann O'Neil"), candidate("88", "Ann O'Neil (2)", active=False)]
        self.keep(
            CustomerLink(
                company_id=self.company_id,
                client_key=client_key,
                **{**base, "candidates": candidates, **values},
            )
        )


def candidate(qbo_id: str, name: str, *, active: bool = True) -> dict[str, Any]:
    """A Customer in the shape in which the worker keeps candidates."""
    entry = {
        "kind": "Customer",
        "qbo_id": qbo_id,
        "display_name": name,
        "email": "ann@example.com",
        "phone": "",
    }
    more = {"address": "12 Oak St", "active": active, "given_name": "Ann", "family_name": "O'Neil"}
    return {**entry, **more, "evidence": ["same name", "same email: ann@example.com"]}


def inspection_row(
    company_id: int, key: str, state: str, starts_at: datetime, facts: dict[str, Any], values: dict[str, Any]
) -> InspectionRow:
    """Return the mirrored row of an inspection, not committed."""
    base: dict[str, Any] = {
        "created_at": starts_at - timedelta(days=9),
        "updated_at": starts_at,
        "confirmed_at": starts_at - timedelta(days=7),
        "address": Address(full="12 Oak St, Denver, CO 80203", line1="12 Oak St"),
        "inspector_name": "Bo Lind",
        "client": Client("c1", "Ann", "O'Neil", "ann@example.com", "(303) 555-0101"),
        "lines": (FeeLine("l1", "service", "Full Home Inspection", Decimal("425.00")),),
    }
    one = Inspection(key=key, starts_at=starts_at, **{**base, **facts})
    row = {
        "record": one.to_record(),
        "content_hash": one.content_hash(),
        "starts_at": starts_at,
        "source_updated_at": one.updated_at,
        "client_key": one.client.key if one.client else "",
        "client_name": one.client.name if one.client else "",
        "address": one.address.full,
        "total": one.total,
        "due": False,
    }
    return InspectionRow(company_id=company_id, key=key, state=state, **{**row, **values})


def paid(amount: str = "425.00", key: str = "p1", **fields: Any) -> PaymentReceived:
    """Money received for an inspection by check."""
    return PaymentReceived(key, Decimal(amount), "check", NOON, **{"reference": "1881", **fields})


def operation_row(company_id: int, inspection_key: str, outcome: str, **values: Any) -> Operation:
    """Return an operation, not committed."""
    base: dict[str, Any] = {
        "kind": "Invoice",
        "action": "create",
        "source_key": inspection_key,
        "doc_number": f"SP-{inspection_key}",
        "subject": "Ann O'Neil · 12 Oak St",
        "amount": Decimal("425.00"),
        "qbo_id": "145",
        "created_at": NOON,
        "settled_at": NOON,
    }
    fields = {"company_id": company_id, "inspection_key": inspection_key, "outcome": outcome, **base}
    return Operation(**{**fields, **values})


def post_with_token(house: House, browser: Browser, path: str, **values: Any) -> TestResponse:
    """Send a form with a right token although no page of ours showed it: what a person might try by hand."""
    with house.app.test_request_context():
        token, kept = generate_csrf(), session["csrf_token"]
    with browser.client.session_transaction() as cookie:
        cookie["csrf_token"] = kept
    return browser.client.post(path, data={"csrf_token": token, **values})
