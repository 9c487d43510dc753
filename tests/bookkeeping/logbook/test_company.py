"""One company for ops: what is open, the calls by day, the history; and its fee names with the Invoices that carry them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from bookkeeping.logbook.company import COUNT_UP_TO, CompanyFacts, company_facts, history_page, usage_by_day
from bookkeeping.logbook.fee_names import inspectors, invoices_with, names_seen
from bookkeeping.rules.inspection import FeeLine
from bookkeeping.storage.base import db, utcnow
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.audit import record_act
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.journal import ApiUsage
from tests.webapp.records import NOON


@pytest.fixture
def asked(house):
    """Return (a function of) what is read."""

    def ask(what, *args, **values):
        with house.app.app_context():
            return what(*args, **values)

    return ask


def _facts(company: int) -> CompanyFacts:
    return company_facts(db.session.get_one(Company, company))


def test_open_matters_are_counted_and_named(asked, records, company):
    records.inspection("1", "in-sync")
    records.inspection("2", "needs-you", due=True)
    records.inspection("3", "waiting", reason="mass-delete-brake")
    records.drift(records.document("1"))
    records.document("3")
    records.bad_record("7")
    call = records.call(state="unknown")
    records.operation("2", "unknown", call_id=call)
    records.operation("1", "created")
    found = asked(_facts, company)
    assert (found.due, found.drifts, found.bad_records, found.migration) == (1, 1, 1, None)
    assert [one.inspection_key for one in found.owed] == ["2"]
    assert [one.id for one in found.open_calls] == [call]
    assert {state: count for state, count in found.counts.items() if count} == {
        "in-sync": 1,
        "needs-you": 1,
        "waiting": 1,
    }


@pytest.mark.parametrize(
    ("state", "count", "said"),
    [
        ("in-sync", COUNT_UP_TO + 1, "1,000+"),
        ("in-sync", COUNT_UP_TO, "1,000"),
        ("needs-you", COUNT_UP_TO + 500, "1,500"),
    ],
)
def test_settled_inspections_are_counted_only_so_far(state, count, said):
    assert CompanyFacts({state: count}, 0, [], [], 0, 0, 0, None).count_in(state) == said


def test_calls_are_told_day_by_day_the_newest_first(asked, records, company):
    today = utcnow().date()
    days = [(today - timedelta(days=back)).isoformat() for back in (0, 13, 14)]
    for day, kind, count, failed in (
        (days[0], "batch", 3, 0),
        (days[0], "query", 9, 0),
        (days[1], "query", 1, 1),
        (days[2], "read", 5, 0),
    ):
        records.keep(
            ApiUsage(company_id=company, day=day, kind=kind, count=count, failed=failed, metered=True)
        )
    assert asked(usage_by_day, company) == (
        ["batch", "query"],
        [(days[0], {"batch": 3, "query": 9}, False), (days[1], {"query": 1}, True)],
    )


def test_the_history_is_the_companys_own_and_comes_in_pages(house, asked, company):
    other = house.make_company("Other")
    with house.app.app_context():
        for number in range(3):
            record_act(company, "ann", f"act {number}")
        record_act(other, "bo", "theirs")
        db.session.commit()
    page = asked(history_page, company, None, 2)
    assert [one.act for one in page.rows] == ["act 2", "act 1"]
    assert [one.act for one in asked(history_page, company, page.older, 2).rows] == ["act 0"]


def _line(key: str, name: str, kind: str = "service", amount: str = "1.00") -> FeeLine:
    return FeeLine(key, kind, name, Decimal(amount))


def _as_the_last_release_keeps_them() -> None:
    db.session.execute(update(InspectionRow).where(InspectionRow.key == "2").values(fee_names=None))
    db.session.commit()


def test_names_are_counted_under_one_spelling_with_the_latest_inspection(asked, records, company):
    records.inspection("1", lines=(_line("a", "Radon"), _line("b", "Radon  "), _line("c", "Tip", "discount")))
    later = NOON + timedelta(days=3)
    records.inspection("2", starts_at=later, lines=(_line("a", "Radon", "fee"), _line("b", "", "service")))
    found = asked(names_seen, company)
    first, *others = found
    assert (first.name, first.times, first.last) == ("Radon", 3, later)
    assert set(first.written) == {"Radon", "Radon  "}
    assert {(one.name, one.kind, one.times) for one in others} == {
        ("Tip", "discount", 1),
        ("Inspection", "service", 1),
    }
    asked(_as_the_last_release_keeps_them)
    assert set(asked(names_seen, company)) == set(found), "read from the records"


def test_only_living_invoices_that_carry_the_name_are_found(asked, records, company):
    for key, name in (("1", "Radon"), ("2", "Radon"), ("3", "Mold")):
        records.inspection(key, lines=(_line("a", name),))
        records.document(key, qbo_id=f"14{key}", status="deleted" if key == "2" else "live")
    records.document("1", "Payment")
    assert asked(invoices_with, company, ["Radon"], ["service"]) == {"1": date(2026, 3, 2)}
    assert asked(invoices_with, company, ["Radon"], ["fee"]) == {}
    assert asked(invoices_with, company, [], ["service"]) == {}


def test_the_busiest_inspectors_come_first(asked, records, company):
    for key, name in (("1", "Bo"), ("2", "Cy"), ("3", "Cy"), ("4", "")):
        records.inspection(key, inspector=name)
    assert asked(inspectors, company) == [("Cy", 2), ("Bo", 1)]
    assert asked(inspectors, company, 1) == [("Cy", 2)]
