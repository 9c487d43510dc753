"""Writes to QuickBooks: planned, journaled in a committed row, sent as frozen bytes, settled with what came back.

Deciding what to write is `reconcile`; carrying on after a crash is `resuming`.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from sqlalchemy import select, update

from bookkeeping.errors import (
    BookkeepingError,
    MisconfiguredError,
    NotConnectedError,
    StaleSyncTokenError,
    TemporaryError,
    ThrottledError,
)
from bookkeeping.faults import fault
from bookkeeping.metrics import count_operations
from bookkeeping.quickbooks_gateway.bodies import batch_body, frozen, in_dollars
from bookkeeping.quickbooks_gateway.gateway import ItemAnswer
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Attempt, Call, Operation
from worker.app import bell
from worker.holding.blocks import block, blocked_by
from worker.holding.progress import count
from worker.holding.work import Work
from worker.jitter import jitter
from worker.journal.looking_up import find_out, told_apart
from worker.journal.settling import settle_operation, unclear

BATCH_SIZE = 30
RESENDS = 2
"""How often a call whose outcome is unknown goes again at once, the same bytes under the same id, before it waits."""


@dataclass
class Write:
    """One intended write, and after `carry_out` what became of it: `error` None means that it is in the books.

    `body` is QuickBooks' JSON; `note` what our own records shall say once it succeeded (see `settling`).
    """

    kind: str
    action: str
    source_key: str
    body: dict[str, Any]
    generation: int = 1
    inspection_key: str = ""
    doc_number: str = ""
    subject: str = ""
    amount: Decimal | None = None
    qbo_id: str = ""
    note: dict[str, Any] = field(default_factory=dict)
    error: BookkeepingError | None = None
    warning: str = ""


def carry_out(work: Work, writes: list[Write]) -> None:
    """Journal, send and settle the writes, 30 a call; each write's `error` and `qbo_id` tell what became of it.

    Raises:
        TemporaryError, NotConnectedError, MisconfiguredError: for a call as a whole; it stays in the journal and is resumed. Also
            before anything is journaled, while an earlier call is open or QuickBooks takes no writes.
    """
    for start in range(0, len(writes), BATCH_SIZE):
        chunk = writes[start : start + BATCH_SIZE]
        _may_write(work)
        call = journal(work, chunk)
        results = send(work, call)
        for write, result in zip(chunk, results, strict=True):
            write.error, write.warning = result.error, result.warning or write.warning
            write.qbo_id = result.qbo_id or write.qbo_id


def journal(work: Work, writes: list[Write]) -> Call:
    """Write the call with its operations and commit: from now on it will be settled, whatever breaks."""
    if work.connection is not None and (work.connection.facts or {}).get("several_currencies"):
        for write in writes:
            write.body = in_dollars(write.kind, write.action, write.body)
    items = [(f"i{n}", write.action, write.kind, write.body) for n, write in enumerate(writes)]
    body = batch_body(items)
    generation = max(write.generation for write in writes)
    call = Call(
        company_id=work.company_id,
        run_id=work.run_id,
        request_id=f"{uuid.uuid4().hex[:28]}-g{generation}",
        path="batch",
        body=body,
        body_hash=_hash(body),
    )
    for position, write in enumerate(writes):
        text = frozen(write.body)
        call.operations.append(
            Operation(
                company_id=work.company_id,
                run_id=work.run_id,
                position=position,
                b_id=f"i{position}",
                inspection_key=write.inspection_key,
                kind=write.kind,
                action=write.action,
                source_key=write.source_key,
                generation=write.generation,
                doc_number=write.doc_number,
                subject=write.subject[:300],
                amount=write.amount,
                body=text,
                body_hash=_hash(text),
                document=json.dumps(write.note, default=str),
                qbo_id=write.qbo_id,
            )
        )
    db.session.add(call)
    work.commit()
    return call


def send(work: Work, call: Call) -> list[Operation]:
    """Send a journaled call and settle its operations; return them in order, each with `error` and `warning` set.

    A call whose answer is lost goes again at once, a few times; after that it is left `unknown` and the error raised. An operation
    that the answer does not settle is looked up.
    """
    for attempt in range(RESENDS + 1):
        try:
            answers = _attempt(work, call)
        except (ThrottledError, MisconfiguredError):
            raise
        except NotConnectedError as error:
            if not fault(error.code).blocks_writes:
                raise
            answers = _the_same_for_all(call, error)
        except TemporaryError as error:
            if error.code == "qbo-600":
                return _settled(work, call, _the_same_for_all(call, error))
            if error.outcome_unknown:
                _leave_unknown(work, call, error)
            if attempt == RESENDS:
                raise
            time.sleep((0.5 + jitter()) * (attempt + 1))
            continue
        except BookkeepingError as error:
            answers = _the_same_for_all(call, error)
        return _settled(work, call, answers)
    raise AssertionError("not reached")


def _attempt(work: Work, call: Call) -> list[ItemAnswer]:
    """Send the call once, and note how that went; after trouble in a transaction of its own, since what follows may be rolled back."""
    call.attempts += 1
    call.state = "written"
    call.sent_at = call.sent_at or utcnow()
    attempt = Attempt(call_id=call.id, number=call.attempts, sent_at=utcnow())
    db.session.add(attempt)
    work.commit()
    work.before_call()
    try:
        answers = work.gateway.send_batch(call.request_id, call.body)
    except BookkeepingError as error:
        attempt.answered_at = utcnow() if error.status is not None else None
        attempt.status, attempt.answer, attempt.code = error.status, error.answer, error.code
        attempt.reference = error.reference or ""
        work.commit()
        raise
    attempt.answered_at, attempt.status = utcnow(), HTTPStatus.OK
    attempt.reference = answers[0].reference or ""
    return answers


def _settled(work: Work, call: Call, answers: Iterable[ItemAnswer]) -> list[Operation]:
    operations = settle(work, call, told_apart(work, operations_of(call), answers))
    # A repeated write that was not replayed meets the SyncToken that it moved itself the first time.
    again = call.attempts > 1
    doubtful = [
        one
        for one in operations
        if unclear(one.error) or (again and isinstance(one.error, StaleSyncTokenError))
    ]
    if doubtful:
        find_out(work, doubtful)
        call.state = "answered"
        work.commit()
    return operations


def settle(work: Work, call: Call, answers: Iterable[ItemAnswer]) -> list[Operation]:
    """Note what became of every operation of the call, in one transaction under the fence; what is unclear leaves the call open."""
    operations = operations_of(call)
    outcomes: dict[str, int] = {}
    for operation, answer in zip(operations, answers, strict=True):
        settle_operation(work, operation, answer)
        if operation.settled_at is not None:
            outcomes[operation.outcome] = outcomes.get(operation.outcome, 0) + 1
    open_still = any(operation.settled_at is None for operation in operations)
    call.state, call.answered_at = "unknown" if open_still else "answered", utcnow()
    refused = next((one.code for one in operations if one.error and fault(one.code).blocks_writes), None)
    if refused:
        block(work, refused)
    count(work, outcomes)
    work.commit()
    count_operations(bell().redis, [(one.outcome, one.code) for one in operations])
    return operations


def operations_of(call: Call) -> list[Operation]:
    """Return the call's operations in the order of its body."""
    rows = select(Operation).where(Operation.call_id == call.id).order_by(Operation.position)
    return list(db.session.scalars(rows))


