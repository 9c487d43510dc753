"""Migrations go up and come down again on both databases, and what they make is what the models say."""

import json
from datetime import UTC, datetime

from sqlalchemy import create_engine, insert, inspect, text

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
