"""Finding out in QuickBooks itself what became of a write when no answer says so. Nothing is sent again here.

Used where repeating the request would prove nothing: the answer left the item out, QuickBooks failed in the middle of it, or the call is
so old that QuickBooks may have forgotten its request id.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from bookkeeping.errors import GoneError, PermanentError, TemporaryError
from bookkeeping.quickbooks_gateway.changes import moment
from bookkeeping.quickbooks_gateway.differences import differs
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer, quote
from bookkeeping.rules.references import marked
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.items import NOT_SOLD
from bookkeeping.storage.records.documents import DOCUMENT_KINDS, Document
from bookkeeping.storage.records.due import make_due
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Operation
from worker.holding.progress import count
from worker.holding.work import Work
from worker.journal.naming import INACTIVE_REFERENCE, name_inactive
from worker.journal.settling import settle_operations
from worker.reading.drift import judge

CLOCKS_APART = timedelta(minutes=10)


def find_out(work: Work, operations: Iterable[Operation]) -> None:
    """Settle each of these operations by what QuickBooks has, and commit; what was not done is planned anew.

    Raises:
        TemporaryError, NotConnectedError: QuickBooks cannot be read; what was not reached keeps its unknown outcome.
    """
    for operation in operations:
        work.commit()
        work.before_call()
        found = _look_up(work, operation)
        if found is None:
            drop(operation)
        else:
            settle_operations(work.company_id, [(operation, found)])
            _judge_made(operation, found)
        look_again(operation)
        count(work, {operation.outcome: 1})
        work.commit()


def told_apart(
    work: Work, operations: Sequence[Operation], answers: Iterable[ItemAnswer]
) -> list[ItemAnswer]:
    """Return the answers, each "object not found" (610) to a change told apart: gone, or an inactive reference. Settles nothing.

    QuickBooks gives the same code and text for an object that is gone and for one that refers to something made inactive: only a read by
    Id that finds nothing means gone; the reference is then named. A deletion of what is gone is done; where the object lives, the answer becomes
    `inactive-reference`, and the object is as it was.

    Raises:
        TemporaryError, NotConnectedError: QuickBooks cannot be read; the call stays open and is resumed.
    """
    told = []
    for operation, answer in zip(operations, answers, strict=True):
        error = answer.error
        if isinstance(error, GoneError) and operation.action != "create":
            work.before_call()
            row = work.gateway.read(operation.kind, operation.qbo_id)
            if row is not None:
                reference = PermanentError(error.detail, code=INACTIVE_REFERENCE, reference=error.reference)
                answer = replace(answer, error=reference)
            elif operation.action == "delete":
                answer = replace(answer, entity={"Id": operation.qbo_id}, deleted=True, error=None)
        told.append(answer)
    return name_inactive(work, operations, told)


def drop(operation: Operation) -> None:
    """Note in the current transaction that the write did not happen and is planned anew."""
    operation.outcome, operation.code, operation.detail = "waiting", "planned-again", ""
    operation.settled_at = utcnow()
    operation.error, operation.warning = TemporaryError(code="planned-again", whole_realm=False), ""


def look_again(operation: Operation) -> None:
    """Let the operation's inspection be looked at again."""
    if operation.inspection_key:
        make_due(operation.company_id, "look-again", InspectionRow.key == operation.inspection_key)


def _look_up(work: Work, operation: Operation) -> ItemAnswer | None:
    """Return the answer as QuickBooks would have given it, or None when the write did not happen."""
    gateway, body = work.gateway, json.loads(operation.body)
    if operation.action in ("delete", "update"):
        row = gateway.read(operation.kind, body["Id"])
        if operation.action == "delete":
            gone = ItemAnswer(operation.b_id, operation.kind, {"Id": body["Id"]}, deleted=True)
            return gone if row is None else None
        same = row is not None and not differs(body, row)
        return ItemAnswer(operation.b_id, operation.kind, row) if same else None
    for row in gateway.query_all(operation.kind, _where(operation, body)):
        if _is_ours(operation, body, row):
            return ItemAnswer(operation.b_id, operation.kind, row)
    return None


def _where(operation: Operation, body: dict[str, Any]) -> str:
    if operation.kind in ("Invoice", "RefundReceipt"):
        return f"DocNumber = {quote(body['DocNumber'])}"
    if operation.kind == "Payment":
        return f"CustomerRef = {quote(body['CustomerRef']['value'])}"
    field = "DisplayName" if operation.kind == "Customer" else "Name"
    return f"{field} = {quote(body[field])}"


def _is_ours(operation: Operation, body: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether this row is what the operation made: for a document by our key, for a Customer by its age and all its details."""
    if operation.kind == "Customer":
        return not differs(body, row) and _made_since(operation, row)
    if operation.kind not in DOCUMENT_KINDS:
        # Whoever made it: an Item of that name is the one we need, a Category or bundle is not.
        return bool(row.get("Active", True)) and row.get("Type") not in NOT_SOLD
    ours = marked(body.get("PrivateNote") or "")
    if ours is None or marked(row.get("PrivateNote") or "") != ours:
        return False
    other = select(Document.id).where(
        Document.company_id == operation.company_id,
        Document.kind == operation.kind,
        Document.qbo_id == str(row["Id"]),
        Document.generation != operation.generation,
    )
    return db.session.scalars(other).first() is None


def _made_since(operation: Operation, row: dict[str, Any]) -> bool:
    made = (row.get("MetaData") or {}).get("CreateTime")
    return made is not None and moment(made) >= operation.created_at - CLOCKS_APART


def _judge_made(operation: Operation, found: ItemAnswer) -> None:
    """A document made by us that a person changed before we knew of it is drift like any other."""
    made_it = operation.action == "create" and operation.kind in DOCUMENT_KINDS
    if not made_it or found.entity is None:
        return
    db.session.flush()
    made = select(Document).where(
        Document.company_id == operation.company_id,
        Document.kind == operation.kind,
        Document.source_key == operation.source_key,
        Document.generation == operation.generation,
    )
    document = db.session.scalars(made).one()
    # What was found is to be judged by what we sent, not by itself.
    document.body = json.loads(operation.document).get("ours") or json.loads(operation.body)
    document.as_read = None
    judge(document, found.entity)
