"""The migration from preview to report: SalesReceipts become Invoices and Payments, once; the books are what counts."""

from decimal import Decimal

import pytest

from tests.functional.legacy import LegacyOffice, money_of, old_inspection


@pytest.fixture
def office(tieout, platform, intuit) -> LegacyOffice:
    """A connected company with two receipts before the cutoff and three after it, and a worker."""
    tieout.web()
    office = LegacyOffice(tieout, platform, intuit).open()
    office.book_with_receipts(
        old_inspection(1, "2018-06-01T09:00:00", "300.00"),
        old_inspection(2, "2018-12-31T23:50:00", "310.00"),
        old_inspection(3, "2019-01-01T00:00:00", "425.00"),
        old_inspection(4, "2019-02-14T13:00:00", "500.10"),
        old_inspection(5, "2019-07-01T09:00:00", "99.95"),
    )
    tieout.worker()
    office.connect()
    return office


def test_receipts_after_the_cutoff_are_replaced_and_those_before_stay(office):
    page = office.preview()
    assert "REPLACE 3 RECEIPTS" in page
    result = office.migrate()
    assert result["problems"] == []
    books = office.books()
    assert money_of(books["SalesReceipt"]) == [Decimal("300"), Decimal("310")]
    assert money_of(books["Invoice"]) == [Decimal("99.95"), Decimal("425"), Decimal("500.10")]
    assert money_of(books["Payment"]) == money_of(books["Invoice"])
    assert all(Decimal(str(invoice["Balance"])) == 0 for invoice in books["Invoice"])
    assert len(books["Customer"]) == 5
