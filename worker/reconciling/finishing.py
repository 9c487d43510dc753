"""What an inspection's row says after its slice: in sync, or the state, the cause and when it is tried again."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Table, bindparam, select, update

from bookkeeping.case import Case
from bookkeeping.errors import BookkeepingError, TemporaryError
from bookkeeping.faults import fault
from bookkeeping.rules.backoff import retry_delay
from bookkeeping.rules.hindering import describe, theirs_differ
from bookkeeping.rules.local_time import say_day
from bookkeeping.rules.money import ZERO, dollars
from bookkeeping.rules.planning import Waiting
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import CustomerLink
from bookkeeping.storage.records.due import Cause, causes_of, held_since_now, let_others_go
from bookkeeping.storage.records.inspections import InspectionRow
from worker.holding.blocks import block
from worker.holding.work import Work
from worker.jitter import jitter

OTHER_TOTAL = "total-mismatch"
THEIRS_DIFFER = "payment-differs"

_ROWS = cast("Table", InspectionRow.__table__)

UNSEEN = {"synchronize_session": False}
"""Nothing looks at these rows again before the commit; finding them among all that the session holds took most of the time."""


def finish_cases(work: Work, cases: list[Case]) -> None:
    """Settle each case's row, in one transaction. What became due again meanwhile stays due."""
    gone = _causes_gone(cases)
    done = []
    for case in cases:
        values = _parked(case, case.parked) if case.parked is not None else _settled(work.company_id, case)
        row = update(InspectionRow).where(InspectionRow.id == case.row_id)
        db.session.execute(row.values(**values), execution_options=UNSEEN)
        if not values.get("next_try_at"):
            done.append({"row_id": case.row_id, "gen": case.wanted_gen})
    if done:
        same = (_ROWS.c.id == bindparam("row_id"), _ROWS.c.wanted_gen == bindparam("gen"))
        db.session.execute(update(_ROWS).where(*same).values(due=False, deletes_approved=False), done)
    _let_others_go(work, gone, cases)
    blocked = next(
        (case.parked.code for case in cases if case.parked and fault(case.parked.code).blocks_writes), None
    )
    if blocked:
        block(work, blocked)
    work.commit()


def _causes_gone(cases: list[Case]) -> set[Cause]:
    """Return what had refused a document of those cases that were tried again as they were, and does not any more."""
    wrote = {case.row_id: case for case in cases if case.parked is None and case.wrote}
    columns = (InspectionRow.id, InspectionRow.reason, InspectionRow.detail, InspectionRow.waiting_documents)
    before = select(*columns).where(
        InspectionRow.id.in_(wrote), InspectionRow.state == "syncing", InspectionRow.held_since.is_not(None)
    )
    gone = set()
    for row_id, *facts in db.session.execute(before) if wrote else ():
        gone |= causes_of(*facts) - {(one.because.code, one.because.detail) for one in wrote[row_id].waits}
    return gone


def _let_others_go(work: Work, gone: set[Cause], cases: list[Case]) -> None:
    """Let what waits on these causes go: once a run, so that a cause which only some meet is not tried over and over."""
    if work.run_id is None or not gone:
        return
    before = [tuple(cause) for cause in work.run.parameters.get("let_go", [])]
    fresh = gone - set(before)
    if let_others_go(work.company_id, fresh, [case.row_id for case in cases]):
        work.run.parameters = {**work.run.parameters, "let_go": [*before, *sorted(fresh)]}


def _settled(company_id: int, case: Case) -> dict[str, Any]:
    flags = [{"code": flag.code, "detail": flag.detail} for flag in case.desired.flags]
    flags += _not_applied(case)
    flags += [{"code": code, "detail": ""} for code in dict.fromkeys(case.warnings) if code != OTHER_TOTAL]
    flags += _left_out(company_id, case)
    values = {"detail": "", "flags": flags, "waits_for": "", "failures": 0, "next_try_at": None}
    values |= {"held_since": None, "waiting_documents": _waiting_documents(case), "held_amount": None}
    held = case.plan.held if case.plan else ()
    drifted = [one for one in case.live if one.hands_off == "drift"]
    differ = [(OTHER_TOTAL, _other_total(case)), (THEIRS_DIFFER, _theirs_differ(case))]
    differ = [(code, detail) for code, detail in differ if detail]
    alone = not drifted and not case.waits
    flags += [{"code": code, "detail": detail} for code, detail in differ[int(alone) :]]
    if drifted:
        values |= {"state": "drift", "reason": "drift"}
    elif case.waits:
        values |= _waiting(case)
    elif differ:
        code, detail = differ[0]
        values |= {"state": "needs-you", "reason": code, "detail": detail, "held_since": held_since_now()}
    elif case.eligibility.in_books:
        values |= {"state": "in-sync", "reason": "kept-theirs" if held else ""}
    elif case.owner:
        values |= {"state": "in-sync", "reason": "cancelled-after-deposit"}
    else:
        values |= {"state": "not-in-books", "reason": case.eligibility.reason, "flags": []}
    if values["state"] in ("in-sync", "not-in-books"):
        values["last_synced_at"] = utcnow()
    return values


