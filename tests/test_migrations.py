"""Migrations go up and come down again on both databases, and what they make is what the models say."""

import json
from datetime import UTC, datetime

from sqlalchemy import create_engine, insert, inspect, select, text

from bookkeeping.storage.company.companies import Company
from bookkeeping.storage.people.memberships import Membership
from bookkeeping.storage.people.people import OPS_ROLES, User
from bookkeeping.storage.records.inspections import InspectionRow


def test_migrations_make_what_the_models_say(tieout_on_each_database):
    checked = tieout_on_each_database.run_flask("db", "check")
    assert checked.code == 0, checked.out + checked.err


def test_migrations_come_down_and_go_up_again(tieout_on_each_database):
    tieout = tieout_on_each_database
    engine = create_engine(tieout.environment["DATABASE_URL"])
    before = set(inspect(engine).get_table_names())
    assert "companies" in before
    down = tieout.run_flask("db", "downgrade", "base")
    assert down.code == 0, down.err
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    up = tieout.run_flask("db", "upgrade")
    assert up.code == 0, up.err
    assert set(inspect(engine).get_table_names()) == before
    engine.dispose()


def test_a_company_that_was_told_to_book_refunds_by_hand_goes_on_deciding_itself(tieout_on_each_database):
    """Booked by us as well, the same money would be given back twice."""
    tieout = tieout_on_each_database
    for name in ("Told", "Not told"):
        words = (
            "--feed-url",
            "http://127.0.0.1:9",
            "--feed-key",
            "k",
            "--offline",
            "--time-zone",
            "America/Denver",
        )
        tieout.flask_json("company", "create", name, *words)
    engine = create_engine(tieout.environment["DATABASE_URL"])
    now = datetime.now(UTC)
    waits = {"state": "needs-you", "reason": "deposited", "record": {}, "content_hash": "x"}
    with engine.begin() as connection:
        inspection = insert(InspectionRow).values(
            company_id=1, key="1042", starts_at=now, source_updated_at=now, due=False, **waits
        )
        connection.execute(inspection)
    assert tieout.run_flask("db", "downgrade", "0024").code == 0
    assert tieout.run_flask("db", "upgrade").code == 0
    with engine.begin() as connection:
        found = connection.execute(text("SELECT name, books FROM companies ORDER BY id")).all()
    books = {name: json.loads(kept) if isinstance(kept, str) else kept for name, kept in found}
    assert books == {"Told": {"refunds": "wait"}, "Not told": {}}
    engine.dispose()


def test_people_keep_company_role_and_topics_as_memberships_both_ways(tieout_on_each_database):
    tieout = tieout_on_each_database
    engine = create_engine(tieout.environment["DATABASE_URL"])
    now = datetime.now(UTC)
    with engine.begin() as connection:
        for name in ("Blue Ridge", "Front Range"):
            connection.execute(
                insert(Company).values(
                    name=name, feed_url="http://127.0.0.1:9", feed_key="k", time_zone="America/Denver"
                )
            )
    assert tieout.run_flask("db", "downgrade", "0036").code == 0
    people = [  # (address, role, company, since when an owner, since when removed)
        ("ann@x.example", "owner", 1, now, None),
        ("bo@x.example", "bookkeeper", 2, None, None),
        ("gone@x.example", "bookkeeper", 1, None, now),
        ("ops@x.example", "ops", None, None, None),
    ]
    add = text(
        "INSERT INTO users (email, name, password_hash, role, company_id, owner_since, removed_at, created_at)"
        " VALUES (:email, '', 'h', :role, :company, :since, :gone, :now)"
    )
    with engine.begin() as connection:
        for email, role, company, since, gone in people:
            facts = {"email": email, "role": role, "company": company, "since": since, "gone": gone}
            connection.execute(add, facts | {"now": now})
        connection.execute(
            text("INSERT INTO notice_choices (user_id, topics) VALUES (2, '[\"connection\"]')")
        )
    assert tieout.run_flask("db", "upgrade").code == 0
    members = select(
        User.email, Membership.company_id, Membership.role, Membership.topics, Membership.owner_since
    )
    with engine.begin() as connection:
        found = connection.execute(members.join_from(Membership, User).order_by(User.email)).all()
        ops = connection.scalars(select(User.email).where(User.ops_role.in_(OPS_ROLES))).all()
        connection.execute(
            insert(Membership).values(user_id=2, company_id=1, role="accountant", chosen_at=now)
        )
    assert [tuple(row) for row in found] == [
        ("ann@x.example", 1, "owner", None, now),
        ("bo@x.example", 2, "bookkeeper", ["connection"], None),
    ]
    assert ops == ["ops@x.example"]
    assert tieout.run_flask("db", "downgrade", "0036").code == 0
    with engine.begin() as connection:
        rows = connection.execute(text("SELECT email, role, company_id FROM users ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [
        ("ann@x.example", "owner", 1),
        ("bo@x.example", "accountant", 1),  # The company chosen last.
        ("gone@x.example", "bookkeeper", 1),
        ("ops@x.example", "ops", None),
    ]
    assert tieout.run_flask("db", "upgrade").code == 0
    engine.dispose()
