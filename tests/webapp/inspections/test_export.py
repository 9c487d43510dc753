"""The list of inspections as a file says what is in QuickBooks, also where somebody changed it there or used what was there."""

from datetime import date
from decimal import Decimal

import pytest

from bookkeeping.storage.base import db
from bookkeeping.storage.records.documents import Document, Drift
from bookkeeping.storage.records.others_payments import OthersPayment
from tests.webapp.records import paid
from tests.webapp.sheets import csv_table

THEIRS = {"Id": "145", "TotalAmt": "400.00", "TxnDate": "2026-04-01"}


def line(owner) -> tuple[str, str, str, str]:
    """Return Invoice date and total, how many Payments, and what they come to."""
    (row,) = csv_table(owner.get("/inspections?as=csv").data)
    return row["Invoice date"], row["Invoice total"], row["Payments"], row["Paid in QuickBooks"]


@pytest.mark.parametrize(
    ("kind", "theirs", "said"),
    [("edited", THEIRS, ("2026-04-01", "400.00")), ("voided", {"TotalAmt": 0}, ("2026-03-02", "0.00"))],
)
@pytest.mark.parametrize("choice", ["", "keep"])
def test_a_document_that_a_person_has_in_hand_stands_as_in_quickbooks(
    choice, kind, theirs, said, owner, records
):
    records.inspection("1042", "in-sync")
    invoice = records.document("1042", total=Decimal("425.00"), txn_date=date(2026, 3, 2))
    drift = records.drift(invoice, kind, theirs=theirs)
    if choice:
        with records.house.writing():
            db.session.get_one(Document, invoice).hands_off = "kept"
            db.session.get_one(Drift, drift).choice = choice
            db.session.commit()
    assert line(owner)[:2] == said


def test_what_was_deleted_there_is_not_counted_and_a_used_payment_of_somebody_else_is(owner, records):
    records.inspection("1042", "in-sync", payments=(paid(),))
    records.document("1042", total=Decimal("425.00"), txn_date=date(2026, 3, 2))
    payment = records.document("1042", "Payment", qbo_id="150", source_key="p1", total=Decimal("425.00"))
    assert line(owner)[2:] == ("1", "425.00")
    records.drift(payment, "deleted", theirs={})
    assert line(owner)[2:] == ("", "")
    theirs = {"txn_date": date(2026, 3, 2), "total": Decimal("800.00"), "applied": Decimal("425.00")}
    of_ours = {"company_id": records.company_id, "invoice_id": "145", "inspection_key": "1042"}
    records.keep(OthersPayment(qbo_id="99", stands_for="p1", **of_ours, **theirs))
    assert line(owner)[2:] == ("1", "425.00")