def _other_total(case: Case) -> str:
    """Say of which documents QuickBooks' total is another than ours, "" for none: whatever is tried again, until the two agree."""
    off = [one for one in case.live if not one.hands_off and one.in_books != one.total]
    return " ".join(
        f"{one.name} is {dollars(one.in_books)} in QuickBooks instead of {dollars(one.total)}." for one in off
    )


def _theirs_differ(case: Case) -> str:
    """Say which Payments that a person took for payments received come to another amount now, "" for none."""
    if not case.eligibility.in_books:
        return ""
    payments, refunds = ([one.others() for one in rows] for rows in (case.others, case.others_refunds))
    return " ".join(theirs_differ(case.inspection, payments, refunds))


def _not_applied(case: Case) -> list[dict[str, str]]:
    """Return the flag of money that was booked, but of which QuickBooks had less open on the Invoice than the payments come to."""
    standing = {one.source_key: one for one in case.live if one.kind == "Payment" and not one.hands_off}
    short = ZERO
    for payment in case.to_book.payments:
        if payment.source_key in standing:
            short += max(payment.applied - standing[payment.source_key].applied, ZERO)
    if not short:
        return []
    return [{"code": "not-applied", "detail": f"{dollars(short)} is not applied to it."}]


def _waiting(case: Case) -> dict[str, Any]:
    """Return what the row says while a document waits, whatever went on beside it: the first cause, and the document by name."""
    because = next(one for one in case.waits if not one.depends).because
    first = _waiting_documents(case)[0]
    document = f"{first['name']} of {dollars(Decimal(first['amount']))} on {say_day(date.fromisoformat(first['date']))}"
    waits = fault(because.code).waits
    return {
        "state": "waiting" if waits else "needs-you",
        "reason": because.code,
        "detail": f"{document}. {because.detail}".strip(),
        "waits_for": because.waits_for,
        "held_since": held_since_now(),
        "held_amount": _held_amount(case),
        "failures": InspectionRow.failures + int(not waits),  # PostgreSQL adds no truth to a number.
    }


def _held_amount(case: Case) -> Decimal:
    """Return how many US dollars wait: the same money once, where the Invoice waits and Payments on it, too."""
    sums = dict.fromkeys(("Invoice", "Payment", "RefundReceipt"), ZERO)
    for place, amount in {
        one.action.place: describe(one.action, case.hindrances.known(one.action))[1] for one in case.waits
    }.items():
        sums[place[0]] += amount
    return max(sums["Invoice"], sums["Payment"]) + sums["RefundReceipt"]


def _waiting_documents(case: Case) -> list[dict[str, Any]]:
    """Return each document that waits, for the screens; those with a cause of their own first."""
    return [_waiting_document(case, one) for one in sorted(case.waits, key=lambda one: one.depends)]


def _waiting_document(case: Case, one: Waiting) -> dict[str, Any]:
    name, amount, day = describe(one.action, case.hindrances.known(one.action))
    return {
        "kind": one.action.kind,
        "source_key": one.action.place[1],
        "verb": one.action.verb,
        "name": name,
        "amount": f"{amount:.2f}",
        "date": day.isoformat(),
        "code": one.because.code,
        "detail": one.because.detail,
        "depends": one.depends,
    }


def _left_out(company_id: int, case: Case) -> list[dict[str, str]]:
    """Return a flag for each detail that QuickBooks refused and a document or the Customer goes without; the same one once."""
    client = case.desired.customer
    link = db.session.get(CustomerLink, (company_id, client.client_key)) if client is not None else None
    left_out = [
        *(link.left_out if link is not None else ()),
        *(one for doc in case.live for one in doc.left_out),
    ]
    details = dict.fromkeys(f"{one['what']}: {one['value']}." for one in left_out)
    return [{"code": "detail-left-out", "detail": detail} for detail in details]


def _parked(case: Case, error: BookkeepingError) -> dict[str, Any]:
    values = {
        "waiting_documents": _waiting_documents(case),
        "reason": error.code,
        "detail": error.detail,
        "waits_for": case.waits_for,
        "held_since": held_since_now(),
        "held_amount": None,
    }
    if error.code == "drift":
        return values | {"state": "drift", "next_try_at": None}
    if isinstance(error, TemporaryError):
        return values | {"state": "waiting"} | _next_try(case, error)
    if fault(error.code).waits:
        return values | {"state": "waiting", "next_try_at": None}
    return values | {"state": "needs-you", "next_try_at": None, "failures": InspectionRow.failures + 1}


def _next_try(case: Case, error: BookkeepingError) -> dict[str, Any]:
    row = db.session.get(InspectionRow, case.row_id)
    failures = (row.failures if row else 0) + 1
    delay = max(retry_delay(failures, jitter()), timedelta(seconds=30))
    return {"failures": failures, "next_try_at": utcnow() + delay}