def open_calls(company_id: int) -> list[int]:
    """Return the ids of the calls of which it is not settled what they did, oldest first."""
    rows = select(Call.id).where(Call.company_id == company_id, Call.state.in_(("written", "unknown")))
    return list(db.session.scalars(rows.order_by(Call.id)))


def _may_write(work: Work) -> None:
    """Raise while nothing new may be sent: planned beside an open call, a write could be in the books twice."""
    code = blocked_by(work)
    if code:
        raise NotConnectedError(code=code)
    if open_calls(work.company_id):
        raise TemporaryError("What was sent before is not settled yet.", code="unknown-outcome")


def _the_same_for_all(call: Call, error: BookkeepingError) -> list[ItemAnswer]:
    return [ItemAnswer(one.b_id, one.kind, None, error=error) for one in call.operations]


def _leave_unknown(work: Work, call: Call, error: TemporaryError) -> None:
    call.state = "unknown"
    call.reference = error.reference or ""
    keys = set()
    for operation in operations_of(call):
        operation.outcome, operation.code, operation.detail = "unknown", "unknown-outcome", error.detail
        keys.add(operation.inspection_key)
    rows = update(InspectionRow).where(
        InspectionRow.company_id == work.company_id, InspectionRow.key.in_(keys)
    )
    db.session.execute(rows.values(state="waiting", reason="unknown-outcome", detail=""))
    work.commit()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
