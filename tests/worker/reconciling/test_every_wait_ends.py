"""Every wait ends by itself: for each code of the fault catalogue, each thing that it names as its end makes the inspection due (decision 9)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select

from bookkeeping.acts.books import change_books
from bookkeeping.acts.questions import answer_same_money, answer_same_refund, create_customer, settle_drifts
from bookkeeping.acts.syncing import approve_deletes
from bookkeeping.case import build_cases
from bookkeeping.errors import TemporaryError
from bookkeeping.faults import CATALOGUE, ended_by, fault
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.records.documents import CustomerLink, Document, Drift
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.records.others_payments import OthersPayment
from bookkeeping.storage.records.others_refunds import OthersRefund
from bookkeeping.storage.records.refunds import Refund
from tests.functional.office import inspection
from tests.harness.in_process import Desk, Shop
from worker.reading.changes import check_changes
from worker.reading.company import refresh_facts
from worker.reading.lists import refresh_lists
from worker.reading.poll import poll
from worker.reconciling.finishing import finish_cases
from worker.reconciling.releasing import release_waiting

HELD = sorted(code for code, entry in CATALOGUE.items() if entry.ends_with)
ANSWERED = (
    "customer-inactive",
    "customer-to-confirm",
    "drift",
    "mass-delete-brake",
    "payment-differs",
    "refund-differs",
    "same-money",
)


def _change_inspections(desk: Desk, keys: list[str]) -> None:
    for key in keys:
        desk.change(key, line_items=[{"kind": "service", "name": "Radon", "amount": "151.00"}])
    desk.do(poll)


def _change_a_setting(desk: Desk, keys: list[str]) -> None:
    with desk.holding() as work:
        change_books(work.company, "new", "a person", due_days=7)
        work.commit()


def _change_preferences(desk: Desk, keys: list[str]) -> None:
    closed = {"AccountingInfoPrefs": {"BookCloseDate": date(2019, 1, 31).isoformat()}}
    desk.intuit.post(f"/_standin/realms/{desk.realm_id}/preferences", closed)
    desk.do(refresh_facts)


def _answer(desk: Desk, keys: list[str]) -> None:
    with desk.holding() as work:
        approve_deletes(work.company, "a person")
        for link in db.session.scalars(select(CustomerLink).where(CustomerLink.company_id == desk.id)):
            if link.state == "ask":
                create_customer(desk.id, link.client_key, "a person")
        for theirs in db.session.scalars(select(OthersPayment).where(OthersPayment.company_id == desk.id)):
            row = next(one for one in _rows(desk) if one.key == theirs.inspection_key)
            [payment] = row.inspection().payments
            assert answer_same_money(desk.id, row.key, payment.key, theirs.qbo_id, "use", "a person")
        for used in db.session.scalars(select(OthersRefund).where(OthersRefund.company_id == desk.id)):
            refund = (used.inspection_key, used.stands_for, used.qbo_id)
            assert answer_same_refund(desk.id, *refund, "book", "a person")
        drifts = select(Drift).where(Drift.company_id == desk.id, Drift.settled_at.is_(None))
        settle_drifts(desk.id, [one.id for one in db.session.scalars(drifts)], "keep", "a person")
        work.commit()


ENDS: dict[str, Callable[[Desk, list[str]], object]] = {
    "inspection": _change_inspections,
    "setting": _change_a_setting,
    "list": lambda desk, keys: desk.do(refresh_lists, "lists"),
    "document": lambda desk, keys: desk.do(check_changes, "check"),
    "preference": _change_preferences,
    "night": lambda desk, keys: desk.do(release_waiting, "nightly"),
    "person": _answer,
}


@dataclass
class Ended:
    """What became due after one of `ENDS`, by the code that held it up."""

    due: dict[str, bool]


def _held(desk: Desk, codes: list[str]) -> dict[str, str]:
    """Book and sync one inspection a code, then hold each up by its code; return their keys by code."""
    keys = dict(zip(codes, desk.book(*(inspection(number) for number in range(len(codes)))), strict=True))
    desk.sync_until_quiet()
    with desk.holding() as work:
        rows = {row.key: row for row in _rows(desk)}
        for code, key in keys.items():
            row = rows[key]
            row.reason, row.held_since, row.due, row.detail = code, utcnow(), False, ""
            row.state = "waiting" if fault(code).waits else "drift" if code == "drift" else "needs-you"
            if code.startswith("customer-"):
                row.waits_for = f"customer:{row.client_key}"
                link = db.session.get_one(CustomerLink, (desk.id, row.client_key))
                link.state, link.qbo_id = "ask", ""
            if code == "drift":
                document = db.session.scalars(select(Document).where(Document.inspection_key == key)).first()
                db.session.add(Drift(company_id=desk.id, document_id=document.id, kind="edited"))
            if code in ("same-money", "payment-differs"):
                facts = {
                    "invoice_id": code[:1],
                    "inspection_key": key,
                    "total": row.total,
                    "applied": row.total,
                }
                theirs = OthersPayment(company_id=desk.id, qbo_id="1", txn_date=row.starts_at.date(), **facts)
                db.session.add(theirs)
            if code == "refund-differs":
                step = {"number": 1, "payment_key": "p1", "amount": row.total, "seen_at": utcnow()}
                db.session.add(Refund(company_id=desk.id, inspection_key=key, **step))
                documents = select(Document).where(
                    Document.company_id == desk.id, Document.inspection_key == key
                )
                invoice = db.session.scalars(documents.where(Document.kind == "Invoice")).one()
                facts = {
                    "customer_id": invoice.customer_id,
                    "txn_date": row.starts_at.date(),
                    "total": row.total,
                }
                theirs = {"qbo_id": "2", "stands_for": f"{key}-R1", "inspection_key": key}
                db.session.add(OthersRefund(company_id=desk.id, **theirs, **facts))
        if "mass-delete-brake" in keys:
            work.company.brake_at = utcnow()
        work.commit()
    return keys


def _rows(desk: Desk) -> list[InspectionRow]:
    return list(db.session.scalars(select(InspectionRow).where(InspectionRow.company_id == desk.id)))


@pytest.fixture(scope="module")
def ended(shop: Shop) -> Callable[[str], Ended]:
    """Return what each end did, each in a company of its own, done once."""
    done: dict[str, Ended] = {}

    def end(name: str) -> Ended:
        if name not in done:
            desk, codes = shop.open(), list(ended_by(name))
            keys = _held(desk, codes)
            ENDS[name](desk, list(keys.values()))
            with desk.shop.app.app_context():
                due = {row.key: row.due for row in _rows(desk)}
            done[name] = Ended({code: due[key] for code, key in keys.items()})
        return done[name]

    return end


@pytest.mark.parametrize(
    ("code", "end"), [(code, end) for code in HELD for end in CATALOGUE[code].ends_with if end != "time"]
)
def test_what_the_catalogue_names_ends_the_wait(code: str, end: str, ended: Callable[[str], Ended]):
    assert ended(end).due[code], f"{code} does not end with: {end}"


@pytest.fixture(scope="module")
def waiting(shop: Shop) -> Desk:
    """A company with one inspection, polled and not yet sent."""
    desk = shop.open()
    desk.book(inspection(1))
    desk.do(poll)
    return desk


@pytest.mark.parametrize("code", ended_by("time"))
def test_what_passes_by_itself_stays_due_and_says_when(code: str, waiting: Desk):
    with waiting.holding() as work:
        [case] = build_cases(work.company, _rows(waiting))
        case.park(TemporaryError(code=code))
        finish_cases(work, [case])
        [row] = _rows(waiting)
        assert (row.state, row.reason, row.due) == ("waiting", code, True)
        assert row.next_try_at is not None and row.next_try_at > utcnow()


def test_no_wait_is_left_to_a_person_but_for_what_only_a_person_can_answer():
    only_people = {code for code in HELD if set(CATALOGUE[code].ends_with) <= {"person", "document"}}
    assert only_people == {"drift", "mass-delete-brake"}
    assert set(ended_by("person")) == set(ANSWERED)


def test_every_code_that_can_hold_an_inspection_up_says_what_ends_it():
    migration = {code for code, entry in CATALOGUE.items() if entry.link == "/settings/quickbooks/migration"}
    whole_company = {"unknown-time-zone", "does-not-tie-out", "misconfigured", "other-intuit"}
    one_reading = {"bad-record", "changes-too-old", "report-mismatch"}
    silent = {
        code
        for code, entry in CATALOGUE.items()
        if entry.handling not in ("done", "reconnect") and not entry.ends_with
    }
    assert silent <= migration | whole_company | one_reading


REFUSALS = ("qbo-610", "qbo-2500", "qbo-5030", "qbo-6000", "qbo-6140", "qbo-9999")


@pytest.mark.parametrize("code", REFUSALS)
def test_each_night_the_oldest_of_a_cause_is_sent_and_the_others_follow_it_through(code: str, desk: Desk):
    refuse = {"operation": "batch", "entity": "Invoice", "kind": "item", "times": 0}
    desk.break_calls({**refuse, "code": code.removeprefix("qbo-"), "detail": "Not today."})
    keys = desk.book(*(inspection(number) for number in (1, 2, 3)))
    desk.run()
    assert {reason for _, reason in _states(desk)} == {code}
    sent = _invoices_sent(desk)
    desk.run()  # Nothing became of it: nothing is sent.
    assert _invoices_sent(desk) == sent == 3
    for night in (1, 2):
        desk.run("nightly")
        assert _invoices_sent(desk) == sent + night  # One of the three, never more.
        assert len(desk.books()["Invoice"]) == 0
    desk.mend_calls()
    desk.run("nightly")
    assert _states(desk) == {("in-sync", "")} and len(desk.books()["Invoice"]) == len(keys)
    assert _invoices_sent(desk) == sent + 2 + 3


def test_what_is_each_documents_own_is_tried_for_each(desk: Desk):
    refuse = {"operation": "batch", "entity": "Invoice", "kind": "item", "code": "6480", "times": 0}
    desk.break_calls({**refuse, "detail": "Matched."})
    desk.book(*(inspection(number) for number in (1, 2)))
    desk.run()
    desk.break_calls({**refuse, "detail": "Matched.", "index": 0})  # The first one still is.
    desk.run("nightly")
    assert len(desk.books()["Invoice"]) == 1


def test_other_words_are_another_cause(desk: Desk):
    refuse = {"operation": "batch", "entity": "Invoice", "kind": "item", "code": "6000", "times": 0}
    desk.break_calls(
        {**refuse, "index": 0, "detail": "One rule."}, {**refuse, "index": 1, "detail": "Another rule."}
    )
    desk.book(inspection(1), inspection(2))
    desk.run()
    desk.mend_calls()
    sent = _invoices_sent(desk)
    desk.run("nightly")
    assert _invoices_sent(desk) == sent + 2 and _states(desk) == {("in-sync", "")}


def test_a_refused_customer_is_tried_once_a_night_for_all_its_inspections(desk: Desk):
    ann = {"ref": "ann", "first_name": "Ann", "last_name": "Lee", "email": "ann@client.example"}
    desk.break_calls(
        {
            "operation": "batch",
            "entity": "Customer",
            "kind": "item",
            "code": "6000",
            "detail": "No.",
            "times": 0,
        }
    )
    desk.book(*(inspection(number, buyer=ann) for number in (1, 2, 3)), inspection(4))
    desk.run()
    before = _sent(desk, "Customer")
    desk.run("nightly")
    assert _sent(desk, "Customer") == before + 1
    desk.mend_calls()
    desk.run("nightly")
    assert _states(desk) == {("in-sync", "")}


def _states(desk: Desk) -> set[tuple[str, str]]:
    with desk.shop.app.app_context():
        return {(row.state, row.reason) for row in _rows(desk)}


def _sent(desk: Desk, kind: str) -> int:
    """Return how many operations of this kind were sent to QuickBooks."""
    calls = [call for call in desk.calls() if call["operation"] == "batch"]
    return sum(call["entities"].count(kind) for call in calls)


def _invoices_sent(desk: Desk) -> int:
    return _sent(desk, "Invoice")
