"""Which entries of the local index are read for a slice's clients: what the database leaves out could not matter to them."""

from datetime import date

import pytest
from flask import Flask

from bookkeeping.rules.customers import NamesWanted
from bookkeeping.rules.names import name_key
from bookkeeping.storage.base import connect_storage, db
from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.company.names import emails_of_customers, keep_name, listed_names, names_like

PEOPLE = [
    ("Ada Reyes", "Ada", "Reyes"),
    ("ADA  REYES (2)", "", ""),
    ("Reyes, Ada", "Ada", "Reyes"),
    ("Reyes Holdings LLC", "Ada", "Reyes"),
    ("Ada Reyes (deleted)", "Ada", "Reyes"),
    ("Łucja Ørsted", "Łucja", "Ørsted"),
    ("Ørsted, Łucja (client)", "", ""),
    ("Bo Lind", "Bo", "Lind"),
    ("Bo", "", ""),
    ("50% Ada Reyes", "", ""),
    ("x" * 490 + " (2)", "", ""),
]


@pytest.fixture
def company_id(database_url: str):
    """A company whose index knows these people, each as a Customer and as a Vendor; on both databases."""
    app = Flask("test")
    connect_storage(app, database_url)
    with app.app_context():
        row = Company(name="Blue Ridge", feed_url="http://x", feed_key="", time_zone="UTC")
        row.start_date = date(2026, 1, 1)
        db.session.add(row)
        db.session.flush()
        for number, (name, given, family) in enumerate(PEOPLE):
            details = {"given_name": given, "family_name": family, "email": f"p{number}@x.example"}
            keep_name(row.id, "Customer", str(number), name, {}, **(details if given else {}))
            keep_name(row.id, "Vendor", str(number), name, {})
        db.session.commit()
        yield row.id
        db.session.remove()
        db.engine.dispose()


WANTED = [
    *(NamesWanted.of([name]) for name in ("Ada Reyes", "Reyes, Ada", "łucja ørsted", "Bo", "Nobody At All")),
    *(NamesWanted.of(["x" * 500]), NamesWanted.of(["Nobody"], ["7"]), NamesWanted.of([])),
]


def test_what_the_database_leaves_out_could_not_matter(company_id: int):
    everybody = listed_names(company_id)
    for wanted in WANTED:
        could_matter = [
            one
            for one in everybody
            if wanted.want(one.kind, one.qbo_id, name_key(one.display_name), one.given_name, one.family_name)
        ]
        found = names_like(company_id, wanted)
        assert sorted(found, key=repr) == sorted(could_matter, key=repr), wanted
    assert [len(names_like(company_id, wanted)) for wanted in WANTED] == [9, 9, 4, 2, 0, 2, 1, 0]


def test_the_addresses_of_customers_are_found_without_their_rows(company_id: int):
    emails = emails_of_customers(company_id)
    assert len(emails) == len(PEOPLE) and emails["0"] == "p0@x.example" and emails["1"] == ""
