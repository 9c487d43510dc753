"""Writes to QuickBooks: planned, journaled in a committed row, sent as frozen bytes, settled with what came back.

Deciding what to write is `reconcile`; carrying on after a crash is `resuming`.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from decimal import Decimal
from http import HTTPStatus
from typing import Any

from flask import current_app
from sqlalchemy import select, update

from bookkeeping.errors import (
    BookkeepingError,
    LeaseLostError,
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
from bookkeeping.storage.company.companies import is_being_erased
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import Attempt, Call, Operation
from bookkeeping.tracing.spans import carried, span
from worker.app import bell, settings
from worker.holding.blocks import block, blocked_by
from worker.holding.progress import count
from worker.holding.work import Work
from worker.jitter import jitter
from worker.journal.looking_up import find_out, told_apart
from worker.journal.settling import settle_operations, unclear
from worker.journal.waves import in_waves

BATCH_SIZE = 30
RESENDS = 2
"""How often a call whose outcome is unknown goes again at once, the same bytes under the same id, before it waits."""


Outcome = list[ItemAnswer] | BookkeepingError


@dataclass
class Write:
    """One intended write, and after `carry_out` what became of it: `error` None means that it is in the books.

    `customer_id` is whom it is for, where that Customer exists. `body` is QuickBooks' JSON; `note` what our own records shall say once it succeeded (see `settling`).
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
    customer_id: str = ""
    note: dict[str, Any] = field(default_factory=dict)
    error: BookkeepingError | None = None
    warning: str = ""


@span("write")
def carry_out(work: Work, writes: list[Write]) -> None:
    """Journal, send and settle the writes, 30 a call; each write's `error` and `qbo_id` tell what became of it.

    As many calls as Intuit takes at once fly together: journaled before any of them is sent, each settled as it returns. A call whose
    answer is lost holds up none of the others.

    Raises:
        TemporaryError, NotConnectedError, MisconfiguredError: for a call as a whole; it stays in the journal and is resumed. Also
            before anything is journaled, while an earlier call is open or QuickBooks takes no writes.
        LeaseLostError: the company is another worker's by now, or is being erased.
    """
    for wave in in_waves(writes, BATCH_SIZE, settings().intuit_concurrency):
        _may_write(work)
        calls = [journal(work, batch) for batch in wave]
        work.commit()  # From now on they will be settled, whatever breaks.
        for batch, results in zip(wave, _send_together(work, calls), strict=True):
            for write, result in zip(batch, results, strict=True):
                write.error, write.warning = result.error, result.warning or write.warning
                write.qbo_id = result.qbo_id or write.qbo_id


def _send_together(work: Work, calls: list[Call]) -> list[list[Operation]]:
    """Send journaled calls side by side and settle each as it returns; return their operations in the order of the calls.

    Only the exchange with QuickBooks is in threads; every row is written here, under the fence. What a call as a whole ends with is raised
    when all are back. One without an answer goes again by itself then.

    Raises: as `carry_out`.
    """
    if len(calls) == 1:
        return [send(work, calls[0])]
    work.gateway.sign_in()  # Renewing takes a transaction: it is done here, so that no thread has to in the common case.
    attempts = {call.id: _begin(call) for call in calls}
    work.commit()
    settled: dict[int, list[Operation]] = {}
    again: list[Call] = []
    failed: BookkeepingError | None = None
    for call, outcome in _fly(work, calls):
        try:
            answers = _answers(work, call, attempts[call.id], outcome)
            settled[call.id] = _settled(work, call, answers)
        except _NoAnswer:
            again.append(call)
        except LeaseLostError:
            raise
        except BookkeepingError as error:
            failed = failed or error
    for call in again:
        try:
            settled[call.id] = send(work, call, tried=1)
        except LeaseLostError:
            raise
        except BookkeepingError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return [settled[call.id] for call in calls]


