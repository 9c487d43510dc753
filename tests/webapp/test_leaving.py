"""A later start date takes documents out of QuickBooks: it says how many and how much beforehand, and wants an owner with the password."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from tests.webapp.house import PASSWORD
from tests.webapp.test_confirming import the_form

PAGE, FORM = "/settings/quickbooks", "/settings/quickbooks/dates"
LATER = {"start_date": "2026-03-01", "invoice_date": "inspection", "existing": "all"}


@pytest.fixture
def books(house, company, records):
    """Three Invoices: two of February, one of March."""
    records.connect()
    with house.writing():
        db.session.get(Company, company).start_date = date(2026, 1, 1)
        db.session.commit()
    for key, moment in (
        ("1", datetime(2026, 2, 3, 17, tzinfo=UTC)),
        ("2", datetime(2026, 3, 1, 6, 59, tzinfo=UTC)),
        ("3", datetime(2026, 3, 1, 7, tzinfo=UTC)),
    ):
        house.make_inspection(company, key, starts_at=moment)
        records.document(key, total=415 + int(key))
    return records


def start_date(house, company) -> date:
    with house.app.app_context():
        return db.session.get(Company, company).start_date


def test_an_owner_is_told_what_goes_and_asked_for_the_password(house, company, owner, books):
    asked = owner.post(FORM, LATER, page=PAGE)
    assert asked.status_code == 403
    assert "2 Invoices of inspections before Mar 1, 2026, $833.00, go out of QuickBooks." in asked.text
    assert start_date(house, company) == date(2026, 1, 1)
    action, hidden = the_form(asked.text)
    wrong = owner.client.post(action, data=hidden | {"confirm_password": "not it"})
    assert wrong.status_code == 422 and "2 Invoices" in wrong.text
    assert start_date(house, company) == date(2026, 1, 1)
    assert owner.client.post(action, data=hidden | {"confirm_password": PASSWORD}).status_code == 303
    assert start_date(house, company) == date(2026, 3, 1)


def test_a_bookkeeper_empties_no_books(house, company, bookkeeper, books):
    answer = bookkeeper.post(FORM, LATER, page=PAGE)
    assert answer.status_code == 422 and "Only an owner can do that" in answer.text
    assert start_date(house, company) == date(2026, 1, 1)


def test_a_date_that_takes_nothing_out_asks_nobody(house, company, bookkeeper, books):
    for typed in ("2026-02-01", "2025-12-01"):
        assert bookkeeper.post(FORM, LATER | {"start_date": typed}, page=PAGE).status_code == 303
        assert start_date(house, company) == date.fromisoformat(typed)


def test_a_company_that_migrated_has_its_cutoff_and_no_start_date(house, company, bookkeeper, books):
    with house.writing():
        db.session.get(Company, company).cutoff = datetime.now(UTC) - timedelta(days=900)
        db.session.commit()
    assert bookkeeper.post(FORM, LATER, page=PAGE).status_code == 303
