"""What has to be known before refunds of deposited money can be planned: when each was first seen, and where the Deposits went.

What becomes of a refund is decided in `bookkeeping.rules.deposited`; sending it is `rounds`.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.refunds import note_refunds
from worker.holding.work import Work
from worker.reading.changes import note_deposit
from worker.reconciling.rereading import freshen

HELD_BY_A_DEPOSIT = "qbo-6540"
"""QuickBooks' refusal to change or delete what a Deposit holds."""


def note_what_was_given_back(work: Work, rows: Sequence[InspectionRow]) -> None:
    """Note the refunds of the due inspections that the poll has not, and read the Deposits of which only the id is known."""
    refunded = [
        row for row in rows if any(one["refunded_amount"] != "0.00" for one in row.record["payments"])
    ]
    if not refunded:
        return
    note_refunds(work.company_id, (row.inspection() for row in refunded))
    of_them = Document.inspection_key.in_([row.key for row in refunded])
    held = select(Document).where(
        Document.company_id == work.company_id,
        of_them,
        Document.kind == "Payment",
        Document.status == "live",
        Document.deposit_id != "",
        Document.deposit_account_id == "",
    )
    read_deposits(work, list(db.session.scalars(held)))


def read_deposits(work: Work, documents: Iterable[Document]) -> None:
    """Read the Deposits that hold these documents, and note where they put the money; one that is gone holds nothing."""
    ids = sorted({one.deposit_id for one in documents if one.deposit_id and not one.deposit_account_id})
    work.commit()
    for deposit_id in ids:
        work.before_call()
        row = work.gateway.read("Deposit", deposit_id)
        note_deposit(work.company_id, row if row is not None else {"Id": deposit_id, "status": "Deleted"})
        work.commit()


def find_deposits(work: Work, documents: Sequence[Document]) -> None:
    """Find the Deposits that hold these documents, of which QuickBooks said so only by refusing a write."""
    freshen(work, list(documents), by_id=True)
    read_deposits(work, documents)
