"""Left as in QuickBooks: what *Keep theirs* leaves is shown with both sides wherever it stands, and *Manage it again* asks again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.documents import Document, Drift
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.webapp.house import House
from tests.webapp.records import NOON, Records
from tests.webapp.test_drift import THEIRS, states
from webapp.questions.left import by_inspection, left_as_theirs
from worker.reading.drift import judge


@pytest.fixture
def company(house: House) -> int:
    return house.make_company(start_date=NOON.date() - timedelta(days=60))


def kept(house: House, records: Records, bookkeeper, **facts) -> int:
    """An inspection of $425.00 whose Invoice is left as in QuickBooks, with $400.00 there; returns the choice's id."""
    records.booked("1042") if not facts else records.document(records.inspection("1042", **facts))
    with house.app.app_context():
        document = db.session.scalars(select(Document).where(Document.kind == "Invoice")).one().id
    drift = records.drift(document, theirs=THEIRS)
    bookkeeper.post(f"/drift/{drift}/keep", page="/drift")
    with house.writing():
        row = db.session.scalars(select(InspectionRow)).one()
        row.state, row.reason, row.due = "in-sync", "kept-theirs", False  # As the sync leaves it.
        db.session.commit()
    return drift


LEFT = "Left as in QuickBooks: $400.00; the inspection says $425.00"


@pytest.mark.parametrize("path", ["/drift", "/inspections", "/inspections/1042", "/inspections/1042/explain"])
def test_what_is_left_as_in_quickbooks_is_said_with_both_sides(house, records, bookkeeper, path):
    records.connect()
    kept(house, records, bookkeeper)
    page = bookkeeper.read(path).split("<main", 1)[1]
    assert LEFT in page
    assert "Both sides say the same" not in page and "status--in-sync" not in page
    if path != "/drift":
        assert 'status--drift"' in page
    if path != "/inspections":
        assert "bookkeeper1@office.example, " in page and "Manage it again" in page


def test_home_leads_to_what_is_left_as_in_quickbooks(house, records, bookkeeper):
    records.connect()
    kept(house, records, bookkeeper)
    assert 'href="/drift#left"' in bookkeeper.read("/") and 'id="left"' in bookkeeper.read("/drift")


@pytest.mark.parametrize(
    ("kind", "theirs", "fields", "said"),
    [
        ("edited", {"TotalAmt": 400}, ["Total"], "$400.00; the inspection says $425.00"),
        ("voided", {"TotalAmt": 0}, ["Total"], "voided; the inspection says $425.00"),
        ("deleted", {}, ["Invoice"], "deleted; the inspection says $425.00"),
        (
            "edited",
            {"TotalAmt": "425.00", "TxnDate": "2026-03-05"},
            ["Date"],
            "Mar 5, 2026; the inspection says Mar 2, 2026",
        ),
        (
            "edited",
            {"TotalAmt": 425, "TxnDate": "2026-03-02"},
            ["Customer", "Lines"],
            "$425.00 as the inspection says; other customer, lines than we wrote",
        ),
        ("edited", {"TotalAmt": 425}, [], "$425.00; the inspection says the same"),
    ],
)
def test_each_kind_of_what_is_left_says_what_differs(house, records, bookkeeper, kind, theirs, fields, said):
    drift = kept(house, records, bookkeeper)
    with house.writing():
        one = db.session.get_one(Drift, drift)
        one.kind, one.theirs, one.fields = kind, theirs, [[label, "a", "b"] for label in fields]
        db.session.commit()
    assert f"Left as in QuickBooks: {said}</span>" in bookkeeper.read("/drift")


def test_of_what_is_left_of_a_cancelled_inspection_that_is_said(house, records, bookkeeper):
    kept(house, records, bookkeeper, canceled_at=NOON)
    assert "$400.00; the inspection is not in the books</span>" in bookkeeper.read("/drift")


def test_managing_it_again_asks_again_and_overwrites_nothing(house, records, bookkeeper):
    drift = kept(house, records, bookkeeper)
    bookkeeper.post(f"/drift/{drift}/manage-again", page="/drift")
    [_, (choice, hands_off, fingerprint, stale, status, due, _)] = states(house)
    assert (choice, hands_off, status, due) == ("", "drift", "live", True)
    assert fingerprint and not stale, "the plan leaves it alone until the question is answered"
    page = bookkeeper.read("/drift")
    assert "choose below" in page and "Keep theirs" in page and 'id="left"' not in page
    with house.app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "managed again")).one()
        assert (entry.subject, entry.before, entry.after) == (
            "Invoice SP-1042",
            {"hands_off": "kept"},
            {"hands_off": "drift"},
        )
        assert db.session.scalars(select(Run).order_by(Run.id.desc())).first().kind == "sync"
    bookkeeper.post(f"/drift/{drift}/manage-again", page="/drift")
    assert "That is not left as in QuickBooks any more." in bookkeeper.read("/drift")
    assert len(states(house)) == 2


def test_managing_again_what_says_the_same_makes_it_ours_at_once(house, records, bookkeeper):
    drift = kept(house, records, bookkeeper)
    with house.writing():
        document = db.session.scalars(select(Document)).one()
        document.body = {"TxnDate": "2026-03-02", "TotalAmt": "425.00"}
        ours = {**THEIRS, "TxnDate": "2026-03-02", "TotalAmt": "425.00", "SyncToken": "4", "Line": []}
        assert judge(document, ours) == "ours"
        db.session.commit()
    bookkeeper.post(f"/drift/{drift}/manage-again", page="/drift")
    assert [state[:2] for state in states(house)] == [("keep", "")]
    assert "QuickBooks has it as we wrote it." in bookkeeper.read("/drift")


def test_only_the_choice_that_stands_is_taken_back(house, records, bookkeeper):
    first = kept(house, records, bookkeeper)
    bookkeeper.post(f"/drift/{first}/manage-again", page="/drift")
    bookkeeper.post(f"/drift/{first + 1}/keep", page="/drift")
    bookkeeper.post(f"/drift/{first}/manage-again", page="/drift")
    assert [state[:2] for state in states(house)] == [("keep", "kept"), ("keep", "kept")]
    assert bookkeeper.read("/drift").count(LEFT) == 1


def test_what_is_settled_is_not_said_to_be_open(house, records, bookkeeper):
    kept(house, records, bookkeeper)
    records.drift(records.document(records.inspection("1043", "drift")), fields=[["Total", "1.00", "2.00"]])
    page = bookkeeper.read("/")
    said = ("What is open", "1 document was changed in", "Good to know", "1 document is left as")
    assert sorted(said, key=page.index) == list(said)


def test_what_is_left_is_found_by_company_and_by_inspection(house, records, bookkeeper, company):
    drift = kept(house, records, bookkeeper)
    other = house.make_company("Other")
    with house.app.app_context():
        mine, theirs = db.session.get_one(Company, company), db.session.get_one(Company, other)
        [left] = left_as_theirs(mine)
        assert by_inspection([left]) == {"1042": [left]}
        assert (left.drift.id, left.name, f"{left.total}") == (drift, "Invoice SP-1042", "400.00")
        assert left_as_theirs(theirs) == left_as_theirs(mine, ["1043"]) == []
