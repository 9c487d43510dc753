"""Documents of QuickBooks in the words of the statement."""

from datetime import date
from decimal import Decimal

import pytest

from bookkeeping.errors import PermanentError
from worker.tieout.both_sides import KINDS, book_document


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_counts_on_its_own_day(kind):
    one = book_document(kind, {"Id": "7", "TxnDate": "2026-03-31", "TotalAmt": 450})
    assert (one.kind, one.qbo_id, one.txn_date, one.total) == (
        kind,
        "7",
        date(2026, 3, 31),
        Decimal("450.00"),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_without_a_day_ends_the_statement_by_name(kind):
    with pytest.raises(PermanentError) as raised:
        book_document(kind, {"Id": "7", "TotalAmt": 450})
    assert f"{kind} 7" in raised.value.detail
