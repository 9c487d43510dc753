"""Writes for the tests of the journal: planned as the rounds plan them, with what our records shall say once they succeeded."""

import json
from decimal import Decimal
from typing import Any

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.work.journal import Call, Operation
from worker.holding.work import Work
from worker.journal.writing import Write, journal, operations_of


def customer(name: str = "Ann O'Neil", client_key: str = "c1", **values: Any) -> Write:
    """A Customer to be made for a client."""
    note = {
        "display_name": name,
        "fingerprint": "f",
        "because": "New Customer.",
        "name": {"email": "ann@x.example"},
    }
    body = {"DisplayName": name, "PrimaryEmailAddr": {"Address": "ann@x.example"}}
    return Write("Customer", "create", client_key, body, note=note, **values)


def item(name: str = "Radon") -> Write:
    """An Item to be made that books to the stand-in's first account."""
    body = {"Name": name, "Type": "Service", "IncomeAccountRef": {"value": "1"}}
    return Write("Item", "create", name, body, note={"name": name})


def invoice(customer_id: str = "71", item_id: str = "1", key: str = "1042", **values: Any) -> Write:
    """The Invoice of an inspection, for $425.00."""
    detail = {"ItemRef": {"value": item_id}, "Qty": 1, "UnitPrice": Decimal("425.00")}
    sold = {"Amount": Decimal("425.00"), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    body = {
        "CustomerRef": {"value": customer_id},
        "DocNumber": f"SP-{key}",
        "TxnDate": "2026-03-02",
        "PrivateNote": f"Tieout inspection {key}",
        "Line": [sold],
    }
    note = {"fingerprint": "f", "customer_id": customer_id, "total": "425.00", "txn_date": "2026-03-02"}
    base = {"inspection_key": key, "doc_number": f"SP-{key}", "amount": Decimal("425.00"), "note": note}
    return Write("Invoice", "create", key, body, **{**base, **values})


def payment(invoice_id: str, customer_id: str = "71", key: str = "1042", **values: Any) -> Write:
    """A Payment of $425.00 on that Invoice."""
    line = {"Amount": Decimal("425.00"), "LinkedTxn": [{"TxnId": invoice_id, "TxnType": "Invoice"}]}
    body = {
        "CustomerRef": {"value": customer_id},
        "TotalAmt": Decimal("425.00"),
        "TxnDate": "2026-03-02",
        "PrivateNote": f"Tieout payment p{key}",
        "Line": [line],
    }
    note = {"fingerprint": "p", "customer_id": customer_id, "total": "425.00", "txn_date": "2026-03-02"}
    note |= {"applied": "425.00", "invoice_id": invoice_id}
    return Write("Payment", "create", f"p{key}", body, **{"inspection_key": key, "note": note, **values})


def change(document: Document, **fields: Any) -> Write:
    """A sparse update of a document of ours."""
    body = {
        **json.loads(json.dumps(document.body), parse_float=Decimal),
        "Id": document.qbo_id,
        "SyncToken": document.sync_token,
        "sparse": True,
        **fields,
    }
    note = {"fingerprint": "f2", "customer_id": document.customer_id, "total": f"{document.total:.2f}"}
    note["txn_date"] = document.txn_date.isoformat()
    return _of(document, "update", body, note)


def deletion(document: Document) -> Write:
    """The deletion of a document of ours."""
    return _of(document, "delete", {"Id": document.qbo_id, "SyncToken": document.sync_token}, {})


def journaled(work: Work, *writes: Write) -> tuple[Call, list[Operation]]:
    """Journal the writes as one call and send nothing."""
    call = journal(work, list(writes))
    work.commit()
    return call, operations_of(call)


def sent_unheard(work: Work, *writes: Write) -> tuple[Call, list[Operation]]:
    """Journal the writes and send them to QuickBooks, which carries them out; the answer never reaches our records."""
    call, operations = journaled(work, *writes)
    call.attempts, call.state = 1, "unknown"
    work.commit()
    work.before_call()
    work.gateway.send_batch(call.request_id, call.body)
    return call, operations


def document_of(work: Work, kind: str, **values: Any) -> Document:
    """Return our record of a document, as it is committed."""
    db.session.expire_all()
    return db.session.query(Document).filter_by(company_id=work.company_id, kind=kind, **values).one()


def _of(document: Document, action: str, body: dict[str, Any], note: dict[str, Any]) -> Write:
    return Write(
        document.kind,
        action,
        document.source_key,
        body,
        generation=document.generation,
        inspection_key=document.inspection_key,
        doc_number=document.doc_number,
        qbo_id=document.qbo_id,
        note=note,
    )
