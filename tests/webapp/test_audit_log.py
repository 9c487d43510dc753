"""The audit log: shown, downloaded, proven whole, and safe from change and from two writers at once, on both databases."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bookkeeping.storage.base import db
from bookkeeping.storage.people.audit import broken_entries, chains, every_act, record_act
from tests.webapp.house import House
from tests.webapp.sheets import csv_table

PAGE = "/settings/audit-log"


@pytest.fixture
def house_on_each_database(database_url: str) -> House:
    """The web app, on SQLite and on PostgreSQL."""
    return House(database_url)


def act(house: House, company: int | None, who: str = "ann@office.example", **facts) -> None:
    with house.writing():
        record_act(company, who, facts.pop("act", "changed dates"), **facts)
        db.session.commit()


def test_log_says_who_did_what_before_after_and_from_where(house, company, owner):
    act(house, company, before={"due_days": 0}, after={"due_days": 14}, address="203.0.113.9")
    page = owner.read(PAGE)
    assert "ann@office.example changed dates" in page
    assert "<del>0</del> → 14" in page
    assert "203.0.113.9" in page


def test_log_is_paged_and_narrowed_and_is_only_the_companys_own(house, company, owner):
    other = house.make_company("Front Range Home Inspections")
    act(house, other, who="eve@other.example")
    with house.writing():
        for number in range(120):
            record_act(company, "ann@office.example", "paused syncing", subject=f"number {number}")
        db.session.commit()
    first = owner.read(PAGE)
    assert "number 119" in first and "number 20" not in first
    assert "eve@other.example" not in first
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "number 60" in owner.read(older)
    found = owner.read(f"{PAGE}?text=number+7")
    assert "number 77" in found and "number 8<" not in found
    assert owner.get(f"{PAGE}?since=9999-99-99").status_code == 400
    assert owner.get(f"{PAGE}?at=nonsense").status_code == 200
    assert owner.get(f"{PAGE}?text={'x' * 10_000}").status_code == 400


def test_download_has_every_act_and_no_formula(house, company, owner):
    for start in "=+-@":
        act(house, company, who=f"{start}cmd|calc", subject=f"{start}1+1")
    rows = csv_table(owner.get(f"{PAGE}/download").data)
    whos = [row["Who"] for row in rows]
    assert [f"'{start}cmd|calc" for start in "=+-@"] == [who for who in whos if who.startswith("'")]
    assert all(row["Digest"] for row in rows)
    assert [row["Digest before it"] for row in rows[1:]] == [row["Digest"] for row in rows[:-1]]


def test_database_refuses_to_change_or_delete_an_entry(house_on_each_database):
    house = house_on_each_database
    company = house.make_company()
    act(house, company)
    for statement in ("UPDATE audit_entries SET who = 'eve'", "DELETE FROM audit_entries"):
        with house.writing(), pytest.raises(DatabaseError, match="append-only"):
            db.session.execute(text(statement))
    with house.app.app_context():
        assert broken_entries(company) == []


def test_many_writers_at_once_make_one_chain(house_on_each_database):
    house = house_on_each_database
    company = house.make_company()
    start = threading.Barrier(8)
    problems = []

    def write(number: int) -> None:
        start.wait()
        try:
            for turn in range(5):
                act(house, company if number % 2 else None, subject=f"{number} {turn}")
        except Exception as error:  # noqa: BLE001 - Whatever breaks a writer must fail the test.
            problems.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    with house.app.app_context():
        assert {(one, entries) for one, entries, _ in chains()} == {(company, 20), (None, 20)}
        assert broken_entries(company) == broken_entries(None) == []


def test_an_act_written_down_early_makes_nobody_wait_for_ever(postgres_url):
    house = House(postgres_url)
    company = house.make_company()
    both, problems = threading.Barrier(2, timeout=30), []

    def change(name: str, *, act_first: bool) -> None:
        try:
            with house.writing():
                if act_first:
                    record_act(company, "ann@office.example", "changed the name", after=name)
                else:
                    db.session.execute(text("UPDATE companies SET name = :name"), {"name": name})
                both.wait()
                if act_first:
                    db.session.execute(text("UPDATE companies SET name = :name"), {"name": name})
                else:
                    record_act(company, "bob@office.example", "changed the name", after=name)
                db.session.commit()
        except Exception as error:  # noqa: BLE001 - Whatever breaks a writer must fail the test.
            problems.append(error)

    threads = [
        threading.Thread(target=change, args=("One",), kwargs={"act_first": True}),
        threading.Thread(target=change, args=("Two",), kwargs={"act_first": False}),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with house.app.app_context():
        [(_, entries, _)] = chains()
        assert entries == 2 and broken_entries(company) == []


def test_an_act_that_was_taken_back_leaves_no_entry(house, company):
    with house.writing():
        record_act(company, "ann@office.example", "paused syncing")
        db.session.rollback()
        record_act(company, "ann@office.example", "resumed syncing")
        db.session.begin_nested().rollback()
        with db.session.begin_nested():
            pass
        db.session.commit()
        assert [one.act for one in every_act(company)] == ["resumed syncing"]


def test_verify_finds_what_somebody_changed_behind_our_back(tieout):
    company = tieout.flask_json(
        "company",
        "create",
        "Blue",
        "--offline",
        "--feed-url",
        "http://127.0.0.1:9",
        "--feed-key",
        "k",
        "--time-zone",
        "UTC",
    )["id"]
    keys = tuple(tieout.environment["TOKEN_KEYS"].split(","))  # Another's entries would not carry our seal.
    house = House(tieout.environment["DATABASE_URL"], token_keys=keys)
    for number in range(3):
        act(house, company, subject=str(number))
    good = tieout.flask_json("audit", "verify")
    assert good["whole"] and good["entries"] == 4  # The company's own making stands first.
    with house.writing():
        for statement in (
            "DROP TRIGGER audit_entries_no_update",
            "UPDATE audit_entries SET subject = 'x' WHERE subject = '1'",
        ):
            db.session.execute(text(statement))
        db.session.commit()
    bad = tieout.run_flask("audit", "verify", "--json")
    assert bad.code == 1
    assert '"broken": [3]' in bad.out
