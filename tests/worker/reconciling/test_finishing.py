"""What an inspection's row says after its slice, by what became of its case."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.acts.questions import retry_one
from bookkeeping.case import build_cases
from bookkeeping.errors import NotConnectedError, PermanentError, RuleError, TemporaryError
from bookkeeping.rules.documents import Flag
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.inspections import InspectionRow
from tests.functional.bookkeeper import Bookkeeper
from tests.functional.office import inspection
from tests.harness.in_process import Desk
from worker.reading.poll import poll
from worker.reconciling.finishing import finish_cases


@pytest.fixture
def held(desk: Desk):
    """The work on a company with one due inspection, and its case."""
    desk.book(inspection(1))
    desk.do(poll)
    with desk.holding() as work:
        rows = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).all()
        [case] = build_cases(work.company, rows)
        yield work, case


def _finished(work, case) -> InspectionRow:
    finish_cases(work, [case])
    db.session.expire_all()
    return db.session.get_one(InspectionRow, case.row_id)


def test_a_case_that_went_through_is_in_sync_with_its_flags_and_nothing_to_wait_for(held):
    work, case = held
    before = db.session.get_one(InspectionRow, case.row_id)
    before.failures, before.next_try_at, before.waits_for = 3, utcnow() - timedelta(1), "customer:c1"
    work.commit()
    case.warnings += ["payment-method-missing", "payment-method-missing"]
    case.desired = type(case.desired)(
        case.desired.customer, case.desired.invoice, (), (Flag("overpaid", "$5"),)
    )
    row = _finished(work, case)
    assert (row.state, row.reason, row.due, row.failures, row.waits_for) == ("in-sync", "", False, 0, "")
    assert (row.next_try_at, row.held_since) == (None, None) and row.last_synced_at is not None
    assert row.flags == [
        {"code": "overpaid", "detail": "$5"},
        {"code": "payment-method-missing", "detail": ""},
    ]


def test_another_total_in_quickbooks_needs_a_person_until_it_is_ours(desk: Desk):
    taxes = f"/_standin/realms/{desk.realm_id}/preferences"
    desk.intuit.post("/_standin/settings", {"automated_tax": "on-every-line"})
    desk.intuit.post(taxes, {"TaxPrefs": {"UsingSalesTax": True, "PartnerTaxEnabled": True}})
    [key] = desk.book(inspection(1, payments=[]))
    desk.run()
    desk.intuit.post("/_standin/settings", {"automated_tax": "by-code"})
    desk.intuit.post(taxes, {"TaxPrefs": {"UsingSalesTax": False, "PartnerTaxEnabled": False}})
    [there] = desk.books()["Invoice"]
    said = f"Invoice SP-{key} is ${there['TotalAmt']:.2f} in QuickBooks instead of $575.00."
    assert there["TotalAmt"] != 575.0
    for _ in range(2):
        with desk.holding() as work:
            row = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).one()
            assert (row.state, row.reason, row.detail) == ("needs-you", "total-mismatch", said)
            assert row.last_synced_at is None and row.held_since is not None
            retry_one(desk.id, key, "ann@office.example")
            work.commit()
        desk.run()
    Bookkeeper(desk).edit("Invoice", there["Id"], Line=there["Line"])
    assert desk.books()["Invoice"][0]["TotalAmt"] == 575.0
    desk.run("check")
    with desk.holding():
        row = db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)).one()
        assert (row.state, row.reason, row.detail, row.flags) == ("in-sync", "", "", [])


def test_what_is_not_in_the_books_says_why_and_has_no_flags(desk: Desk):
    (key,) = desk.book(inspection(1, confirmed=False))
    desk.do(poll)
    with desk.holding() as work:
        rows = db.session.scalars(select(InspectionRow).where(InspectionRow.key == key)).all()
        [case] = build_cases(work.company, rows)
        case.warnings.append("payment-method-missing")
        row = _finished(work, case)
        assert (row.state, row.reason, row.flags) == ("not-in-books", "not-confirmed", [])


@pytest.mark.parametrize(
    ("error", "state", "again"),
    [
        (TemporaryError("Later.", code="qbo-10000"), "waiting", True),
        (RuleError("Settle it.", code="waiting-for-customer"), "waiting", False),
        (PermanentError("Too long.", code="qbo-2050"), "needs-you", False),
        (RuleError(code="drift"), "drift", False),
    ],
)
def test_a_parked_case_says_its_cause_and_is_tried_again_only_where_time_helps(error, state, again, held):
    work, case = held
    case.park(error, waits_for="customer:c1")
    row = _finished(work, case)
    assert (row.state, row.reason, row.detail, row.waits_for) == (
        state,
        error.code,
        error.detail,
        "customer:c1",
    )
    assert (row.next_try_at is not None, row.due) == (again, again)
    assert row.held_since is not None
    since = row.held_since
    assert _finished(work, case).held_since == since, "It counts from the first time."


def test_each_failure_in_a_row_waits_longer_up_to_an_hour(held):
    work, case = held
    case.park(TemporaryError("Later.", code="qbo-10000"))
    waits = []
    for _ in range(8):
        row = _finished(work, case)
        waits.append(row.next_try_at - utcnow())
    assert row.failures == 8
    assert timedelta(seconds=25) < waits[0] < timedelta(minutes=2)
    assert timedelta(minutes=29) < waits[-1] <= timedelta(hours=1)


def test_what_became_due_again_during_the_slice_stays_due(held):
    work, case = held
    db.session.get_one(InspectionRow, case.row_id).wanted_gen += 1
    work.commit()
    row = _finished(work, case)
    assert (row.state, row.due) == ("in-sync", True)


def test_a_cause_that_blocks_the_company_is_noted_at_the_connection(held):
    work, case = held
    case.park(NotConnectedError("Lapsed.", code="qbo-6190"))
    _finished(work, case)
    assert work.connection.blocked == "qbo-6190"
