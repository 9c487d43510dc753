"""Looks at Invoices that are about to move to another Customer, before their Payments are taken off.

QuickBooks refuses the move while money of others is on the Invoice. Found out only then, our own Payments would be gone already.
"""

from collections.abc import Iterable

from bookkeeping.case import Case, reload_documents
from bookkeeping.errors import TemporaryError
from bookkeeping.rules.planning import UpdateInvoice
from bookkeeping.storage.records.documents import Document
from worker.holding.work import Work
from worker.reading.drift import note_gone
from worker.reconciling.rereading import freshen


def look_before_moving(work: Work, cases: Iterable[Case]) -> None:
    """Read the Invoices that would lose Payments of ours to be moved, and plan their inspections again from what is open on them."""
    moving = [(case, invoice) for case in cases if (invoice := _moving(case)) is not None]
    if not moving:
        return
    work.commit()
    verdicts = freshen(work, [invoice for _, invoice in moving])
    for case, invoice in moving:
        if verdicts[invoice.id] == "gone":
            note_gone(invoice)
        elif verdicts[invoice.id] == "moved":
            case.park(TemporaryError(code="planned-again", whole_realm=False))
    work.commit()
    reload_documents(work.company_id, [case for case, _ in moving])
    for case, _ in moving:
        case.make_plan()


def _moving(case: Case) -> Document | None:
    """Return its Invoice if that goes to another Customer and Payments of ours would go first."""
    moves = case.writes_planned and isinstance(case.planned.invoice, UpdateInvoice) and case.planned.first
    invoice = case.invoice
    return invoice if moves and invoice is not None and invoice.customer_id != case.billed_to else None
