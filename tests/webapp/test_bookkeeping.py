"""The bookkeeping pages against whatever is typed: a clear message, nothing lost, nothing of another company; and choices kept apart."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from bookkeeping.acts.books import change_books
from bookkeeping.storage.base import db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.connections import Connection
from bookkeeping.storage.company.names import NamedThing
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.records.choices import BookVersion, in_force, kept_settings
from bookkeeping.storage.records.documents import Document, documents_of
from bookkeeping.storage.records.inspections import InspectionRow
from bookkeeping.storage.work.runs import Run
from tests.bookkeeping.rules.factories import inspection, line
from tests.webapp.house import Browser, House

PAGE = "/settings/quickbooks/bookkeeping"
ITEMS = "/settings/quickbooks/items"
PRACTICE = "/settings/quickbooks/practice"
SCRIPT = "<script>alert(1)</script>"
INCOME = {"income_mode": "each", "one_item": "", "income_account_id": ""}


def add_things(house: House, company: int, *things: tuple[str, str, str, str]) -> None:
    with house.writing():
        for kind, qbo_id, name, type_ in things:
            key = name.casefold()
            db.session.add(
                NamedThing(
                    company_id=company,
                    kind=kind,
                    qbo_id=qbo_id,
                    name=name,
                    name_key=key,
                    more={"type": type_},
                )
            )
        db.session.commit()


def add_booked(house: House, company: int, key: str, name: str, day: date = date(2026, 3, 2)) -> None:
    """Add an inspection with one line of this name and a living Invoice."""
    record = inspection(key=key, lines=(line("150.00", name=name),)).to_record()
    house.make_inspection(
        company, key, record=record, starts_at=datetime(2026, 3, 2, tzinfo=UTC), state="in-sync"
    )
    with house.writing():
        db.session.add(
            Document(
                company_id=company,
                inspection_key=key,
                kind="Invoice",
                source_key=key,
                qbo_id=key,
                sync_token="0",
                fingerprint="x",
                total=Decimal("150.00"),
                txn_date=day,
            )
        )
        db.session.commit()


@pytest.fixture
def owner(house: House, company: int) -> Browser:
    add_things(
        house,
        company,
        ("Account", "1", "Services", "Income"),
        ("Account", "2", "Checking", "Bank"),
        ("Item", "5", "Radon", "Service"),
        ("Item", "6", "Tests:Mold", "Service"),
        ("Class", "8", "North", ""),
        ("PaymentMethod", "9", "Check", ""),
    )
    return house.browser(house.make_person("owner", company))


def company_row(house: House, company: int) -> Company:
    with house.app.app_context():
        return db.session.get(Company, company)


def settings_of(house: House, company: int, key: str):
    """Return the settings in force for one inspection."""
    with house.app.app_context():
        row = db.session.scalars(select(InspectionRow).where(InspectionRow.key == key)).one()
        mine = db.session.get(Company, company)
        return in_force(row, documents_of(company, [key])[key], mine.book_settings(), kept_settings(mine))


@pytest.mark.parametrize(
    ("path", "typed", "says"),
    [
        ("income", {**INCOME, "income_mode": "one"}, "Name the Item"),
        ("income", {**INCOME, "income_mode": "one", "one_item": "x" * 10_000}, "at most 100 characters"),
        ("income", {**INCOME, "income_mode": "one", "one_item": "A:B"}, "no colon"),
        ("income", {**INCOME, "income_mode": SCRIPT}, "Choose one of the two"),
        ("income", {**INCOME, "income_account_id": "77"}, "not in your list"),
        ("income", {**INCOME, "income_account_id": "2"}, "not in your list"),
        ("payments", {"deposit_account_id": "1"}, "not in your list"),
        ("payments", {"deposit_account_id": "", "method_card": "x" * 10_000}, "at most 31 characters"),
        ("refunds", {"refunds": "book", "refund_account_id": "1"}, "not in your list"),
        ("refunds", {"refunds": SCRIPT, "refund_account_id": ""}, "Choose one of the two"),
        ("refunds", {}, "Choose one of the two"),
        ("due", {"due_days": "-1"}, "whole number from 0 to 365"),
        ("due", {"due_days": "soon"}, "whole number from 0 to 365"),
        ("due", {"due_days": "9" * 10_000}, "whole number from 0 to 365"),
        ("due", {"due_days": "²"}, "whole number from 0 to 365"),
        ("due", {}, "whole number from 0 to 365"),
        ("classes", {"inspector": "", "classes": "77"}, "not in your list"),
    ],
)
def test_nonsense_gets_a_sentence_and_changes_nothing(house, company, owner, path, typed, says):
    with house.writing():
        facts = {"class_on": "line"}
        db.session.add(
            Connection(company_id=company, state="connected", realm="x", realm_digest="x", facts=facts)
        )
        db.session.commit()
    answer = owner.post(f"{PAGE}/{path}", typed, page=PAGE)
    assert answer.status_code == 422
    assert says in answer.text
    assert company_row(house, company).books in (None, {})
    for value in typed.values():
        if value in ("soon", "-1", "A:B"):
            assert f'value="{value}"' in answer.text, "what was typed is still there"
    assert SCRIPT not in answer.text


def test_refunds_are_booked_or_wait_as_chosen_and_existing_documents_are_not_asked_about(
    house, company, owner
):
    add_things(house, company, ("Account", "35", "Checking", "Bank"))
    answer = owner.post(f"{PAGE}/refunds", {"refunds": "wait", "refund_account_id": "35"}, page=PAGE)
    assert answer.status_code == 303  # No question which documents follow.
    assert "they wait for you to book them" in owner.read(PAGE)
    assert company_row(house, company).books == {"refunds": "wait", "refund_account_id": "35"}
    owner.post(f"{PAGE}/refunds", {"refunds": "book", "refund_account_id": "35"}, page=PAGE)
    assert "on the day of the refund, out of Checking" in owner.read(PAGE)


def test_lists_of_another_company_are_neither_shown_nor_taken(house, company, owner):
    other = house.make_company("Front Range Home Inspections")
    add_things(house, other, ("Account", "35", "Their bank", "Bank"), ("Item", "36", "Their Item", "Service"))
    assert "Their bank" not in owner.read(PAGE)
    answer = owner.post(f"{PAGE}/payments", {"deposit_account_id": "35"}, page=PAGE)
    assert answer.status_code == 422
    owner.post(f"{PAGE}/income", {**INCOME, "income_mode": "one", "one_item": "Their Item"}, page=PAGE)
    assert "36" not in str(company_row(house, company).books)


def test_bad_items_keep_what_was_typed(house, company, owner):
    add_booked(house, company, "1", "Radon")
    typed = {"name": "Radon", "item": "Tests: of mine", "discount_item": SCRIPT, "tax_item": "x" * 10_000}
    answer = owner.post(ITEMS, typed, page=ITEMS)
    assert answer.status_code == 422
    assert "no colon" in answer.text and "at most 100 characters" in answer.text
    assert 'value="Tests: of mine"' in answer.text
    assert SCRIPT not in answer.text
    strange = owner.post(ITEMS, {"name": "x" * 10_000, "item": "y"}, page=ITEMS)
    assert strange.status_code == 303
    assert company_row(house, company).books in (None, {})
    assert (
        owner.post(f"{ITEMS}/new-names", {"new_names": "one", "one_item": ""}, page=ITEMS).status_code == 422
    )


@pytest.mark.parametrize("day", ["2026-02-30", "0001-01-01", "9999-12-31", SCRIPT, "x" * 10_000])
def test_impossible_days_start_no_practice_run(house, company, owner, day):
    answer = owner.post(PRACTICE, {"practice_from": day}, page=PRACTICE)
    assert answer.status_code == 422
    assert SCRIPT not in answer.text
    with house.app.app_context():
        assert db.session.scalars(select(Run)).all() == []


def test_nothing_starts_without_a_practice_run_or_a_connection(house, company, owner):
    assert "nothing to start" in follow(owner, owner.post(f"{PRACTICE}/start", page=PRACTICE))
    assert "not connected" in follow(owner, owner.post(PRACTICE, {"practice_from": ""}, page=PRACTICE))
    assert "not connected" in follow(owner, owner.post(f"{PAGE}/lists", page=PAGE))


def follow(browser: Browser, answer) -> str:
    assert answer.status_code == 303
    return browser.read(answer.location)


def test_chosen_subitem_is_taken_by_its_id(house, company, owner):
    add_booked(house, company, "1", "Mold")
    typed = {
        "name": "Mold",
        "item": "tests:mold",
        "discount_item": "Discount",
        "tax_item": "Sales tax collected",
    }
    asked = owner.post(ITEMS, typed, page=ITEMS)
    assert "1 existing Invoice is concerned" in asked.text
    owner.post(ITEMS, {**typed, "scope": "all"}, page=ITEMS)
    books = company_row(house, company).books
    assert books["item_names"] == {"Mold": "Tests:Mold"}
    assert books["item_ids"] == {"Tests:Mold": "6"}


def change(house: House, company: int, scope: str, **choices) -> None:
    with house.writing():
        change_books(db.session.get(Company, company), scope, "ann@office.example", **choices)
        db.session.commit()


def test_each_document_keeps_what_it_was_made_under_through_several_changes(house, company):
    add_booked(house, company, "1", "Radon")
    change(house, company, "new", item_names={"Radon": "A"})
    add_booked(house, company, "2", "Radon")
    change(house, company, "new", item_names={"Radon": "B"}, due_days=14)
    add_booked(house, company, "3", "Radon")
    names = {key: dict(settings_of(house, company, key).item_names).get("Radon") for key in "123"}
    assert names == {"1": None, "2": "A", "3": "B"}
    assert [settings_of(house, company, key).due_days for key in "123"] == [0, 0, 14]


def test_change_for_all_reaches_those_that_keep_earlier_choices_in_that_alone(house, company):
    add_booked(house, company, "1", "Radon")
    change(house, company, "new", item_names={"Radon": "A"})
    change(house, company, "all", due_days=30)
    mine = settings_of(house, company, "1")
    assert (mine.due_days, mine.item_names) == (30, ())
    with house.app.app_context():
        assert db.session.scalars(select(InspectionRow)).one().due, "it is looked at again"


def test_change_for_all_leaves_closed_books_alone(house, company):
    add_booked(house, company, "1", "Radon", date(2025, 12, 31))
    add_booked(house, company, "2", "Radon", date(2026, 1, 1))
    with house.writing():
        facts = {"close_date": "2025-12-31"}
        db.session.add(
            Connection(company_id=company, state="connected", realm="x", realm_digest="x", facts=facts)
        )
        db.session.commit()
    for days in (14, 30):
        change(house, company, "all", due_days=days)
        assert [settings_of(house, company, key).due_days for key in "12"] == [0, days]
    with house.app.app_context():
        assert len(db.session.scalars(select(BookVersion)).all()) == 1, (
            "versions that nothing keeps are dropped"
        )


def test_document_made_again_follows_todays_choice(house, company):
    add_booked(house, company, "1", "Radon")
    change(house, company, "new", due_days=14)
    with house.writing():
        db.session.scalars(select(Document)).one().status = "deleted"
        db.session.commit()
    assert settings_of(house, company, "1").due_days == 14


def test_every_choice_is_in_the_audit_log_with_before_after_and_address(house, company, owner):
    owner.post(f"{PAGE}/due", {"due_days": "14"}, page=PAGE)
    owner.post("/settings/quickbooks/pause", page=PAGE)
    with house.app.app_context():
        acts = {entry.act: entry for entry in db.session.scalars(select(AuditEntry))}
    chosen = acts["changed how books are kept"]
    assert (chosen.before["due_days"], chosen.after["due_days"]) == (0, 14)
    assert acts["paused syncing"].address == chosen.address == "127.0.0.1"