def _fly(work: Work, calls: list[Call]) -> Iterator[tuple[Call, Outcome]]:
    """Send each call in a thread of its own and yield it with its answers or its error as it returns, keeping the lease meanwhile."""
    app, gateway = current_app._get_current_object(), work.gateway  # type: ignore[attr-defined]  # Flask's proxy, not in its types.

    def exchange(request_id: str, body: str) -> Outcome:
        with app.app_context():  # With a database session of its own, should the sign-in have to be renewed.
            try:
                return gateway.send_batch(request_id, body)
            except BookkeepingError as error:
                return error

    with work.waiting_longer(), ThreadPoolExecutor(len(calls), "wave") as threads:
        flying = {threads.submit(carried(exchange), call.request_id, call.body): call for call in calls}
        while flying:
            back, _ = wait(flying, timeout=work.lease.seconds / 4, return_when=FIRST_COMPLETED)
            work.note_calls()
            work.before_call()
            for one in back:
                yield flying.pop(one), one.result()


def journal(work: Work, writes: list[Write]) -> Call:
    """Add the call with its operations to the current transaction; the caller commits before anything is sent."""
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
    db.session.flush()
    return call


def send(work: Work, call: Call, *, tried: int = 0) -> list[Operation]:
    """Send a journaled call and settle its operations; return them in order, each with `error` and `warning` set.

    A call whose answer is lost goes again at once, a few times; after that it is left `unknown` and the error raised. An operation
    that the answer does not settle is looked up. `tried`: how often it went just now and came back without an answer.
    """
    for number in range(tried, RESENDS + 1):
        if number:
            time.sleep((0.5 + jitter()) * number)
        attempt = _begin(call)
        work.commit()
        work.before_call()
        outcome: Outcome
        try:
            outcome = work.gateway.send_batch(call.request_id, call.body)
        except BookkeepingError as error:
            outcome = error
        try:
            return _settled(work, call, _answers(work, call, attempt, outcome))
        except _NoAnswer as lost:
            if number == RESENDS:
                raise lost.error from lost
    raise AssertionError("not reached")


class _NoAnswer(Exception):
    """A passing trouble: the same bytes may go again at once."""

    def __init__(self, error: TemporaryError) -> None:
        super().__init__(str(error))
        self.error = error


def _begin(call: Call) -> Attempt:
    """Note in the current transaction that the call is sent now."""
    call.attempts += 1
    call.state = "written"
    call.sent_at = call.sent_at or utcnow()
    attempt = Attempt(call_id=call.id, number=call.attempts, sent_at=utcnow())
    db.session.add(attempt)
    return attempt


def _answers(work: Work, call: Call, attempt: Attempt, outcome: Outcome) -> list[ItemAnswer]:
    """Note how the attempt went and return the answers to settle the call with.

    After trouble it is noted in a transaction of its own, since what follows may be rolled back.

    Raises:
        _NoAnswer: a passing trouble.
        ThrottledError, NotConnectedError, MisconfiguredError: for the call as a whole; it stays in the journal.
    """
    if not isinstance(outcome, BookkeepingError):
        attempt.answered_at, attempt.status = utcnow(), HTTPStatus.OK
        attempt.reference = outcome[0].reference or ""
        return outcome
    attempt.answered_at = utcnow() if outcome.status is not None else None
    attempt.status, attempt.answer, attempt.code = outcome.status, outcome.answer, outcome.code
    attempt.reference = outcome.reference or ""
    work.commit()
    if isinstance(outcome, (ThrottledError, MisconfiguredError)):
        raise outcome
    if isinstance(outcome, NotConnectedError) and not fault(outcome.code).blocks_writes:
        raise outcome
    if isinstance(outcome, TemporaryError) and outcome.code != "qbo-600":
        if outcome.outcome_unknown:
            _leave_unknown(work, call, outcome)
        raise _NoAnswer(outcome)
    return _the_same_for_all(call, outcome)


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


@span("settle")
def settle(work: Work, call: Call, answers: Iterable[ItemAnswer]) -> list[Operation]:
    """Note what became of every operation of the call, in one transaction under the fence; what is unclear leaves the call open."""
    operations = operations_of(call)
    outcomes: dict[str, int] = {}
    settle_operations(work.company_id, list(zip(operations, answers, strict=True)))
    for operation in operations:
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
    """Raise while nothing new may be sent: planned beside an open call, a write could be in the books twice.

    A company that is being erased gets nothing more, and its work ends like that of a worker which lost the company.
    """
    if is_being_erased(work.company_id):
        raise LeaseLostError("the company is being erased")
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
