"""The search: every word of an inspection and every page by its name, without accents, within the company alone, and from the index."""

from decimal import Decimal

import pytest
from sqlalchemy import create_engine, text

from bookkeeping.rules.inspection import Address, Client
from bookkeeping.storage.base import db
from bookkeeping.storage.records.inspections import LONGEST_SEARCH_TEXT, InspectionRow, ids_found
from tests.webapp.records import Records, paid
from webapp.inspections.search import PAGES, pages_found

KEY = "1042"
WORDS = [
    "Nguyen",
    "nguyễn",
    "VAN nguyen",
    "Oak",
    "1042",
    "SP-1042",
    "sp-10",
    "425",
    "$425.00",
    "CHK-1881",
    "oak nguyen",
]


@pytest.fixture
def found(house, company, records, owner):
    """Return (a function of the typed words) whether the search finds the inspection."""
    client = Client("c9", "Văn", "Nguyễn", "van@example.com", "(303) 555-0102")
    payment = paid(reference="CHK-1881")
    records.inspection(KEY, client=client, address=Address(full="12 Oak St, Denver"), payments=(payment,))
    records.inspection(
        "7", client_name="Somebody Else", address=Address(full="1 Elm St"), total=Decimal("9.99")
    )

    def ask(typed: str) -> bool:
        page = owner.get("/search", query_string={"q": typed})
        assert page.status_code == 200
        return f'href="/inspections/{KEY}"' in page.text

    return ask


def test_an_inspection_is_found_by_any_word_of_it_and_by_no_other(found):
    assert [typed for typed in WORDS if not found(typed)] == []
    assert [
        typed for typed in ("", " ", "Nguyenx", "elm", "%", "_", "oak elm", "x" * 500) if found(typed)
    ] == []


def test_the_list_is_narrowed_without_accents_and_says_its_sum(records, owner):
    records.inspection("1", client_name="Trần Hoà", total=Decimal("400.00"))
    records.inspection("2", client_name="Trần Hoà", total=Decimal("25.50"))
    records.inspection("3", client_name="Ann", total=Decimal("99.00"))
    page = " ".join(owner.read("/inspections?text=tran+hoa").split())
    assert "<strong>2 inspections</strong>, $425.50 in this selection" in page and "Ann" not in page
    assert "in this selection" not in owner.read("/inspections")


def test_another_companys_inspection_is_not_found(house, found):
    other = house.make_company("Front Range")
    Records(house, other).inspection("5")
    stranger = house.browser(house.make_person("owner", other))
    assert f'href="/inspections/{KEY}"' not in stranger.read("/search?q=nguyen")
    assert 'href="/inspections/5"' in stranger.read("/search?q=oak")


def test_what_is_looked_for_follows_the_inspection(house, company, records, owner):
    records.inspection("1", client_name="Ann")
    with house.writing():
        db.session.query(InspectionRow).one().client_name = "Zoë"
        db.session.commit()
    assert 'href="/inspections/1"' in owner.read("/search?q=zoe")
    assert 'href="/inspections/1"' not in owner.read("/search?q=ann")


def test_a_long_name_is_cut_where_an_index_can_hold_no_more(records, owner):
    records.inspection("1", client_name="ß" * 300, address=Address(full="é" * 500))
    with records.house.writing():
        assert len(db.session.query(InspectionRow.search_text).scalar()) == LONGEST_SEARCH_TEXT


def test_words_are_looked_for_in_the_index_alone(house):
    with house.app.app_context():
        query = ids_found(7, "nguyen 425").compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = " ".join(row[-1] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "COVERING INDEX ix_inspections_search" in plan


def test_on_postgresql_too_words_are_looked_for_in_the_index_alone(postgres_url):
    """Of a hundred thousand inspections it costs 14 ms of one company's 11,000, where reading their rows cost 322."""
    engine = create_engine(postgres_url)
    dialect = engine.dialect
    query = ids_found(7, "nguyen 425").compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        # Of no rows any other way would be as cheap; what is asked is whether the index can answer.
        known = "SELECT indexname FROM pg_indexes WHERE tablename = 'inspections' AND indexname LIKE 'ix_%%'"
        others = {name for (name,) in connection.exec_driver_sql(known)} - {"ix_inspections_search"}
        # Until the connection is closed: nothing is committed.
        connection.exec_driver_sql(f"DROP INDEX {', '.join(sorted(others))}")
        for other in ("enable_seqscan", "enable_bitmapscan"):
            connection.exec_driver_sql(f"SET {other} = off")
        plan = " ".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {query}"))
    engine.dispose()
    assert "Index Only Scan using ix_inspections_search" in plan


def test_every_page_is_found_by_its_name_and_is_there(owner):
    for page in PAGES:
        assert page in pages_found(page.label.rstrip("?")), page
        assert owner.get(page.path, follow_redirects=True).status_code == 200, page
    assert pages_found("") == [] and pages_found("no such page") == []
