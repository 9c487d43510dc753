"""Whom acts that give or take access are told, and in which audit logs a person's own acts stand."""

from sqlalchemy import select

from bookkeeping.acts.telling import record_of_person, tell_of_login, tell_owners, with_article
from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import AuditEntry
from bookkeeping.storage.people.notices import Notice
from bookkeeping.storage.people.people import User


def told(house) -> list[tuple[int, str]]:
    rows = select(Notice.company_id, Notice.address).order_by(Notice.id)
    return [tuple(row) for row in db.session.execute(rows)]


def test_owners_of_the_company_are_told_and_those_of_no_other(house, company):
    other = house.make_company("Front Range Home Inspections")
    for role, place, email in (
        ("owner", company, "ann@x.example"),
        ("accountant", company, "bo@x.example"),
        ("bookkeeper", company, "both@x.example"),
        ("owner", other, "both@x.example"),
    ):
        house.make_person(role, place, email)
    with house.app.app_context():
        tell_owners(company, "Something", "Something was done.", also="new@x.example")
        db.session.commit()
        assert told(house) == [(company, "ann@x.example"), (company, "new@x.example")]


def test_a_person_of_two_companies_is_told_once_and_it_is_on_record_in_both(house, company):
    other = house.make_company("Front Range Home Inspections")
    for place in (company, other):
        house.make_person("owner", place, "both@x.example")
    ops = house.make_person("ops")
    with house.app.app_context():
        for email in ("both@x.example", ops):
            person = db.session.scalars(select(User).where(User.email == email)).one()
            tell_of_login(person, "Something", "Something was done.")
            record_of_person(person, "command line", "did something")
        db.session.commit()
        assert [address for _, address in told(house)] == ["both@x.example"]
        rows = select(AuditEntry.company_id, AuditEntry.subject).where(AuditEntry.act == "did something")
        entries = {tuple(row) for row in db.session.execute(rows)}
    assert entries == {(company, "both@x.example"), (other, "both@x.example"), (None, ops)}


def test_words_get_their_article():
    assert [with_article(word) for word in ("owner", "accountant", "bookkeeper")] == [
        "an owner",
        "an accountant",
        "a bookkeeper",
    ]
