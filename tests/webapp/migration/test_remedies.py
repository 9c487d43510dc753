"""What stands in the way, one row a remedy: what one act settles is one row, with its receipts and dollars."""

from decimal import Decimal

import pytest

from bookkeeping.faults import CATALOGUE
from bookkeeping.storage.base import db
from bookkeeping.storage.records.migrations import Migration
from tests.bookkeeping.rules.test_migration import entry, receipt
from tests.webapp.migration.planned import DEPOSITED, EDITED
from webapp.migration.remedies import SHOWN, remedies_of

ELSEWHERE = ["receipt-deposited", "It is part of Deposit 77."]


@pytest.fixture
def found(plan):
    """Return (a function of) the remedies of a migration in this state."""

    def ask(state="preview", **receipts):
        plan.receipts |= {name.removeprefix("r"): blockers for name, blockers in receipts.items()}
        migration_id = plan.migrate(state)
        with plan.house.app.app_context():
            return remedies_of(db.session.get_one(Migration, migration_id))

    return ask


def test_receipts_of_one_deposit_are_one_row_and_those_of_another_are_another(found):
    rows = found(r3=[DEPOSITED], r4=[DEPOSITED], r5=[DEPOSITED], r6=[ELSEWHERE], r7=[EDITED])
    assert [(row.where, row.code, row.count, row.total) for row in rows] == [
        ("Deposit 232", "receipt-deposited", 3, Decimal("1275.00")),
        ("", "receipt-changed", 1, Decimal("425.00")),
        ("Deposit 77", "receipt-deposited", 1, Decimal("425.00")),
    ]
    assert [one.receipt_id for one in rows[0].receipts] == ["r3", "r4", "r5"]


def test_a_deposit_is_named_in_the_words_of_the_rules():
    judged = entry(receipt_=receipt(deposit_id="232"))
    assert DEPOSITED in [[flag.code, flag.detail] for flag in judged.blockers]


def test_causes_with_other_details_of_each_receipt_are_one_row_with_a_few_of_them(found):
    closed = {
        f"r{number}": [["receipt-closed", f"One date is Dec {number}, 2018."]]
        for number in range(3, 3 + SHOWN + 2)
    }
    [row] = found(**closed)
    assert (row.code, row.count, len(row.receipts)) == ("receipt-closed", SHOWN + 2, SHOWN)
    assert row.fault is CATALOGUE["receipt-closed"]


def test_a_receipt_that_is_not_in_quickbooks_counts_as_it_is_on_record(found):
    [row] = found(r3=[["receipt-missing", ""]])
    assert row.total == Decimal("425.00")


def test_a_row_stands_as_long_as_its_receipts_are_held(found):
    states = ("previewing", "preview", "scheduled", "running", "paused", "done")
    assert [len(found(state, r3=[EDITED])) for state in states] == [0, 1, 1, 1, 1, 1]
