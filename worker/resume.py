"""Carrying on after a crash or a lost answer: journaled calls that were never settled go again, the same bytes under the same id.

QuickBooks answers a repeated request id with the first answer, but for how long is not documented: a call older than an hour is
therefore looked up before anything is sent. A replayed answer may also name an object that was deleted since: those are read back.
"""

import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from bookkeeping.quickbooks_gateway.differences import differs
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer, quote
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.documents import Document
from bookkeeping.storage.inspections import InspectionRow
from bookkeeping.storage.journal import Call, Operation
from worker.settling import settle_operation
from worker.work import Work
from worker.writing import operations_of, send

LOOK_FIRST_AFTER = timedelta(hours=1)


def resume_open_calls(work: Work) -> bool:
    """Settle every call of the company that is not settled, oldest first; always finishes.

    Raises:
        TemporaryError, NotConnectedError: QuickBooks cannot be reached; the calls stay open.
    """
    open_calls = select(Call.id).where(
        Call.company_id == work.company_id, Call.state.in_(("written", "unknown"))
    )
    ids = list(db.session.scalars(open_calls.order_by(Call.id)))
    work.commit()
    for number, call_id in enumerate(ids):
        work.tell(f"Settling what was interrupted: {number + 1} of {len(ids)}")
        call = db.session.get_one(Call, call_id)
        if call.attempts == 0:
            _never_sent(work, call)
        elif utcnow() - call.created_at > LOOK_FIRST_AFTER:
            _look_first(work, call)
        else:
            replayed = call.attempts > 0
            operations = send(work, call)
            if replayed:
                _notice_dead_ids(work, operations)
    return True


def _never_sent(work: Work, call: Call) -> None:
    """It was journaled and not sent: the world may have moved since, so it is dropped and planned anew."""
    for operation in operations_of(call):
        operation.outcome, operation.code, operation.settled_at = "waiting", "planned-again", utcnow()
        _make_due(operation)
    call.state = "abandoned"
    work.commit()


def _look_first(work: Work, call: Call) -> None:
    """Find out operation by operation what the old call did; settle what is there, plan the rest anew."""
    for operation in operations_of(call):
        work.commit()
        work.before_call()
        found = _look_up(work, operation)
        if found is not None:
            settle_operation(work, operation, found)
            work.count({operation.outcome: 1})
        else:
            operation.outcome, operation.code, operation.settled_at = "waiting", "planned-again", utcnow()
        _make_due(operation)
        work.commit()
    call.state, call.answered_at = "abandoned", utcnow()
    work.commit()


def _look_up(work: Work, operation: Operation) -> ItemAnswer | None:
    """Return the answer as QuickBooks would have given it, or None when the write did not happen."""
    gateway, body = work.gateway, json.loads(operation.body)
    if operation.action in ("delete", "update"):
        row = gateway.read(operation.kind, body["Id"])
        if operation.action == "delete":
            return (
                ItemAnswer(operation.b_id, operation.kind, {"Id": body["Id"]}, deleted=True)
                if row is None
                else None
            )
        same = row is not None and not differs(body, row)
        return ItemAnswer(operation.b_id, operation.kind, row) if same else None
    for row in gateway.query_all(operation.kind, _where(operation, body)):
        if _is_ours(operation, body, row):
            return ItemAnswer(operation.b_id, operation.kind, row)
    return None


def _where(operation: Operation, body: dict[str, Any]) -> str:
    if operation.kind == "Invoice":
        return f"DocNumber = {quote(body['DocNumber'])}"
    if operation.kind == "Payment":
        return f"CustomerRef = {quote(body['CustomerRef']['value'])}"
    field = "DisplayName" if operation.kind == "Customer" else "Name"
    return f"{field} = {quote(body[field])}"


def _is_ours(operation: Operation, body: dict[str, Any], row: dict[str, Any]) -> bool:
    if operation.kind not in ("Invoice", "Payment"):
        return True
    if (row.get("PrivateNote") or "").split("\n")[-1] != (body.get("PrivateNote") or "").split("\n")[-1]:
        return False
    known = select(Document.id).where(
        Document.company_id == operation.company_id,
        Document.kind == operation.kind,
        Document.qbo_id == str(row["Id"]),
        Document.generation != operation.generation,
    )
    return db.session.scalars(known).first() is None


def _notice_dead_ids(work: Work, operations: list[Operation]) -> None:
    """A replayed success may name what a person deleted since: read back what was created, and forget what is gone."""
    created = [one for one in operations if one.action == "create" and one.outcome == "created"]
    for kind in {one.kind for one in created} & {"Invoice", "Payment"}:
        ids = [one.qbo_id for one in created if one.kind == kind]
        work.before_call()
        there = work.gateway.read_many(kind, ids)
        for qbo_id in ids:
            if qbo_id in there:
                continue
            work.before_call()
            if work.gateway.read(kind, qbo_id) is None:
                gone = update(Document).where(
                    Document.company_id == work.company_id, Document.kind == kind, Document.qbo_id == qbo_id
                )
                db.session.execute(gone.values(status="deleted", deleted_at=utcnow()))
                work.commit()


def _make_due(operation: Operation) -> None:
    if operation.inspection_key:
        row = update(InspectionRow).where(
            InspectionRow.company_id == operation.company_id, InspectionRow.key == operation.inspection_key
        )
        db.session.execute(row.values(due=True, next_try_at=None))
