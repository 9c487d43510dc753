"""A receipt is replaced where its client has credit already: a CreditMemo, or a prepayment that somebody keyed, of the same amount even."""

from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import InspectionRow
from tests.harness.in_process import Desk
from tests.worker.migration.test_replacing import _amounts, _night, _rows, planned  # noqa: F401


def test_credits_of_the_client_keep_no_receipt_from_being_replaced(legacy: Desk, planned):  # noqa: F811
    first, second = planned.values()
    detail = {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 30}
    line = {"Amount": 30, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
    prepaid = {"TotalAmt": 425, "TxnDate": second["TxnDate"], "CustomerRef": second["CustomerRef"]}
    legacy.write(
        [
            ("create", "CreditMemo", {"CustomerRef": first["CustomerRef"], "Line": [line]}),
            ("create", "Payment", prepaid),
        ]
    )
    _night(legacy)
    with legacy.shop.app.app_context():
        assert [(row.state, row.code) for row in _rows(legacy)] == [("done", ""), ("done", "")]
    books = legacy.books()
    assert books["SalesReceipt"] == [] and [one["Balance"] for one in books["Invoice"]] == [0, 0]
    assert _amounts(legacy, "Payment").count(425) == 3, (
        "One by hand, and ours in the place of each receipt's money."
    )
    assert sum(one["UnappliedAmt"] for one in books["Payment"]) == 425 + 30
    legacy.run("check")
    with legacy.shop.app.app_context():
        states = select(InspectionRow.state).where(InspectionRow.company_id == legacy.id)
        assert set(db.session.scalars(states)) == {"in-sync"}
