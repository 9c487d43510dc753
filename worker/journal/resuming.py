"""Carrying on after a crash or a lost answer: journaled calls that were never settled go again, the same bytes under the same id.

QuickBooks answers a repeated request id with the first answer, but for how long is not documented: a call older than an hour is
therefore looked up before anything is sent, and so is one of which some operations are settled already. A replayed answer may also
name an object that was deleted since: what it made is read back.
"""

from datetime import timedelta

from sqlalchemy import select

from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import DOCUMENT_KINDS, Document
from bookkeeping.storage.work.journal import Call, Operation
from worker.holding.progress import tell
from worker.holding.work import Work
from worker.journal.looking_up import drop, find_out, look_again
from worker.journal.writing import open_calls, operations_of, send
from worker.reading.connection import still_blocked
from worker.reading.drift import note_gone

LOOK_FIRST_AFTER = timedelta(hours=1)


def resume_open_calls(work: Work) -> bool:
    """Settle every call of the company that is not settled, oldest first; always finishes.

    While the company is paused or QuickBooks takes no writes, the calls stay open: nothing is sent, and nothing new is planned.

    Raises:
        TemporaryError, NotConnectedError: QuickBooks cannot be reached; the calls stay open.
    """
    if work.company.halted or still_blocked(work):
        return True
    ids = open_calls(work.company_id)
    work.commit()
    for number, call_id in enumerate(ids):
        tell(work, f"Settling what was interrupted: {number + 1} of {len(ids)}")
        _settle(work, db.session.get_one(Call, call_id))
    return True


def _settle(work: Work, call: Call) -> None:
    operations = operations_of(call)
    unsettled = [one for one in operations if one.settled_at is None]
    if call.attempts == 0:
        _abandon(work, call, unsettled)
    elif len(unsettled) < len(operations) or utcnow() - call.created_at > LOOK_FIRST_AFTER:
        find_out(work, unsettled)
        call.state, call.answered_at = "abandoned", utcnow()
        work.commit()
    else:
        _notice_dead_ids(work, send(work, call))


def _abandon(work: Work, call: Call, operations: list[Operation]) -> None:
    """It was journaled and not sent: the world may have moved since, so it is dropped and planned anew."""
    for operation in operations:
        drop(operation)
        look_again(operation)
    call.state = "abandoned"
    work.commit()


def _notice_dead_ids(work: Work, operations: list[Operation]) -> None:
    """A replayed success may name what a person deleted since: read back what was created; what is gone is drift."""
    created = [one for one in operations if one.action == "create" and one.outcome == "created"]
    for kind in sorted({one.kind for one in created} & set(DOCUMENT_KINDS)):
        ids = [one.qbo_id for one in created if one.kind == kind]
        work.before_call()
        there = work.gateway.read_many(kind, ids)
        for operation in created:
            if operation.kind != kind or operation.qbo_id in there:
                continue
            work.before_call()
            if work.gateway.read(kind, operation.qbo_id) is None:
                _gone(operation)
                work.commit()


def _gone(operation: Operation) -> None:
    dead = select(Document).where(
        Document.company_id == operation.company_id,
        Document.kind == operation.kind,
        Document.qbo_id == operation.qbo_id,
        Document.status == "live",
    )
    for document in db.session.scalars(dead):
        note_gone(document)
    look_again(operation)
